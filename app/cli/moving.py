"""The command that takes a village's one file to a district's PostgreSQL, or back."""

from typing import Annotated

import typer

from app import tables
from app.cli.root import cli, unhurried
from app.cli.upkeep import findings
from app.kit import carrying, migrate
from app.kit import db as kit_db
from app.settings import Settings


@cli.command("migrate-data")
def migrate_data(
    target: Annotated[str, typer.Argument(help="URL of an empty database; it gets the schema")],
) -> None:
    """Copy all data into another database, and audit it there; the source is only read.

    Stop the service first: what is written after the copy began stays behind.
    """
    source, goal = unhurried(Settings().database_url), unhurried(target)
    try:
        migrate.check(source, tables.GUARDED)
        migrate.upgrade(goal)
        copied = carrying.carry(source, goal, tables.metadata)
        with kit_db.work(goal, write=False) as tx:
            broken = findings(tx)
    except (carrying.TargetNotEmpty, carrying.CountsDiffer, migrate.SchemaWrong) as refusal:
        typer.echo(f"{type(refusal).__name__}: {refusal}", err=True)
        raise typer.Exit(1) from refusal
    finally:
        goal.close()
        source.close()
    for finding in broken:
        typer.echo(finding, err=True)
    rows = sum(copied.values())
    typer.echo(f"{rows} rows in {len(copied)} tables; audit: {len(broken) or 'clean'}")
    raise typer.Exit(1 if broken else 0)
