"""Money that arrives while points are earned with it: real commits, on both databases."""

from collections import Counter

import pytest
from cast import actor
from ledger.build import earn, left_of, make_fund, make_rider, money
from races import units
from races.together import at_once

from app.identity.models import Role
from app.kit.db import work
from app.ledger import book, funds
from app.ledger.models import Fund
from app.ledger.schemas import ContributionDraft

SHARDS, ROUNDS = 6, 4


@pytest.fixture(params=[1, -1], ids=["as_counted", "the_other_way_round"])
def fund(db, town, request):
    """A fund whose pools were opened, so that their ids grow, in this order of their numbers."""
    with work(db, write=True) as tx:
        made = make_fund(tx, town.ma, town.wu, fen=0, shards=SHARDS)
        for shard in range(SHARDS)[:: request.param]:
            book.account(tx, "CNY", "pool", str(made.id), shard)
    return made


def promised(tx, town, fund, fen):
    """What is proposed, as a call that a unit makes."""
    ma, wu = actor(town.ma, Role.FUND_MANAGER), actor(town.wu, Role.FUND_APPROVER)
    draft = ContributionDraft(kind="village", contributor="社区", fen=fen)
    one = funds.propose(tx, ma, fund.id, draft).id

    def approve(tx):
        funds.approve(tx, wu, fund.id, one)
        return "arrived"

    return approve


def draw(tx, fund, rider, points):
    earn(tx, tx.get_one(Fund, fund.id), rider, points, settled=False)
    return "drawn"


def test_money_arrives_while_all_pools_are_drawn_from(db, town, fund):
    """No shard has enough for one of these awards alone, so each of them locks all."""
    with work(db, write=True) as tx:
        promised(tx, town, fund, 60_000)(tx)
    for _ in range(ROUNDS):
        with work(db, write=True) as tx:
            approvals = [promised(tx, town, fund, 12_000) for _ in range(2)]
            riders = [make_rider(tx) for _ in range(4)]
        calls = [lambda one=one: units.unit(db, one) for one in approvals]
        calls += [lambda rider=rider: units.unit(db, draw, fund, rider, 250) for rider in riders]
        answers = Counter(at_once(calls))
        assert answers["arrived"] == 2
        assert answers["drawn"] + answers["PoolExhausted"] == 4
    with work(db, write=False) as tx:
        available, reserved, paid = money(tx, tx.get_one(Fund, fund.id))
    assert (available + reserved, paid) == (60_000 + ROUNDS * 24_000, 0)


def test_two_approvals_at_once_give_two_receipts(db, town, fund):
    with work(db, write=True) as tx:
        approvals = [promised(tx, town, fund, 601) for _ in range(5)]
    answers = at_once([lambda one=one: units.unit(db, one) for one in approvals])
    assert answers == ["arrived"] * 5
    with work(db, write=False) as tx:
        assert left_of(tx, fund) == [601] * 5
