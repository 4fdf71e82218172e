"""Journals of every kind, sealed and published, without HTTP."""

from datetime import datetime, timedelta

from cast import actor
from ledger.build import Town, cancel, earn, fulfil, hold, make_rider, make_town
from sqlalchemy import text

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import clock
from app.kit.db import Database, insert_row, work
from app.kit.ids import new_id
from app.ledger.models import Debt, DebtPayment, Journal
from app.proofs import queries, service
from app.proofs.schemas import NoticeOut


def live_a_little(tx) -> Town:
    """A town in which points were earned, held, handed out, given back and owed."""
    town = make_town(tx)
    chen = make_rider(tx, "陈")
    for person, points in ((town.liu_bo, 20), (chen, 10)):
        earn(tx, town.fund, person, points)
    earn(tx, town.fund, town.liu_bo, 7, settled=False)
    fulfil(tx, hold(tx, town.liu_bo, 5), 400)
    cancel(tx, hold(tx, chen, 4))
    owe(tx, chen)
    return town


def owe(tx, person) -> None:
    """A debt with a payment, as a reversal and a later award make them."""
    journals = tx.query(Journal).filter(Journal.kind == "accrue").order_by(Journal.id).all()
    debt, now = new_id(), clock.now()
    insert_row(
        tx, Debt, id=debt, person_id=person.id, journal_id=journals[0].id, points=3, remaining=2,
        created_at=now,
    )  # fmt: skip
    insert_row(tx, DebtPayment, debt_id=debt, journal_id=journals[1].id, points=1, created_at=now)


def seal_all(db: Database) -> int:
    """Seals until nothing is left, and says how many seals there are."""
    after = None
    while True:
        with work(db, write=True) as tx:
            after = service.seal(tx, after)
            last = queries.last_seal(tx)
        if after is None:
            return last.position if last else 0


def next_month() -> str:
    """Moves the clock to where this month is over and its journals can be published."""
    now = clock.now()
    period = f"{clock.business_day(now):%Y-%m}"
    clock.shift(service.end_of(period) + service.SETTLING - now + timedelta(seconds=1))
    return period


def publisher(person) -> Actor:
    """Somebody who may publish, whatever districts there are."""
    return actor(person, Role.AUDITOR, "/")


def publish(db: Database, person, period: str) -> NoticeOut:
    with work(db, write=True) as tx:
        return service.publish(tx, publisher(person), period)


def count(db: Database, table: str) -> int:
    with work(db, write=False) as tx:
        return tx.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - written here


def older_id(minutes: int):
    """An id that a machine would have made so many minutes ago."""
    return type(new_id())(int=new_id().int - (minutes * 60_000 << 80))


def write_journal(tx, journal_id=None, at: datetime | None = None) -> None:
    """A journal of its own, without transfers."""
    insert_row(
        tx, Journal, id=journal_id or new_id(), kind="settle", source=str(new_id()), reason="test",
        created_at=at or clock.now(),
    )  # fmt: skip
