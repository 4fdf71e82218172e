"""A till's business day: what is in it, how it is summed up, and that it never changes again."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from flows.story import key
from ledger.build import earn
from sqlalchemy import case, func, or_, select

from app.kit import clock, sheets
from app.kit.db import work
from app.ledger.models import Account, Fund, Journal, Transfer
from app.till.models import TillHold

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


@pytest.fixture
def refund(client, cast, as_):
    """Goods of a hold taken back by two persons."""

    def send(hold):
        draft = {"kind": "refund_hold", "source": hold["id"], "cause": "质量问题"}
        url, ma, wu = "/v1/corrections", as_(cast.ma), as_(cast.wu)
        asked = client.post(url, json=draft, headers={**ma, **key()})
        done = client.post(f"{url}/{asked.json()['id']}/approve", json={}, headers=wu)
        assert done.status_code == 200, done.text

    return send


@pytest.fixture
def moved(db):
    """Points and fen that the ledger moved for a store on a day: handed out less come back."""

    def look(name, day):
        start, end = (clock.day_start(day + timedelta(days=n)) for n in (0, 1))
        mine = select(TillHold.id).where(TillHold.client_id == name)
        owed = select(Account.id).where(Account.kind == "payable", Account.owner == name)
        change = case((Journal.kind == "fulfil", Transfer.amount), else_=-Transfer.amount)
        query = (
            select(Transfer.asset, func.sum(change))
            .join(Journal, Journal.id == Transfer.journal_id)
            .where(
                Journal.kind.in_(("fulfil", "refund")), Journal.created_at >= start,
                Journal.created_at < end,
                or_(
                    Transfer.asset == "PTS", Transfer.credit_account_id.in_(owed),
                    Transfer.debit_account_id.in_(owed),
                ),
            )
        )  # fmt: skip
        with work(db, write=False) as tx:
            sources = [str(hold_id) for hold_id in tx.scalars(mine)]
            rows = tx.execute(query.where(Journal.source.in_(sources)).group_by(Transfer.asset))
            found = {asset: int(amount) for asset, amount in rows}
        return found.get("PTS", 0), found.get("CNY", 0)

    return look


def sums(told):
    """Points and fen of what moved, as a store adds up its day."""
    by = totals(told)
    return tuple(by["fulfilled"][n] + by["refunded"][n] for n in (1, 2))


def totals(told):
    return {t["what"]: (t["count"], t["points"], t["fen"]) for t in told["totals"]}


def independent(told):
    """The checksum by the words of the document."""
    lines = ""
    for row in told["holds"] + told["refunds"]:
        first = list(row.items())[:7]
        values = [full(value) if name.endswith("_at") else str(value) for name, value in first]
        lines += ",".join(values) + "\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def full(instant):
    """An instant of JSON with all six digits."""
    if instant is None:
        return ""
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
        "expired": (0, 0, 0), "refunded": (0, 0, 0),
    }  # fmt: skip
    assert (told["day"], told["client_id"], told["final"]) == (str(day), "shop-1", False)
    assert told["checksum"] == independent(told)
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
        "expired": (1, 5, 400), "refunded": (0, 0, 0),
    }  # fmt: skip


def test_what_came_back_stands_in_the_day_on_which_it_did(day, shop, other, buyers, refund, moved):
    codes = buyers(4)
    first, free, kept = (
        shop.move(shop.held(code, points=5, cost_fen=fen), "fulfil").json()
        for code, fen in zip(codes[:3], (430, 0, 100), strict=True)
    )
    theirs = other.move(other.held(codes[3]), "fulfil").json()
    before = shop.get(f"reconciliation?day={day}").json()
    clock.shift(timedelta(days=1))
    same_day = shop.move(shop.held(*buyers(1), points=4, cost_fen=333), "fulfil").json()
    for hold in (first, free, theirs, same_day):
        refund(hold)
    past = shop.get(f"reconciliation?day={day}").json()
    assert past == {**before, "final": True}
    assert (past["refunds"], sums(past)) == ([], moved("shop-1", day))
    next_day = day + timedelta(days=1)
    told = shop.get(f"reconciliation?day={next_day}").json()
    assert [(r["hold_id"], r["points"], r["cost_fen"]) for r in told["refunds"]] == [
        (first["id"], -5, -430), (free["id"], -5, 0), (same_day["id"], -4, -333),
    ]  # fmt: skip
    assert (totals(told)["fulfilled"], totals(told)["refunded"]) == ((1, 4, 333), (3, -14, -763))
    assert sums(told) == moved("shop-1", next_day) == (-10, -430)
    assert told["checksum"] == independent(told)
    # What one answer says of a hold, the other says too.
    shown = {h["id"]: shop.get(f"holds/{h['id']}").json() for h in (first, free, same_day, kept)}
    for line in told["refunds"]:
        hold = shown[line["hold_id"]]
        names = ("reference", "resolved_at", "refunded_at")
        assert [line[name] for name in names] == [hold[name] for name in names]
    (listed,) = told["holds"]
    assert listed["refunded_at"] == shown[same_day["id"]]["refunded_at"]
    assert (shown[kept["id"]]["refunded_at"], past["holds"][0]["refunded_at"]) == (None, None)
    assert sums(other.get(f"reconciliation?day={next_day}").json()) == (-5, -400)


def test_the_file_says_the_same(day, shop, buyers, refund):
    one, two = buyers(2)
    # A reference may begin like a formula.
    refund(shop.move(shop.held(one, reference="-1.cmd", cost_fen=430), "fulfil").json())
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
    assert kinds == ["hold", "hold", "refund", *["total"] * 5, "checksum"]
    sold, back = read.rows[0], read.rows[2]
    assert sold["商户单号 reference"] == back["商户单号 reference"] == "-1.cmd"
    assert [back[name] for name in ("状态 state", "金额（分） fen")] == ["refunded", "-430"]
    assert sold["退货 refunded"] == back["退货 refunded"] == full(told["refunds"][0]["refunded_at"])
    assert read.rows[-1]["冻结编号 hold"] == told["checksum"]
    assert [row["积分 points"] for row in read.rows[:5]] == ["5", "3", "-5", "8", "5"]
    assert [row["积分 points"] for row in read.rows[-3:]] == ["0", "-5", ""]


def test_a_day_without_anything(day, shop):
    quiet = day + timedelta(days=1)
    told = shop.get(f"reconciliation?day={quiet}").json()
    assert (told["holds"], told["refunds"], told["final"]) == ([], [], False)
    assert told["checksum"] == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "bad", ["", "?day=", "?day=yesterday", "?day=2026-02-30", "?day=1999-01-01"]
)
def test_a_day_that_is_none(shop, bad):
    for path in ("reconciliation", CSV):
        assert shop.get(path + bad).status_code == 422
