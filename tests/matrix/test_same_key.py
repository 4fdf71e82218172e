"""The same request with the same key: one effect and one answer, at every operation that writes.

Requests come from the matrix' rows; where a row's own would be refused, `fresh.py` has one that
succeeds. So a new operation is held to it from its first day.
"""

import json

import pytest
from flows.story import key, picture
from matrix.fresh import FRESH, Asked
from matrix.table import TABLE
from matrix.world import filled

from app import tables
from app.identity.api import development
from app.main import ROUTERS

SIGN_IN = "Answers of sign-in are tokens: they are never stored, so each sign-in is a new session."
# Writes that take no key.
KEYLESS = {
    "POST /v1/auth/wechat": SIGN_IN, "POST /v1/auth/password": SIGN_IN,
    "POST /v1/auth/refresh": SIGN_IN, "POST /v1/auth/token": SIGN_IN,
    "POST /v1/auth/development": SIGN_IN,
    "POST /v1/wechat/push": "WeChat sends it and knows no keys: a push carries an id of its own.",
}  # fmt: skip
# Writes whose second answer is another one.
OVER = {
    "POST /v1/auth/logout": "The session is over, so whoever asks again is nobody.",
    "POST /v1/me/staff-binding": "As above: the next sign-in by WeChat is the staff member's.",
    "DELETE /v1/me": "So is the person.",
}
# Fields that are told in the first answer alone.
TOLD_ONCE = {
    "POST /v1/webhooks": ("secret", "Never stored in plain; `rotate` gives another one."),
    "POST /v1/webhooks/{webhook_id}/rotate": ("secret", "As above."),
    "POST /v1/staff": ("password", "Kept as a hash; `reset-password` gives another one."),
    "POST /v1/staff/{person_id}/reset-password": ("password", "As above."),
    "POST /v1/staff/{person_id}/invitations": ("code", "Kept as a hash; ask for another one."),
    "POST /v1/me/totp": ("secret uri", "Kept sealed; ask again while it is not confirmed."),
    "POST /v1/clients": ("secret", "Kept as a hash; `rotate` gives another one."),
    "POST /v1/clients/{client_id}/rotate": ("secret", "As above."),
}
# What is verified again is counted again, or a retry would be a way to guess.
COUNTED = {"PUT /v1/me/password": ["attempts"]}
WRITES = [name for name in TABLE if not name.startswith("GET ")]
KEYED = [name for name in WRITES if name not in KEYLESS]


@pytest.fixture
def ask(client, world):
    """A request that succeeds, ready to be sent: `send()`, or with another body `send(True)`."""

    def prepare(name):
        method, row = name.partition(" ")[0], TABLE[name]
        who = (row.works or (row.by,))[0]
        plain = Asked({**row.headers, **world.who[who]}, row.url, row.body)
        asked = FRESH[name](world) if name in FRESH else plain
        headers = {**asked.who, **key()}
        url, body = filled(asked.url, world.things), filled(asked.body, world.things)
        pictures = {other: picture() for other in (False, True)}

        def send(other=False):
            if name == "POST /v1/photos":
                files = {"file": ("p.jpg", pictures[other], "image/jpeg")}
                return client.request(method, url, headers=headers, files=files)
            content = b"" if body is None else json.dumps(body).encode()
            content += (b" " if content else b"{}") if other else b""
            typed = headers | ({"content-type": "application/json"} if content else {})
            return client.request(method, url, headers=typed, content=content)

        return send

    return prepare


@pytest.fixture
def everything(db, folder):
    """Every row of every table as the engine gives it, and every stored file."""

    def read():
        with db.reader.connect() as connection:
            cursor = connection.connection.cursor()
            found = {
                table.name: cursor.execute(f"SELECT * FROM {table.name}").fetchall()  # noqa: S608
                for table in tables.metadata.sorted_tables
            }
        files = (folder / "bucket").rglob("*")
        found["files"] = sorted(path.as_posix() for path in files if path.is_file())
        return found

    return read


def changed(before, after):
    return [name for name in before if before[name] != after[name]]


def said(answer):
    kept = ("content-type", "etag", "location")
    return answer.status_code, answer.content, [answer.headers.get(name) for name in kept]


@pytest.mark.parametrize("name", [name for name in KEYED if name not in OVER])
def test_a_retry_gets_the_first_answer_and_writes_nothing(ask, everything, name):
    send = ask(name)
    first = send()
    assert first.is_success, f"fresh.py needs a request that succeeds: {first.text}"
    assert "idempotency-replayed" not in first.headers
    before = everything()
    again, other = send(), send(other=True)
    assert again.headers.get("idempotency-replayed") == "true"
    if name in TOLD_ONCE:
        secrets = TOLD_ONCE[name][0].split()
        assert all(first.json()[secret] for secret in secrets)
        assert again.json() == {**first.json(), **dict.fromkeys(secrets)}
    else:
        assert said(again) == said(first)
    assert (other.status_code, other.json().get("code")) == (422, "idempotency_key_reused")
    assert changed(before, everything()) == COUNTED.get(name, [])


@pytest.mark.parametrize("name", OVER)
def test_a_retry_of_what_ended_the_session_writes_nothing_either(ask, everything, name):
    send = ask(name)
    assert send().is_success
    before, again = everything(), send()
    assert (again.status_code, again.json()["code"]) == (401, "session_ended")
    assert changed(before, everything()) == []


def test_a_refusal_is_repeated_too(client, world, everything):
    """Whatever has changed in between: whoever wants another answer takes another key."""
    headers, url = {**world.who["chen"], **key()}, "/v1/redemptions"
    body = filled(TABLE[f"POST {url}"].body, world.things)
    first = client.post(url, json=body, headers=headers)
    before, again = everything(), client.post(url, json=body, headers=headers)
    assert (first.status_code, said(again)) == (409, said(first))
    assert changed(before, everything()) == []


def test_every_write_takes_a_key_but_those_with_a_reason():
    routes = [route for router in (*ROUTERS, development) for route in router.routes]
    keyless = {
        f"{verb} {route.path}"
        for route in routes
        for verb in route.methods - {"GET"}
        if "Idempotency-Key" not in {header.alias for header in route.dependant.header_params}
    }
    assert keyless == set(KEYLESS)


def test_no_list_here_has_a_dead_entry():
    assert FRESH.keys() | OVER.keys() | TOLD_ONCE.keys() <= set(KEYED)
