"""The store under many hands at once: real commits, real threads, over HTTP, on both databases."""

from collections import Counter
from types import SimpleNamespace
from uuid import UUID

import pytest
from ledger.build import broken, earn, make_rider, points
from races.together import at_once
from sqlalchemy import func, select
from store.build import (
    OTHER_STATION,
    STATION,
    accept,
    buy,
    count,
    draft,
    give_back,
    hand_out,
    key,
    make_buyer,
    make_shop,
    restock,
    stock,
    transfer,
)  # fmt: skip

from app.kit.db import work
from app.store import service as store
from app.store import stock as shelf
from app.store.models import CounterException


def statuses(answers):
    return Counter(answer.status_code for answer in answers)


@pytest.fixture
def shop(db):
    with work(db, write=True) as tx:
        built = make_shop(tx, points=100)
    yield built
    assert broken(db) == []


def test_the_last_item_goes_to_one_of_fifty(client, db, shop, as_):
    with work(db, write=True) as tx:
        buyers = [make_buyer(tx, shop, 15) for _ in range(50)]
        rare = [store.add_item(tx, f"rare-{n}", ("茶", "Tea"), 5, 100) for n in range(3)]
        for item in rare:
            shelf.restock(tx, (STATION, item.id), 1, source="delivery-2", actor_id=shop.li.id)
    headers = [as_(buyer) for buyer in buyers]
    for item in rare:
        answers = at_once([lambda h=h, item=item: buy(client, h, item) for h in headers])
        assert statuses(answers) == {201: 1, 409: 49}
        refused = {a.json()["code"] for a in answers if a.status_code == 409}
        assert refused == {"stock_exhausted"}
        with work(db, write=False) as tx:
            assert stock(tx, item) == (1, 1)
    with work(db, write=False) as tx:
        held = [points(tx, buyer) for buyer in buyers]
    assert sum(h for _, _, h in held) == 15
    assert all(spendable + h == 15 for spendable, _, h in held), "no buyer lost a point"


def test_two_keepers_use_one_code_once(client, db, shop, as_):
    liu, li, wang = as_(shop.liu_bo), as_(shop.li), as_(shop.wang)
    for _ in range(5):
        code = buy(client, liu, shop.soap).json()["code"]
        answers = at_once([lambda h=h, code=code: hand_out(client, h, code) for h in (li, wang)])
        assert statuses(answers) == {200: 1, 409: 1}
        assert {a.json()["code"] for a in answers if a.status_code == 409} == {"code_used"}
    with work(db, write=False) as tx:
        assert stock(tx, shop.soap) == (5, 0)
        assert points(tx, shop.liu_bo) == (75, 0, 0)


def test_cancel_against_fulfil_has_one_winner(client, db, shop, as_):
    liu, li = as_(shop.liu_bo), as_(shop.li)
    handed_out = 0
    for turn in range(8):
        held = buy(client, liu, shop.soap).json()
        calls = [
            lambda held=held: give_back(client, liu, held["id"]),
            lambda held=held: hand_out(client, li, held["code"]),
        ]
        answers = at_once(calls if turn % 2 else calls[::-1])
        won = [a for a in answers if a.status_code == 200]
        assert len(won) == 1, [a.text for a in answers]
        assert {a.status_code for a in answers} <= {200, 409, 410}
        handed_out += won[0].json()["state"] == "fulfilled"
    with work(db, write=False) as tx:
        assert stock(tx, shop.soap) == (10 - handed_out, 0)
        assert points(tx, shop.liu_bo) == (100 - 5 * handed_out, 0, 0)


def test_one_key_twenty_times_at_once_has_one_effect(client, db, shop, as_):
    headers = {**as_(shop.liu_bo), **key()}
    answers = at_once([lambda: buy(client, headers, shop.soap)] * 20)
    seen = statuses(answers)
    assert set(seen) <= {201, 409}
    assert seen[201] >= 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {
        "idempotency_in_progress"
    }
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1
    with work(db, write=False) as tx:
        assert points(tx, shop.liu_bo) == (95, 0, 5)
        assert stock(tx, shop.soap) == (10, 1)


def test_buying_while_the_keeper_hands_out_is_no_deadlock(client, db, shop, as_):
    """The same rider and shelf from both ends: locks are taken in one order, so nobody waits."""
    liu, li = as_(shop.liu_bo), as_(shop.li)
    with work(db, write=True) as tx:
        earn(tx, shop.fund, shop.liu_bo, 400)
        shelf.restock(tx, (STATION, shop.soap.id), 90, source="delivery-2", actor_id=shop.li.id)
    for _ in range(12):
        codes = [buy(client, liu, shop.soap).json()["code"] for _ in range(2)]
        calls = [lambda code=code: hand_out(client, li, code) for code in codes]
        calls += [lambda: buy(client, liu, shop.soap)] * 3
        assert statuses(at_once(calls)) == {200: 2, 201: 3}


def test_one_person_never_overdraws_from_many_phones(client, db, shop, as_):
    liu = as_(shop.liu_bo)
    with work(db, write=True) as tx:
        gold = store.add_item(tx, "gold", ("米", "Rice"), 30, 100)
        shelf.restock(tx, (STATION, gold.id), 50, source="delivery-2", actor_id=shop.li.id)
    answers = at_once([lambda: buy(client, liu, gold)] * 12)
    assert statuses(answers) == {201: 3, 409: 9}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"points_insufficient"}
    with work(db, write=False) as tx:
        assert points(tx, shop.liu_bo) == (10, 0, 90)


def test_carts_in_opposite_order_do_not_block_each_other(client, db, shop, as_):
    with work(db, write=True) as tx:
        tea = store.add_item(tx, "tea", ("茶", "Tea"), 5, 100)
        for item in (tea, shop.soap):
            shelf.restock(tx, (STATION, item.id), 50, source="delivery-2", actor_id=shop.li.id)
        buyers = [make_buyer(tx, shop, 20) for _ in range(16)]
    headers = [as_(buyer) for buyer in buyers]
    carts = [draft(tea, shop.soap), draft(shop.soap, tea)]
    answers = at_once(
        [
            lambda h=h, n=n: client.post(
                "/v1/redemptions", json=carts[n % 2], headers={**h, **key()}
            )
            for n, h in enumerate(headers)
        ]
    )
    assert statuses(answers) == {201: 16}


def limited(client, headers, **limit):
    """Tea of which a person may take so many in so many days; fifty lie on the shelf."""
    body = {
        "name": "茶", "name_en": "Tea", "kind": "food", "points": 5, "cost_fen": 100,
        "published": True, **limit,
    }  # fmt: skip
    made = client.put("/v1/items/tea", json=body, headers=headers)
    assert made.status_code == 200, made.text
    return SimpleNamespace(id=UUID(made.json()["id"]))


def test_the_limit_of_a_person_holds_from_many_phones(client, db, shop, as_):
    tea = limited(client, as_(shop.sun), person_limit=2, limit_days=7)
    assert restock(client, as_(shop.li), tea, 50, "d").status_code == 200
    liu = as_(shop.liu_bo)
    answers = at_once([lambda: buy(client, liu, tea)] * 10)
    assert statuses(answers) == {201: 2, 409: 8}
    refused = {a.json()["code"] for a in answers if a.status_code == 409}
    assert refused == {"person_limit_reached"}
    with work(db, write=False) as tx:
        assert stock(tx, tea) == (50, 2)
        assert points(tx, shop.liu_bo) == (90, 0, 10)


def test_a_transfer_against_redeeming_leaves_no_piece_twice(client, db, shop, as_):
    with work(db, write=True) as tx:
        buyers = [make_buyer(tx, shop, 10) for _ in range(6)]
        shelf.restock(tx, (OTHER_STATION, shop.soap.id), 4, source="d", actor_id=None)
    headers, li, zhou = [as_(buyer) for buyer in buyers], as_(shop.li), as_(shop.zhou)
    calls = [lambda h=h: buy(client, h, shop.soap, quantity=2) for h in headers]
    back = {"source": OTHER_STATION, "to": STATION}
    for n in range(3):
        calls.append(lambda n=n: transfer(client, li, shop.soap, 3, f"out-{n}"))
        calls.append(lambda n=n: transfer(client, zhou, shop.soap, 2, f"in-{n}", **back))
    answers = at_once(calls)
    assert set(statuses(answers)) <= {200, 201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"stock_exhausted"}
    bought = sum(a.status_code == 201 for a in answers)
    with work(db, write=False) as tx:
        here, there = (stock(tx, shop.soap, s) for s in (STATION, OTHER_STATION))
    assert here[0] + there[0] == 14
    assert (here[1], there[1]) == (2 * bought, 0)


def test_one_delivery_booked_by_two_counts_once(client, db, shop, as_):
    keepers = [as_(shop.li), as_(shop.wang)]
    answers = at_once([lambda h=h: restock(client, h, shop.soap, 5, "SH-1") for h in keepers * 5])
    assert statuses(answers) == {200: 10}
    same = [lambda h=h: transfer(client, h, shop.soap, 3, "DB-1") for h in keepers * 5]
    assert statuses(at_once(same)) == {200: 10}
    with work(db, write=False) as tx:
        assert stock(tx, shop.soap) == (12, 0)
        assert stock(tx, shop.soap, OTHER_STATION) == (3, 0)


def test_a_stock_take_against_redeeming_never_counts_below_what_is_held(client, db, shop, as_):
    with work(db, write=True) as tx:
        buyers = [make_buyer(tx, shop, 5) for _ in range(8)]
    headers, li = [as_(buyer) for buyer in buyers], as_(shop.li)
    calls = [lambda h=h: buy(client, h, shop.soap) for h in headers]
    calls.insert(4, lambda: count(client, li, shop.soap, 3))
    answers = at_once(calls)
    refused = {a.json()["code"] for a in answers if a.status_code == 409}
    assert refused <= {"stock_exhausted", "count_below_reserved"}
    with work(db, write=False) as tx:
        on_hand, reserved = stock(tx, shop.soap)
    assert on_hand in {3, 10}
    assert reserved == sum(a.status_code == 201 for a in answers) <= on_hand


def test_two_devices_accept_one_code_one_posts_and_one_is_an_exception(client, db, shop, as_):
    liu, li, wang = as_(shop.liu_bo), as_(shop.li), as_(shop.wang)
    for turn in range(5):
        code = buy(client, liu, shop.soap).json()["code"]
        calls = [
            lambda h=h, n=n, code=code: accept(client, h, (n, code))
            for h, n in ((li, f"A-{turn}"), (wang, f"B-{turn}"), (li, f"A-{turn}"))
        ]
        answers = at_once(calls)
        assert statuses(answers) == {200: 3}
        seen = {
            (item["acceptance"], item["outcome"], item["why"])
            for answer in answers
            for item in answer.json()["items"]
        }
        assert sorted(outcome for _, outcome, _ in seen) == ["exception", "fulfilled"]
        assert {why for _, _, why in seen} == {None, "used"}
    with work(db, write=False) as tx:
        assert stock(tx, shop.soap) == (5, 0)
        assert points(tx, shop.liu_bo) == (75, 0, 0)
        assert tx.scalar(select(func.count()).select_from(CounterException)) == 5


def test_accepted_fulfilled_and_cancelled_at_once_is_one_of_them(client, db, shop, as_):
    liu, li, wang = as_(shop.liu_bo), as_(shop.li), as_(shop.wang)
    out = 0
    for turn in range(6):
        held = buy(client, liu, shop.soap).json()
        answers = at_once(
            [
                lambda turn=turn, held=held: accept(client, wang, (f"A-{turn}", held["code"])),
                lambda held=held: hand_out(client, li, held["code"]),
                lambda held=held: give_back(client, liu, held["id"]),
                lambda: client.get(f"/v1/stations/{STATION}/offline-list", headers=li),
            ]
        )
        (accepted,) = answers[0].json()["items"]
        won = [accepted["outcome"] == "fulfilled", *(a.status_code == 200 for a in answers[1:3])]
        assert sum(won) == 1, [a.text for a in answers]
        assert answers[3].status_code == 200
        out += not won[2]
    with work(db, write=False) as tx:
        assert stock(tx, shop.soap) == (10 - out, 0)


def test_whoever_begins_to_wait_while_the_shelf_is_filled_is_told(client, db, shop, as_, drain):
    """They wait and are told, or hear that there is something: never neither."""
    riders = []
    for turn in range(6):
        with work(db, write=True) as tx:
            riders.append(make_rider(tx))
            rare = store.add_item(tx, f"rare-{turn}", ("茶", "Tea"), 5, 100)
            shelf.open_row(tx, (STATION, rare.id))
        url = f"/v1/stations/{STATION}/items/{rare.id}/wait"
        headers, li = as_(riders[-1]), as_(shop.li)
        calls = [
            lambda url=url, h=headers: client.put(url, headers=h),
            lambda rare=rare, li=li: restock(client, li, rare, 1, "d"),
        ]
        waited, filled = at_once(calls)
        assert filled.status_code == 200
        drain()
        inbox = client.get("/v1/inbox", headers=headers).json()["items"]
        assert len(inbox) == (waited.status_code == 200), waited.text
