"""A small town for ledger, reward and store tests: people without passwords, funds, short words.

The cast of `cast.py` can sign in with passwords, which costs seconds; nobody here needs to.
"""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from cast import DISTRICT, STREET, VILLAGE, actor, contribute
from emptying import empty
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.cli.upkeep import findings
from app.identity import service as identity
from app.identity.models import Occupation, Person
from app.kit import clock
from app.kit.db import Database, make_database, work
from app.ledger import funds, queries, service, views
from app.ledger.audit import CHECKS as LEDGER
from app.ledger.models import Fund
from app.regions import service as regions
from app.regions.schemas import RegionDraft
from app.rewards.audit import CHECKS as REWARDS
from app.store.audit import CHECKS as STORE

__all__ = ["actor", "contribute"]
# The rules of points, money and stock: the floors that tests of the ledger build up themselves.
BOOKS = {**LEDGER, **REWARDS, **STORE}
MERCHANT = "TN001"
# Who asked for a reversal, a refund or a payment, and who lives with whom; tests that call the
# ledger itself ask nobody.
BY_HAND = (
    "who spends from a household's purse belongs to it",
    "what is reversed or refunded was approved once",
    "a paid statement is one payment of its amount by its two persons",
)
_number = itertools.count(1)


@dataclass(frozen=True)
class Town:
    """Two persons for the money, a rider, and a fund of one yuan a point holding 1,000 yuan."""

    ma: Person
    wu: Person
    liu_bo: Person
    fund: Fund


def make_town(tx: Session, *, fen: int = 100_000) -> Town:
    regions.import_regions(
        tx,
        [
            RegionDraft(DISTRICT, "潼南区", "潼南区", 0, "区", None),
            RegionDraft(STREET, "桂林街道", "桂林街道", 1, "街道", DISTRICT),
            RegionDraft(VILLAGE, "莲花社区", "莲花社区居民委员会", 2, "社区", STREET),
        ],
    )
    ma, wu = (identity.add_person(tx, name, Occupation.STAFF) for name in ("马", "吴"))
    fund = make_fund(tx, ma, wu, fen=fen)
    return Town(ma, wu, make_rider(tx, "刘波"), fund)


def make_rider(tx: Session, name: str = "骑手") -> Person:
    return identity.add_person(tx, name, Occupation.RIDER)


def make_fund(
    tx: Session, ma: Person, wu: Person, *, fen: int, rate_fen: int = 100, shards: int = 1
) -> Fund:
    """A fund with its money, spread over shards."""
    fund = funds.add_fund(tx, f"fund-{next(_number)}", "暖新基金", "感谢", DISTRICT, rate_fen)
    fund.shards = shards
    tx.flush()
    if fen:
        contribute(tx, fund.id, ma, wu, fen)
    return fund


def earn(
    tx: Session, fund: Fund, person: Person, points: int, *, days: int | None = 365,
    settled: bool = True,
) -> str:  # fmt: skip
    """Accrues points, settled unless told not to, and gives the source."""
    source = f"award-{next(_number)}"
    service.accrue(
        tx, source=source, person_id=person.id, fund=fund, points=points, life=service.Life(days),
        reason="report.filed",
    )  # fmt: skip
    if settled:
        assert service.settle(tx, source=source, reason="report.filed") == points
    return source


def hold(tx: Session, person: Person, points: int) -> str:
    """Holds points and gives the source."""
    source = f"redemption-{next(_number)}"
    service.hold(tx, source=source, person_id=person.id, points=points, reason="redeem")
    return source


def fulfil(tx: Session, source: str, cost_fen: int) -> None:
    service.fulfil(tx, source=source, cost_fen=cost_fen, merchant=MERCHANT, reason="fulfil")


def cancel(tx: Session, source: str) -> None:
    service.cancel(tx, source=source, reason="cancelled")


def points(tx: Session, person: Person) -> tuple[int, int, int]:
    """Spendable, on the way, held."""
    out = queries.points(tx, person.id, clock.now())
    return out.spendable, out.on_the_way, out.held


def money(tx: Session, fund: Fund) -> tuple[int, int, int]:
    """Available, reserved and paid fen of a fund, which make up what was contributed."""
    out = views.fund_out(tx, fund)
    assert out.contributed_fen == out.available_fen + out.reserved_fen + out.paid_fen
    return out.available_fen, out.reserved_fen, out.paid_fen


def left_of(tx: Session, fund: Fund) -> list[int]:
    """What is available of each contribution of a fund, the oldest first."""
    query = text(
        "SELECT SUM(available) FROM pool_parts WHERE fund_id = :fund"
        " GROUP BY contribution_id ORDER BY contribution_id"
    )
    fund_id: UUID | str = fund.id
    if tx.get_bind().dialect.name == "sqlite":
        fund_id = str(fund_id)
    return [int(fen) for fen in tx.scalars(query, {"fund": fund_id})]


def broken(db: Database, *, but: tuple[str, ...] = ()) -> list[str]:
    """What `xinxin audit` would find, but for these rules."""
    with work(db, write=False) as tx:
        return broken_in(tx, but=but)


def broken_in(tx: Session, *, but: tuple[str, ...] = ()) -> list[str]:
    left_out = tuple(f"broken: {rule}: " for rule in but)
    return [finding for finding in findings(tx) if not finding.startswith(left_out)]


@pytest.fixture
def town(db: Database) -> Iterator[Town]:
    """A town with 1,000 yuan; whatever a test does, the audit finds nothing afterwards."""
    with work(db, write=True) as tx:
        built = make_town(tx)
    yield built
    found = broken(db, but=BY_HAND)
    assert found == [], found


@contextmanager
def own_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A migrated, empty database for fixtures that live longer than one test."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "own.db")
        db = make_database(f"sqlite:///{folder / 'own.db'}")
    else:
        db = make_database(request.getfixturevalue("postgresql_url"))
        empty(db)
    yield db
    db.close()
