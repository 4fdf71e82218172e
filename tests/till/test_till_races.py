"""Tills at once: real commits, real threads, exactly one outcome, and no point lost."""

from collections import Counter

import pytest
from ledger.build import earn
from races.together import at_once

from app.kit.db import work
from app.ledger.models import Fund
from app.till import service

ROUNDS = 4


@pytest.fixture
def fresh(db, cast, newcomer):
    """Another member with ten points each time."""

    def make():
        person = newcomer()
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), person, 10)
        return person

    return make


def statuses(answers):
    return Counter(answer.status_code for answer in answers)


def test_the_same_reference_many_times_at_once_is_one_hold(shop, fresh, code, points):
    for n in range(ROUNDS):
        person = fresh()
        draft = {"code": code(person), "reference": f"same-{n}"}
        answers = at_once([lambda draft=draft: shop.hold(**draft)] * 6)
        assert statuses(answers) == {201: 6}, [a.text for a in answers]
        assert len({a.json()["id"] for a in answers}) == 1
        assert points(person) == (5, 5)


def test_the_same_reference_for_two_members_is_one_s(shop, fresh, code, points):
    for n in range(ROUNDS):
        people = [fresh(), fresh()]
        drafts = [{"code": code(person), "reference": f"two-{n}"} for person in people]
        answers = at_once([lambda draft=draft: shop.hold(**draft) for draft in drafts])
        assert statuses(answers) == {201: 1, 409: 1}, [a.text for a in answers]
        assert {a.json().get("code") for a in answers} == {None, "reference_reused"}
        assert sorted(points(person) for person in people) == [(5, 5), (10, 0)]


def test_the_same_code_at_two_tills_pays_once(shop, other, fresh, code, points):
    for _ in range(ROUNDS):
        person = fresh()
        shown = code(person)
        calls = [lambda shown=shown, till=till: till.hold(shown) for till in (shop, other) * 2]
        answers = at_once(calls)
        assert statuses(answers) == {201: 1, 409: 3}, [a.text for a in answers]
        assert {a.json().get("code") for a in answers} == {None, "member_code_used"}
        assert points(person) == (5, 5)


def test_fulfil_against_cancel_has_one_winner(shop, fresh, code, points):
    for turn in range(ROUNDS * 2):
        person = fresh()
        held = shop.held(code(person))
        calls = [
            lambda held=held, verb=verb: shop.move(held, verb) for verb in ("fulfil", "cancel")
        ]
        answers = at_once(calls if turn % 2 else calls[::-1])
        assert statuses(answers) == {200: 1, 409: 1}, [a.text for a in answers]
        won = next(a for a in answers if a.status_code == 200).json()["state"]
        assert points(person) == ((5, 0) if won == "fulfilled" else (10, 0))


def test_many_fulfil_once(shop, fresh, code, points):
    person = fresh()
    held = shop.held(code(person))
    answers = at_once([lambda: shop.move(held, "fulfil")] * 6)
    assert statuses(answers) == {200: 1, 409: 5}
    assert points(person) == (5, 0)


def test_the_time_out_against_fulfil_has_one_winner(db, shop, fresh, code, points, monkeypatch):
    def lapse(hold_id):
        with work(db, write=True) as tx:
            service.time_out(tx, hold_id)

    for turn in range(ROUNDS):
        person = fresh()
        # It may be fulfilled and times out in the very same moment.
        with monkeypatch.context() as patch:
            patch.setattr(service, "LIFE", service.timedelta(0))
            held = shop.held(code(person))
        calls = [lambda held=held: shop.move(held, "fulfil"), lambda held=held: lapse(held["id"])]
        first = at_once(calls if turn % 2 else calls[::-1])
        answer = next(a for a in first if a is not None)
        assert answer.json()["code"] in {"till_hold_lapsed", "till_hold_resolved"}
        assert points(person) == (10, 0)
