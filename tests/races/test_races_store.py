"""The store under many hands at once: real commits, real threads, over HTTP, on both databases."""

from collections import Counter

import pytest
from ledger.build import broken, earn, points
from races.together import at_once
from store.build import STATION, buy, draft, give_back, hand_out, key, make_buyer, make_shop, stock

from app.kit.db import work
from app.store import service as store
from app.store import stock as shelf


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
