"""A block goes on for whoever ends their account and comes back by the same WeChat."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from cast import DISTRICT, GRID
from conduct.hands import reported
from flows.story import key
from sqlalchemy import select

from app.conduct.models import Block
from app.conduct.service import forget_old
from app.identity import service
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.seal import Seal


@pytest.fixture
def enter(app, db):
    """Signs a WeChat user in, as the API does once WeChat told who they are."""

    def sign_in(openid, seal=None):
        with work(db, write=True) as tx:
            keys, seal = app.state.token_keys, seal or app.state.seal
            signed = service.sign_in_with_wechat(tx, keys, seal, "wx-test", openid, None)
        return SimpleNamespace(
            id=signed.person.id, member_no=signed.person.member_no,
            headers={"Authorization": f"Bearer {signed.access_token}"},
        )  # fmt: skip

    return sign_in


@pytest.fixture
def block(client, db, desk):
    def make(person, **more):
        reported(db, person.id, GRID)
        body = {
            "member_no": person.member_no, "region_code": DISTRICT, "reason": "abuse",
            "note": "言语辱骂", **more,
        }  # fmt: skip
        made = client.post("/v1/blocks", json=body, headers={**desk.qian, **key()})
        assert made.status_code == 201, made.text
        return made.json()["id"]

    return make


@pytest.fixture
def leave(client):
    def end(person):
        done = client.delete("/v1/me", headers={**person.headers, **key()})
        assert done.status_code == 204, done.text

    return end


@pytest.fixture
def blocked(client):
    def is_blocked(person):
        standing = client.get("/v1/me/standing", headers=person.headers).json()
        return standing["block"] is not None

    return is_blocked


def marks(db, block_id):
    with work(db, write=False) as tx:
        return tx.scalars(select(Block.mark).where(Block.id == block_id)).one()


def test_it_goes_on_until_it_is_lifted(client, db, desk, enter, block, leave, blocked):
    openid = f"back-{new_id()}"
    first = enter(openid)
    block_id = block(first)
    assert openid not in marks(db, block_id)
    leave(first)
    second = enter(openid)
    assert second.id != first.id
    assert blocked(second)
    # Nor is it shed by doing the same again.
    leave(second)
    third = enter(openid)
    assert blocked(third)
    assert not blocked(enter(f"stranger-{new_id()}"))
    lifted = client.post(f"/v1/blocks/{block_id}/lift", headers={**desk.qian, **key()})
    assert lifted.json()["member_no"] == third.member_no
    assert not blocked(third)
    assert marks(db, block_id) is None


def test_also_after_the_secret_was_changed(settings, enter, block, leave, blocked):
    openid = f"back-{new_id()}"
    first = enter(openid)
    block(first)
    leave(first)
    secret = settings.seal_secrets[0]
    assert blocked(enter(openid, Seal("another secret of the service", secret)))


def test_what_is_over_is_forgotten(db, enter, block, leave, blocked):
    openid = f"back-{new_id()}"
    first = enter(openid)
    ends = block(first, until=(clock.now() + timedelta(days=1)).isoformat())
    lasts = block(enter(f"stays-{new_id()}"))
    leave(first)
    clock.shift(timedelta(days=1))
    assert not blocked(enter(openid))
    with work(db, write=False) as tx:
        # Nor is the one that ended told to be of the new person.
        assert tx.get_one(Block, ends).person_id == first.id
    with work(db, write=True) as tx:
        forget_old(tx)
    assert (marks(db, ends), marks(db, lasts) is None) == (None, False)
