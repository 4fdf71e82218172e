"""The console script `xinxin`: everything an operator does from a shell."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
import uvicorn
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import main, worker
from app.categories import service as categories
from app.demo import play
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.grids.service import GridCache
from app.identity import service as identity
from app.identity.models import Role
from app.identity.schemas import PasswordSignIn
from app.kit import audit as audit_kit
from app.kit import db as kit_db
from app.kit import logs, migrate, openapi, outbox
from app.ledger import audit as ledger_audit
from app.media.bucket import LocalBucket
from app.regions import imports as region_imports
from app.regions import queries as regions
from app.regions import service as regions_service
from app.rewards import audit as rewards_audit
from app.settings import Settings
from app.store import audit as store_audit

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Csv = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


@contextmanager
def unit(*, write: bool = True) -> Iterator[Session]:
    """One unit of work on the configured database."""
    db = kit_db.make_database(Settings().database_url, pool_size=2)
    try:
        with kit_db.work(db, write=write) as tx:
            yield tx
    finally:
        db.close()


@cli.command()
def serve(
    host: str = "127.0.0.1", port: int = 8000, workers: Annotated[int, typer.Option(min=1)] = 1
) -> None:
    """Migrate, then serve the API."""
    settings = Settings()
    _migrate(settings)
    uvicorn.run(
        "app.main:from_environment", factory=True, host=host, port=port, workers=workers,
        http="httptools", access_log=False, server_header=False, date_header=True,
        forwarded_allow_ips=settings.trusted_proxies, timeout_graceful_shutdown=8,
        log_config=None,
    )  # fmt: skip


@cli.command("worker")
def run_worker() -> None:
    """Run jobs in a process of its own (set XINXIN_WORKER=none for the servers)."""
    settings = Settings()
    logs.configure(settings.log_level)
    db = kit_db.make_database(settings.database_url, pool_size=2)
    main.refuse_wrong_database(db, settings)
    tools = worker.Tools(db, LocalBucket(settings.data_dir), GridCache())
    running = worker.Worker(db, worker.make_handlers(tools))
    worker.stop_on_signals(running)
    thread = threading.Thread(target=running.run)
    thread.start()
    thread.join()
    db.close()


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the newest schema."""
    _migrate(Settings())


def _migrate(settings: Settings) -> None:
    db = kit_db.make_database(settings.database_url, pool_size=2)
    migrate.upgrade(db)
    db.close()


@cli.command("import-regions")
def import_regions(file: Csv) -> None:
    """Add or rename regions from a CSV file (code, name, official_name, level, parent, kind)."""
    try:
        drafts = region_imports.read_csv(file)
    except region_imports.RegionFileInvalid as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    with unit() as tx:
        changed = regions_service.import_regions(tx, drafts)
    typer.echo(f"{len(drafts)} regions read, {changed} changed")


@cli.command("import-grids")
def import_grids(
    file: Csv,
    crs: Annotated[Literal["wgs84", "gcj02"], typer.Option(help="System of the file")] = "wgs84",
    level: Annotated[int, typer.Option(help="Level of the basic grids")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report")] = False,
) -> None:
    """Add or reshape basic grids from GeoJSON; overlaps, gaps and unknown parents are reported."""
    reading = grid_imports.read_geojson(file, crs)
    with unit(write=not dry_run) as tx:
        known = set(regions.all_paths(tx))
        parents = {d.code for d in reading.drafts}
        findings = [*reading.findings, *grid_imports.check(reading.drafts, known | parents)]
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.text_zh} {finding.text_en}", err=True)
        if any(finding.severity == "error" for finding in findings):
            raise typer.Exit(1)
        basic = [draft for draft in reading.drafts if draft.level == level]
        if dry_run:
            typer.echo(f"{len(basic)} grids would be written")
            return
        count = grids.import_grids(tx, basic)
    typer.echo(f"{count} grids written")


@cli.command("import-categories")
def import_categories() -> None:
    """Add the categories that ship with the service; a district's own edits stay."""
    with unit() as tx:
        added = categories.load_seed(tx)
    typer.echo(f"{added} rows added")


@cli.command("add-staff")
def add_staff(
    username: str,
    name: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Add a staff account; the password is asked for, so that no shell remembers it."""
    if not 12 <= len(password) <= 200:  # noqa: PLR2004 - long beats complicated (OWASP ASVS 2.1)
        raise typer.BadParameter("a password has 12 to 200 characters")
    PasswordSignIn(username=username, password=password)
    with unit() as tx:
        person = identity.add_staff(tx, username, password, name)
    typer.echo(f"{person.id} {person.member_no}")


@cli.command()
def grant(person: UUID, role: Role, region: str) -> None:
    """Grant a role for a region's subtree."""
    with unit() as tx:
        regions.get_region(tx, region)
        identity.grant(tx, None, person, role, region)
    typer.echo("granted")


@cli.command("add-client")
def add_client(client_id: str, name: str, region: str, scope: list[str]) -> None:
    """Add an API client; its secret is shown once."""
    with unit() as tx:
        secret = identity.add_client(tx, client_id, name, scope, region)
    typer.echo(secret)


@cli.command()
def jobs(
    requeue: Annotated[UUID | None, typer.Option(help="Give a dead job a fresh start")] = None,
) -> None:
    """List jobs that wait or died, or requeue a dead one."""
    if requeue is not None:
        with unit() as tx:
            done = outbox.requeue(tx, requeue)
        typer.echo("requeued" if done else "not a dead job")
        raise typer.Exit(0 if done else 1)
    with unit(write=False) as tx:
        query = select(outbox.Job).where(outbox.Job.state != "done")
        for job in tx.scalars(query.order_by(outbox.Job.run_at).limit(200)):
            when = job.run_at.isoformat(timespec="seconds")
            typer.echo(f"{job.id} {job.state} {job.kind} {when} {job.attempts} {job.error or ''}")


@cli.command()
def audit() -> None:
    """Check every invariant of points, awards and stock; exits 1 and names what is broken."""
    with unit(write=False) as tx:
        checks = {**ledger_audit.CHECKS, **rewards_audit.CHECKS, **store_audit.CHECKS}
        findings = audit_kit.broken(tx, checks)
    for finding in findings:
        typer.echo(finding, err=True)
    typer.echo("audit: clean" if not findings else f"audit: {len(findings)} broken")
    raise typer.Exit(1 if findings else 0)


@cli.command("openapi")
def print_openapi() -> None:
    """Print the OpenAPI document that openapi.yaml holds."""
    settings = Settings(environment="development", database_url="sqlite:///var/unused.db")
    typer.echo(openapi.as_yaml(main.create_app(settings)), nl=False)


@cli.command("demo")
def play_demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the story")] = False,
    port: int = 8000,
    database: Annotated[str, typer.Option(help="Another database for it")] = play.DATABASE,
) -> None:
    """Load the sample district, serve it, and play the story over HTTP."""
    # Never the configured database: the demo's accounts have passwords that everyone knows.
    play.prepare(database)
    environment = {
        "XINXIN_ENVIRONMENT": "development",
        "XINXIN_DATABASE_URL": database,
        "XINXIN_DATA_DIR": "var/demo/photos",
    }
    raise typer.Exit(play.play(once=once, port=port, environment=environment))


def run() -> None:
    """The entry point of the console script."""
    cli()
