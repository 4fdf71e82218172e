"""A category that goes out of use while cases are under way: no case is stranded, none is filed."""

import pytest
from cases.case_build import code, last_clock
from cases.case_reopening import closed_again, reopened
from cast import DISTRICT
from flows.story import key, move, moved, upload
from ledger.build import broken

from app.categories.models import Category, PlainChoice
from app.kit.db import work

CODE, CHOICE = "C0102", "sewage-cover"
LIFE = ("verify", "file", "dispatch", "accept", "resolve", "close")
READS = ("", "/events", "/clocks", "/routing", "/assignees", "/relations", "/sheet")
HOUR_S = 3600


@pytest.fixture(autouse=True)
def _whole(db):
    yield
    assert broken(db) == []


@pytest.fixture(scope="module", autouse=True)
def _words(client, db, cast, as_):
    """The district gives it 30 hours of work; people have a word for it."""
    terms = {"region_code": DISTRICT, "due_hours": 30, "clock": "working", "most_returns": 1}
    url = f"/v1/categories/{CODE}/terms"
    answer = client.put(url, json=terms, headers={**as_(cast.sun), **key()})
    assert answer.status_code == 200, answer.text
    with work(db, write=True) as tx:
        tx.add(
            PlainChoice(
                code=CHOICE, name="污水井盖", name_en="Sewage", category_code=CODE, position=99
            )
        )


@pytest.fixture
def retire(db, cast):
    """Takes the category out of use; after the test it is in use again."""

    def switch(*, active=False):
        with work(db, write=True) as tx:
            tx.get_one(Category, CODE).active = active

    yield switch
    switch(active=True)


@pytest.fixture
def lead(client, desk, cast, drain):
    """Makes moves, each by who makes it."""
    steps = {
        "file": {"category_code": CODE}, "dispatch": {"assignee_id": str(cast.wang.id)},
        "resolve": {"note": "已修好"}, "close": {"outcome": "fixed"}, "rework": {"note": "没修好"},
        "return": {"reason_code": "other", "note": "换人"}, "escalate": {"note": "上级办理"},
        "make_safe": {"note": "已围挡"},
    }  # fmt: skip

    def make(case, *names):
        for name in names:
            by = desk.sun if name in {"close", "rework"} else desk.wang
            photos = {"photo_ids": [upload(client, by)]} if name == "resolve" else {}
            case = moved(client, by, case, name, **steps.get(name, {}), **photos)
            drain()
        return case

    return make


def allowed(db, case):
    """Hours and mode of the clocks that a case was given last."""
    kinds = ("made_safe", "handle", "check")
    rows = [last_clock(db, case, kind) for kind in kinds]
    return [(row.kind, row.allowed_s // HOUR_S, row.mode, row.rule["version"]) for row in rows]


@pytest.mark.parametrize("made", range(1, len(LIFE)), ids=LIFE[:-1])
def test_a_case_goes_on_to_its_end_in_the_same_time(client, db, desk, lead, retire, made):
    """After this many moves the category is retired; one that was not filed gets another."""
    case = lead(desk.reported(category=CHOICE), *LIFE[:made])
    retire()
    if "file" not in LIFE[:made]:
        refused = move(client, desk.wang, case, "file", category_code=CODE)
        assert code(refused) == (422, "category_unknown")
        case = moved(client, desk.wang, case, "file", category_code="C0103")
        assert lead(case, *LIFE[2:])["status"] == "closed"
        return
    case = lead(case, *LIFE[made:])
    assert (case["status"], case["category_code"]) == ("closed", CODE)
    version = f"{CODE}/1+{DISTRICT}/1"
    assert allowed(db, case) == [
        ("made_safe", 1, "continuous", version), ("handle", 30, "working", version),
        ("check", 24, "working", version),
    ]  # fmt: skip
    for path in READS:
        answer = client.get(f"/v1/cases/{case['id']}{path}", headers=desk.qian)
        assert answer.status_code == 200, (path, answer.text)


def test_whatever_sends_it_out_again_gives_it_its_time(client, db, desk, lead, retire):
    case = lead(desk.reported(), *LIFE[:3])
    retire()
    case = lead(case, "accept", "return", "dispatch", "make_safe", "accept")
    assert last_clock(db, case, "handle").round == 2
    # The district's most returns hold, too.
    again = move(client, desk.wang, case, "return", reason_code="other", note="换人")
    assert code(again) == (409, "returns_exhausted")
    case = lead(case, "resolve", "rework", "resolve", "close")
    case = reopened(client, desk, case)
    assert (last_clock(db, case, "handle").round, case["due_at"] is not None) == (3, True)
    assert closed_again(client, desk, case)["status"] == "closed"
    assert allowed(db, case)[1][1:3] == (30, "working")


def test_no_new_case_is_filed_under_it(client, desk, lead, retire):
    retire()
    # What people call it still brings a case to somebody who looks; as nothing that is in use, it
    # has no fast lane.
    case = desk.reported(category=CHOICE)
    assert code(move(client, desk.wang, case, "file", category_code=CODE)) == (
        409, "fast_lane_closed",
    )  # fmt: skip
    case = lead(case, "verify")
    for verb in ("file", "correct"):
        refused = move(client, desk.wang, case, verb, category_code=CODE, note="看过")
        assert code(refused) == (422, "category_unknown")
    filed = moved(client, desk.wang, case, "file", category_code="C0103")
    refused = move(client, desk.wang, filed, "correct", category_code=CODE, note="看过")
    assert code(refused) == (422, "category_unknown")
    assert lead(filed, *LIFE[2:])["category_code"] == "C0103"
