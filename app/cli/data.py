"""Commands that bring master data in from files: all of a file, or nothing and what is wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from sqlalchemy.orm import Session

from app.categories import service as categories
from app.cli.acting import operator
from app.cli.kinds import KINDS, TableKind
from app.cli.root import cli, unit
from app.grids import files as grid_files
from app.grids import imports as grid_imports
from app.grids import plans as grid_plans
from app.grids import service as grids
from app.kit import actions, sheets
from app.posts import service as posts
from app.regions import imports as region_imports
from app.regions import queries as regions
from app.regions import service as regions_service

Table = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Map = Annotated[Path, typer.Argument(exists=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change")]

By = Annotated[
    str | None, typer.Option("--by", help="User name of the member of staff who answers for it")
]
# What ships with the service, and the columns that say which object a row is.
SEEDED: dict[TableKind, tuple[str, ...]] = {
    "nets": ("code",), "posts": ("code",), "categories": ("code",), "choices": ("code",),
    "keywords": ("word", "category_code"),
}  # fmt: skip


@cli.command("import-regions")
def import_regions(file: Table, dry_run: DryRun = False) -> None:
    """Add, rename or move regions: CSV or XLSX (code, name, official_name, level, parent, kind)."""
    try:
        drafts = region_imports.read_csv(file)
    except region_imports.RegionFileInvalid as error:
        _refuse(error.findings)
    with unit(write=not dry_run) as tx:
        changes = region_imports.plan(tx, drafts)
        for change in changes:
            _print_change(change.kind, change.code, change.fields if change.old else {})
        if dry_run:
            _summary("regions", (change.kind for change in changes))
            return
        changed = regions_service.import_regions(tx, drafts)
        actions.record(
            tx, None, "regions.imported", "regions", "all", rows=len(drafts), changed=changed
        )
    typer.echo(f"{len(drafts)} regions read, {changed} changed")


@cli.command("import-grids")
def import_grids(
    file: Map,
    crs: Annotated[Literal["wgs84", "gcj02"], typer.Option(help="System of the file")] = "wgs84",
    level: Annotated[int, typer.Option(help="Level of the basic grids")] = 3,
    dry_run: DryRun = False,
) -> None:
    """Add or reshape basic grids: GeoJSON, or a shapefile or GeoPackage with the extra `geo`.

    Overlaps, gaps, unknown parents and every other fault of the file are reported.
    """
    reading = grid_files.read(file, crs)
    with unit(write=not dry_run) as tx:
        _refuse_bad_grids(tx, reading)
        basic = [draft for draft in reading.drafts if draft.level == level]
        if dry_run:
            _print_grid_changes(grid_plans.plan(tx, basic))
            typer.echo(f"{len(basic)} grids would be written")
            return
        count = grids.import_grids(tx, basic)
    typer.echo(f"{count} grids written")


def _refuse_bad_grids(tx: Session, reading: grid_imports.Reading) -> None:
    known = set(regions.all_paths(tx)) | {draft.code for draft in reading.drafts}
    findings = [*reading.findings, *grid_imports.check(reading.drafts, known)]
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding.text_zh} {finding.text_en}", err=True)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


def _print_grid_changes(changes: list[grid_plans.Change]) -> None:
    for change in changes:
        match change.kind:
            case "added":
                typer.echo(f"added {change.code}: {change.area_m2:,.0f} m²")
            case "reshaped":
                typer.echo(
                    f"reshaped {change.code}: {change.area_change_m2:+,.0f} m², "
                    f"{change.redrawn_m2:,.0f} m² redrawn"
                )
            case "changed":
                typer.echo(f"changed {change.code}")
            case "unchanged":
                pass
    _summary("grids", (change.kind for change in changes))


@cli.command("import-seed")
def import_seed(dry_run: DryRun = False) -> None:
    """Add the nets, posts, categories, choices and keywords that ship here, where absent."""
    with unit() as tx:
        before = {kind: _keys(tx, kind) for kind in SEEDED}
        posts.load_seed(tx)
        categories.load_seed(tx)
        for kind in SEEDED:
            added = sorted(_keys(tx, kind) - before[kind])
            for key in added:
                _print_change("added", key, {})
            _summary(kind, ["added"] * len(added))
        if dry_run:
            raise typer.Exit


def _keys(tx: Session, kind: TableKind) -> set[str]:
    return {" ".join(row[name] for name in SEEDED[kind]) for row in KINDS[kind].rows(tx)}


@cli.command("import")
def import_table(kind: TableKind, file: Table, dry_run: DryRun = False, by: By = None) -> None:
    """Add or change what the rows of a CSV or XLSX file say; see `export` for the columns.

    Rules replace a district's whole set, shifts an appointment's whole roster. In a new
    installation bring them in this order: nets, units, posts, categories, choices,
    keywords, terms, groupings, appointments, shifts, leaves, rules, groups.
    """
    sheet = sheets.read(file, file.name)
    if sheet.findings:
        _refuse(sheet.findings)
    if KINDS[kind].signed and by is None:
        raise typer.BadParameter(f"{kind} say who made them: name a member of staff with --by")
    with unit() as tx:
        actor = operator(tx, by)
        done = KINDS[kind].load(tx, actor, sheet)
        for change in done.changes:
            _print_change(change.kind, change.key, change.fields)
        for note in done.notes:
            typer.echo(note, err=True)
        if done.findings:
            _refuse(done.findings)
        kinds = [change.kind for change in done.changes]
        changed = len(kinds) - kinds.count("unchanged")
        actions.record(
            tx, actor.person_id, f"{kind}.imported", kind, "all", rows=len(kinds), changed=changed
        )
        _summary(kind, kinds)
        if dry_run:
            # Everything was tried, as it would be done, and is now undone.
            raise typer.Exit


def _print_change(kind: str, key: str, fields: Mapping[str, Any]) -> None:
    if kind != "unchanged":
        told = [f"{name} {_old_and_new(pair)}".strip() for name, pair in fields.items()]
        typer.echo(f"{kind} {key}" + (": " if told else "") + "; ".join(told))


def _old_and_new(pair: tuple[object, object] | None) -> str:
    return "" if pair is None else f"{_shown(pair[0])} -> {_shown(pair[1])}"


def _shown(value: object) -> str:
    return "-" if value is None else str(value)


def _summary(noun: str, kinds: Iterable[str]) -> None:
    counts = Counter(kinds)
    words = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    typer.echo(f"{noun}: {words or 'nothing'}")


def _refuse(findings: Iterable[str]) -> NoReturn:
    for finding in findings:
        typer.echo(finding, err=True)
    raise typer.Exit(1)
