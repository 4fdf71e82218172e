"""This folder's tests share one stage a module and engine."""

import itertools

import pytest
from cast import DISTRICT
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401

from app.identity import service as identity
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import service as ledger
from app.till import service as tills
from app.till.models import TillHold

_number = itertools.count(1)


@pytest.fixture
def external(db):
    """A sale at an external store; says its number."""

    def sell(person, points, cost_fen):
        reference = f"S-{next(_number)}"
        with work(db, write=True) as tx:
            name = f"coop{next(_number)}"
            identity.add_client(tx, name, "供销社", ["points:hold"], DISTRICT)
            now, hold_id = clock.now(), new_id()
            tx.add(
                TillHold(
                    id=hold_id, client_id=name, reference=reference, person_id=person.id,
                    points=points, cost_fen=cost_fen, state="fulfilled", created_at=now,
                    expires_at=now + tills.LIFE, resolved_at=now,
                )
            )  # fmt: skip
            tx.flush()
            source = str(hold_id)
            ledger.hold(tx, source=source, person_id=person.id, points=points, reason="till_hold")
            ledger.fulfil(tx, source=source, cost_fen=cost_fen, merchant=name, reason="till_fulfil")
        return reference

    return sell
