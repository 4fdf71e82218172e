"""This folder's tests share one stage a module and engine, and an administrator's office."""

import itertools
from types import SimpleNamespace

import pytest
from accounts.hands import FAR, OWN, bearer
from cast import DISTRICT, STREET
from fastapi.testclient import TestClient
from flows.story import key
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from sqlalchemy import select

from app.identity.models import Role
from app.kit import actions
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions


@pytest.fixture(scope="module")
def office(client, app, db, cast, as_, newcomer):
    """Sun and `other` administer the district, `street` a street of it, `far` another district."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
    street = newcomer((Role.ADMINISTRATOR, STREET))
    far = newcomer((Role.ADMINISTRATOR, FAR))
    other = newcomer((Role.ADMINISTRATOR, DISTRICT))
    who = {"sun": cast.sun, "other": other, "street": street, "far": far}
    names, addresses = itertools.count(1), itertools.count(1)

    def send(by, url, body=None, verb="POST"):
        # Signed in anew each time: the clock may have gone on.
        headers = as_(who[by]) if isinstance(by, str) else by
        return client.request(verb, url, json=body, headers={**headers, **key()})

    def made(by="sun", region=DISTRICT, *roles):
        """A new member of staff with a password of their own."""
        username = f"staff-{next(names)}"
        draft = {"name": "新员工", "username": username, "region_code": region}
        answer = send(by, "/v1/staff", draft)
        assert answer.status_code == 201, answer.text
        staff = answer.json()
        first = bearer(enter(username, staff["password"]))
        assert change(first, staff["password"], OWN).status_code == 200
        for role, place in roles:
            grant(staff["id"], role, place)
        return SimpleNamespace(id=staff["id"], username=username)

    def enter(username, password=OWN, code=None):
        """Signs in, each time from another address."""
        n = next(addresses)
        elsewhere = TestClient(
            app, raise_server_exceptions=False, client=(f"10.{n // 250}.{n % 250}.9", 1)
        )
        body = {"username": username, "password": password}
        return elsewhere.post(
            "/v1/auth/password", json=body if code is None else {**body, "code": code}
        )

    def change(headers, old, new):
        return send(headers, "/v1/me/password", {"old": old, "new": new}, "PUT")

    def grant(person, role, region, by="other"):
        # Not by whom the account was made: they give no role of money, audit or administration.
        answer = send(by, "/v1/roles", {"person_id": person, "role": role, "region_code": region})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def logged(action, object_id):
        with work(db, write=False) as tx:
            query = select(actions.StaffAction).where(
                actions.StaffAction.action == action, actions.StaffAction.object_id == object_id
            )
            return list(tx.scalars(query))

    return SimpleNamespace(
        send=send, made=made, enter=enter, change=change, grant=grant, logged=logged, who=who,
        me=lambda headers: client.get("/v1/me", headers=headers),
        get=lambda by, url: send(by, url, None, "GET"),
    )  # fmt: skip
