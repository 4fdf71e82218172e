"""The console script `xinxin`: everything an operator does from a shell."""

# Imported for their commands, in the order in which the help lists them.
from app.cli import running, data, exporting, people, upkeep, moving, proofs, privacy  # noqa: F401, I001
from app.cli.root import cli


def run() -> None:
    """The entry point of the console script."""
    cli()
