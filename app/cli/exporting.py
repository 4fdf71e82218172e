"""Commands that write master data into files which the imports read again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.kinds import KINDS, TableKind
from app.cli.root import cli, unit
from app.grids import exports as grid_exports
from app.grids.files import FileRefused
from app.kit import sheets
from app.regions import exports as region_exports
from app.regions import imports as region_imports

New = Annotated[Path, typer.Argument(dir_okay=False, writable=True)]
SHEETS = (".csv", ".xlsx")


@cli.command("export-regions")
def export_regions(file: New) -> None:
    """Write every region into a .csv or .xlsx file."""
    _refuse_other_names(file, SHEETS)
    with unit(write=False) as tx:
        rows = list(region_exports.rows(tx))
    _write(file, rows, region_imports.COLUMNS, "regions")


@cli.command("export-grids")
def export_grids(file: New) -> None:
    """Write every grid into a .geojson, .gpkg, .shp or .csv file."""
    _refuse_other_names(file, tuple(grid_exports.WRITERS))
    with unit(write=False) as tx:
        try:
            count = grid_exports.write(tx, file)
        except FileRefused as refusal:
            typer.echo(f"{refusal.finding.text_zh} {refusal.finding.text_en}", err=True)
            raise typer.Exit(1) from refusal
    typer.echo(f"{count} grids exported")


@cli.command("export")
def export_table(kind: TableKind, file: New) -> None:
    """Write master data into a .csv or .xlsx file, as `import` reads it; no key is in any."""
    _refuse_other_names(file, SHEETS)
    with unit(write=False) as tx:
        rows = list(KINDS[kind].rows(tx))
    _write(file, rows, KINDS[kind].columns, kind)


def _write(
    file: Path, rows: Sequence[Mapping[str, Any]], columns: Iterable[str], title: str
) -> None:
    order = list(columns)
    if file.suffix.lower() == ".csv":
        data = sheets.write_csv(rows, order)
    else:
        data = sheets.write_xlsx(rows, order, title)
    file.write_bytes(data)
    typer.echo(f"{len(rows)} {title} exported")


def _refuse_other_names(file: Path, suffixes: tuple[str, ...]) -> None:
    if file.suffix.lower() not in suffixes:
        raise typer.BadParameter(f"a file name that ends in {', '.join(suffixes)}")
