"""Every counter of the desk opened as a list: both say the same, to whoever asks."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from cases.case_build import make_unit
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, STREET
from sqlalchemy import update
from sqlalchemy.dialects import postgresql

from app.cases import indexing
from app.cases.models import Case
from app.cases.queries import CASES
from app.desk.counters import _elsewhere
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work

# By which filters of the queue each counter is opened.
LISTS = {
    "to_verify": {"status": ["reported", "verifying"]},
    "to_dispatch": {"status": "filed"},
    "to_sign": {"status": "dispatched"},
    "in_progress": {"status": "in_progress"},
    "to_check": {"status": "resolved"},
    "suspended": {"status": "suspended"},
    "due_soon": {"due_soon": True},
    "overdue": {"overdue": True},
    "mine": {"mine": True, "open": True},
    "suspected": {"suspected": True, "open": True},
    "supervised": {"supervised": True},
}
# Hours until a case is due, and until it is warned of; only what is open has a deadline.
DEADLINES = (-1, -2), (1, -1), (2, 1), (None, None)


@pytest.fixture(scope="module")
def handler(newcomer):
    """Handles what they are given, and reads no region."""
    return newcomer((Role.HANDLER, STREET))


@pytest.fixture(scope="module")
def lot(db, desk, cast, handler, newcomer):
    """Cases in every status and in both grids, with every flag and deadline; by id."""

    def given(place, **to):
        case = desk.moved(desk.reported(place), "file", by=desk.qian, category_code="C0101")
        return desk.moved(case, "dispatch", by=desk.qian, **to)

    unit = make_unit(db, cast.zhao, handler)
    cases = [make() for make in (desk.reported, desk.verifying, desk.filed, desk.closed)]
    cases += [make() for make in (desk.dispatched, desk.in_progress, desk.resolved) * 2]
    cases += [desk.reported(INSIDE_OTHER), desk.verifying(), desk.in_progress(), desk.resolved()]
    for place in (INSIDE, INSIDE_OTHER) * 4:
        cases += [given(place, unit_code=unit), given(place, assignee_id=str(handler.id))]
    with work(db, write=True) as tx:
        for n, case in enumerate(cases):
            mark(tx, case, n)
    return {case["id"]: case for case in cases}


def mark(tx, case, n):
    """Flags and a deadline, and some are suspended."""
    due, warn = DEADLINES[n % 4 if case["status"] != "closed" else 3]
    told = {"suspected": n % 2 == 0, "supervised": n % 3 == 0, "due_at": None, "warn_at": None}
    if due is not None:
        now = clock.now()
        told |= {
            "due_at": now + timedelta(hours=due), "warn_at": now + timedelta(hours=warn),
        }  # fmt: skip
    elif case["status"] == "dispatched":
        told |= {"status": "suspended", "review_at": clock.now() + timedelta(days=9)}
    case_id = UUID(case["id"])
    tx.execute(update(Case).where(Case.id == case_id).values(told))
    indexing.keep(tx, case_id)


@pytest.fixture
def askers(desk, as_, cast, handler, newcomer):
    """Headers of who asks: of a district, a grid, a unit, nothing but cases, and two posts."""
    two = newcomer((Role.GRID_STAFF, GRID), (Role.CHECKER, OTHER_GRID))
    return {
        "district": desk.qian, "grid": desk.wang, "other grid": desk.zhao,
        "assignee": as_(handler), "two posts": as_(two),
        "keeper": as_(newcomer((Role.KEEPER, DISTRICT))),
    }  # fmt: skip


def every(client, headers, **params):
    """The ids of a whole list, page by page."""
    found, cursor = [], {}
    while cursor is not None:
        asked = {"limit": 3, **params, **cursor}
        answer = client.get("/v1/cases", headers=headers, params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert found == sorted(set(found), reverse=True)
    return found


def counted(client, headers, **params):
    answer = client.get("/v1/desk/counters", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("region", [None, STREET, GRID, OTHER_GRID])
def test_each_counter_is_the_length_of_its_list(client, lot, askers, region):
    narrowed = {"region": region} if region else {}
    for who, headers in askers.items():
        counters = counted(client, headers, **narrowed)
        counters.pop("counted_to")
        # Whoever has a case has it in whichever region.
        lists = {
            name: len(every(client, headers, **how, **(narrowed if name != "mine" else {})))
            for name, how in LISTS.items()
        }
        assert lists == counters, who


def test_of_all_kinds_there_are_some(client, lot, askers):
    """Or the test above would compare nothing with nothing."""
    counters = counted(client, askers["district"])
    assert [name for name, count in counters.items() if not count] == ["mine"]
    of_theirs = counted(client, askers["assignee"])
    never = ["to_verify", "to_dispatch", "in_progress", "to_check"]
    assert [name for name, count in of_theirs.items() if not count] == never


class TestNarrowed:
    def kept(self, lot, test):
        return {case_id for case_id, case in lot.items() if test(case)}

    def found(self, client, headers, lot, **params):
        return set(every(client, headers, **params)) & lot.keys()

    def test_to_any_of_several_statuses(self, client, desk, lot):
        asked = ("closed", "reported", "resolved")
        found = self.found(client, desk.qian, lot, status=asked)
        assert found == self.kept(lot, lambda case: case["status"] in asked)
        assert self.found(client, desk.qian, lot, status=asked, q="井盖") == found
        assert self.found(client, desk.qian, lot, status=[*asked, "reported"]) == found

    def test_to_statuses_of_open_cases_only(self, client, desk, lot):
        found = self.found(client, desk.qian, lot, status=["closed", "reported"], open=True)
        assert found == self.kept(lot, lambda case: case["status"] == "reported")
        assert every(client, desk.qian, status="closed", open=True) == []
        assert every(client, desk.qian, status="closed", open=True, q="井盖") == []

    def test_to_a_net(self, client, desk, db, lot):
        nets = {"city": sorted(lot)[::3], "governance": sorted(lot)[1::3], None: sorted(lot)[2::3]}
        with work(db, write=True) as tx:
            for net, cases in nets.items():
                for case_id in cases:
                    tx.execute(update(Case).where(Case.id == case_id).values(net_code=net))
                    indexing.keep(tx, UUID(case_id))
        for net in ("city", "governance"):
            found = self.found(client, desk.qian, lot, net=net)
            assert found == {*nets[net]}
            assert self.found(client, desk.qian, lot, net=net, q="井盖") == found
        assert every(client, desk.qian, net="elsewhere") == []

    def test_two_ways_at_once(self, client, desk, lot):
        late = self.found(client, desk.qian, lot, overdue=True)
        flagged = self.found(client, desk.qian, lot, supervised=True)
        assert late & flagged
        assert self.found(client, desk.qian, lot, overdue=True, supervised=True) == late & flagged
        assert self.found(client, desk.qian, lot, overdue=True, due_soon=True) == set()

    def test_the_export_holds_the_same(self, client, desk, lot):
        for how in LISTS.values():
            asked = {"format": "csv", **how}
            answer = client.get("/v1/desk/export", headers=desk.wang, params=asked)
            assert answer.status_code == 200, answer.text
            lines = answer.content.decode("utf-8-sig").splitlines()
            assert len(lines) - 1 == len(every(client, desk.wang, **how))


def test_a_row_asks_for_no_whole_table():
    """PostgreSQL may answer an EXISTS of a row by hashing its table: every move, for twenty cases.

    It does so by guess, among many cases, so that no plan over a few would show it.
    """
    asked = str(CASES.compile(dialect=postgresql.dialect()))
    ranging = re.findall(r"EXISTS \(SELECT \*\s+FROM (\w+)", asked)
    # Of those who are away for the few who hold one unit.
    assert ranging == ["leaves"]
    elsewhere = _elsewhere(within=True).compile(dialect=postgresql.dialect())
    assert "EXISTS" not in str(elsewhere)
