"""A till's business day: what is in it, how it is summed up, and that it never changes again."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from ledger.build import earn

from app.kit import clock, sheets
from app.kit.db import work
from app.ledger.models import Fund

CSV = "reconciliation.csv"


@pytest.fixture
def day(drain):
    """A business day that nothing happened on yet; it is its tenth hour."""
    fresh = clock.business_day(clock.now()) + timedelta(days=_next())
    clock.shift(clock.day_start(fresh) - timedelta(hours=10) - clock.now())
    # What other tests left open times out on the day before.
    drain()
    clock.shift(timedelta(hours=20))
    return fresh


def _next(count=[0]):  # noqa: B006 - days are used up for the whole module
    count[0] += 3
    return count[0]


@pytest.fixture
def buyers(db, cast, newcomer, code):
    """The codes of so many members with points to spend."""

    def make(count):
        people = [newcomer() for _ in range(count)]
        with work(db, write=True) as tx:
            for person in people:
                earn(tx, tx.get_one(Fund, cast.fund.id), person, 9)
        return [code(person) for person in people]

    return make


def totals(told):
    return {t["what"]: (t["count"], t["points"], t["fen"]) for t in told["totals"]}


def independent(holds):
    """The checksum by the words of the document."""
    lines = ""
    for hold in holds:
        created, resolved = hold["created_at"], hold["resolved_at"] or ""
        values = [hold["hold_id"], hold["reference"], hold["state"], str(hold["points"]),
                  str(hold["cost_fen"]), created, resolved]  # fmt: skip
        lines += ",".join(values) + "\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def full(instant):
    """An instant of JSON with all six digits."""
    if instant is None:
        return None
    whole, _, rest = instant.removesuffix("Z").partition(".")
    return f"{whole}.{rest:0<6}Z"


def test_a_day_has_every_hold_of_its_own_and_their_sums(day, shop, other, buyers):
    first, second, third, fourth, fifth = buyers(5)
    done = shop.held(first, points=5, cost_fen=430)
    shop.move(done, "fulfil")
    dropped = shop.held(second, points=4, cost_fen=400)
    shop.move(dropped, "cancel")
    open_still = shop.held(third, points=3, cost_fen=0)
    other.held(fourth)
    told = shop.get(f"reconciliation?day={day}").json()
    assert [h["hold_id"] for h in told["holds"]] == [done["id"], dropped["id"], open_still["id"]]
    assert [h["state"] for h in told["holds"]] == ["fulfilled", "cancelled", "held"]
    assert totals(told) == {
        "created": (3, 12, 830), "fulfilled": (1, 5, 430), "cancelled": (1, 4, 400),
        "expired": (0, 0, 0),
    }  # fmt: skip
    assert (told["day"], told["client_id"], told["final"]) == (str(day), "shop-1", False)
    lines = [{**h, "created_at": full(h["created_at"]), "resolved_at": full(h["resolved_at"])}
             for h in told["holds"]]  # fmt: skip
    assert told["checksum"] == independent(lines)
    assert shop.held(fifth)
    assert shop.get(f"reconciliation?day={day}").json()["checksum"] != told["checksum"]


def test_a_hold_over_midnight_stands_in_both_days_as_each_saw_it(day, shop, buyers, drain):
    late = clock.day_start(day + timedelta(days=1)) - timedelta(minutes=5)
    clock.shift(late - clock.now())
    kept, lapsed = (shop.held(one, points=5, cost_fen=400) for one in buyers(2))
    clock.shift(timedelta(minutes=10))
    shop.move(kept, "fulfil")
    clock.shift(timedelta(minutes=30))
    drain()
    before = shop.get(f"reconciliation?day={day}").json()
    after = shop.get(f"reconciliation?day={day + timedelta(days=1)}").json()
    assert before["final"]
    assert not after["final"]
    ids = [kept["id"], lapsed["id"]]
    assert [h["hold_id"] for h in before["holds"]] == [h["hold_id"] for h in after["holds"]] == ids
    assert [(h["state"], h["resolved_at"]) for h in before["holds"]] == [("held", None)] * 2
    assert [h["state"] for h in after["holds"]] == ["fulfilled", "expired"]
    assert totals(before)["created"] == (2, 10, 800)
    assert totals(after) == {
        "created": (0, 0, 0), "fulfilled": (1, 5, 400), "cancelled": (0, 0, 0),
        "expired": (1, 5, 400),
    }  # fmt: skip


def test_the_file_says_the_same(day, shop, buyers):
    one, two = buyers(2)
    # A reference may begin like a formula.
    shop.move(shop.held(one, reference="-1.cmd", cost_fen=430), "fulfil")
    shop.held(two, reference="-2", points=3, cost_fen=0)
    told = shop.get(f"reconciliation?day={day}").json()
    answer = shop.get(f"{CSV}?day={day}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"reconciliation-{day}.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    raw = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert raw[1][2] == "'-1.cmd"
    read = sheets.read(answer.content, "file")
    assert read.findings == []
    kinds = [row["行 row"] for row in read.rows]
    assert kinds == ["hold", "hold", "total", "total", "total", "total", "checksum"]
    assert read.rows[0]["商户单号 reference"] == "-1.cmd"
    assert read.rows[-1]["冻结编号 hold"] == told["checksum"]
    assert [row["积分 points"] for row in read.rows[:4]] == ["5", "3", "8", "5"]


def test_a_day_without_anything(day, shop):
    quiet = day + timedelta(days=1)
    told = shop.get(f"reconciliation?day={quiet}").json()
    assert (told["holds"], told["final"]) == ([], False)
    assert told["checksum"] == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "bad", ["", "?day=", "?day=yesterday", "?day=2026-02-30", "?day=1999-01-01"]
)
def test_a_day_that_is_none(shop, bad):
    for path in ("reconciliation", CSV):
        assert shop.get(path + bad).status_code == 422
