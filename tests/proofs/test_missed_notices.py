"""Who is reminded that a month's points are not published, when, and how often."""

from datetime import timedelta

import pytest
from cast import DISTRICT, STREET
from ledger.build import earn, own_database
from proofs.build import live_a_little, next_month, publish, seal_all
from sqlalchemy import select

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.db import work
from app.notify.models import Message
from app.proofs import jobs, notices
from app.worker import SCHEDULE, Tools, make_handlers


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request, tmp_path):
    with own_database(request.param, request, tmp_path) as db:
        yield db
    clock.unshift()


@pytest.fixture
def town(books):
    """An auditor (Wu) and a fund manager (Ma) of the district; a street's auditor is not asked."""
    with work(books, write=True) as tx:
        built = live_a_little(tx)
        for person, role, region in (
            (built.wu, Role.AUDITOR, DISTRICT), (built.ma, Role.FUND_MANAGER, DISTRICT),
            (built.liu_bo, Role.AUDITOR, STREET),
        ):  # fmt: skip
            identity.grant(tx, None, person.id, role, region)
    return built


def told(db):
    """Who was reminded of which month."""
    with work(db, write=True) as tx:
        jobs.remind(tx, {})
        rows = tx.scalars(select(Message).where(Message.kind == "notice.missed"))
        return sorted((row.person_id, row.data["period"]) for row in rows)


def wait(days):
    """From the second after a month's end to so many days after it."""
    clock.shift(timedelta(days=days))


def test_once_when_five_days_have_passed(books, town):
    seal_all(books)
    assert told(books) == [], "the month is not over"
    period = next_month()
    assert told(books) == []
    wait(4)
    assert told(books) == []
    wait(1)
    both = sorted((person.id, period) for person in (town.ma, town.wu))
    assert told(books) == both
    wait(1)
    assert told(books) == both


def test_nobody_of_what_is_published(books, town):
    seal_all(books)
    period = next_month()
    publish(books, town.wu, period)
    wait(6)
    assert told(books) == []


def test_nobody_of_a_month_in_which_nothing_was(books, town):
    seal_all(books)
    publish(books, town.wu, next_month())
    next_month()
    wait(6)
    assert told(books) == []


def test_each_month_anew(books, town):
    seal_all(books)
    publish(books, town.wu, next_month())
    with work(books, write=True) as tx:
        earn(tx, town.fund, town.liu_bo, 5)
    seal_all(books)
    second = next_month()
    wait(6)
    assert {period for _, period in told(books)} == {second}


def test_the_worker_asks_every_day(books, town, tmp_path):
    seal_all(books)
    next_month()
    wait(6)
    assert SCHEDULE["notices.missed"] == timedelta(days=1)
    with work(books, write=True) as tx:
        outbox.enqueue(tx, "notices.missed")
    while outbox.run_one(books, make_handlers(Tools(books, None, None))):
        pass
    with work(books, write=False) as tx:
        kinds = [row.kind for row in tx.scalars(select(Message))]
    assert kinds.count("notice.missed") == len(notices.REMINDED)
