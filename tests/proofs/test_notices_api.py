"""Notices over HTTP: publishing a period, the public list, and who is told.

The periods follow one another through the module, as they do in life: each test publishes the
next month of one and the same ledger.
"""

import itertools
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cast import DISTRICT, GRID
from ledger.build import cancel, earn, fulfil, hold
from proofs.build import next_month, publish, seal_all, write_journal
from sqlalchemy import select, text

from app.identity.access import Actor, Held
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.ledger import book
from app.ledger import service as ledger
from app.ledger.models import Fund, Purse
from app.proofs import audit, checker, notices, queries, queue, service
from app.proofs.models import NoticeEntry

MONTHS = itertools.count(0)


@pytest.fixture(scope="module")
def auditor(newcomer):
    return newcomer((Role.AUDITOR, DISTRICT), name="审计员")


@pytest.fixture
def month(engine_name):
    """Some months of its own: the clock stands in the first, and `next_month` ends it."""
    clock.shift(timedelta(days=155 * next(MONTHS)))


def earned(db, cast, person, points):
    with work(db, write=True) as tx:
        return earn(tx, tx.get_one(Fund, cast.fund.id), person, points)


def post(client, headers, period):
    return client.post("/v1/points/notices", json={"period": period}, headers=headers)


def refused(answer, status, code):
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


class TestPublish:
    def test_says_what_was_sealed_and_writes_it_down(
        self, client, db, cast, month, auditor, as_, newcomer, drain
    ):
        rider, other = newcomer(name="刘小波"), newcomer(name="王五")
        earned(db, cast, rider, 10)
        earned(db, cast, other, 4)
        with work(db, write=True) as tx:
            fulfil(tx, hold(tx, rider, 3), 100)
            cancel(tx, hold(tx, other, 2))
        last = seal_all(db)
        period = next_month()
        answer = post(client, as_(auditor), period)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["period"], made["last_position"]) == (period, last)
        with work(db, write=False) as tx:
            notice = queries.get_notice(tx, period)
            first = tx.scalar(select(NoticeEntry.id).where(NoticeEntry.notice_id == notice.id))
            assert (made["root"], made["id"]) == (notice.root, str(notice.id))
            assert first is not None
            action = tx.scalars(
                select(StaffAction).where(StaffAction.object_id == made["id"])
            ).one()
            assert (action.action, action.actor_id) == ("notice.published", auditor.id)
            assert list(audit.broken_proofs(tx)) == []
        assert client.get(f"/v1/points/notices/{period}").json() == made
        assert client.get("/v1/points/notices").json()["items"][0] == made

    def test_twice_and_earlier_ones_are_refused(self, client, db, cast, month, auditor, as_):
        earned(db, cast, cast.chen, 1)
        seal_all(db)
        period = next_month()
        publish(db, auditor, period)
        refused(post(client, as_(auditor), period), 409, "notice_published")
        refused(post(client, as_(auditor), "2025-01"), 409, "notice_out_of_order")

    def test_the_same_key_is_one_notice(self, client, db, cast, month, auditor, as_):
        earned(db, cast, cast.chen, 1)
        seal_all(db)
        period = next_month()
        headers = as_(auditor, **{"Idempotency-Key": str(new_id())})
        first, again = post(client, headers, period), post(client, headers, period)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()

    def test_a_month_that_is_not_over(self, client, db, cast, month, auditor, as_):
        earned(db, cast, cast.chen, 1)
        seal_all(db)
        period = next_month()
        clock.shift(timedelta(seconds=-2))
        refused(post(client, as_(auditor), period), 409, "period_not_over")
        refused(post(client, as_(auditor), "2999-12"), 409, "period_not_over")

    def test_journals_that_wait_for_their_seals(self, client, db, cast, month, auditor, as_):
        earned(db, cast, cast.chen, 1)
        period = next_month()
        refused(post(client, as_(auditor), period), 409, "period_unsealed")
        seal_all(db)
        assert post(client, as_(auditor), period).status_code == 201

    def test_what_came_too_late_to_tell_is_waited_for(self, client, db, cast, month, auditor, as_):
        earned(db, cast, cast.chen, 1)
        seal_all(db)
        with work(db, write=True) as tx:
            # By its id from before the window; whatever its date, it could be of this period.
            old = UUID(int=queue.window(tx).int - (1 << 90))
            write_journal(tx, old, at=clock.now() + timedelta(days=400))
        period = next_month()
        refused(post(client, as_(auditor), period), 409, "period_unsealed")
        with work(db, write=True) as tx:
            service.seal(tx, queue.FIRST)
        assert post(client, as_(auditor), period).status_code == 201

    def test_the_next_months_journals_wait_for_the_next_notice(
        self, client, db, cast, month, auditor, as_
    ):
        earned(db, cast, cast.chen, 1)
        last = seal_all(db)
        period = next_month()
        earned(db, cast, cast.chen, 5)
        made = post(client, as_(auditor), period).json()
        assert (made["last_position"], made["earned"]) == (last, 1)
        seal_all(db)
        following = next_month()
        made = post(client, as_(auditor), following).json()
        assert (made["first_position"], made["earned"]) == (last + 1, 5)

    def test_a_month_without_journals(self, client, db, cast, month, auditor, as_):
        seal_all(db)
        period = next_month()
        refused(post(client, as_(auditor), period), 409, "period_empty")

    @pytest.mark.parametrize("role", [r for r in Role if r not in service.PUBLISHERS])
    def test_others_may_not(self, client, as_, newcomer, role):
        refused(post(client, as_(newcomer((role, DISTRICT))), "2025-01"), 403, "role_missing")

    @pytest.mark.parametrize("role", sorted(service.PUBLISHERS))
    def test_nor_those_of_a_part_of_it(self, client, as_, newcomer, role):
        refused(post(client, as_(newcomer((role, GRID))), "2025-01"), 403, "notice_forbidden")

    @pytest.mark.parametrize("period", ["2026-13", "2026-00", "1999-01", "2026-1", "2026-10-01"])
    def test_words_that_are_no_month(self, client, as_, auditor, period):
        assert post(client, as_(auditor), period).status_code == 422

    def test_every_district_must_be_ones_own(self, tx, cast):
        half = Actor(cast.sun.id, new_id(), "x", (Held(Role.AUDITOR, "/500231000000/"),))
        with pytest.raises(service.NoticeForbidden):
            service.publish(tx, half, "2025-01")


class TestEntries:
    def test_masked_names_and_sums_and_nothing_more(
        self, client, db, cast, month, auditor, newcomer
    ):
        rider, other = newcomer(name="刘小波"), newcomer(name="Anna Berg")
        earned(db, cast, rider, 10)
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), other, 12, settled=False)
            fulfil(tx, hold(tx, rider, 3), 100)
            cancel(tx, hold(tx, rider, 2))
        seal_all(db)
        period = next_month()
        made = publish(db, auditor, period)
        assert (made.earned, made.redeemed, made.members) == (22, 3, 2)
        items = client.get(f"/v1/points/notices/{period}/entries").json()["items"]
        assert items == [
            {"name": "A*", "earned": 12, "redeemed": 0},
            {"name": "刘*", "earned": 10, "redeemed": 3},
        ]

    def test_what_was_taken_back_counts_down(self, client, db, cast, month, auditor, newcomer):
        rider = newcomer(name="周")
        with work(db, write=True) as tx:
            source = earn(tx, tx.get_one(Fund, cast.fund.id), rider, 9, settled=False)
            assert ledger.void(tx, source=source, reason="false_report") == 9
            earn(tx, tx.get_one(Fund, cast.fund.id), rider, 2)
        seal_all(db)
        made = publish(db, auditor, next_month())
        assert (made.earned, made.members) == (2, 1)

    def test_pages(self, client, db, cast, month, auditor, newcomer):
        for n in range(7):
            earned(db, cast, newcomer(name=f"{n}号"), n + 1)
        seal_all(db)
        period = next_month()
        publish(db, auditor, period)
        url, cursor, seen = f"/v1/points/notices/{period}/entries", None, []
        for _ in range(3):
            params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            page = client.get(url, params=params).json()
            seen += [item["earned"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert (seen, cursor) == ([7, 6, 5, 4, 3, 2, 1], None)

    def test_an_unknown_month(self, client):
        for url in ("/v1/points/notices/2001-01", "/v1/points/notices/2001-01/entries"):
            refused(client.get(url), 404, "notice_not_found")


class TestTold:
    def test_everyone_with_an_entry_once_and_a_household_too(
        self, client, db, cast, month, auditor, newcomer, as_, drain, monkeypatch
    ):
        monkeypatch.setattr(notices, "BATCH", 2)
        riders = [newcomer() for _ in range(4)]
        sharer, stranger = newcomer(), newcomer()
        for rider in riders:
            earned(db, cast, rider, 1)
        with work(db, write=True) as tx:
            shared = book.account(tx, "PTS", "household", str(new_id()))
            insert_row(tx, Purse, person_id=sharer.id, account_id=shared, since=clock.now())
        earned(db, cast, sharer, 3)
        seal_all(db)
        period = next_month()
        made = publish(db, auditor, period)
        drain()
        with work(db, write=True) as tx:
            notices.tell(tx, made.id, queue.FIRST)
        for person in (*riders, sharer):
            inbox = client.get("/v1/inbox", headers=as_(person)).json()["items"]
            mine = [message for message in inbox if message["kind"] == "notice.published"]
            assert len(mine) == 1
            assert made.root in mine[0]["text"]
            assert period in mine[0]["text"]
        assert client.get("/v1/inbox", headers=as_(stranger)).json()["items"] == []

    def test_webhooks_hear_of_it(self, client, db, cast, month, auditor, as_, drain):
        with work(db, write=True) as tx:
            hook = {"name": "公示", "url": "https://example.org/hook"}
            tx.execute(
                text(
                    "INSERT INTO webhooks (id, name, url, events, secret, region_code, state,"
                    " failures, created_at) VALUES (:id, :name, :url, :events, 'x', :region,"
                    " 'active', 0, :now)"
                ),
                {
                    **hook, "id": str(new_id()) if db.is_sqlite else new_id(),
                    "events": '["notice.published"]', "region": DISTRICT,
                    "now": clock.now().isoformat() if db.is_sqlite else clock.now(),
                },
            )  # fmt: skip
        earned(db, cast, cast.chen, 1)
        seal_all(db)
        made = publish(db, auditor, next_month())
        with work(db, write=True) as tx:
            payloads = [str(p) for p in tx.scalars(text("SELECT payload FROM webhook_deliveries"))]
            tx.execute(text("DELETE FROM webhook_deliveries"))
            tx.execute(text("DELETE FROM webhooks"))
            tx.execute(text("DELETE FROM jobs WHERE kind LIKE 'webhook%'"))
        assert len(payloads) == 1
        assert made.root in payloads[0]
        assert made.period in payloads[0]


class TestList:
    def test_pages_newest_first(self, client, db, cast, month, auditor):
        for _ in range(3):
            earned(db, cast, cast.chen, 1)
            seal_all(db)
            publish(db, auditor, next_month())
        page = client.get("/v1/points/notices", params={"limit": 2}).json()
        after = {"limit": 2, "cursor": page["next_cursor"]}
        more = client.get("/v1/points/notices", params=after).json()
        periods = [item["period"] for item in page["items"] + more["items"]]
        assert periods == sorted(set(periods), reverse=True)
        assert len(periods) >= 3

    def test_the_checker_is_the_file_that_we_use(self, client):
        answer = client.get("/v1/points/notices/checker")
        assert answer.headers["content-type"].startswith("text/x-python")
        assert answer.content == Path(checker.__file__).read_bytes()
