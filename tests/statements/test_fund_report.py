"""A fund's report: its sums recomputed from the book, and goods that add up to what was paid."""

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from cast import DISTRICT, GRID, actor, make_fund
from ledger.build import earn
from sqlalchemy import select
from store.build import key, refusal

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import funds, returns, sharing, views
from app.ledger import service as ledger
from app.ledger.models import Account, Contributor, Fund, Journal, Transfer
from app.ledger.schemas import ContributionDraft, ReturnDraft
from app.store import service as store
from app.store import stock
from app.till.models import MemberCode, TillHold


def today():
    return clock.business_day(clock.now())


@pytest.fixture
def report(client, as_, cast):
    def read(fund, first=None, last=None, by=None, path="", **params):
        asked = {"from": str(first or today() - timedelta(days=40)), "to": str(last or today())}
        url = f"/v1/funds/{fund.id}/report{path}"
        return client.get(url, headers=as_(by or cast.ma), params={**asked, **params})

    return read


@pytest.fixture
def fund(db, cast):
    with work(db, write=True) as tx:
        return make_fund(tx, cast.ma, cast.wu, fen=1_000_000)


def give(db, cast, fund, kind, who, fen):
    draft = ContributionDraft(kind=kind, contributor=who, fen=fen)
    with work(db, write=True) as tx:
        made = funds.propose(tx, actor(cast.ma, Role.FUND_MANAGER), fund.id, draft)
        funds.approve(tx, actor(cast.wu, Role.FUND_APPROVER), fund.id, made.id)
    return made.id


@pytest.fixture
def lively(fund, open_shop, db, cast, newcomer, client, as_):
    """Two days in two months: goods of two funds, a refund, an external store, a household."""
    now = clock.now()
    month_end = clock.day_start((today().replace(day=1) + timedelta(days=63)).replace(day=1))
    clock.shift(month_end - timedelta(hours=2) - now)
    shop, buyer, other = open_shop(), newcomer(), newcomer()
    with work(db, write=True) as tx:
        towel = store.add_item(tx, f"towel-{shop.id}", ("毛巾", "Towel"), points=9, cost_fen=700)
        stock.restock(tx, (shop.id, towel.id), 6, source="t", actor_id=shop.keeper.id)
    give(db, cast, fund, Contributor.BENEFACTOR, "好心人", 5000)
    with work(db, write=True) as tx:
        earn(tx, tx.get_one(Fund, fund.id), buyer, 100)
        ledger.void(
            tx, source=earn(tx, tx.get_one(Fund, fund.id), other, 30, settled=False), reason="no"
        )
    lines = [
        {"item_id": str(cast.soap.id), "quantity": 2},
        {"item_id": str(towel.id), "quantity": 1},
    ]
    body = {"station_id": shop.id, "lines": lines}
    made = client.post("/v1/redemptions", json=body, headers={**key(), **as_(buyer)}).json()
    sent = {"code": made["code"]}
    done = client.post("/v1/redemptions/fulfil", json=sent, headers=as_(shop.keeper))
    assert done.status_code == 200, done.text
    clock.shift(timedelta(hours=4))
    give(db, cast, fund, Contributor.GOVERNMENT, "潼南区", 7000)
    give(db, cast, fund, Contributor.BENEFACTOR, "好心人", 300)
    back = shop.sold(buyer=buyer, lots=(), quantity=3)
    shop.taken_back(back)
    mixed = newcomer()
    with work(db, write=True) as tx:
        # Half from this fund, which expires first, and half from another.
        earn(tx, tx.get_one(Fund, fund.id), mixed, 3, days=100)
    shop.sold(buyer=mixed, lots=(997,))
    hold_id, till, at = new_id(), f"till-{new_id().hex[-6:]}", clock.now()
    with work(db, write=True) as tx:
        identity.add_client(tx, till, "外部超市", ["points:hold"], DISTRICT)
        tx.add(
            TillHold(
                id=hold_id, client_id=till, reference="R", person_id=buyer.id, points=4,
                cost_fen=350, state="fulfilled", created_at=at, expires_at=at, resolved_at=at,
            )
        )  # fmt: skip
        tx.flush()
        tx.add(MemberCode(code_hash=str(hold_id), hold_id=hold_id, used_at=at))
        ledger.hold(tx, source=str(hold_id), person_id=buyer.id, points=4, reason="till_hold")
        ledger.fulfil(tx, source=str(hold_id), cost_fen=350, merchant=till, reason="till_fulfil")
        sharing.join(tx, source=str(new_id()), person_id=buyer.id, household_id=new_id())
    return shop, towel, till


def book_of(db, fund, first, last):
    """What moved between a fund's accounts in a period, by kinds of accounts, from the transfers.

    `carry` moves no money there, so the book and the report need no exception for it.
    """
    with work(db, write=False) as tx:
        own = {
            row.id: row.kind
            for row in tx.scalars(select(Account).where(Account.owner == str(fund.id)))
        }
        rows = tx.execute(
            select(Transfer, Journal.kind)
            .join(Journal, Journal.id == Transfer.journal_id)
            .where(
                Transfer.debit_account_id.in_(own) | Transfer.credit_account_id.in_(own),
                Transfer.created_at >= clock.day_start(first),
                Transfer.created_at < clock.day_start(last + timedelta(days=1)),
            )
        ).all()
        sums = {}
        for row in rows:
            way = own.get(row.Transfer.debit_account_id), own.get(row.Transfer.credit_account_id)
            sums[way] = sums.get(way, 0) + row.Transfer.amount
    return {
        "contributed": sums.get((None, "pool"), 0),
        "drawn": sums.get(("pool", "reserved"), 0),
        "returned": sums.get(("reserved", "pool"), 0),
        "paid": sums.get(("reserved", None), 0),
        "refunded": sums.get((None, "reserved"), 0),
        "given_back": sums.get(("pool", None), 0),
    }


class TestReport:
    def test_is_what_the_book_says(self, fund, lively, report, db):
        first, last = today() - timedelta(days=40), today()
        shown = report(fund).json()
        assert shown["totals"] == book_of(db, fund, first, last)
        for month in shown["months"]:
            day = today().fromisoformat(f"{month['month']}-01")
            end = (day + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            sums = {k: v for k, v in month.items() if k != "month"}
            assert sums == book_of(db, fund, max(day, first), min(end, last))
        with work(db, write=False) as tx:
            now = views.fund_out(tx, tx.get_one(Fund, fund.id))
        assert shown["closing"] == {
            "contributed": now.contributed_fen, "available": now.available_fen,
            "reserved": now.reserved_fen, "paid": now.paid_fen,
            "given_back": now.returned_fen,
        }  # fmt: skip

    def test_known_numbers(self, fund, lively, report):
        shown = report(fund, today() - timedelta(days=1)).json()
        # Two soaps and a towel, one redemption; three soaps and back; 240 of a soap; 350 outside.
        first, second = shown["months"]
        assert (first["paid"], first["refunded"]) == (1500, 0)
        assert (second["paid"], second["refunded"]) == (1200 + 240 + 350, 1200)
        assert first["drawn"] == (100 + 30) * 100
        assert first["returned"] == 30 * 100 + (19 * 100 - 1500)
        # What came back stands behind 15 points again: 1,200 from the merchant, the rest drawn.
        assert second["drawn"] == 3 * 100 + (15 * 100 - 1200)
        assert second["returned"] == (15 * 100 - 1200) + (300 - 240) + (400 - 350)
        assert (first["contributed"], second["contributed"]) == (5000, 7300)
        assert shown["opening"] == {
            "contributed": 1_000_000, "available": 1_000_000, "reserved": 0, "paid": 0,
            "given_back": 0,
        }  # fmt: skip

    def test_money_that_went_back_to_its_giver(self, fund, lively, report, db, cast):
        given = give(db, cast, fund, Contributor.VILLAGE, "莲花社区", 900)
        before = report(fund).json()
        draft = ReturnDraft(fen=600, reason="余款退还")
        with work(db, write=True) as tx:
            ma, wu = actor(cast.ma, Role.FUND_MANAGER), actor(cast.wu, Role.FUND_APPROVER)
            back = returns.propose(tx, ma, fund.id, given, draft)
            # Proposed and declined, it is none.
            other = returns.propose(tx, ma, fund.id, given, draft)
            returns.decline(tx, wu, fund.id, given, other.id)
            returns.approve(tx, wu, fund.id, given, back.id)
        shown = report(fund).json()
        assert shown["totals"] == {**before["totals"], "given_back": 600}
        assert shown["totals"] == book_of(db, fund, today() - timedelta(days=40), today())
        rest = before["closing"]["available"] - 600
        assert shown["closing"] == {**before["closing"], "available": rest, "given_back": 600}

    def test_goods_are_what_was_paid_less_what_came_back(self, fund, lively, report):
        _, towel, till = lively
        shown = report(fund).json()
        goods = {g["code"]: (g["pieces"], g["pieces_back"], g["fen"]) for g in shown["goods"]}
        assert goods == {
            "soap": (2 + 3 + 1, 3, 800 + 240), towel.code: (1, 0, 700), till: (0, 0, 350),
        }  # fmt: skip
        totals = shown["totals"]
        assert sum(g["fen"] for g in shown["goods"]) == totals["paid"] - totals["refunded"]
        outside = next(g for g in shown["goods"] if g["code"] == till)
        assert (outside["item_id"], outside["name"]) == (None, "外部超市")

    def test_contributions_by_kind_and_contributor(self, fund, lively, report):
        shown = report(fund, today() - timedelta(days=1)).json()["contributions"]
        assert [(g["kind"], g["contributor"], g["count"], g["fen"]) for g in shown] == [
            ("government", "潼南区", 1, 7000), ("benefactor", "好心人", 2, 5300),
        ]  # fmt: skip

    def test_one_period_ends_where_the_next_begins(self, fund, lively, report):
        days = [today() - timedelta(days=n) for n in (1, 0)]
        first, second = (report(fund, day, day).json() for day in days)
        assert first["closing"] == second["opening"]
        both = report(fund, days[0], days[1]).json()
        assert both["opening"] == first["opening"]
        assert both["closing"] == second["closing"]
        for name, fen in both["totals"].items():
            assert fen == first["totals"][name] + second["totals"][name]

    def test_holds_nothing_of_another_fund(self, lively, report, db, cast):
        with work(db, write=True) as tx:
            other = make_fund(tx, cast.ma, cast.wu, fen=0)
        shown = report(other).json()
        assert set(shown["totals"].values()) == {0}
        assert shown["goods"] == shown["contributions"] == []

    def test_a_proposal_is_no_contribution(self, fund, report, db, cast):
        draft = ContributionDraft(kind=Contributor.VILLAGE, contributor="莲花社区", fen=99)
        with work(db, write=True) as tx:
            funds.propose(tx, actor(cast.ma, Role.FUND_MANAGER), fund.id, draft)
        shown = report(fund).json()
        assert shown["totals"]["contributed"] == 1_000_000
        assert [g["contributor"] for g in shown["contributions"]] == ["潼南区"]

    def test_a_period_is_at_most_a_leap_year(self, fund, report):
        for first, last in ((1, 0), (-366, 0)):
            span = (today() + timedelta(days=n) for n in (first, last))
            assert refusal(report(fund, *span)) == (400, "period_invalid")
        shown = report(fund, today() - timedelta(days=365), today()).json()
        assert len(shown["months"]) in {12, 13}

    def test_only_of_one_s_regions(self, fund, report, newcomer):
        for path in ("", "/file"):
            strange = report(fund, by=newcomer((Role.FUND_MANAGER, GRID)), path=path, format="csv")
            assert refusal(strange) == (404, "fund_not_found")


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-")]
    )
    def test_is_a_file_to_keep(self, fund, report, kind, start):
        answer = report(fund, path="/file", format=kind)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(start)
        assert f'filename="fund-{fund.code}-' in answer.headers["content-disposition"]

    def test_says_what_the_report_says(self, fund, lively, report):
        data = report(fund, today() - timedelta(days=1), path="/file", format="xlsx").content
        book = openpyxl.load_workbook(io.BytesIO(data))
        assert book.sheetnames == ["概要", "期初与期末", "按月", "注资", "兑换商品"]
        *_, total = book["按月"].iter_rows(values_only=True)
        assert total == ("合计", 123, 136, 38.1, 32.9, 12, 0)
        goods = list(book["兑换商品"].iter_rows(min_row=2, values_only=True))
        assert goods[0] == ("soap", "香皂", 6, 3, 10.4)
        text = report(fund, path="/file", format="csv").content.decode("utf-8-sig")
        assert [row["时点"] for row in csv.DictReader(io.StringIO(text))] == ["期初", "期末"]
