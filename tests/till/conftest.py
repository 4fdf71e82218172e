"""This folder's tests share one stage a module and engine: two external stores, and their till."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from cast import DISTRICT
from ledger.build import broken, earn
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401

from app.identity import service as identity
from app.identity.tokens import TokenKeys
from app.kit import clock
from app.kit.db import work
from app.ledger import queries as ledger
from app.ledger.models import Fund

SCOPES = ["points:read", "points:hold"]
STORES = ("shop-1", "shop-2")
_number = itertools.count(1)


@dataclass
class Till:
    """A store's program, with a token that is good at whatever time the clock tells."""

    client: Any
    name: str
    keys: TokenKeys

    @property
    def headers(self) -> dict[str, str]:
        token = self.keys.issue(f"client:{self.name}", scope=" ".join(SCOPES))
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return self.client.get(f"/v1/till/{path}", headers=self.headers)

    def hold(self, code: str, **draft: Any) -> Any:
        body = {"code": code, "points": 5, "cost_fen": 400, "reference": new_reference(), **draft}
        return self.client.post("/v1/till/holds", json=body, headers=self.headers)

    def held(self, code: str, **draft: Any) -> dict[str, Any]:
        answer = self.hold(code, **draft)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def move(self, hold: dict[str, Any], verb: str) -> Any:
        return self.client.post(f"/v1/till/holds/{hold['id']}/{verb}", headers=self.headers)


def new_reference() -> str:
    return f"R-{next(_number)}"


@pytest.fixture(scope="module")
def shops(client, db, app, cast):
    with work(db, write=True) as tx:
        for name in STORES:
            identity.add_client(tx, name, f"商店{name}", SCOPES, DISTRICT)
    return [Till(client, name, app.state.token_keys) for name in STORES]


@pytest.fixture
def shop(shops):
    return shops[0]


@pytest.fixture
def other(shops):
    return shops[1]


@pytest.fixture
def member(db, cast, newcomer):
    """Somebody with twenty points to spend, whom no other test knows."""
    person = newcomer()
    with work(db, write=True) as tx:
        earn(tx, tx.get_one(Fund, cast.fund.id), person, 20)
    return person


@pytest.fixture
def code(app):
    """What a member's screen shows now."""
    return lambda person: app.state.member_codes.shown(person.id, person.member_no, clock.now())


@pytest.fixture
def points(db):
    """Spendable and held points of a person."""

    def look(person) -> tuple[int, int]:
        with work(db, write=False) as tx:
            told = ledger.points(tx, person.id, clock.now())
        return told.spendable, told.held

    return look


@pytest.fixture(scope="module", autouse=True)
def _audited(db):
    yield
    assert broken(db) == []
