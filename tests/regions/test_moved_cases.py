"""A region that moves takes its cases along: queue, search, counters and satisfaction follow."""

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from sqlalchemy import select

from app.cases import rescoping
from app.cases.indexing import scope_word
from app.cases.models import CaseScope, CaseText
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.outbox import Job
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

TOWN = "500152009000"


def move(db, to):
    """The village goes below another town, and its grids with it."""
    with work(db, write=True) as tx:
        import_regions(
            tx,
            [
                RegionDraft(TOWN, "新镇", "新镇", 1, "镇", DISTRICT),
                RegionDraft(VILLAGE, "莲花社区", "莲花社区居民委员会", 2, "社区", to),
            ],
        )


@pytest.fixture
def moved(db, cast):
    """Moves the village to the town, and back after the test."""
    yield lambda: move(db, TOWN)
    move(db, STREET)


def scopes(db, case):
    with work(db, write=False) as tx:
        query = select(CaseScope.region_code, CaseScope.status).where(
            CaseScope.case_id == case["id"]
        )
        return sorted(map(tuple, tx.execute(query)))


def jobs(db, state="ready"):
    with work(db, write=False) as tx:
        query = select(Job.payload).where(Job.kind == "regions.moved", Job.state == state)
        return list(tx.scalars(query.order_by(Job.id)))


@pytest.fixture
def heads(as_, newcomer, db, cast):
    """Of the street that loses the village, and of the town that gets it."""
    move(db, STREET)
    return [as_(newcomer((Role.GRID_HEAD, code))) for code in (STREET, TOWN)]


def numbers(client, headers, **params):
    answer = client.get("/v1/cases", headers=headers, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return {item["number"] for item in answer.json()["items"]}


def satisfied(client, headers, region):
    today = clock.business_day(clock.now()).isoformat()
    params = {"region": region, "from": today, "to": today, "limit": 100}
    listed = client.get("/v1/satisfaction/cases", headers=headers, params=params)
    figures = client.get("/v1/satisfaction", headers=headers, params=params)
    assert (listed.status_code, figures.status_code) == (200, 200)
    found = {item["number"] for item in listed.json()["items"]}
    assert figures.json()["closed"] == len(found)
    return found


def test_its_cases_come_along(client, db, desk, drain, moved, heads):
    street, town = heads
    case, closed = desk.filed(), desk.closed()
    before = client.get("/v1/desk/counters", headers=street).json()["to_dispatch"]
    moved()
    drain()
    above = sorted([DISTRICT, TOWN, VILLAGE, GRID])
    assert scopes(db, case) == [(code, "filed") for code in above]
    assert scopes(db, closed) == [(code, "closed") for code in above]
    with work(db, write=False) as tx:
        words = tx.scalar(select(CaseText.words).where(CaseText.case_id == case["id"])).split()
    assert {scope_word(code) for code in above} <= set(words)
    assert scope_word(STREET) not in words
    assert numbers(client, town) >= {case["number"], closed["number"]}
    assert numbers(client, town, q=case["number"]) == {case["number"]}
    assert numbers(client, town, status="filed") >= {case["number"]}
    assert numbers(client, street) == set()
    assert numbers(client, street, q=case["number"]) == set()
    counted = [client.get("/v1/desk/counters", headers=who).json()["to_dispatch"] for who in heads]
    assert counted == [0, before]
    assert closed["number"] in satisfied(client, town, TOWN)
    # A move afterwards finds the new rows.
    desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
    assert scopes(db, case) == [(code, "dispatched") for code in above]


def test_meanwhile_nothing_leaks(client, desk, moved, heads):
    street, _town = heads
    closed = desk.closed()
    assert closed["number"] in satisfied(client, street, STREET)
    moved()
    assert satisfied(client, street, STREET) == set()
    assert numbers(client, street) == set()
    assert numbers(client, street, q=closed["number"]) == set()


def test_one_job_for_each_region_that_moved(db, drain, moved, heads):
    drain()
    moved()
    assert jobs(db) == [{"code": VILLAGE}]
    # The same file again moves nothing.
    moved()
    assert jobs(db) == [{"code": VILLAGE}]


def test_in_batches(db, desk, drain, moved, heads, monkeypatch):
    cases = [desk.reported() for _ in range(5)]
    drain()
    monkeypatch.setattr(rescoping, "BATCH", 2)
    moved()
    done = len(jobs(db, "done"))
    drain()
    assert all(TOWN in dict(scopes(db, case)) for case in cases)
    assert len(jobs(db, "done")) - done >= 3
    assert any("after" in payload for payload in jobs(db, "done"))
    assert jobs(db) == []


def test_again_is_no_harm(db, desk, drain, moved, heads):
    case = desk.reported()
    moved()
    for _ in range(2):
        with work(db, write=True) as tx:
            rescoping.rescope(tx, VILLAGE, None)
    assert [code for code, _ in scopes(db, case)] == sorted([DISTRICT, TOWN, VILLAGE, GRID])
    assert OTHER_GRID not in dict(scopes(db, case))
