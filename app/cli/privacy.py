"""Commands for personal data: sealing anew after a change of secrets, and what is too old."""

from typing import Annotated

import typer

from app.cli.root import cli, unhurried, unit
from app.furniture import bucket_of
from app.kit.seal import Seal
from app.privacy import resealing, retention
from app.settings import Settings


@cli.command()
def reseal() -> None:
    """Seal everything with today's secret, after XINXIN_SEAL_SECRET was changed and the old one
    became XINXIN_SEAL_SECRET_PREVIOUS."""
    with unit(hurried=False) as tx:
        done = resealing.reseal(tx, Seal(*Settings().seal_secrets))
    for name, count in done.items():
        typer.echo(f"{name}: {count} sealed anew")


@cli.command("retention")
def retain(
    dry_run: Annotated[bool, typer.Option(help="Count, and delete nothing")] = False,
) -> None:
    """Delete personal data that are past their time, by the policy; the worker does it daily."""
    settings = Settings()
    db = unhurried(settings.database_url)
    try:
        files = retention.forget_files(db, bucket_of(settings), dry=dry_run)
    finally:
        db.close()
    with unit(write=not dry_run, hurried=False) as tx:
        rows = retention.forget_rows(tx, dry=dry_run)
    for kind, count in {**files, **rows}.items():
        typer.echo(f"{kind}: {count} {'would go' if dry_run else 'gone'}")
