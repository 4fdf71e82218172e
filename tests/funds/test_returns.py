"""Money that goes back to its giver, over HTTP: two persons, never more than is left."""

# ruff: noqa: E501, S608 - one forgery a line reads as a table; all of it is written here

import pytest
from cast import DISTRICT, contribute
from flows.story import key
from forging import named
from ledger.build import broken, earn, make_rider
from sqlalchemy import select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import funds
from app.ledger.audit import CHECKS
from app.ledger.models import Fund, Journal, PoolPart, Transfer

BACK = {"fen": 400, "reason": "项目结束，余款退还"}


@pytest.fixture
def given(db, cast):
    """A fund of one fen a point in three shards; two contributions of 1,000 fen, the first's id."""
    with work(db, write=True) as tx:
        fund = funds.add_fund(
            tx, f"r-{new_id().hex[-8:]}", "暖新基金", "感谢", DISTRICT, 1, shards=3
        )
        first, _ = (contribute(tx, fund.id, cast.ma, cast.wu, 1_000) for _ in "12")
    return fund, first


@pytest.fixture
def backs(given):
    fund, first = given
    return f"/v1/funds/{fund.id}/contributions/{first}/returns"


@pytest.fixture
def propose(client, ma, backs):
    def send(headers=ma, **more):
        answer = client.post(backs, json={**BACK, **more}, headers={**headers, **key()})
        assert answer.status_code == 201, answer.text
        return f"{backs}/{answer.json()['id']}"

    return send


@pytest.fixture
def money(client, ma, given):
    """What the fund holds: given, available, reserved, paid and returned."""
    fund, _ = given

    def read():
        shown = client.get(f"/v1/funds/{fund.id}", headers=ma).json()
        names = ("contributed", "available", "reserved", "paid", "returned")
        found = tuple(shown[f"{name}_fen"] for name in names)
        assert found[0] == sum(found[1:])
        public = client.get(f"/v1/funds/{fund.id}/public").json()
        assert public["returned_fen"] == found[-1]
        return found

    return read


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


class TestReturning:
    def test_by_two_persons(self, client, db, ma, wu, backs, propose, money, given, cast):
        one = propose()
        assert money() == (2_000, 2_000, 0, 0, 0)
        shown = client.post(f"{one}/approve", headers=wu)
        assert shown.status_code == 200, shown.text
        shown = shown.json()
        assert (shown["state"], shown["fen"], shown["reason"]) == ("approved", 400, BACK["reason"])
        assert shown["decided_at"] is not None
        assert money() == (2_000, 1_600, 0, 0, 400)
        assert client.get(backs, headers=ma).json() == {"items": [shown]}
        fund, first = given
        with work(db, write=False) as tx:
            journal = tx.scalars(select(Journal).where(Journal.source == shown["id"])).one()
            assert (journal.kind, journal.actor_id, journal.approver_id) == (
                "give_back", cast.ma.id, cast.wu.id,
            )  # fmt: skip
            moved = select(Transfer.amount).where(Transfer.journal_id == journal.id)
            assert sum(tx.scalars(moved)) == 400
            # Nobody else's fen went.
            parts = select(PoolPart.available).where(PoolPart.fund_id == fund.id)
            assert sum(tx.scalars(parts.where(PoolPart.contribution_id == first))) == 600
            said = select(StaffAction.action).where(StaffAction.object_id == shown["id"])
            assert tx.scalars(said.order_by(StaffAction.id)).all() == [
                "return.proposed", "return.approved",
            ]  # fmt: skip
        trace = client.get(backs.replace("returns", "trace"), headers=ma).json()
        assert (trace["available_fen"], trace["returned_fen"]) == (600, 400)
        assert broken(db) == []

    def test_of_a_closed_fund_all_that_is_left(self, client, ma, wu, given, propose, money):
        fund, _ = given
        closed = {"name": "n", "purpose": "p", "state": "closed", "shards": 3}
        assert client.put(f"/v1/funds/{fund.id}", json=closed, headers=ma).status_code == 200
        client.post(f"{propose(fen=1_000)}/approve", headers=wu)
        assert money() == (2_000, 1_000, 0, 0, 1_000)

    def test_never_more_than_is_left_of_it(self, client, db, ma, wu, backs, propose, given, money):
        fund, _ = given
        first, second = propose(fen=600), propose(fen=600)
        with work(db, write=True) as tx:
            # Of the older contribution, 300 fen: the newer one's do not count here.
            earn(tx, tx.get_one(Fund, fund.id), make_rider(tx), 300)
        too_much = client.post(backs, json={**BACK, "fen": 701}, headers={**ma, **key()})
        refused(too_much, 409, "return_exceeds_rest")
        assert client.post(f"{first}/approve", headers=wu).status_code == 200
        refused(client.post(f"{second}/approve", headers=wu), 409, "return_exceeds_rest")
        # What was refused is still proposed, and may be declined.
        states = [one["state"] for one in client.get(backs, headers=wu).json()["items"]]
        assert states == ["approved", "proposed"]
        assert money() == (2_000, 1_100, 300, 0, 600)
        assert broken(db) == []

    def test_declined(self, client, wu, backs, propose, money):
        one = propose()
        shown = client.post(f"{one}/decline", headers=wu).json()
        assert shown["state"] == "declined"
        assert client.get(backs, headers=wu).json()["items"] == [shown]
        assert money() == (2_000, 2_000, 0, 0, 0)

    def test_decided_once(self, client, wu, propose, money):
        for first in ("approve", "decline"):
            one = propose()
            client.post(f"{one}/{first}", headers=wu)
            for verb in ("approve", "decline"):
                refused(client.post(f"{one}/{verb}", headers=wu), 409, "return_decided")
        assert money()[-1] == 400

    def test_never_by_one_person_alone(self, client, as_, newcomer, propose, money):
        both = as_(newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT)))
        one = propose(both)
        for verb in ("approve", "decline"):
            refused(client.post(f"{one}/{verb}", headers=both), 403, "second_person_needed")
        assert money()[-1] == 0

    def test_before_the_money_came(self, client, ma, given):
        fund, _ = given
        gifts = f"/v1/funds/{fund.id}/contributions"
        gift = {"kind": "village", "contributor": "社区", "fen": 5}
        made = client.post(gifts, json=gift, headers={**ma, **key()}).json()["id"]
        answer = client.post(f"{gifts}/{made}/returns", json=BACK, headers={**ma, **key()})
        refused(answer, 409, "contribution_not_approved")

    def test_of_another_contribution(self, client, db, cast, wu, given, backs, propose):
        fund, first = given
        with work(db, write=True) as tx:
            other = contribute(tx, fund.id, cast.ma, cast.wu, 1_000)
        elsewhere = propose().replace(str(first), str(other))
        for verb in ("approve", "decline"):
            refused(client.post(f"{elsewhere}/{verb}", headers=wu), 404, "return_not_found")

    def test_the_receipt_stays(self, client, ma, wu, backs, propose):
        receipt = backs.replace("returns", "receipt")
        before = client.get(receipt, headers=ma).json()
        client.post(f"{propose()}/approve", headers=wu)
        assert client.get(receipt, headers=ma).json() == before


WENT = "money went back as two persons said"
PAID = "what was paid is the sum of its payments"
OF_RETURN = "WHERE journal_id IN (SELECT id FROM journals WHERE kind = 'give_back')"
FORGERIES = {
    "paid less": (WENT, f"UPDATE transfers SET amount = amount - 1 {OF_RETURN}"),
    "another journal": (WENT, "UPDATE journals SET source = source || 'x' WHERE kind = 'give_back'"),
    "no journal": (WENT, "DELETE FROM journals WHERE kind = 'give_back'"),
    "never approved": (WENT, "UPDATE contribution_returns SET state = 'proposed', decided_by = NULL, decided_at = NULL WHERE state = 'approved'"),
    "said of more": (WENT, "UPDATE contribution_returns SET fen = fen + 1 WHERE state = 'approved'"),
    "said without money": (WENT, "UPDATE contribution_returns SET state = 'approved' WHERE state = 'declined'"),
    "another approver": (WENT, "UPDATE contribution_returns SET decided_by = proposed_by WHERE state = 'approved'"),
    "another proposer": (WENT, "UPDATE journals SET actor_id = approver_id WHERE kind = 'give_back'"),
    "counted too much": (PAID, "UPDATE paid_parts SET fen = fen + 1"),
    "not counted": (PAID, "DELETE FROM paid_parts"),
    "a payment less": (PAID, "DELETE FROM backing WHERE kind = 'pay'"),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(db, cast, client, as_):
    """A book with money that went back in several transfers, and goods that were paid."""
    ma, wu = as_(cast.ma), as_(cast.wu)
    with work(db, write=True) as tx:
        fund = funds.add_fund(tx, "forged-returns", "n", "p", DISTRICT, 1, shards=3)
        given = contribute(tx, fund.id, cast.ma, cast.wu, 1_000)
        earn(tx, tx.get_one(Fund, cast.fund.id), cast.chen, 5)
    url = f"/v1/funds/{fund.id}/contributions/{given}/returns"
    for verb in ("approve", "decline"):
        made = client.post(url, json=BACK, headers={**ma, **key()}).json()["id"]
        assert client.post(f"{url}/{made}/{verb}", headers=wu).status_code == 200
    line = {"item_id": str(cast.soap.id), "quantity": 1}
    body = {"station_id": "TN001", "lines": [line]}
    held = client.post("/v1/redemptions", json=body, headers={**as_(cast.chen), **key()}).json()
    sent = {"code": held["code"]}
    done = client.post("/v1/redemptions/fulfil", json=sent, headers=as_(cast.li))
    assert done.status_code == 200, done.text
    assert broken(db) == []


@pytest.mark.parametrize("name", FORGERIES)
def test_audit_names_a_forgery(db, told, name):
    rule, forgery = FORGERIES[name]
    assert rule in named(db, CHECKS, forgery)
    assert broken(db) == []
