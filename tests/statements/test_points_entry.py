"""Why these points: each kind of entry names what is behind it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from cast import DISTRICT, actor
from ledger.build import earn
from store.build import give_back, refusal

from app.corrections import service as corrections
from app.corrections.schemas import AwardDraft, ReverseDraft
from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import queries, sharing
from app.ledger import service as ledger
from app.ledger.models import Fund
from app.rewards import service as rewards
from app.till.models import MemberCode, TillHold


@pytest.fixture
def member(newcomer):
    return newcomer()


@pytest.fixture
def why(client, as_):
    """The newest entry of a kind, in detail."""

    def read(person, kind, nth=0):
        headers = as_(person)
        listed = client.get("/v1/points/entries", headers=headers, params={"limit": 100}).json()
        found = [entry for entry in listed["items"] if entry["kind"] == kind][nth]
        shown = client.get(f"/v1/points/entries/{found['id']}", headers=headers)
        assert shown.status_code == 200, shown.text
        assert found.items() <= shown.json().items()
        return shown.json()

    return read


@pytest.fixture
def earned(db, cast):
    def give(person, points, **how):
        with work(db, write=True) as tx:
            return earn(tx, tx.get_one(Fund, cast.fund.id), person, points, **how)

    return give


class TestAward:
    def test_names_its_rule_and_what_it_looked_at(self, desk, why):
        desk.closed()
        shown = why(desk.reporter, "accrue")
        award = shown["award"]
        assert (shown["points"], award["points"], award["asked"]) == (10, 10, 10)
        assert award["rule"] == "verified_problem/1"
        assert award["rule_name"] == "核实的问题"
        assert (award["day_cap"], award["month_cap"], award["bonus"]) == (45, 1350, 0)
        assert award["id"] == shown["source"]
        assert award["inputs"]
        assert award["source"] == desk.report["case_number"]
        [lot] = shown["lots"]
        assert (lot["points"], lot["fund"], lot["earner"]) == (10, "暖新基金", desk.reporter.name)
        assert lot["settled_at"] < lot["expires_at"]
        assert not lot["carried"]
        assert shown["redemption"] is shown["cause"] is shown["answers_id"] is None

    def test_that_was_voided(self, desk, why, db):
        desk.filed()
        before = why(desk.reporter, "accrue")
        assert before["lots"][0]["settled_at"] is None
        with work(db, write=True) as tx:
            ledger.void(tx, source=before["source"], reason="false_report")
        shown = why(desk.reporter, "void")
        assert (shown["points"], shown["reason"]) == (-10, "false_report")
        assert shown["award"]["rule"] == "verified_problem/1"

    def test_that_was_taken_back(self, desk, why, db, cast):
        desk.closed()
        before = why(desk.reporter, "accrue")
        ma, wu = actor(cast.ma, Role.FUND_MANAGER), actor(cast.wu, Role.FUND_APPROVER)
        draft = ReverseDraft(kind="reverse", source=before["source"], cause="照片是旧的")
        with work(db, write=True) as tx:
            asked = corrections.propose(tx, ma, draft)
            corrections.approve(tx, wu, asked.id, None, timedelta())
        shown = why(desk.reporter, "reverse")
        assert (shown["points"], shown["cause"], shown["answers_id"]) == (
            -10, "照片是旧的", before["id"],
        )  # fmt: skip
        assert shown["award"]["id"] == before["source"]

    def test_that_expired(self, desk, why, db):
        desk.closed()
        clock.shift(timedelta(days=400))
        with work(db, write=True) as tx:
            for account in queries.accounts(tx, desk.reporter.id):
                ledger.expire(tx, account)
        shown = why(desk.reporter, "expire")
        assert shown["points"] == -10
        assert shown["award"]["rule"] == "verified_problem/1"
        assert shown["lots"][0]["expires_at"] < shown["created_at"]

    def test_by_hand_says_for_what(self, member, why, db, cast):
        ma, wu = actor(cast.ma, Role.FUND_MANAGER), actor(cast.wu, Role.FUND_APPROVER)
        draft = AwardDraft(
            kind="award", person=member.member_no, region=DISTRICT, points=7, cause="扑灭火情"
        )
        with work(db, write=True) as tx:
            rewards.add_rule(
                tx, code=f"by-hand-{new_id().hex[-6:]}", event="manual.awarded",
                names=("人工加分", "By hand"), points=50, caps=(50, 500), validity_days=365,
                fund_id=cast.fund.id,
            )  # fmt: skip
            asked = corrections.propose(tx, ma, draft)
            corrections.approve(tx, wu, asked.id, None, timedelta())
        shown = why(member, "accrue")
        assert (shown["points"], shown["cause"]) == (7, "扑灭火情")
        assert shown["award"]["event"] == "manual.awarded"


class TestRedemption:
    def test_names_station_and_goods(self, shop, member, earned, why):
        earned(member, 3)
        earned(member, 10)
        redemption = shop.sold(buyer=member, lots=(), quantity=2)
        taken, posted = why(member, "redeem"), why(member, "fulfil")
        assert taken["redemption"] == posted["redemption"] == {
            "id": redemption, "station_id": shop.id, "store": f"驿站{shop.id}", "reference": None,
            "state": "fulfilled", "points": 10,
            "items": [{"name": "香皂", "name_en": "Soap", "quantity": 2, "points_each": 5}],
        }  # fmt: skip
        assert (taken["points"], posted["points"]) == (-10, 0)
        assert [lot["points"] for lot in taken["lots"]] == [3, 7]
        assert posted["lots"] == taken["lots"]
        assert posted["answers_id"] == taken["id"]
        assert taken["award"] is None

    def test_that_was_cancelled(self, shop, member, earned, why, client, as_):
        earned(member, 5)
        redemption = shop.held(buyer=member, lots=())
        give_back(client, as_(member), redemption["id"])
        shown = why(member, "cancel")
        assert (shown["points"], shown["redemption"]["state"]) == (5, "cancelled")
        assert shown["answers_id"] == why(member, "redeem")["id"]
        assert [lot["points"] for lot in shown["lots"]] == [5]

    def test_that_was_refunded(self, shop, member, earned, why, db, cast):
        earned(member, 5)
        redemption = shop.sold(buyer=member, lots=())
        shop.taken_back(redemption, cause="包装破损")
        shown = why(member, "refund")
        assert (shown["points"], shown["cause"]) == (5, "包装破损")
        assert shown["redemption"]["id"] == redemption
        assert shown["answers_id"] == why(member, "redeem")["id"]

    def test_of_an_external_store(self, member, earned, why, db):
        earned(member, 5)
        hold_id, client, now = new_id(), f"till-{new_id().hex[-6:]}", clock.now()
        with work(db, write=True) as tx:
            identity.add_client(tx, client, "外部超市", ["points:hold"], DISTRICT)
            tx.add(
                TillHold(
                    id=hold_id, client_id=client, reference="R-1", person_id=member.id, points=5,
                    cost_fen=350, state="held", created_at=now, expires_at=now,
                )
            )  # fmt: skip
            tx.flush()
            tx.add(MemberCode(code_hash=str(hold_id), hold_id=hold_id, used_at=now))
            ledger.hold(tx, source=str(hold_id), person_id=member.id, points=5, reason="till_hold")
        assert why(member, "redeem")["redemption"] == {
            "id": str(hold_id), "station_id": None, "store": "外部超市", "reference": "R-1",
            "state": "held", "points": 5, "items": [],
        }  # fmt: skip


class TestHousehold:
    def test_each_sees_the_purse_and_only_their_own_awards(
        self, desk, newcomer, why, db, client, as_
    ):
        desk.closed()
        # Who audits may read every award, but not as somebody's entry.
        reporter, other = desk.reporter, newcomer((Role.AUDITOR, DISTRICT))
        household = new_id()
        with work(db, write=True) as tx:
            for person in (reporter, other):
                sharing.join(tx, source=str(new_id()), person_id=person.id, household_id=household)
        mine, theirs = why(reporter, "carry"), why(other, "carry")
        assert mine["id"] == theirs["id"]
        assert mine["award"]["source"] == desk.report["case_number"]
        assert theirs["award"] is None
        assert desk.report["case_number"] not in str(theirs)
        assert (mine["points"], theirs["points"]) == (0, 10)
        for shown in (mine, theirs):
            assert shown["lots"][0]["earner"] == reporter.name
            assert shown["lots"][0]["carried"]
        own = why(reporter, "accrue")
        strange = client.get(f"/v1/points/entries/{own['id']}", headers=as_(other))
        assert refusal(strange) == (404, "entry_not_found")


class TestOthers:
    def test_are_not_there(self, member, earned, newcomer, client, as_, why):
        earned(member, 5)
        entry = why(member, "accrue")["id"]
        for person, asked in ((newcomer(), entry), (member, uuid4())):
            answer = client.get(f"/v1/points/entries/{asked}", headers=as_(person))
            assert refusal(answer) == (404, "entry_not_found")
