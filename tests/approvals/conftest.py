"""This folder's tests share one stage a module and engine."""

import pytest
from flows.story import key
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401


@pytest.fixture
def send(client):
    """Posts with a fresh key."""

    def posted(url, headers, **body):
        return client.post(url, json=body, headers={**headers, **key()})

    return posted


@pytest.fixture
def inbox(client, as_):
    """The kinds of a person's messages about a case, the newest first."""

    def kinds(person, case):
        items = client.get("/v1/inbox?limit=100", headers=as_(person)).json()["items"]
        return [m["kind"] for m in items if m["subject"].startswith(case["number"])]

    return kinds
