"""The counter without network: its list, its acceptances, its exceptions."""

import hashlib
from datetime import timedelta

import pytest
from cast import DISTRICT
from sqlalchemy import func, select
from store.build import (
    OTHER_STATION,
    STATION,
    accept,
    buy,
    give_back,
    hand_out,
    key,
    refusal,
)  # fmt: skip
from windows import fresh_window

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Journal
from app.store import counter
from app.store.models import CounterException, Redemption

URL = f"/v1/stations/{STATION}"


def offline(client, headers, station=STATION):
    return client.get(f"/v1/stations/{station}/offline-list", headers=headers)


def outcomes(answer):
    assert answer.status_code == 200, answer.text
    return [(i["acceptance"], i["outcome"], i["why"] or i["code"]) for i in answer.json()["items"]]


@pytest.fixture
def held(client, shop, as_):
    return buy(client, as_(shop.liu_bo), shop.soap, quantity=2).json()


@pytest.fixture
def posts(db, shop):
    """How many redemptions were posted, and how many exceptions there are."""

    def now():
        with work(db, write=False) as tx:
            posted = select(func.count()).select_from(Journal).where(Journal.kind == "fulfil")
            excepted = select(func.count()).select_from(CounterException)
            return tx.scalar(posted), tx.scalar(excepted)

    return now


class TestList:
    def test_lets_a_counter_check_a_code(self, client, db, shop, as_, held):
        answer = offline(client, as_(shop.li))
        assert answer.status_code == 200, answer.text
        listed = answer.json()
        assert (listed["rounds"], listed["complete"]) == (2000, True)
        (one,) = listed["items"]
        assert (one["redemption_id"], one["expires_at"]) == (held["id"], held["expires_at"])
        assert one["lines"] == [{"name": "香皂", "quantity": 2}]
        salt = bytes.fromhex(listed["salt"])
        shown = hashlib.pbkdf2_hmac("sha256", held["code"].encode(), salt, listed["rounds"])
        assert shown.hex() == one["code_hash"]
        assert held["code"] not in answer.text
        again = offline(client, as_(shop.wang)).json()
        assert again["salt"] != listed["salt"]
        assert again["items"][0]["code_hash"] != one["code_hash"]
        with work(db, write=False) as tx:
            until = tx.scalars(select(Redemption.offline_until)).one()
        assert until >= clock.now() + timedelta(hours=23, minutes=59)

    def test_holds_only_what_waits_here(self, client, shop, as_, held):
        liu = as_(shop.liu_bo)
        kept = buy(client, liu, shop.soap).json()
        gone = buy(client, liu, shop.soap).json()
        give_back(client, liu, gone["id"])
        hand_out(client, as_(shop.li), held["code"])
        items = offline(client, as_(shop.li)).json()["items"]
        assert [i["redemption_id"] for i in items] == [kept["id"]]
        assert offline(client, as_(shop.zhou), OTHER_STATION).json()["items"] == []
        clock.shift(timedelta(hours=24, seconds=1))
        assert offline(client, as_(shop.li)).json()["items"] == []

    def test_says_when_it_is_cut(self, client, shop, as_, held, monkeypatch):
        later = buy(client, as_(shop.liu_bo), shop.soap).json()
        monkeypatch.setattr(counter, "MOST_LISTED", 1)
        listed = offline(client, as_(shop.li)).json()
        assert (listed["complete"], len(listed["items"])) == (False, 1)
        assert listed["items"][0]["redemption_id"] != later["id"]

    def test_is_for_its_keepers(self, client, shop, as_):
        assert refusal(offline(client, as_(shop.zhou))) == (403, "not_of_station")
        for person in (shop.sun, shop.xu, shop.liu_bo):
            assert refusal(offline(client, as_(person))) == (403, "role_missing")
        assert refusal(offline(client, as_(shop.li), "TN999")) == (404, "station_not_found")
        assert offline(client, {}).status_code == 401

    def test_what_is_on_it_waits_for_the_report_but_not_for_ever(
        self, client, shop, as_, held, drain, look
    ):
        clock.shift(timedelta(hours=23))
        offline(client, as_(shop.li))
        clock.shift(timedelta(hours=2))
        drain()
        assert look() == ((10, 2), (20, 0, 10)), "past its time, and still held"
        code = hand_out(client, as_(shop.li), held["code"])
        assert refusal(code) == (410, "code_expired"), "no longer for the counter with network"
        # A later list does not hold it any longer.
        assert offline(client, as_(shop.li)).json()["items"] == []
        clock.shift(timedelta(hours=22, minutes=1))
        drain()
        assert look() == ((10, 0), (30, 0, 0))


class TestAccept:
    def test_posts_what_was_handed_out(self, client, db, shop, as_, held, posts, look):
        offline(client, as_(shop.li))
        typed = f"{held['code'][:5].lower()}-{held['code'][5:]}"
        answer = accept(client, as_(shop.li), ("A-1", typed))
        assert outcomes(answer) == [("A-1", "fulfilled", None)]
        assert answer.json()["fulfilled"] == 1
        assert look() == ((8, 0), (20, 0, 0))
        with work(db, write=False) as tx:
            row = tx.scalars(select(Redemption)).one()
        assert (row.state, row.keeper_id, row.acceptance) == ("fulfilled", shop.li.id, "A-1")

    def test_again_it_is_the_same(self, client, shop, as_, held, posts):
        li = as_(shop.li)
        for _ in "123":
            answer = accept(client, li, ("A-1", held["code"]), ("A-2", "2345678923"))
            assert outcomes(answer) == [
                ("A-1", "fulfilled", None), ("A-2", "exception", "unknown"),
            ]  # fmt: skip
        assert posts() == (1, 1)

    def test_a_late_report_of_a_timely_acceptance(self, client, shop, as_, held, drain, posts):
        clock.shift(timedelta(hours=20))
        offline(client, as_(shop.li))
        taken_at = clock.now()
        clock.shift(timedelta(hours=10))
        drain()
        answer = accept(client, as_(shop.li), ("A-1", held["code"]), at=taken_at)
        assert outcomes(answer) == [("A-1", "fulfilled", None)]
        drain()
        assert posts() == (1, 0)

    def test_one_bad_one_spoils_no_other(self, client, shop, as_, held, posts, look):
        liu, li = as_(shop.liu_bo), as_(shop.li)
        used = buy(client, liu, shop.soap).json()
        hand_out(client, li, used["code"])
        cancelled = buy(client, liu, shop.soap).json()
        give_back(client, liu, cancelled["id"])
        answer = accept(
            client, li, ("A-1", used["code"]), ("A-2", cancelled["code"]), ("A-3", "2345678923"),
            ("A-4", held["code"]),
        )  # fmt: skip
        assert outcomes(answer) == [
            ("A-1", "exception", "used"), ("A-2", "exception", "cancelled"),
            ("A-3", "exception", "unknown"), ("A-4", "fulfilled", None),
        ]  # fmt: skip
        assert posts() == (2, 3)
        assert look() == ((7, 0), (15, 0, 0))

    def test_what_was_over_when_it_was_accepted(self, client, shop, as_, held, drain, posts):
        offline(client, as_(shop.li))
        clock.shift(timedelta(hours=24))
        answer = accept(client, as_(shop.li), ("A-1", held["code"]))
        assert outcomes(answer) == [("A-1", "exception", "expired")]
        # Told from the future, it is judged by our clock.
        ahead = clock.now() + timedelta(days=9)
        answer = accept(client, as_(shop.li), ("A-2", held["code"]), at=ahead)
        assert outcomes(answer) == [("A-2", "exception", "expired")]
        clock.shift(timedelta(hours=1))
        drain()
        answer = accept(client, as_(shop.li), ("A-3", held["code"]))
        assert outcomes(answer) == [("A-3", "exception", "expired")]
        assert posts() == (0, 3)

    def test_two_devices_took_one_code(self, client, shop, as_, held, posts, look):
        assert outcomes(accept(client, as_(shop.li), ("A-1", held["code"])))[0][1] == "fulfilled"
        second = accept(client, as_(shop.wang), ("B-1", held["code"]))
        assert outcomes(second) == [("B-1", "exception", "used")]
        assert posts() == (1, 1)
        assert look() == ((8, 0), (20, 0, 0))

    def test_a_number_of_another_code(self, client, shop, as_, held, posts):
        li = as_(shop.li)
        other = buy(client, as_(shop.liu_bo), shop.soap).json()
        accept(client, li, ("A-1", held["code"]), ("A-2", "2345678923"))
        answer = accept(client, li, ("A-1", other["code"]), ("A-2", other["code"]))
        assert outcomes(answer) == [
            ("A-1", "refused", "acceptance_reused"), ("A-2", "refused", "acceptance_reused"),
        ]  # fmt: skip
        assert posts() == (1, 1)

    def test_a_code_of_another_station_is_unknown(self, client, shop, as_, held, posts):
        answer = accept(client, as_(shop.zhou), ("A-1", held["code"]), station=OTHER_STATION)
        assert outcomes(answer) == [("A-1", "exception", "unknown")]
        assert posts() == (0, 1)

    def test_guessing_is_slow(self, client, shop, as_, held, monkeypatch):
        fresh_window()
        monkeypatch.setattr(counter, "WRONG_CODES", 2)
        li = as_(shop.li)
        accept(client, li, ("A-1", "2345678923"), ("A-2", "2345678924"))
        shut = accept(client, li, ("A-3", held["code"]))
        assert refusal(shut) == (429, "code_checks_too_often")
        assert accept(client, as_(shop.wang), ("A-3", held["code"])).status_code == 200

    def test_with_a_key_it_is_answered_again(self, client, shop, as_, held):
        headers = {**as_(shop.li), **key()}
        at = clock.now()
        first, again = (accept(client, headers, ("A-1", held["code"]), at=at) for _ in "12")
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"

    def test_the_wrong_people_and_lists(self, client, shop, as_, held, posts):
        send = ("A-1", held["code"])
        assert refusal(accept(client, as_(shop.zhou), send)) == (403, "not_of_station")
        for person in (shop.sun, shop.xu, shop.liu_bo):
            assert refusal(accept(client, as_(person), send)) == (403, "role_missing")
        absent = accept(client, as_(shop.li), send, station="TN999")
        assert refusal(absent) == (404, "station_not_found")
        assert accept(client, {}, send).status_code == 401
        assert accept(client, as_(shop.li)).status_code == 422
        assert accept(client, as_(shop.li), send, send).status_code == 422
        many = [(f"A-{n}", "2345678923") for n in range(201)]
        assert accept(client, as_(shop.li), *many).status_code == 422
        assert posts() == (0, 0)


class TestExceptions:
    @pytest.fixture
    def excepted(self, client, shop, as_):
        accept(client, as_(shop.li), ("A-1", "2345678923"), ("A-2", "2345678924"))
        page = client.get(f"{URL}/exceptions", headers=as_(shop.li)).json()
        return page["items"]

    def close(self, client, headers, exception, note="已电话核实"):
        url = f"{URL}/exceptions/{exception['id']}/close"
        return client.post(url, json={"note": note}, headers=headers)

    def test_are_listed_for_those_who_look_after_it(self, client, shop, as_, excepted):
        assert [(e["acceptance"], e["why"], e["keeper"]) for e in excepted] == [
            ("A-2", "unknown", "李"), ("A-1", "unknown", "李"),
        ]  # fmt: skip
        for person in (shop.li, shop.wang, shop.sun, shop.xu):
            more = {"limit": 1}
            page = client.get(f"{URL}/exceptions", headers=as_(person), params=more).json()
            assert [e["acceptance"] for e in page["items"]] == ["A-2"]
            more["cursor"] = page["next_cursor"]
            page = client.get(f"{URL}/exceptions", headers=as_(person), params=more).json()
            assert [e["acceptance"] for e in page["items"]] == ["A-1"]
        strange = client.get(f"{URL}/exceptions", headers=as_(shop.zhou))
        assert refusal(strange) == (403, "not_of_station")
        public = client.get(f"{URL}/exceptions", headers=as_(shop.liu_bo))
        assert refusal(public) == (403, "role_missing")

    def test_are_closed_once_by_somebody_else(self, client, shop, as_, excepted):
        for person, exception in ((shop.sun, excepted[0]), (shop.xu, excepted[1])):
            closed = self.close(client, as_(person), exception)
            assert closed.status_code == 200, closed.text
            assert closed.json()["closed_by"] in {"孙", "许"}
            assert closed.json()["closing_note"] == "已电话核实"
            again = self.close(client, as_(shop.xu), exception)
            assert refusal(again) == (409, "exception_closed")

    def test_never_by_a_keeper(self, client, db, shop, as_, excepted):
        first = excepted[0]
        for person in (shop.li, shop.wang, shop.liu_bo):
            assert refusal(self.close(client, as_(person), first)) == (403, "role_missing")
        with work(db, write=True) as tx:
            for keeper in (shop.li, shop.wang):
                identity.grant(tx, None, keeper.id, Role.ADMINISTRATOR, DISTRICT)
        for keeper in (shop.li, shop.wang):
            refused = self.close(client, as_(keeper), first)
            assert refusal(refused) == (403, "exception_of_keeper")

    def test_of_this_station_only(self, client, shop, as_, excepted):
        sun = as_(shop.sun)
        url = f"/v1/stations/{OTHER_STATION}/exceptions/{excepted[0]['id']}/close"
        elsewhere = client.post(url, json={"note": "x"}, headers=sun)
        assert refusal(elsewhere) == (404, "exception_not_found")
        assert self.close(client, sun, excepted[0], note="").status_code == 422
