"""Every operation by everyone: one row each, and an operation without a row fails.

A row says what a caller without a token, the wrong people, strangers, an object in the wrong state
and a malformed request get. What the right people get is the matter of each feature's own tests.
"""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from cast import DISTRICT
from flows.story import key
from matrix.row import ABSENT, MARKER, NOT
from matrix.stage import public_word
from matrix.table import CONTRIBUTION, TABLE
from matrix.world import filled, operations
from sqlalchemy import update

from app.identity import ending
from app.identity import service as identity
from app.identity.models import Person, Role
from app.kit.db import work

PRIVATE = [name for name, row in TABLE.items() if row.public is None]
# For programs alone: whatever became of a person's session, they have no scope.
PROGRAMS = re.compile("/members/|/till/")
OUT = ("signed_out", "disabled", "expired")


@contextmanager
def told(case):
    """A row asks for many; says of a failure for which."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"asked with {case}")
        raise


def refused(answer, status, code=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
    assert body["status"] == status
    assert code is None or body["code"] == code, body


def test_every_operation_has_a_row_and_every_row_an_operation(app):
    found = [name for name in operations(app.routes) if not name.startswith("HEAD ")]
    assert sorted(found) == sorted(TABLE)


def test_every_operation_without_an_actor_is_public_here(app):
    open_writes = {"POST /v1/auth/wechat", "POST /v1/auth/password", "POST /v1/auth/refresh",
                   "POST /v1/auth/token", "POST /v1/auth/development",
                   "POST /v1/wechat/push"}  # fmt: skip
    public = {name for name, row in TABLE.items() if row.public is not None}
    assert {name for name in public if not name.startswith("GET ")} == open_writes


@pytest.mark.parametrize("name", TABLE)
def test_nobody(ask, name):
    row, answer = TABLE[name], ask(name)
    if row.public is None:
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert answer.status_code == row.public, answer.text


@pytest.mark.parametrize("name", PRIVATE)
def test_a_token_that_is_not_ours(client, ask, world, name):
    world.who["forged"] = {"Authorization": "Bearer a.b.c"}
    refused(ask(name, "forged"), 401, "token_invalid")


@pytest.fixture
def out(world, db, newcomer, app):
    """Names of those who have a token of ours, and are out all the same."""
    if "signed_out" not in world.who:
        for how in OUT:
            person = newcomer(*((role, DISTRICT) for role in Role))
            life = timedelta(minutes=-1) if how == "expired" else timedelta(hours=1)
            with work(db, write=True) as tx:
                signed = identity._open(tx, app.state.token_keys, person.id, life)
                if how == "signed_out":
                    claims = app.state.token_keys.verify(signed.access_token)
                    ending.end(tx, claims["sid"], "signed_out")
                if how == "disabled":
                    disabled = update(Person).where(Person.id == person.id)
                    tx.execute(disabled.values(state="disabled"))
            world.who[how] = {"Authorization": f"Bearer {signed.access_token}"}
    return OUT


@pytest.mark.parametrize("name", [name for name in PRIVATE if not PROGRAMS.search(name)])
def test_whoever_is_out(ask, out, name):
    """A session that ended, a person who was disabled: refused at the next request."""
    for who in out:
        with told(who):
            answer = ask(name, who)
            # A photo is looked at before the session, so that no transaction waits for it.
            if name == "POST /v1/photos":
                assert answer.status_code in {401, 415}
            else:
                refused(answer, 401, "session_ended")


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.works])
def test_those_who_may_read(ask, name):
    for who in TABLE[name].works:
        with told(who):
            answer = ask(name, who)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", [name for name, row in TABLE.items() if row.forbidden and name != "POST /v1/photos"]
)
def test_the_wrong_people(ask, name):
    for code, people in TABLE[name].forbidden.items():
        for who in people:
            with told(who):
                refused(ask(name, who), 403, code)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.strangers])
def test_strangers_hear_what_is_heard_of_nothing(ask, name):
    nothing = {"code": "2345678923"} if "fulfil" in name else ...
    for who in TABLE[name].strangers:
        with told(who):
            strange = ask(name, who)
            refused(strange, 404)
            absent = ask(name, who, url=TABLE[name].absent, body=nothing)
            assert public_word(strange) == public_word(absent)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.absent])
def test_what_is_absent(ask, name):
    row = TABLE[name]
    body = {"code": "2345678923"} if "fulfil" in name else ...
    answer = ask(name, None if row.public else row.by, url=row.absent, body=body)
    refused(answer, 404)
    assert ABSENT not in answer.text


@pytest.mark.parametrize(
    ("name", "who", "address", "body", "status", "code"),
    [(name, *case) for name, row in TABLE.items() for case in row.wrong_state],
)
def test_the_wrong_state(ask, name, who, address, body, status, code):
    refused(ask(name, who, url=address, body=body if body is not None else ...), status, code)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.malformed])
def test_malformed_bodies(ask, name):
    row = TABLE[name]
    for body in row.malformed:
        with told(body):
            answer = ask(name, None if row.public else row.by, body=body)
            refused(answer, 422, "unprocessable")
            assert answer.json()["errors"]
            echoed = answer.text.replace(f'"{MARKER}"', "") if body == {MARKER: 1} else answer.text
            assert MARKER not in echoed


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.bad_urls])
def test_malformed_addresses(ask, name):
    row = TABLE[name]
    who = None if row.public else "qian" if row.forbidden == NOT else row.by
    for address in row.bad_urls:
        full = address if address.startswith("/") else row.url.partition("?")[0] + address
        with told(full):
            answer = ask(name, who, url=full)
            assert answer.status_code in {400, 422}, answer.text
            refused(answer, answer.status_code)
            assert MARKER not in answer.text


@pytest.mark.parametrize(
    "name", ["POST /v1/reports", "POST /v1/redemptions", "POST /v1/funds/{fund_id}/contributions"]
)
def test_writes_that_need_a_key(client, world, name):
    row = TABLE[name]
    answer = client.post(
        filled(row.url, world.things), json=filled(row.body, world.things),
        headers=world.who[row.by],
    )  # fmt: skip
    refused(answer, 400, "idempotency_key_missing")


@pytest.mark.parametrize("path", ["/v1/points/notices", "/v1/points/rules"])
def test_a_path_that_anyone_reads_is_not_one_that_anyone_writes_to(client, path):
    # Refused at the door: nothing of the request was read.
    refused(client.post(path, json={}), 401, "unauthenticated")


def test_the_move_that_lacks_its_version(client, world):
    url = filled("/v1/cases/{case}/moves", world.things)
    answer = client.post(url, json={"move": "verify"}, headers=world.who["wang"])
    refused(answer, 428, "precondition_required")


def test_a_proposer_never_approves(client, world, cast, newcomer, as_):
    both = as_(newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT)))
    url = f"/v1/funds/{cast.fund.id}/contributions"
    made = client.post(url, json=CONTRIBUTION, headers={**both, **key()}).json()
    refused(client.post(f"{url}/{made['id']}/approve", headers=both), 403, "second_person_needed")


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/cases/x/y/z", "/", "/v1/photos/a/b/c", "/.env"]
)
def test_paths_that_do_not_exist(client, path):
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/me/summary"),
        ("PUT", "/v1/reports"),
        ("POST", "/v1/regions"),
        ("PATCH", "/v1/me"),
    ],
)
def test_methods_that_do_not_exist(client, world, method, path):
    answer = client.request(method, path, headers=world.who["liu_bo"])
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]
