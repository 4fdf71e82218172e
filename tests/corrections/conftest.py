"""This folder's tests share one stage a module and engine, with an external store."""

from dataclasses import dataclass
from typing import Any

import pytest
from cast import DISTRICT
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from till.conftest import SCOPES, Till

from app.identity import service as identity
from app.kit import clock
from app.kit.db import work


@dataclass
class External(Till):
    """A store outside whose till sells for points: five of them for four yuan."""

    app: Any = None

    def asked(self, person: Any) -> dict[str, Any]:
        """A hold."""
        codes = self.app.state.member_codes
        return self.held(codes.shown(person.id, person.member_no, clock.now()))

    def sold(self, person: Any) -> dict[str, Any]:
        """A hold that was fulfilled."""
        done = self.move(self.asked(person), "fulfil")
        assert done.status_code == 200, done.text
        return done.json()

    def shown(self, hold: dict[str, Any]) -> dict[str, Any]:
        return self.get(f"holds/{hold['id']}").json()


@pytest.fixture(scope="module")
def external(client, db, app, cast):
    with work(db, write=True) as tx:
        identity.add_client(tx, "shop-1", "外部超市", SCOPES, DISTRICT)
    return External(client, "shop-1", app.state.token_keys, app)


@pytest.fixture
def ma(cast, as_):
    """Headers of the fund manager."""
    return as_(cast.ma)


@pytest.fixture
def wu(cast, as_):
    """Headers of the fund approver."""
    return as_(cast.wu)
