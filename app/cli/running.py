"""Commands that run something: the server, the worker, the demo, the migration."""

import signal
import sys
import threading
from datetime import timedelta
from typing import Annotated

import typer
import uvicorn

from app import furniture, main, worker
from app.cli.root import cli
from app.demo import play
from app.grids.service import GridCache
from app.kit import db as kit_db
from app.kit import logs, migrate, openapi
from app.kit.seal import Seal
from app.ledger.codes import TraceCodes
from app.settings import Settings
from app.webhooks.carrier import Carrier
from app.wechat.errands import Errands
from app.wechat.robots import Robots


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
    seal = Seal(*settings.seal_secrets)
    furniture.open_channels(db, settings)
    errands = Errands(lambda: furniture.wechat_of(settings, seal, db))
    robots, carrier = Robots(seal, settings.wecom_url), Carrier(seal, furniture.reach_of(settings))
    objection = timedelta(hours=settings.objection_hours)
    bucket = furniture.bucket_of(settings)
    tools = worker.Tools(
        db, bucket, GridCache(), robots, carrier=carrier, objection=objection,
        trace_codes=TraceCodes(settings.code_secret.get_secret_value().encode()),
        errands=errands, asker=furniture.asker_of(settings, errands), seal=seal,
    )  # fmt: skip
    running = worker.Worker(db, worker.make_handlers(tools))
    worker.stop_on_signals(running)
    thread = threading.Thread(target=running.run)
    thread.start()
    thread.join()
    robots.close()
    errands.close()
    db.close()


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the newest schema."""
    _migrate(Settings())


def _migrate(settings: Settings) -> None:
    db = kit_db.make_database(settings.database_url, pool_size=2)
    migrate.upgrade(db)
    db.close()


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
    # Whoever ends the demo from outside ends its server with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Never the configured database: the demo's accounts have passwords that everyone knows.
    play.prepare(database)
    environment = {
        "XINXIN_ENVIRONMENT": "development",
        "XINXIN_DATABASE_URL": database,
        "XINXIN_DATA_DIR": "var/demo/photos",
    }
    raise typer.Exit(play.play(once=once, port=port, environment=environment))
