"""Corrections by two hands: points given, taken back, goods returned; over HTTP, on one stage."""

from collections import Counter
from datetime import timedelta

import pytest
from cast import DISTRICT, STATION, VILLAGE, contribute
from flows.story import key
from forging import named
from matrix.row import ABSENT
from races.together import at_once
from rewards.build import (  # noqa: F401
    FAR,
    _clean,
    announce,
    event,
    far_fund,
    fund_of,
    grant,
    rule,
    used,
)
from sqlalchemy import select, text
from store.build import refusal

from app.corrections.audit import CHECKS
from app.corrections.models import Correction
from app.identity.models import Occupation, Role
from app.identity.service import add_person
from app.kit.db import work
from app.ledger import service as ledger
from app.ledger import views
from app.ledger.models import Fund, Journal, Lot
from app.notify.models import Message
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.rewards.models import Award
from app.store import stock
from app.store.models import Redemption, Stock, StockMove

URL, POOR = "/v1/corrections", "500152009000"


@pytest.fixture(scope="module", autouse=True)
def by_hand(db, cast):
    """A district's rule for points by hand: 50 at once, 80 a day."""
    with work(db, write=True) as tx:
        far_fund(tx, cast)
        return rule(tx, cast.fund, "manual.awarded", 50, caps=(80, 1000)).code


def draft_for(person, points=30, **more):
    return {
        "kind": "award", "person": person.member_no, "region": VILLAGE, "points": points,
        "cause": "拾金不昧", **more,
    }  # fmt: skip


def proposed(client, headers, draft):
    answer = client.post(URL, json=draft, headers={**headers, **key()})
    assert answer.status_code == 201, answer.text
    return answer.json()


def approve(client, headers, one):
    return client.post(f"{URL}/{one['id']}/approve", json={}, headers=headers)


def points(client, headers):
    shown = client.get("/v1/points", headers=headers).json()
    return shown["spendable"], shown["held"], shown["owed"]


def told(db, person):
    with work(db, write=False) as tx:
        query = select(Message).where(Message.person_id == person.id).order_by(Message.id)
        return [(m.kind, m.data) for m in tx.scalars(query)]


@pytest.fixture
def rich(client, ma, wu, newcomer):
    """Somebody with 30 points by hand, and the award's id."""

    def make(points=30):
        liu = newcomer(name="刘波")
        one = approve(client, wu, proposed(client, ma, draft_for(liu, points)))
        assert one.status_code == 200, one.text
        return liu

    return make


def award_of(db, person):
    with work(db, write=False) as tx:
        return tx.scalars(select(Award).where(Award.person_id == person.id)).one()


def bought(client, as_, cast, person, pieces=1):
    """Soap that was handed out: 5 points a piece."""
    line = {"item_id": str(cast.soap.id), "quantity": pieces}
    draft = {"station_id": STATION, "lines": [line]}
    held = client.post("/v1/redemptions", json=draft, headers={**as_(person), **key()})
    assert held.status_code == 201, held.text
    code = {"code": held.json()["code"]}
    done = client.post("/v1/redemptions/fulfil", json=code, headers=as_(cast.li))
    assert done.status_code == 200, done.text
    return held.json()["id"]


class TestAward:
    def test_nothing_moves_before_the_second_person(self, client, db, as_, ma, wu, newcomer, cast):
        liu = newcomer()
        one = proposed(client, ma, draft_for(liu))
        assert (one["state"], one["region_code"], one["proposed_by"]) == (
            "proposed", DISTRICT, cast.ma.name,
        )  # fmt: skip
        assert points(client, as_(liu)) == (0, 0, 0)
        done = approve(client, wu, one).json()
        assert (done["state"], done["decided_by"]) == ("approved", cast.wu.name)
        assert points(client, as_(liu)) == (30, 0, 0)
        award = award_of(db, liu)
        assert (award.state, award.points, award.reason) == ("settled", 30, "by_hand")
        with work(db, write=False) as tx:
            hands = select(Journal).where(Journal.kind == "accrue", Journal.source == str(award.id))
            journal = tx.scalars(hands).one()
            assert (journal.actor_id, journal.approver_id) == (cast.ma.id, cast.wu.id)
        assert told(db, liu) == [("points.awarded", {"points": 30, "cause": "拾金不昧"})]
        assert "correction.approved" in dict(told(db, cast.ma))
        assert "correction.proposed" in dict(told(db, cast.wu))

    def test_within_the_rule_and_its_caps(self, client, db, ma, wu, newcomer, by_hand):
        liu = newcomer()
        most = client.post(URL, json=draft_for(liu, 51), headers=ma)
        assert refusal(most) == (409, "points_over_rule")
        assert most.json()["most"] == 50
        ones = [proposed(client, ma, draft_for(liu, 50)) for _ in "12"]
        assert approve(client, wu, ones[0]).status_code == 200
        full = approve(client, wu, ones[1])
        assert refusal(full) == (409, "cap_reached")
        assert full.json()["left"] == 30
        with work(db, write=False) as tx:
            assert tx.get_one(Correction, ones[1]["id"]).state == "proposed"
            assert used(tx, liu, by_hand) == {"day": 50, "month": 50}

    def test_only_where_there_is_a_rule_and_money(self, client, db, as_, ma, cast, newcomer):
        liu, boss = newcomer(), newcomer((Role.FUND_MANAGER, FAR))
        there = {**draft_for(liu), "region": FAR}
        assert refusal(client.post(URL, json=there, headers=as_(boss))) == (409, "rule_missing")
        nowhere = {**draft_for(liu), "region": "nowhere"}
        assert client.post(URL, json=nowhere, headers=ma).status_code == 404
        nobody = {**draft_for(liu), "person": "NOBODY"}
        assert refusal(client.post(URL, json=nobody, headers=ma)) == (404, "person_not_found")
        assert refusal(client.post(URL, json=draft_for(liu), headers=as_(boss))) == (
            403, "correction_forbidden",
        )  # fmt: skip

    def test_an_empty_pool_refuses_and_leaves_no_trace(self, client, db, ma, wu, newcomer, cast):
        liu = newcomer()
        with work(db, write=True) as tx:
            import_regions(tx, [RegionDraft(POOR, "穷街", "穷街道", 1, "街道", DISTRICT)])
            poor = fund_of(tx, cast, POOR, fen=500)
            code = rule(tx, poor, "manual.awarded", 50, caps=(80, 1000)).code
        one = proposed(client, ma, draft_for(liu, region=POOR))
        assert one["region_code"] == POOR
        assert refusal(approve(client, wu, one)) == (409, "pool_exhausted")
        with work(db, write=True) as tx:
            assert used(tx, liu, code) == {}
            assert tx.query(Award).filter_by(person_id=liu.id).count() == 0
            contribute(tx, poor.id, cast.ma, cast.wu, 10_000)
        assert approve(client, wu, one).status_code == 200


class TestTwoPersons:
    def test_never_alone_and_never_for_oneself(self, client, as_, cast, ma, wu, newcomer):
        both = newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT))
        mine = client.post(URL, json=draft_for(both), headers=as_(both))
        assert refusal(mine) == (403, "own_correction")
        one = proposed(client, as_(both), draft_for(newcomer()))
        assert refusal(approve(client, as_(both), one)) == (403, "other_person_needed")
        for_both = proposed(client, ma, draft_for(both))
        assert refusal(approve(client, as_(both), for_both)) == (403, "own_correction")
        no = client.post(
            f"{URL}/{for_both['id']}/decline", json={"decision": "不"}, headers=as_(both)
        )
        assert refusal(no) == (403, "own_correction")

    def test_of_the_region(self, client, as_, ma, newcomer):
        one = proposed(client, ma, draft_for(newcomer()))
        far = newcomer((Role.FUND_APPROVER, FAR))
        assert refusal(approve(client, as_(far), one)) == (404, "correction_not_found")
        half = newcomer((Role.AUDITOR, DISTRICT), (Role.FUND_APPROVER, FAR))
        assert refusal(approve(client, as_(half), one)) == (403, "correction_forbidden")
        assert client.get(f"{URL}/{one['id']}", headers=as_(half)).status_code == 200
        assert client.get(f"{URL}/{one['id']}", headers=as_(far)).status_code == 404
        assert refusal(approve(client, as_(half), {"id": ABSENT})) == (404, "correction_not_found")

    def test_the_database_holds_it_too(self, client, db, cast, ma, newcomer):
        one = proposed(client, ma, draft_for(newcomer()))
        forged = (
            "UPDATE corrections SET state = 'approved', decided_at = proposed_at,"
            " decided_by = proposed_by WHERE id = :id"
        )
        with pytest.raises(Exception, match="two_persons"), work(db, write=True) as tx:
            tx.execute(text(forged), {"id": one["id"]})


class TestDecline:
    def test_nothing_moves_and_the_proposer_hears(self, client, db, as_, cast, ma, wu, newcomer):
        liu = newcomer()
        one = proposed(client, ma, draft_for(liu))
        answer = client.post(
            f"{URL}/{one['id']}/decline", json={"decision": "证据不足"}, headers=wu
        )
        assert (answer.json()["state"], answer.json()["decision"]) == ("declined", "证据不足")
        assert points(client, as_(liu)) == (0, 0, 0)
        assert ("correction.declined", "证据不足") in [
            (kind, data.get("decision")) for kind, data in told(db, cast.ma)
        ]
        assert refusal(approve(client, wu, one)) == (409, "correction_decided")

    def test_listed_by_state(self, client, ma, wu, as_, newcomer):
        one = proposed(client, ma, draft_for(newcomer()))
        found = client.get(f"{URL}?state=proposed&limit=100", headers=wu).json()["items"]
        assert one in found
        assert {o["state"] for o in found} == {"proposed"}
        far = newcomer((Role.FUND_APPROVER, FAR))
        assert client.get(URL, headers=as_(far)).json()["items"] == []


class TestReverse:
    def draft(self, award, **more):
        return {"kind": "reverse", "source": str(award.id), "cause": "重复上报", **more}

    def test_takes_points_and_caps_back(self, client, db, as_, ma, wu, rich, by_hand):
        liu = rich()
        award = award_of(db, liu)
        one = proposed(client, ma, self.draft(award))
        assert (one["person"], one["source"]) == (liu.member_no, str(award.id))
        assert approve(client, wu, one).status_code == 200
        assert points(client, as_(liu)) == (0, 0, 0)
        assert award_of(db, liu).state == "reversed"
        with work(db, write=False) as tx:
            assert used(tx, liu, by_hand) == {"day": 0, "month": 0}
        kind, data = told(db, liu)[-1]
        assert (kind, data["taken"], data["debt"]["zh"]) == ("points.reversed", 30, "")
        why = client.get(f"/v1/awards/{award.id}", headers=as_(liu)).json()
        assert [change["state"] for change in why["history"]] == ["granted", "settled", "reversed"]

    def test_what_was_spent_is_owed_and_paid_first(self, client, db, as_, cast, ma, wu, rich):
        liu = rich()
        bought(client, as_, cast, liu, pieces=2)
        one = proposed(client, ma, self.draft(award_of(db, liu)))
        assert approve(client, wu, one).status_code == 200
        assert points(client, as_(liu)) == (0, 0, 10)
        kind, data = told(db, liu)[-1]
        assert (kind, data["taken"]) == ("points.reversed", 20)
        assert "10" in data["debt"]["zh"]
        assert "10" in data["debt"]["en"]
        assert approve(client, wu, proposed(client, ma, draft_for(liu, 15))).status_code == 200
        assert points(client, as_(liu)) == (5, 0, 0)

    def test_only_what_is_settled_and_once(self, client, db, ma, wu, cast, newcomer, rich):
        of, liu = event(), newcomer()
        with work(db, write=True) as tx:
            rule(tx, cast.fund, of, 10)
            award = grant(tx, liu, of)
            announce(tx, award)
        assert refusal(client.post(URL, json=self.draft(award), headers=ma)) == (
            409, "award_not_settled",
        )  # fmt: skip
        award = award_of(db, rich())
        one = proposed(client, ma, self.draft(award))
        again = client.post(URL, json=self.draft(award), headers=ma)
        assert refusal(again) == (409, "correction_pending")
        assert again.json()["correction"] == one["id"]
        approve(client, wu, one)
        third = client.post(URL, json=self.draft(award), headers=ma)
        assert refusal(third) == (409, "award_not_settled")

    def test_of_ones_region(self, client, as_, db, newcomer, rich, cast):
        award = award_of(db, rich())
        far = as_(newcomer((Role.FUND_MANAGER, FAR)))
        assert refusal(client.post(URL, json=self.draft(award), headers=far)) == (
            404, "award_not_found",
        )  # fmt: skip
        half = as_(newcomer((Role.AUDITOR, DISTRICT), (Role.FUND_MANAGER, FAR)))
        assert refusal(client.post(URL, json=self.draft(award), headers=half)) == (
            403, "correction_forbidden",
        )  # fmt: skip

    def test_approved_by_many_at_once_it_happens_once(self, client, db, as_, ma, rich, newcomer):
        liu = rich()
        one = proposed(client, ma, self.draft(award_of(db, liu)))
        heads = [as_(newcomer((Role.FUND_APPROVER, DISTRICT))) for _ in range(4)]
        answers = at_once([lambda h=h: approve(client, h, one).status_code for h in heads])
        assert Counter(answers) == {200: 1, 409: 3}
        assert points(client, as_(liu)) == (0, 0, 0)


class TestRefund:
    def draft(self, redemption_id, *, restock=True):
        return {
            "kind": "refund", "source": redemption_id, "restock": restock, "cause": "质量问题",
        }  # fmt: skip

    def shelf(self, db, cast):
        with work(db, write=False) as tx:
            row = tx.get_one(Stock, (STATION, cast.soap.id))
            return row.on_hand, row.reserved

    @pytest.mark.parametrize("restock", [True, False])
    def test_points_come_back_and_the_goods_when_they_are_good(
        self, client, db, as_, cast, ma, wu, rich, restock
    ):
        liu, before = rich(), self.shelf(db, cast)
        bought_id = bought(client, as_, cast, liu, pieces=1)
        assert points(client, as_(liu)) == (25, 0, 0)
        one = proposed(client, ma, self.draft(bought_id, restock=restock))
        assert one["person"] == liu.member_no
        assert approve(client, wu, one).status_code == 200, one
        assert points(client, as_(liu)) == (30, 0, 0)
        on_hand, reserved = before
        assert self.shelf(db, cast) == (on_hand if restock else on_hand - 1, reserved)
        with work(db, write=False) as tx:
            assert tx.get_one(Redemption, bought_id).state == "refunded"
            moves = tx.query(StockMove).filter_by(kind="refund", source=bought_id).all()
            assert [m.on_hand_change for m in moves] == ([1] if restock else [])
        assert told(db, liu)[-1][0] == "redemption.refunded"

    def test_lots_last_a_while_longer(self, client, db, as_, cast, ma, wu, rich, settings):
        liu = rich()
        bought_id = bought(client, as_, cast, liu)
        with work(db, write=True) as tx:
            lot = tx.scalars(select(Lot).where(Lot.earner_id == liu.id)).one()
            lot.expires_at = lot.settled_at + timedelta(days=2)
        approve(client, wu, proposed(client, ma, self.draft(bought_id)))
        with work(db, write=False) as tx:
            lot = tx.scalars(select(Lot).where(Lot.earner_id == liu.id)).one()
            left = lot.expires_at - lot.settled_at
        assert settings.refund_grace_days == 30
        assert left >= timedelta(days=30)

    def test_only_what_was_handed_out_and_once(self, client, db, as_, cast, ma, wu, rich):
        liu = rich()
        line = {"item_id": str(cast.soap.id), "quantity": 1}
        held = client.post(
            "/v1/redemptions", json={"station_id": STATION, "lines": [line]},
            headers={**as_(liu), **key()},
        ).json()  # fmt: skip
        draft = self.draft(held["id"])
        assert refusal(client.post(URL, json=draft, headers=ma)) == (409, "not_fulfilled")
        client.post(f"/v1/redemptions/{held['id']}/cancel", headers=as_(liu))
        assert refusal(client.post(URL, json=draft, headers=ma)) == (409, "not_fulfilled")
        done = self.draft(bought(client, as_, cast, liu))
        approve(client, wu, proposed(client, ma, done))
        assert refusal(client.post(URL, json=done, headers=ma)) == (409, "not_fulfilled")
        absent = self.draft(ABSENT)
        assert refusal(client.post(URL, json=absent, headers=ma)) == (404, "redemption_not_found")

    def test_of_ones_region(self, client, as_, cast, newcomer, rich):
        draft = self.draft(bought(client, as_, cast, rich()))
        far = as_(newcomer((Role.FUND_MANAGER, FAR)))
        assert refusal(client.post(URL, json=draft, headers=far)) == (404, "redemption_not_found")

    def test_approved_by_many_at_once_it_happens_once(
        self, client, db, as_, cast, ma, rich, newcomer
    ):
        liu = rich()
        one = proposed(client, ma, self.draft(bought(client, as_, cast, liu)))
        before = self.shelf(db, cast)
        heads = [as_(newcomer((Role.FUND_APPROVER, DISTRICT))) for _ in range(4)]
        answers = at_once([lambda h=h: approve(client, h, one).status_code for h in heads])
        assert Counter(answers) == {200: 1, 409: 3}
        assert points(client, as_(liu)) == (30, 0, 0)
        assert self.shelf(db, cast) == (before[0] + 1, before[1])

    def test_an_empty_pool_is_said(self, client, db, as_, cast, ma, wu, rich, monkeypatch):
        """What the goods were cheaper than their points went back to the pool, and was spent."""
        liu = rich()
        one = proposed(client, ma, self.draft(bought(client, as_, cast, liu)))
        with work(db, write=True) as tx:
            drained = empty_pools(tx, cast.fund.id)
        assert drained
        assert refusal(approve(client, wu, one)) == (409, "pool_exhausted")
        assert points(client, as_(liu)) == (25, 0, 0)
        with work(db, write=False) as tx:
            assert tx.get_one(Redemption, one["source"]).state == "fulfilled"


def empty_pools(tx, fund_id):
    """Somebody earns all that is left in the pool, to the last fen that makes a point."""
    fund = tx.get_one(Fund, fund_id)
    left = views.fund_out(tx, fund).available_fen // fund.rate_fen
    chen = add_person(tx, "陈", Occupation.RIDER)
    ledger.accrue(
        tx, source=f"drain-{chen.id}", person_id=chen.id, fund=fund, points=left,
        life=ledger.Life(), reason="report.filed",
    )  # fmt: skip
    return left


FORGERIES = {
    "an approved award by hand was given as proposed": (
        "UPDATE awards SET points = points - 1 WHERE event = 'manual.awarded'",
        "UPDATE corrections SET decided_by = proposed_by WHERE kind = 'award'",
        "UPDATE corrections SET state = 'declined' WHERE kind = 'award' AND state = 'approved'",
    ),
    "what is given by hand was approved": (
        "UPDATE awards SET source = 'x' || CAST(id AS TEXT) WHERE event = 'manual.awarded'",
    ),
    "an approved reversal or refund was booked by its two persons": (
        "DELETE FROM journals WHERE kind = 'reverse'",
        "UPDATE journals SET approver_id = actor_id WHERE kind = 'refund'",
        "UPDATE corrections SET kind = 'refund_hold' WHERE kind = 'reverse'",
    ),
    "what is reversed or refunded was approved once": (
        "UPDATE corrections SET state = 'proposed' WHERE kind = 'reverse'",
        "UPDATE corrections SET state = 'proposed' WHERE kind = 'refund_hold'",
    ),
    "a redemption is refunded when the ledger says so": (
        "UPDATE redemptions SET state = 'fulfilled' WHERE state = 'refunded'",
        "UPDATE redemptions SET state = 'refunded' WHERE state = 'fulfilled'",
    ),
    "what an external store took back is a hold that it had fulfilled": (
        "UPDATE till_holds SET state = 'cancelled' WHERE state = 'fulfilled'",
        "UPDATE corrections SET person_id = decided_by WHERE kind = 'refund_hold'",
        "DELETE FROM till_holds",
    ),
    "goods of a refund are on the shelf again when it says so": (
        "DELETE FROM stock_moves WHERE kind = 'refund'",
        "UPDATE corrections SET restock = NOT restock WHERE kind = 'refund'",
    ),
    "goods come back by a refund": (
        "UPDATE corrections SET state = 'declined' WHERE kind = 'refund'",
    ),
}  # fmt: skip


class TestAudit:
    def test_every_rule_has_its_forgeries(self):
        assert set(FORGERIES) == set(CHECKS)

    @pytest.mark.parametrize("name", FORGERIES)
    def test_names_what_is_forged(self, client, db, as_, cast, ma, wu, newcomer, external, name):
        with work(db, write=True) as tx:
            feed(tx, cast)
        liu, chen = newcomer(), newcomer()
        for person in (liu, chen):
            approve(client, wu, proposed(client, ma, draft_for(person)))
        two = [bought(client, as_, cast, chen) for _ in "12"]
        refund = {"kind": "refund", "source": two[0], "restock": True, "cause": "坏"}
        assert approve(client, wu, proposed(client, ma, refund)).status_code == 200
        hold = {"kind": "refund_hold", "source": external.sold(chen)["id"], "cause": "坏"}
        assert approve(client, wu, proposed(client, ma, hold)).status_code == 200
        back = {"kind": "reverse", "source": str(award_of(db, liu).id), "cause": "错"}
        assert approve(client, wu, proposed(client, ma, back)).status_code == 200
        for forgery in FORGERIES[name]:
            assert name in named(db, CHECKS, forgery), forgery


def feed(tx, cast):
    contribute(tx, cast.fund.id, cast.ma, cast.wu, 50_000)
    stock.restock(
        tx, (STATION, cast.soap.id), 5, source=f"d-{len(tx.query(Award).all())}", actor_id=None
    )
