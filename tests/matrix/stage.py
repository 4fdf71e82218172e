"""One stage for a whole module: a database, the application and the cast, on each engine.

The fixtures carry the names of those in `tests/conftest.py` and live as long as the module instead
of one test, so tests here make what they change: a newcomer of their own, a case of their own.
"""

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from built import make_app
from cast import INSIDE, Cast, make_cast
from emptying import empty
from fastapi import FastAPI
from fastapi.testclient import TestClient
from flows.story import moved, report, upload
from sqlalchemy.orm import Session

from app.furniture import tools_of
from app.identity import passwords, service
from app.identity.models import Occupation, Person, Role
from app.kit import outbox
from app.kit.db import Database, make_database, work
from app.settings import Settings
from app.worker import make_handlers


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """argon2 with the least effort, and no log: its pretty tracebacks take ten seconds each."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
        yield
    structlog.configure(**before)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"stage-{engine_name}")


@pytest.fixture(scope="module")
def url(engine_name: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if engine_name == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    shutil.copy(request.getfixturevalue("sqlite_template"), folder / "xinxin.db")
    return f"sqlite:///{folder / 'xinxin.db'}"


@pytest.fixture(scope="module")
def db(url: str) -> Iterator[Database]:
    database = make_database(url)
    if not database.is_sqlite:
        empty(database)
    yield database
    database.close()


@pytest.fixture
def tx(db: Database) -> Iterator[Session]:
    with work(db, write=True) as session:
        yield session


@pytest.fixture(scope="module")
def settings(url: str, folder: Path) -> Settings:
    return Settings(
        environment="development", database_url=url, data_dir=folder / "bucket", worker="none",
        decoders=1, objection_hours=0, wechat_appid="wx-test", _env_file=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def app(db: Database, settings: Settings) -> Iterator[FastAPI]:
    application = make_app(settings)
    application.state.strict = True
    yield application
    application.state.db.close()


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture(scope="module")
def files(app: FastAPI) -> Callable[[], set[str]]:
    """The keys that lie in the bucket now."""
    root = app.state.bucket._root

    def found() -> set[str]:
        return {f.relative_to(root).as_posix() for f in root.rglob("*") if f.is_file()}

    return found


@pytest.fixture(scope="module")
def cast(db: Database) -> Cast:
    with work(db, write=True) as session:
        return make_cast(session)


@pytest.fixture(scope="module")
def sign_in(app: FastAPI) -> Callable[[Any], Any]:
    """Both tokens of a new session of a person."""

    def signed(person: Any) -> Any:
        with work(app.state.db, write=True) as session:
            return service._open(session, app.state.token_keys, person.id, timedelta(hours=1))

    return signed


@pytest.fixture(scope="module")
def as_(sign_in: Callable[[Any], Any]) -> Callable[..., dict[str, str]]:
    return lambda person, **more: {
        "Authorization": f"Bearer {sign_in(person).access_token}", **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def drain(app: FastAPI) -> Callable[[], int]:
    handlers = make_handlers(tools_of(app.state))

    def run() -> int:
        done = 0
        while outbox.run_one(app.state.db, handlers):
            done += 1
        return done

    return run


@pytest.fixture(scope="module")
def newcomer(db: Database, cast: Cast) -> Callable[..., Person]:
    """A person whom no other test knows; with roles, a member of staff."""

    def make(*grants: tuple[Role, str], name: str = "新来的骑手") -> Person:
        with work(db, write=True) as session:
            person = service.add_person(session, name, Occupation.RIDER)
            for role, region in grants:
                service.grant(session, None, person.id, role, region)
        return person

    return make


@pytest.fixture(scope="module")
def desk(client: TestClient, cast: Cast, as_: Any, drain: Any, newcomer: Any) -> "Desk":
    return Desk(client, cast, as_, drain, newcomer)


class Desk:
    """The staff of GRID at work: brings cases, each of a reporter of its own, to a status."""

    def __init__(self, client: TestClient, cast: Cast, as_: Any, drain: Any, newcomer: Any) -> None:
        self._client, self._drain, self._newcomer, self._as = client, drain, newcomer, as_
        self.wang, self.zhao, self.qian = (as_(p) for p in (cast.wang, cast.zhao, cast.qian))
        self.sun = as_(cast.sun)
        self._cast = cast
        self.reporter = cast.liu_bo
        self.report: dict[str, Any] = {}

    @property
    def liu(self) -> dict[str, str]:
        """Headers of the last case's reporter."""
        return self._as(self.reporter)

    def reported(self, place: Any = INSIDE, *, reporter: Any = None, **more: Any) -> dict[str, Any]:
        """A routed case as the dispatcher sees it."""
        self.reporter = reporter or self._newcomer()
        sent = report(self._client, self.liu, place, **more)
        self._drain()
        self.report = self._client.get(f"/v1/reports/{sent['id']}", headers=self.liu).json()
        found = self._client.get("/v1/cases", headers=self.qian, params={"limit": 100}).json()
        number = self.report["case_number"]
        return next(case for case in found["items"] if case["number"] == number)

    def verifying(self, **how: Any) -> dict[str, Any]:
        return self.moved(self.reported(**how), "verify")

    def filed(self, **how: Any) -> dict[str, Any]:
        return self.moved(self.reported(**how), "file", category_code="C0101")

    def dispatched(self, to: Person | None = None, **how: Any) -> dict[str, Any]:
        case = self.filed(**how)
        return self.moved(case, "dispatch", assignee_id=str((to or self._cast.wang).id))

    def in_progress(self, **how: Any) -> dict[str, Any]:
        return self.moved(self.dispatched(**how), "accept")

    def resolved(self, **how: Any) -> dict[str, Any]:
        photo = upload(self._client, self.wang)
        return self.moved(self.in_progress(**how), "resolve", photo_ids=[photo], note="已修好")

    def closed(self, outcome: str = "fixed", **how: Any) -> dict[str, Any]:
        return self.moved(self.resolved(**how), "close", by=self.sun, outcome=outcome)

    def moved(
        self, case: dict[str, Any], name: str, by: Any = None, **fields: Any
    ) -> dict[str, Any]:
        return moved(self._client, by or self.wang, case, name, **fields)


def public_word(answer: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of a refusal without the id that differs from request to request."""
    body = answer.json()
    return answer.status_code, {k: v for k, v in body.items() if k != "request_id"}
