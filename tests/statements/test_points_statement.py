"""A member's statement: every entry once, the balance after each, to the point."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from ledger.build import earn
from store.build import give_back, refusal

from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import queries, sharing
from app.ledger import service as ledger
from app.ledger.models import Fund

URL = "/v1/points/statement"


def today():
    return clock.business_day(clock.now())


@pytest.fixture
def member(newcomer):
    return newcomer()


@pytest.fixture
def earned(db, cast):
    def give(person, points, **how):
        with work(db, write=True) as tx:
            return earn(tx, tx.get_one(Fund, cast.fund.id), person, points, **how)

    return give


@pytest.fixture
def ask(client, as_):
    def read(person, first=None, last=None, path="", **params):
        asked = {"from": str(first or today() - timedelta(days=30)), "to": str(last or today())}
        return client.get(URL + path, headers=as_(person), params={**asked, **params})

    return read


@pytest.fixture
def lively(shop, member, earned, client, as_, db):
    """Earned, on its way, voided, held, cancelled, handed out, refunded, expired."""
    earned(member, 20)
    earned(member, 7, settled=False)
    source = earned(member, 5, settled=False)
    with work(db, write=True) as tx:
        ledger.void(tx, source=source, reason="false_report")
    given_back = shop.held(buyer=member, lots=())
    give_back(client, as_(member), given_back["id"])
    shop.taken_back(shop.sold(buyer=member, lots=()))
    shop.sold(buyer=member, lots=(), quantity=2)
    shop.held(buyer=member, lots=())
    earned(member, 3, days=1)
    clock.shift(timedelta(days=2))
    with work(db, write=True) as tx:
        for account in queries.accounts(tx, member.id):
            ledger.expire(tx, account)
    return member


class TestStatement:
    def test_every_entry_with_the_balance_after_it(self, lively, ask, client, as_):
        shown = ask(lively).json()
        kinds = [(e["kind"], e["points"], e["balance"]) for e in shown["entries"]]
        assert kinds == [
            ("accrue", 20, 20), ("accrue", 7, 27), ("accrue", 5, 32), ("void", -5, 27),
            ("redeem", -5, 22), ("cancel", 5, 27),
            ("redeem", -5, 22), ("fulfil", 0, 22), ("refund", 5, 27),
            ("redeem", -10, 17), ("fulfil", 0, 17), ("redeem", -5, 12),
            ("accrue", 3, 15), ("expire", -3, 12),
        ]  # fmt: skip
        assert (shown["opening"], shown["closing"]) == (0, 12)
        points = client.get("/v1/points", headers=as_(lively)).json()
        assert points["spendable"] + points["on_the_way"] == shown["closing"]
        assert points["held"] == 5
        assert shown["member_no"] == lively.member_no

    def test_totals_by_kind(self, lively, ask):
        shown = ask(lively).json()
        totals = {t["kind"]: (t["count"], t["came"], t["went"]) for t in shown["totals"]}
        assert totals == {
            "accrue": (4, 35, 0), "void": (1, 0, 5), "redeem": (4, 0, 25), "cancel": (1, 5, 0),
            "fulfil": (2, 0, 0), "refund": (1, 5, 0), "expire": (1, 0, 3),
        }  # fmt: skip
        moved = sum(t["came"] - t["went"] for t in shown["totals"])
        assert shown["opening"] + moved == shown["closing"]

    def test_is_what_the_list_of_entries_says(self, lively, ask, client, as_):
        listed, cursor = [], None
        while True:
            params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/points/entries", headers=as_(lively), params=params).json()
            listed += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        shown = [
            {k: v for k, v in e.items() if k != "balance"} for e in ask(lively).json()["entries"]
        ]
        assert shown == listed[::-1]

    def test_one_period_ends_where_the_next_begins(self, member, earned, ask):
        first = today()
        for points in (1, 2, 4):
            earned(member, points)
            clock.shift(timedelta(days=1))
        days = [first + timedelta(days=n) for n in range(4)]
        shown = [ask(member, day, day).json() for day in days]
        assert [(s["opening"], s["closing"]) for s in shown] == [(0, 1), (1, 3), (3, 7), (7, 7)]
        assert [len(s["entries"]) for s in shown] == [1, 1, 1, 0]
        whole = ask(member, days[0], days[-1]).json()
        assert whole["entries"] == [e for s in shown for e in s["entries"]]
        before = first - timedelta(days=1)
        assert ask(member, before, before).json()["closing"] == 0

    def test_a_day_ends_at_midnight_in_shanghai(self, member, earned, ask):
        now = clock.now()
        midnight = clock.day_start(clock.business_day(now) + timedelta(days=2))
        clock.shift(midnight - timedelta(minutes=1) - now)
        before = today()
        earned(member, 1)
        clock.shift(timedelta(minutes=2))
        earned(member, 2)
        assert ask(member, before, before).json()["closing"] == 1
        assert ask(member, today(), today()).json()["opening"] == 1

    def test_of_somebody_without_entries(self, member, ask):
        shown = ask(member).json()
        assert (shown["opening"], shown["closing"], shown["entries"], shown["totals"]) == (
            0, 0, [], [],
        )  # fmt: skip

    def test_of_a_household_is_its_purse(self, member, newcomer, earned, ask, db, client, as_):
        other, household = newcomer(), new_id()
        earned(member, 10)
        earned(other, 3)
        with work(db, write=True) as tx:
            for person in (member, other):
                sharing.join(tx, source=str(new_id()), person_id=person.id, household_id=household)
        earned(other, 5)
        for person in (member, other):
            shown = ask(person).json()
            points = client.get("/v1/points", headers=as_(person)).json()
            assert shown["closing"] == points["spendable"] + points["on_the_way"] == 18
            assert sum(e["points"] for e in shown["entries"]) == 18

    @pytest.mark.parametrize("days", [(1, 0), (0, 366), (-400, 0)])
    def test_a_period_is_at_most_a_leap_year(self, member, ask, days):
        first, last = (today() + timedelta(days=n) for n in days)
        for path in ("", "/file"):
            answer = ask(member, first, last, path=path, format="csv")
            assert refusal(answer) == (400, "period_invalid")
        assert ask(member, today(), today() + timedelta(days=365)).status_code == 200


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-")]
    )
    def test_is_a_file_to_keep(self, member, earned, ask, kind, start):
        earned(member, 1)
        answer = ask(member, path="/file", format=kind)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(start)
        name = f"points-{today() - timedelta(days=30)}-{today()}.{kind}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'

    def test_says_what_the_statement_says(self, lively, ask):
        shown = ask(lively).json()
        text = ask(lively, path="/file", format="csv").content.decode("utf-8-sig")
        first, *rows, last = csv.DictReader(io.StringIO(text))
        assert (first["余额"], last["余额"]) == ("0", "12")
        found = [(int(r["积分变动"]), int(r["余额"]), r["明细编号"]) for r in rows]
        assert found == [(e["points"], e["balance"], e["id"]) for e in shown["entries"]]
        data = ask(lively, path="/file", format="xlsx").content
        book = openpyxl.load_workbook(io.BytesIO(data))
        facts = dict(book["概要"].iter_rows(values_only=True))
        assert (facts["会员号"], facts["期末积分"]) == (lively.member_no, 12)
        assert {r[0]: r[1:] for r in book["分类合计"].iter_rows(min_row=2, values_only=True)} == {
            "获得（公示中）": (4, 35, 0), "撤销": (1, 0, 5), "兑换冻结": (4, 0, 25),
            "兑换取消退回": (1, 5, 0), "兑换核销": (2, 0, 0), "退货退回": (1, 5, 0),
            "到期清零": (1, 0, 3),
        }  # fmt: skip
