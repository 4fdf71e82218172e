"""The command that checks a proof, by the same program that members download."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.root import cli
from app.proofs import checker

Proof = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


@cli.command("verify-proof")
def verify_proof(
    file: Proof,
    root: Annotated[str | None, typer.Option(help="The published root, 64 hex digits")] = None,
) -> None:
    """Say what the entry in a proof says, and whether it is included; exits 1 if it is not."""
    raise typer.Exit(checker.main([str(file), *([root] if root else [])]))
