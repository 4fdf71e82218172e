"""Households over HTTP: consent, one purse, fair leaving; both engines."""

from uuid import UUID

import pytest
from cast import STATION
from ledger.build import broken, earn
from sqlalchemy import select

from app.households.models import Household
from app.kit.db import work
from app.ledger import service
from app.ledger.models import Lot

ROOT = "/v1/household"


def code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def people(db, cast, newcomer, as_):
    """Liu Bo and two newcomers, with 10, 6 and 0 points to spend."""
    others = [newcomer(name=name) for name in ("陈静", "刘小")]
    folk = [newcomer(name="刘波二"), *others]
    with work(db, write=True) as tx:
        for person, points in zip(folk, (10, 6), strict=False):
            earn(tx, cast.fund, person, points)
    return [(person, as_(person)) for person in folk]


def spendable(client, headers):
    return client.get("/v1/points", headers=headers).json()["spendable"]


def ask(client, headers, person):
    return client.post(f"{ROOT}/invitations", json={"member_no": person.member_no}, headers=headers)


@pytest.fixture
def home(client, people):
    """A household of the first two, who share 16 points."""
    return found(client, people, "earned")


def found(client, people, split):
    (_, head), (second, as_second), _ = people
    made = client.post(ROOT, json={"name": "刘波一家", "split": split}, headers=head)
    assert made.status_code == 201, made.text
    invitation = ask(client, head, second).json()
    joined = client.post(f"{ROOT}/invitations/{invitation['id']}/accept", headers=as_second)
    assert joined.status_code == 200, joined.text
    return joined.json()


class TestJoining:
    def test_shares_what_both_have(self, client, people, home, db):
        (head, as_head), (second, as_second), (_, as_third) = people
        assert [m["member_no"] for m in home["members"]] == [head.member_no, second.member_no]
        assert [m["head"] for m in home["members"]] == [True, False]
        assert (spendable(client, as_head), spendable(client, as_second)) == (16, 16)
        assert spendable(client, as_third) == 0
        assert client.get(ROOT, headers=as_second).json() == home
        assert broken(db) == []

    def test_nothing_is_shared_before_the_consent(self, client, people):
        (_, as_head), (second, as_second), _ = people
        client.post(ROOT, json={"name": "一家"}, headers=as_head)
        asked = ask(client, as_head, second)
        assert asked.status_code == 201
        assert (spendable(client, as_head), spendable(client, as_second)) == (10, 6)
        kinds = [m["kind"] for m in client.get("/v1/inbox", headers=as_second).json()["items"]]
        assert "household.asked" in kinds
        assert ask(client, as_head, second).json()["id"] == asked.json()["id"]

    def test_declining_and_withdrawing_close_the_question(self, client, people):
        (_, as_head), (second, as_second), (third, as_third) = people
        client.post(ROOT, json={"name": "一家"}, headers=as_head)
        first, other = (ask(client, as_head, p).json()["id"] for p in (second, third))
        assert client.post(f"{ROOT}/invitations/{first}/decline", headers=as_second).json()[
            "state"
        ] == "declined"  # fmt: skip
        assert client.delete(f"{ROOT}/invitations/{other}", headers=as_head).json()[
            "state"
        ] == "withdrawn"  # fmt: skip
        for one, headers in ((first, as_second), (other, as_third)):
            late = client.post(f"{ROOT}/invitations/{one}/accept", headers=headers)
            assert code(late) == (409, "invitation_decided")
        again = client.delete(f"{ROOT}/invitations/{other}", headers=as_head)
        assert code(again) == (409, "invitation_decided")

    def test_an_invitation_is_for_one_person(self, client, people):
        (_, as_head), (second, _), (_, as_third) = people
        client.post(ROOT, json={"name": "一家"}, headers=as_head)
        asked = ask(client, as_head, second).json()["id"]
        for act in ("accept", "decline"):
            answer = client.post(f"{ROOT}/invitations/{asked}/{act}", headers=as_third)
            assert code(answer) == (404, "invitation_not_found")
        answer = client.delete(f"{ROOT}/invitations/{asked}", headers=as_third)
        assert code(answer) == (404, "invitation_not_found")
        assert client.get(f"{ROOT}/invitations", headers=as_third).json()["items"] == []

    def test_nobody_is_in_two(self, client, people, home):
        (_, as_head), (second, as_second), (_third, as_third) = people
        assert code(client.post(ROOT, json={"name": "x"}, headers=as_head)) == (
            409, "household_joined")  # fmt: skip
        client.post(ROOT, json={"name": "另一家"}, headers=as_third)
        asked = ask(client, as_third, second).json()["id"]
        answer = client.post(f"{ROOT}/invitations/{asked}/accept", headers=as_second)
        assert code(answer) == (409, "household_joined")
        assert code(ask(client, as_head, second)) == (409, "household_joined")

    def test_only_the_head_asks_and_only_whom_there_is(self, client, people, home):
        (_, as_head), (_, as_second), (third, as_third) = people
        assert code(ask(client, as_second, third)) == (403, "head_only")
        assert code(ask(client, as_third, third)) == (404, "household_not_found")
        nobody = client.post(f"{ROOT}/invitations", json={"member_no": "NOBODY"}, headers=as_head)
        assert code(nobody) == (404, "person_not_found")

    def test_points_earned_later_come_into_the_purse(self, client, people, home, db, cast):
        (head, as_head), (second, _as_second), _ = people
        with work(db, write=True) as tx:
            earn(tx, cast.fund, second, 5)
        assert spendable(client, as_head) == 21
        with work(db, write=False) as tx:
            earners = set(tx.scalars(select(Lot.earner_id).where(Lot.remaining > 0)))
        assert {head.id, second.id} <= earners
        assert broken(db) == []

    def test_points_on_their_way_when_joining_follow_once_settled(self, client, people, db, cast):
        (_head, as_head), (second, _as_second), _ = people
        with work(db, write=True) as tx:
            source = earn(tx, cast.fund, second, 4, settled=False)
        found(client, people, "earned")
        assert spendable(client, as_head) == 16
        with work(db, write=True) as tx:
            service.settle(tx, source=source, reason="fixed")
        assert spendable(client, as_head) == 20
        assert broken(db) == []


class TestSpendingTogether:
    def test_a_member_buys_with_the_others_points(self, client, people, home, db):
        (_, as_head), (_, as_second), _ = people
        soap = client.get(f"/v1/items?station={STATION}").json()["items"][0]
        body = {"station_id": STATION, "lines": [{"item_id": soap["id"], "quantity": 3}]}
        bought = client.post(
            "/v1/redemptions", json=body, headers={**as_second, "Idempotency-Key": "home-buys-1"}
        )
        assert bought.status_code == 201, bought.text
        assert spendable(client, as_head) == 1
        cancelled = client.post(f"/v1/redemptions/{bought.json()['id']}/cancel", headers=as_second)
        assert cancelled.status_code == 200
        assert spendable(client, as_head) == 16
        assert broken(db) == []

    def test_everyone_reads_the_entries(self, client, people, home):
        _, (_, as_second), _ = people
        entries = client.get("/v1/points/entries", headers=as_second).json()["items"]
        # The head's carrying in, the own one (from me to us: 0), and what was earned before.
        assert sum(e["points"] for e in entries) == 16


class TestLeaving:
    def test_earned_gives_back_what_each_earned(self, client, people, home, db):
        (_, as_head), (_, as_second), _ = people
        left = client.post(f"{ROOT}/leave", headers=as_second)
        assert left.json()["points"] == 6
        assert (spendable(client, as_head), spendable(client, as_second)) == (10, 6)
        assert code(client.get(ROOT, headers=as_second)) == (404, "household_not_found")
        assert code(client.post(f"{ROOT}/leave", headers=as_second)) == (
            404, "household_not_found")  # fmt: skip
        assert broken(db) == []

    def test_equal_splits_every_lot(self, client, people, db):
        found(client, people, "equal")
        (_, as_head), (_, as_second), _ = people
        assert client.post(f"{ROOT}/leave", headers=as_second).json()["points"] == 8
        assert (spendable(client, as_head), spendable(client, as_second)) == (8, 8)
        assert broken(db) == []

    def test_the_head_hands_over_and_the_last_one_takes_all(self, client, people, home, db):
        (_, as_head), (second, as_second), _ = people
        assert client.post(f"{ROOT}/leave", headers=as_head).json()["points"] == 10
        members = client.get(ROOT, headers=as_second).json()["members"]
        assert [(m["member_no"], m["head"]) for m in members] == [(second.member_no, True)]
        assert client.post(f"{ROOT}/leave", headers=as_second).json()["points"] == 6
        with work(db, write=False) as tx:
            assert tx.get_one(Household, UUID(home["id"])).state == "dissolved"
        assert broken(db) == []

    def test_goods_given_back_to_an_empty_household_follow_their_earner(
        self, client, people, home, db
    ):
        (_, as_head), (_, as_second), _ = people
        soap = client.get(f"/v1/items?station={STATION}").json()["items"][0]
        body = {"station_id": STATION, "lines": [{"item_id": soap["id"], "quantity": 1}]}
        bought = client.post(
            "/v1/redemptions", json=body, headers={**as_second, "Idempotency-Key": "home-buys-2"}
        ).json()
        for headers in (as_head, as_second):
            client.post(f"{ROOT}/leave", headers=headers)
        before = spendable(client, as_head) + spendable(client, as_second)
        client.post(f"/v1/redemptions/{bought['id']}/cancel", headers=as_second)
        assert spendable(client, as_head) + spendable(client, as_second) == before + 5
        assert broken(db) == []

    def test_an_old_invitation_does_not_open_a_dissolved_household(self, client, people):
        (_, as_head), (second, as_second), _ = people
        client.post(ROOT, json={"name": "一家"}, headers=as_head)
        asked = ask(client, as_head, second).json()["id"]
        client.post(f"{ROOT}/leave", headers=as_head)
        answer = client.post(f"{ROOT}/invitations/{asked}/accept", headers=as_second)
        assert code(answer) == (409, "invitation_decided")

    def test_somebody_may_come_again(self, client, people, home, db):
        (_, as_head), (second, as_second), _ = people
        client.post(f"{ROOT}/leave", headers=as_second)
        asked = ask(client, as_head, second).json()["id"]
        assert client.post(
            f"{ROOT}/invitations/{asked}/accept", headers=as_second
        ).status_code == 200  # fmt: skip
        assert spendable(client, as_second) == 16
        assert broken(db) == []
