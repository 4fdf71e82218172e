"""Everything that other programs are offered is told: each event by the flow that it is about."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from cast import DISTRICT, GRID, STATION, STREET, VILLAGE, actor, contribute
from flows.story import key
from ledger.build import earn
from proofs.build import next_month, publish, seal_all
from rewards.build import announce, event, fund_of, grant, rule
from sqlalchemy import select
from till.conftest import SCOPES, Till

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger.book import Hands
from app.ledger.models import Fund
from app.rewards import objections, reversing, waiting
from app.rewards.rules import BY_HAND, Spot, Vouched
from app.rewards.schemas import DecisionDraft, ObjectionDraft
from app.till import service as till
from app.till.models import TillHold
from app.webhooks.models import Event, WebhookDelivery

pytestmark = pytest.mark.usefixtures("nothing_left")
HERE = Spot(f"/{DISTRICT}/{STREET}/{VILLAGE}/")


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.unshift()


@pytest.fixture(scope="module")
def there(client, db, cast, as_, app, drain, newcomer):
    with work(db, write=True) as tx:
        identity.add_client(tx, "shop-1", "外部超市", SCOPES, DISTRICT)
    shop = Till(client, "shop-1", app.state.token_keys)
    return SimpleNamespace(
        client=client, db=db, cast=cast, as_=as_, app=app, drain=drain, newcomer=newcomer, shop=shop
    )


def member(there, points=20):
    person = there.newcomer()
    with work(there.db, write=True) as tx:
        earn(tx, tx.get_one(Fund, there.cast.fund.id), person, points)
    return person


def hand_out(there, _hook):
    buyer = there.as_(member(there))
    body = {"station_id": STATION, "lines": [{"item_id": str(there.cast.soap.id), "quantity": 1}]}
    held = there.client.post("/v1/redemptions", json=body, headers={**buyer, **key()}).json()
    code, keeper = {"code": held["code"]}, there.as_(there.cast.li)
    done = there.client.post("/v1/redemptions/fulfil", json=code, headers=keeper)
    assert done.status_code == 200, done.text


def held(there):
    person = member(there)
    shown = there.app.state.member_codes.shown(person.id, person.member_no, clock.now())
    return there.shop.held(shown)


def resolve(verb):
    return lambda there, _hook: there.shop.move(held(there), verb)


def lapse(there, _hook):
    held(there)
    clock.shift(till.LIFE)
    there.drain()


def take_back(there, _hook):
    hold = held(there)
    there.shop.move(hold, "fulfil")
    with work(there.db, write=True) as tx:
        taken, by = (
            tx.get_one(TillHold, UUID(hold["id"])),
            Hands(there.cast.ma.id, there.cast.wu.id),
        )
        till.refund(tx, taken, timedelta(), by)


def announce_the_books(there, _hook):
    seal_all(there.db)
    publish(there.db, there.cast.sun, next_month())


def try_it(there, hook):
    sun = {**there.as_(there.cast.sun), **key()}
    there.client.post(f"/v1/webhooks/{hook['id']}/test", headers=sun)


def close_at_once(there, _hook):
    awarded(there, hours=0)


FLOWS = {
    Event.REDEMPTION_FULFILLED: hand_out,
    Event.HOLD_FULFILLED: resolve("fulfil"),
    Event.HOLD_CANCELLED: resolve("cancel"),
    Event.HOLD_EXPIRED: lapse,
    Event.HOLD_REFUNDED: take_back,
    Event.NOTICE_PUBLISHED: announce_the_books,
    Event.POINTS_SETTLED: close_at_once,
    Event.TEST_SENT: try_it,
}


def test_every_event_has_its_flow():
    assert set(FLOWS) == set(Event)


@pytest.mark.parametrize("offered", FLOWS)
def test_is_told_to_who_wants_it(there, hook, receiver, offered):
    made = hook(events=[offered], url=receiver.url)
    FLOWS[offered](there, made)
    told = payloads(there, made)
    assert told, "it is offered, so somebody tells it"
    assert {payload["type"] for payload in told} == {offered}


def payloads(there, hook):
    with work(there.db, write=False) as tx:
        query = select(WebhookDelivery).order_by(WebhookDelivery.id)
        return [d.payload for d in tx.scalars(query) if str(d.webhook_id) == hook["id"]]


def awarded(there, *, hours=None, fund=None):
    """An award of ten points, announced for so many hours or left open."""
    liu, of = there.newcomer(name="刘波"), event()
    with work(there.db, write=True) as tx:
        rule(tx, fund or there.cast.fund, of, 10)
        award = grant(tx, liu, of, HERE)
        if hours is not None:
            announce(tx, award, hours)
    return award


class TestPointsSettled:
    @pytest.fixture
    def wanted(self, there, hook):
        return hook(events=["points.settled"])

    def test_says_which_award_and_nothing_of_whom(self, there, wanted, receiver):
        award = awarded(there, hours=0)
        [payload] = payloads(there, wanted)
        data = {"award_id": str(award.id), "event": award.event, "points": 10}
        assert payload["data"] == data
        there.drain()
        [(_, body, _)] = receiver.got
        assert str(award.id).encode() in body
        assert str(award.person_id).encode() not in body

    def test_when_the_window_for_objections_is_over(self, there, wanted):
        awarded(there, hours=72)
        assert payloads(there, wanted) == []
        clock.shift(timedelta(hours=73))
        there.drain()
        assert len(payloads(there, wanted)) == 1

    def test_when_an_objection_is_dismissed(self, there, wanted):
        award = awarded(there, hours=72)
        doubter, auditor = there.newcomer(), there.newcomer()
        with work(there.db, write=True) as tx:
            draft = ObjectionDraft(reason="照片是旧的")
            objection = objections.object_to(tx, actor(doubter), award.id, draft)
        clock.shift(timedelta(hours=73))
        there.drain()
        assert payloads(there, wanted) == [], "doubted points are not settled"
        with work(there.db, write=True) as tx:
            decision = DecisionDraft(verdict="dismiss", decision="现场核实无误")
            objections.decide(tx, actor(auditor, Role.AUDITOR), objection, decision)
        assert len(payloads(there, wanted)) == 1

    def test_when_what_waited_for_money_is_paid(self, there, wanted):
        with work(there.db, write=True) as tx:
            fund = fund_of(tx, there.cast, DISTRICT, 1)
        award = awarded(there, hours=0, fund=fund)
        assert (award.state, payloads(there, wanted)) == ("waiting", [])
        with work(there.db, write=True) as tx:
            contribute(tx, fund.id, there.cast.ma, there.cast.wu, 100_000)
        there.drain()
        with work(there.db, write=False) as tx:
            assert waiting.line(tx, fund.id, 1).count == 0
        assert [told["data"]["award_id"] for told in payloads(there, wanted)] == [str(award.id)]

    def test_when_two_persons_give_them(self, there, wanted):
        liu = there.newcomer()
        with work(there.db, write=True) as tx:
            rule(tx, there.cast.fund, BY_HAND, 50, caps=(80, 1000))
            by = Hands(there.cast.ma.id, there.cast.wu.id)
            source = str(new_id())
            reversing.give(
                tx, source=source, person_id=liu.id, what=Vouched(BY_HAND, 30), spot=HERE, by=by
            )
        [payload] = payloads(there, wanted)
        assert (payload["data"]["event"], payload["data"]["points"]) == (BY_HAND, 30)

    def test_by_the_closing_of_a_case(self, there, wanted, desk):
        desk.closed()
        there.drain()
        [payload] = payloads(there, wanted)
        assert payload["data"]["event"] == "report.filed"

    def test_tells_the_place_where_they_were_earned(self, there, hook):
        above, beside = hook(events=["points.settled"]), hook(
            events=["points.settled"], region_code=GRID
        )  # fmt: skip
        awarded(there, hours=0)
        assert (len(payloads(there, above)), payloads(there, beside)) == (1, [])
