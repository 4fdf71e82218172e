"""Every rule of the households' audit finds the forgery that it is there for."""

# ruff: noqa: S608 - all of it is written here

import pytest
from cast import STATION
from flows.story import key
from forging import named
from ledger.build import broken, earn

from app.households.audit import CHECKS
from app.kit.db import work
from app.ledger.models import Fund
from app.store.audit import CHECKS as STORE

SPENT = "a redemption takes points from the purse of its person"
FORGERIES = {
    "who belongs to a household spends from its purse": (
        "DELETE FROM purses",
        "UPDATE accounts SET owner = 'x' WHERE kind = 'household'",
        "UPDATE household_members SET left_at = NULL",
    ),
    "who spends from a household's purse belongs to it": (
        "DELETE FROM household_members",
        "UPDATE household_members SET left_at = joined_at",
        "UPDATE accounts SET owner = 'x' WHERE kind = 'household'",
    ),
}


@pytest.fixture(scope="module")
def lived(client, db, cast, newcomer, as_):
    """Two found a household, buy a soap together, and one of them leaves."""
    head, second = newcomer(), newcomer()
    with work(db, write=True) as tx:
        earn(tx, tx.get_one(Fund, cast.fund.id), second, 10)
    ask = {"member_no": second.member_no}
    founded = {"name": "一家", "split": "equal"}
    client.post("/v1/household", json=founded, headers=as_(head))
    asked = client.post("/v1/household/invitations", json=ask, headers=as_(head)).json()
    client.post(f"/v1/household/invitations/{asked['id']}/accept", headers=as_(second))
    cart = {"station_id": STATION, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    bought = client.post("/v1/redemptions", json=cart, headers={**as_(head), **key()})
    assert bought.status_code == 201, bought.text
    assert client.post("/v1/household/leave", headers=as_(second)).status_code == 200
    assert broken(db) == []
    return db


def test_every_rule_has_its_forgeries():
    assert set(FORGERIES) == set(CHECKS)


@pytest.mark.parametrize("rule", FORGERIES)
def test_named(lived, rule):
    for forgery in FORGERIES[rule]:
        assert rule in named(lived, CHECKS, forgery), forgery


def test_nobody_else_spends_what_a_household_shares(lived):
    never = "id NOT IN (SELECT person_id FROM household_members)"
    stranger = f"(SELECT id FROM people WHERE {never} LIMIT 1)"
    assert SPENT not in named(lived, STORE, "UPDATE households SET name = 'x'")
    forgeries = (
        f"UPDATE redemptions SET person_id = {stranger}",
        "UPDATE household_members SET person_id = household_id",
    )
    for forgery in forgeries:
        assert SPENT in named(lived, STORE, forgery), forgery
