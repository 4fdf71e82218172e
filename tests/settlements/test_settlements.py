"""Settling with merchants: drawn, approved by another, paid; nothing twice and nothing lost."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, VILLAGE
from ledger.build import broken, earn
from races.together import at_once
from settlements.build import URL, tomorrow
from sqlalchemy import select
from store.build import refusal, take_roles

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import book
from app.ledger import queries as ledger
from app.ledger import service as ledger_service
from app.ledger.models import Fund, Journal, Transfer
from app.settlements.models import MerchantStatement
from app.store import service as store
from app.till.models import MemberCode, TillHold


def owed(db, merchant):
    with work(db, write=True) as tx:
        return ledger.owed_fen(tx, book.account(tx, "CNY", "payable", merchant))


class TestDraw:
    def test_covers_what_was_handed_out_and_came_back(self, shop, office, cast, db):
        one, two, three = shop.sold(), shop.sold(quantity=3), shop.sold(quantity=2)
        shop.taken_back(one)
        tomorrow()
        made = office.drawn(shop.id)
        assert made["fen"] == 5 * 400 == owed(db, shop.id)
        assert (made["state"], made["merchant_name"]) == ("drawn", f"驿站{shop.id}")
        assert made["drawn_by"] == cast.ma.name
        soap = {"name": "香皂", "name_en": "Soap"}
        shown = [(x["kind"], x["redemption_id"], x["fen"], x["items"]) for x in made["lines"]]
        assert shown == [
            ("fulfil", one, 400, [{**soap, "quantity": 1}]),
            ("fulfil", two, 1200, [{**soap, "quantity": 3}]),
            ("fulfil", three, 800, [{**soap, "quantity": 2}]),
            ("refund", one, -400, [{**soap, "quantity": 1}]),
        ]
        assert {x["reference"] for x in made["lines"]} == {None}
        with work(db, write=False) as tx:
            logged = select(StaffAction).where(StaffAction.object_id == made["id"])
            [action] = tx.scalars(logged)
        assert (action.action, action.actor_id) == ("settlement.drawn", cast.ma.id)
        assert action.detail == {"number": made["number"], "fen": 2000}

    def test_leaves_nothing_for_a_second_one(self, shop, office):
        shop.sold()
        tomorrow()
        office.drawn(shop.id)
        assert refusal(office.draw(shop.id)) == (409, "nothing_to_settle")

    def test_takes_what_earlier_statements_left_whatever_its_first_day(self, shop, office):
        shop.sold()
        tomorrow()
        shop.sold(quantity=2)
        clock.shift(timedelta(days=40))
        made = office.drawn(shop.id, first=-1, last=-1)
        assert made["fen"] == 1200
        assert made["first_day"] == made["last_day"]

    def test_takes_nothing_after_its_last_day(self, shop, office):
        shop.sold()
        tomorrow()
        late = shop.sold(quantity=2)
        tomorrow()
        assert office.drawn(shop.id, last=-2)["fen"] == 400
        rest = office.drawn(shop.id)
        assert [line["redemption_id"] for line in rest["lines"]] == [late]

    def test_a_day_ends_at_midnight_in_shanghai(self, shop, office):
        now = clock.now()
        midnight = clock.day_start(clock.business_day(now) + timedelta(days=2))
        clock.shift(midnight - timedelta(minutes=1) - now)
        before = shop.sold()
        clock.shift(timedelta(minutes=2))
        shop.sold()
        made = office.drawn(shop.id)
        assert [line["redemption_id"] for line in made["lines"]] == [before]

    def test_not_before_the_period_is_over(self, shop, office):
        shop.sold()
        assert refusal(office.draw(shop.id, last=0)) == (409, "period_not_over")
        assert refusal(office.draw(shop.id, last=1)) == (409, "period_not_over")

    def test_of_a_merchant_who_handed_nothing_out(self, shop, office):
        assert refusal(office.draw(shop.id)) == (409, "nothing_to_settle")
        shop.held()
        tomorrow()
        assert refusal(office.draw(shop.id)) == (409, "nothing_to_settle")

    def test_of_nobody(self, office):
        assert refusal(office.draw("nobody")) == (404, "merchant_not_found")

    @pytest.mark.parametrize("more_back", [False, True])
    def test_a_sum_of_nothing_or_less_goes_into_the_next(self, shop, office, db, more_back):
        first, second = shop.sold(), shop.sold()
        tomorrow()
        if more_back:
            paid = office.paid(shop.id)
            assert paid["fen"] == 800
        shop.taken_back(first)
        shop.taken_back(second)
        tomorrow()
        answer = office.draw(shop.id)
        assert refusal(answer) == (409, "nothing_owed")
        assert answer.json()["fen"] == (-800 if more_back else 0)
        shop.sold(quantity=5)
        tomorrow()
        made = office.drawn(shop.id)
        assert made["fen"] == 2000 - (800 if more_back else 0) == owed(db, shop.id)

    def test_numbers_have_no_gap(self, open_shop, office, db):
        shops = [open_shop() for _ in range(3)]
        for shop in shops:
            shop.sold()
        tomorrow()
        made = [office.drawn(shop.id)["number"] for shop in shops]
        year = clock.business_day(clock.now()).year
        start = f"JS-500152-{year}-"
        assert all(number.startswith(start) and len(number) == len(start) + 6 for number in made)
        counted = [int(number.removeprefix(start)) for number in made]
        assert counted == list(range(counted[0], counted[0] + 3))
        with work(db, write=False) as tx:
            all_numbers = tx.scalars(select(MerchantStatement.number)).all()
        of_year = sorted(n for n in all_numbers if n.startswith(start))
        assert of_year == [f"{start}{n:06}" for n in range(1, len(of_year) + 1)]

    def test_a_new_year_counts_from_one(self, shop, office):
        shop.sold()
        now = clock.now()
        next_year = clock.business_day(now).replace(month=1, day=1, year=now.year + 2)
        clock.shift(clock.day_start(next_year) - now)
        assert office.drawn(shop.id)["number"] == f"JS-500152-{next_year.year}-000001"
        clock.unshift()

    def test_many_at_once_are_one(self, shop, office, db):
        for _ in range(3):
            shop.sold()
        tomorrow()
        before = office.ma
        answers = at_once([lambda: office.draw(shop.id, by=before)] * 6)
        assert sorted(a.status_code for a in answers) == [201] + [409] * 5, [
            a.text for a in answers
        ]
        assert {a.json().get("code") for a in answers} == {None, "nothing_to_settle"}
        [made] = [a.json() for a in answers if a.status_code == 201]
        assert made["fen"] == 1200

    def test_of_different_merchants_at_once_get_different_numbers(self, open_shop, office):
        shops = [open_shop() for _ in range(4)]
        for shop in shops:
            shop.sold()
        tomorrow()
        ma = office.ma
        made = at_once([lambda s=shop: office.draw(s.id, by=ma) for shop in shops])
        assert {a.status_code for a in made} == {201}
        assert len({a.json()["number"] for a in made}) == 4

    def test_of_a_program_that_runs_a_store(self, office, db, cast, newcomer):
        buyer, hold_id, client = newcomer(), new_id(), f"till-{new_id().hex[-6:]}"
        with work(db, write=True) as tx:
            identity.add_client(tx, client, "外部超市", ["points:hold"], DISTRICT)
            earn(tx, tx.get_one(Fund, cast.fund.id), buyer, 10)
            now = clock.now()
            tx.add(
                TillHold(id=hold_id, client_id=client, reference="=R-1", person_id=buyer.id,
                         points=5, cost_fen=350, state="fulfilled", created_at=now,
                         expires_at=now, resolved_at=now))  # fmt: skip
            tx.flush()
            tx.add(MemberCode(code_hash=str(hold_id), hold_id=hold_id, used_at=now))
            ledger_service.hold(
                tx, source=str(hold_id), person_id=buyer.id, points=5, reason="till_hold"
            )
            ledger_service.fulfil(
                tx, source=str(hold_id), cost_fen=350, merchant=client, reason="till_fulfil"
            )
        tomorrow()
        made = office.drawn(client)
        assert (made["fen"], made["merchant_name"]) == (350, "外部超市")
        [line] = made["lines"]
        assert (line["reference"], line["redemption_id"], line["items"]) == ("=R-1", None, [])
        text = office.read(made, path="/file?format=csv").content.decode()
        assert '"\'=R-1"' in text

    def test_only_where_one_manages_money(self, shop, office, newcomer, as_):
        shop.sold()
        tomorrow()
        elsewhere = as_(newcomer((Role.FUND_MANAGER, GRID)))
        assert refusal(office.draw(shop.id, by=elsewhere)) == (404, "merchant_not_found")
        sees = as_(newcomer((Role.FUND_MANAGER, GRID), (Role.AUDITOR, DISTRICT)))
        assert refusal(office.draw(shop.id, by=sees)) == (403, "forbidden")
        here = as_(newcomer((Role.FUND_MANAGER, VILLAGE)))
        assert office.draw(shop.id, by=here).status_code == 201

    def test_a_period_ends_after_it_begins(self, shop, office):
        assert refusal(office.draw(shop.id, first=-1, last=-2)) == (422, "unprocessable")


class TestApprove:
    def test_by_another_person(self, shop, office, cast):
        shop.sold()
        tomorrow()
        done = office.done("approve", office.drawn(shop.id))
        assert (done["state"], done["approved_by"]) == ("approved", cast.wu.name)
        assert done["approved_at"]
        assert done["payment_ref"] is done["paid_at"] is None

    def test_never_by_who_drew_it(self, shop, office, newcomer, as_):
        shop.sold()
        tomorrow()
        both = as_(newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT)))
        made = office.drawn(shop.id, by=both)
        assert refusal(office.do("approve", made, by=both)) == (403, "drawer_approves")

    def test_once(self, shop, office):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        office.done("approve", made)
        assert refusal(office.do("approve", made)) == (409, "statement_not_drawn")

    def test_not_where_one_only_reads(self, shop, office, newcomer, as_):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        sees = as_(newcomer((Role.FUND_APPROVER, GRID), (Role.AUDITOR, DISTRICT)))
        assert refusal(office.do("approve", made, by=sees)) == (403, "forbidden")
        elsewhere = as_(newcomer((Role.FUND_APPROVER, GRID)))
        assert refusal(office.do("approve", made, by=elsewhere)) == (404, "statement_not_found")


class TestPay:
    def test_moves_the_money_once(self, shop, office, db, cast):
        shop.sold(quantity=2)
        tomorrow()
        done = office.paid(shop.id)
        assert (done["state"], done["paid_by"]) == ("paid", cast.wu.name)
        assert done["payment_ref"] == "B-20261122-7"
        assert owed(db, shop.id) == 0
        with work(db, write=False) as tx:
            journal = tx.scalars(select(Journal).where(Journal.source == done["id"])).one()
            moved = tx.scalars(select(Transfer).where(Transfer.journal_id == journal.id)).one()
        assert (journal.kind, moved.amount) == ("pay_out", 800)
        assert (journal.actor_id, journal.approver_id) == (cast.ma.id, cast.wu.id)
        again = office.do("pay", done, payment_ref="B-2")
        assert refusal(again) == (409, "statement_not_approved")
        assert owed(db, shop.id) == 0

    def test_not_before_it_is_approved(self, shop, office):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        assert refusal(office.do("pay", made, payment_ref="B")) == (409, "statement_not_approved")

    def test_by_whoever_manages_the_money_too(self, shop, office, cast):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        office.done("approve", made)
        assert office.done("pay", made, by=office.ma, payment_ref="B")["paid_by"] == cast.ma.name

    def test_many_at_once_is_once(self, shop, office, db):
        shop.sold(quantity=2)
        tomorrow()
        made, wu = office.drawn(shop.id), office.wu
        office.done("approve", made)
        answers = at_once([lambda: office.do("pay", made, by=wu, payment_ref="B")] * 4)
        assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]
        assert owed(db, shop.id) == 0

    def test_never_more_than_is_owed(self, shop, office, db):
        """Goods came back after the approval: the statement is dropped and drawn anew."""
        first = shop.sold()
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        office.done("approve", made)
        shop.taken_back(first)
        answer = office.do("pay", made, payment_ref="B")
        assert refusal(answer) == (409, "payment_exceeds_debt")
        assert office.read(made).json()["state"] == "approved"
        office.done("drop", made)
        tomorrow()
        assert office.paid(shop.id)["fen"] == 400
        assert owed(db, shop.id) == 0

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_the_keepers_are_told(self, shop, office, client, as_, language):
        shop.sold(quantity=4)
        tomorrow()
        done = office.paid(shop.id)
        headers = as_(shop.keeper, **{"Accept-Language": language})
        [message] = client.get("/v1/inbox", headers=headers).json()["items"]
        for words in (done["number"], "16.00", "B-20261122-7", f"驿站{shop.id}"):
            assert words in message["text"]


class TestDrop:
    @pytest.mark.parametrize("approved", [False, True])
    def test_lets_its_lines_go(self, shop, office, db, approved):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        if approved:
            office.done("approve", made)
        gone = office.done("drop", made, by=office.ma)
        assert (gone["state"], gone["lines"], gone["fen"]) == ("dropped", [], 400)
        again = office.drawn(shop.id)
        assert (again["fen"], len(again["lines"])) == (400, 1)
        assert again["number"] > made["number"]
        assert refusal(office.do("drop", made)) == (409, "statement_ended")
        assert refusal(office.do("approve", made)) == (409, "statement_not_drawn")
        assert office.read(made).json()["lines"] == []

    def test_not_a_paid_one(self, shop, office):
        shop.sold()
        tomorrow()
        assert refusal(office.do("drop", office.paid(shop.id))) == (409, "statement_ended")


class TestReading:
    def test_a_keeper_sees_their_own_station_s(self, open_shop, office, client, as_):
        mine, other = open_shop(), open_shop()
        for shop in (mine, other):
            shop.sold()
        tomorrow()
        made, strange = office.drawn(mine.id), office.drawn(other.id)
        keeper = as_(mine.keeper)
        listed = client.get(URL, headers=keeper).json()["items"]
        assert [item["id"] for item in listed] == [made["id"]]
        assert "lines" not in listed[0]
        assert office.read(made, by=keeper).json() == made
        assert office.read(made, by=keeper, path="/file?format=csv").status_code == 200
        for path in ("", "/file?format=csv"):
            hidden = office.read(strange, by=keeper, path=path)
            assert refusal(hidden) == (404, "statement_not_found")

    def test_a_keeper_without_the_role_sees_nothing(self, shop, office, db, as_, client):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        with work(db, write=True) as tx:
            take_roles(tx, shop.keeper)
            identity.grant(tx, None, shop.keeper.id, Role.KEEPER, GRID)
        assert client.get(URL, headers=as_(shop.keeper)).json()["items"] == []
        assert office.read(made, by=as_(shop.keeper)).status_code == 404

    def test_pages_and_filters(self, open_shop, office, client, as_, db):
        shops = [open_shop() for _ in range(3)]
        for shop in shops:
            shop.sold()
        tomorrow()
        made = [office.drawn(shop.id) for shop in shops]
        office.done("approve", made[1])
        with work(db, write=True) as tx:
            for shop in shops[1:]:
                store.add_keeper(tx, shop.id, shops[0].keeper.id)
        ma, keeper, found, cursor = office.ma, as_(shops[0].keeper), [], None
        while True:
            params = {"limit": 1, "cursor": cursor} if cursor else {"limit": 1}
            page = client.get(URL, headers=keeper, params=params).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == [m["id"] for m in reversed(made)]
        one = client.get(URL, headers=ma, params={"merchant": shops[0].id}).json()["items"]
        assert [item["id"] for item in one] == [made[0]["id"]]
        approved = client.get(URL, headers=ma, params={"state": "approved", "limit": 100}).json()
        assert made[1]["id"] in {item["id"] for item in approved["items"]}
        assert {item["state"] for item in approved["items"]} == {"approved"}

    def test_only_of_one_s_regions(self, shop, office, client, as_, newcomer):
        shop.sold()
        tomorrow()
        made = office.drawn(shop.id)
        elsewhere = as_(newcomer((Role.AUDITOR, GRID)))
        assert client.get(URL, headers=elsewhere).json()["items"] == []
        assert office.read(made, by=elsewhere).status_code == 404
        here = as_(newcomer((Role.AUDITOR, VILLAGE)))
        assert office.read(made, by=here).status_code == 200


def test_all_of_it_audits_clean(open_shop, office, db):
    """Last, over what every test of this module left behind."""
    shop = open_shop()
    back = shop.sold()
    shop.sold(quantity=2)
    tomorrow()
    office.paid(shop.id)
    shop.taken_back(back)
    assert broken(db) == []
