"""Goods of an external store taken back by two hands, and that a refunded code is worth nothing."""

from collections import Counter
from uuid import UUID

import pytest
from cast import DISTRICT, STATION, actor
from flows.story import key
from ledger.build import broken, earn
from matrix.row import ABSENT
from races.together import at_once
from rewards.build import FAR, far_fund
from sqlalchemy import select
from store.build import accept, hand_out, refusal

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Account, Contribution, Fund
from app.ledger.queries import owed_fen
from app.notify.models import Message
from app.tracing import views as tracing
from app.webhooks.models import Webhook, WebhookDelivery

URL = "/v1/corrections"


@pytest.fixture(scope="module", autouse=True)
def _audited(db):
    yield
    found = broken(db)
    assert found == [], found


@pytest.fixture
def member(db, cast, newcomer):
    """Somebody with 20 points; a code pays once, so each hold here has its own member."""

    def make():
        person = newcomer(name="刘波")
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), person, 20)
        return person

    return make


@pytest.fixture
def liu(member):
    return member()


@pytest.fixture(scope="module")
def far(db, cast, newcomer):
    """A manager of another district."""
    with work(db, write=True) as tx:
        far_fund(tx, cast)
    return newcomer((Role.FUND_MANAGER, FAR))


def draft_of(hold):
    return {"kind": "refund_hold", "source": hold["id"], "cause": "质量问题"}


def propose(client, headers, draft):
    return client.post(URL, json=draft, headers={**headers, **key()})


def proposed(client, headers, draft):
    answer = propose(client, headers, draft)
    assert answer.status_code == 201, answer.text
    return answer.json()


def approve(client, headers, one):
    return client.post(f"{URL}/{one['id']}/approve", json={}, headers=headers)


def refunded(client, ma, wu, hold):
    done = approve(client, wu, proposed(client, ma, draft_of(hold)))
    assert done.status_code == 200, done.text
    return done.json()


def spendable(client, headers):
    return client.get("/v1/points", headers=headers).json()["spendable"]


def owed(external):
    """Fen that the external store is owed."""
    with work(external.app.state.db, write=False) as tx:
        return _owed(tx)


def _owed(tx):
    found = tx.execute(select(Account.id).where(Account.kind == "payable")).all()
    return sum(owed_fen(tx, row.id) for row in found)


class TestRefundHold:
    def test_nothing_moves_before_the_second_person(self, client, as_, ma, wu, liu, external):
        before = owed(external)
        hold = external.sold(liu)
        assert (spendable(client, as_(liu)), owed(external)) == (15, before + 400)
        one = proposed(client, ma, draft_of(hold))
        assert (one["person"], one["region_code"], one["restock"]) == (
            liu.member_no, DISTRICT, None,
        )  # fmt: skip
        assert spendable(client, as_(liu)) == 15
        assert refusal(approve(client, ma, one))[0] == 403
        assert approve(client, wu, one).json()["state"] == "approved"
        assert (spendable(client, as_(liu)), owed(external)) == (20, before)

    def test_its_till_and_its_member_hear(self, client, db, ma, wu, liu, external, member):
        hold, other = external.sold(liu), external.sold(member())
        assert hold["refunded_at"] is None
        with work(db, write=True) as tx:
            listening(tx)
        refunded(client, ma, wu, hold)
        shown = external.shown(hold)
        assert (shown["state"], shown["resolved_at"]) == ("fulfilled", hold["resolved_at"])
        assert shown["refunded_at"] > shown["resolved_at"]
        assert external.shown(other)["refunded_at"] is None
        with work(db, write=False) as tx:
            told = tx.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id.desc())).first()
            data = told.payload["data"]
            mine = select(Message.kind).where(Message.person_id == liu.id)
            assert "redemption.refunded" in tx.scalars(mine).all()
        assert (told.event, data["hold_id"], data["state"], data["points"]) == (
            "hold.refunded", hold["id"], "refunded", 5,
        )  # fmt: skip
        assert str(liu.id) not in str(told.payload)

    def test_its_till_s_day_tells_of_it(self, client, ma, wu, liu, external):
        hold = external.sold(liu)
        url = f"reconciliation?day={clock.business_day(clock.now())}"
        before = external.get(url).json()
        refunded(client, ma, wu, hold)
        after = external.get(url).json()
        (back,) = [line for line in after["refunds"] if line not in before["refunds"]]
        assert (back["hold_id"], back["points"], back["cost_fen"]) == (hold["id"], -5, -400)
        assert after["totals"][:-1] == before["totals"][:-1], "what was sold stays sold"

    def test_the_trace_shows_that_it_came_back(self, client, db, cast, ma, wu, liu, external):
        hold = external.sold(liu)
        refunded(client, ma, wu, hold)
        with work(db, write=False) as tx:
            given = tx.scalars(select(Contribution.id).order_by(Contribution.id)).first()
            manager = actor(cast.ma, Role.FUND_MANAGER)
            trace = tracing.trace(tx, manager, cast.fund.id, given, 100, None)
        mine = [one for one in trace.items if one.reference == hold["reference"]]
        assert [(one.kind, one.place, one.fen) for one in mine] == [
            ("came_back", "外部超市", -400), ("handed_out", "外部超市", 400),
        ]  # fmt: skip

    def test_only_what_was_fulfilled_and_once(self, client, ma, wu, liu, external, member):
        held = external.asked(member())
        assert refusal(propose(client, ma, draft_of(held))) == (409, "not_fulfilled")
        external.move(held, "cancel")
        assert refusal(propose(client, ma, draft_of(held))) == (409, "not_fulfilled")
        hold = external.sold(liu)
        one = proposed(client, ma, draft_of(hold))
        twice = propose(client, ma, draft_of(hold))
        assert refusal(twice) == (409, "correction_pending")
        approve(client, wu, one)
        assert refusal(propose(client, ma, draft_of(hold))) == (409, "not_fulfilled")
        absent = propose(client, ma, {**draft_of(hold), "source": ABSENT})
        assert refusal(absent) == (404, "till_hold_not_found")

    def test_of_ones_region_and_not_ones_own(self, client, as_, newcomer, liu, external, far, db):
        hold = external.sold(liu)
        refused = propose(client, as_(far), draft_of(hold))
        assert refusal(refused) == (404, "till_hold_not_found")
        manager = newcomer((Role.FUND_MANAGER, DISTRICT))
        with work(db, write=True) as tx:
            earn(tx, tx.scalars(select(Fund)).first(), manager, 5)
        own = external.sold(manager)
        assert refusal(propose(client, as_(manager), draft_of(own))) == (403, "own_correction")

    def test_approved_by_many_at_once_it_happens_once(
        self, client, as_, ma, liu, external, newcomer
    ):
        one = proposed(client, ma, draft_of(external.sold(liu)))
        heads = [as_(newcomer((Role.FUND_APPROVER, DISTRICT))) for _ in range(4)]
        answers = at_once([lambda h=h: approve(client, h, one).status_code for h in heads])
        assert Counter(answers) == {200: 1, 409: 3}
        assert spendable(client, as_(liu)) == 20


def listening(tx):
    """A webhook for everything that becomes of holds."""
    tx.add(
        Webhook(
            id=UUID(int=clock.now().microsecond), name="外部超市", url="https://shop.example/hooks",
            events=["hold.refunded"], secret="x", client_id="shop-1", region_code=DISTRICT,
            state="active", failures=0, created_at=clock.now(),
        )
    )  # fmt: skip


class TestCodeOfARefund:
    def test_is_worth_nothing_at_the_counter(self, client, app, as_, cast, ma, wu, liu):
        cart = {"station_id": STATION, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
        bought = client.post("/v1/redemptions", json=cart, headers={**as_(liu), **key()}).json()
        code, li = bought["code"], as_(cast.li)
        assert hand_out(client, li, code).status_code == 200
        back = {"kind": "refund", "source": bought["id"], "restock": True, "cause": "坏"}
        assert approve(client, wu, proposed(client, ma, back)).status_code == 200
        assert refusal(hand_out(client, li, code)) == (409, "code_used")
        taken = accept(client, li, ("A-1", code)).json()
        assert [(one["outcome"], one["why"]) for one in taken["items"]] == [("exception", "used")]
        assert spendable(client, as_(liu)) == 20, "it was handed out once and came back once"
