"""Several workers at one clock at once, with real commits: each mark is made once."""

from datetime import timedelta

import pytest
from cast import VILLAGE
from races.together import at_once

from app.calendars.worktime import USUAL
from app.cases.models import Case
from app.clocks import queries, service
from app.kit import clock
from app.kit.db import insert_row, work
from app.kit.ids import new_id

WORKERS, ROUNDS = 6, 8


@pytest.fixture
def case(db, cast):
    """A case of the test's own, with a running clock of ten hours."""
    case_id, now = new_id(), clock.now()
    with work(db, write=True) as tx:
        insert_row(
            tx, Case, id=case_id, number=f"T-{case_id}", version=1, status="reported",
            region_code=VILLAGE, routing={}, hazard=False, description="井盖破损", rework=0,
            returns=0, accept_due_at=now, clock_rule={}, created_at=now, updated_at=now,
        )  # fmt: skip
        service.start(
            tx, case_id, "handle", calendar=USUAL, mode="continuous", hours=10, round=1,
            rule={"levels": 6, "escalate_hours": 1},
        )  # fmt: skip
    return case_id


def only(db, case):
    with work(db, write=False) as tx:
        return queries.of_case(tx, case)[0]


def test_one_worker_makes_each_mark(db, case):
    found = []
    for _ in range(ROUNDS):
        row = only(db, case)

        def look(row=row):
            with work(db, write=True) as tx:
                return service.mark(tx, row.id, row.look_at)

        made = [mark for mark in at_once([look] * WORKERS) if mark]
        assert len(made) == 1
        found += made
    assert found == ["warned", "overdue", *["escalate"] * 6]
    assert (only(db, case).level, only(db, case).look_at) == (6, None)


def test_a_mark_and_a_pause(db, case):
    """Whichever comes first, the pause holds and no mark is lost."""
    for _ in range(ROUNDS):
        row = only(db, case)

        def look(row=row):
            with work(db, write=True) as tx:
                return service.mark(tx, row.id, row.look_at)

        def pause():
            with work(db, write=True) as tx:
                service.pause(tx, case, ("handle",), USUAL)

        made, _none = at_once([look, pause])
        after = only(db, case)
        assert (after.state, after.look_at) == ("paused", None)
        marked = (after.warned_at, after.overdue_at, after.level) != (
            row.warned_at, row.overdue_at, row.level,
        )  # fmt: skip
        assert marked == (made is not None)
        with work(db, write=True) as tx:
            service.resume(tx, case, ("handle",), USUAL)
        if only(db, case).look_at is None:
            break
    assert after.due_at - after.started_at < timedelta(hours=11)
