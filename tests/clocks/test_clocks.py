"""Clocks of a case on both engines: frozen deadlines, pauses, extensions, the worker's marks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cast import DISTRICT, VILLAGE, actor
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError

from app.calendars import service as calendars
from app.calendars.queries import calendar_of
from app.calendars.schemas import DayDraft, DaysDraft
from app.calendars.worktime import USUAL, Calendar
from app.cases.models import Case
from app.clocks import queries, service
from app.clocks.errors import ClockNotLive
from app.clocks.models import Clock
from app.clocks.schemas import ClockOut
from app.identity.models import Role
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.db import insert_row
from app.kit.ids import new_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = "2026-06-01T08:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture
def turn(monkeypatch):
    """Sets the house's clock to a moment in Asia/Shanghai."""

    def to(text: str) -> datetime:
        moment = at(text)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    to(MONDAY)
    return to


@pytest.fixture
def case(tx, cast):
    """A case of the test's own; clocks know no more of it than its id."""
    case_id, now = new_id(), clock.now()
    insert_row(
        tx, Case, id=case_id, number=f"T-{case_id}", version=1, status="reported",
        region_code=VILLAGE, routing={}, hazard=False, description="井盖破损", rework=0,
        returns=0, accept_due_at=now, clock_rule={}, created_at=now, updated_at=now,
    )  # fmt: skip
    return case_id


@pytest.fixture
def start(tx, case, turn):
    def started(kind="handle", hours=10, mode="working", calendar=USUAL, number=1, **rule):
        return service.start(
            tx, case, kind, calendar=calendar, mode=mode, hours=hours, round=number, rule=rule
        )

    return started


@pytest.fixture
def only(tx, case):
    """The one live clock of the case."""

    def row():
        (found,) = queries.live(tx, case)
        return found

    return row


class TestStart:
    def test_what_is_frozen(self, start, only):
        due = start(hours=10, calendar=Calendar(version=7), category="C0101", version=3)
        row = only()
        assert due == row.due_at == at("2026-06-02T10:00")
        assert row.warn_at == row.look_at == at("2026-06-01T18:00")
        assert (row.kind, row.round, row.mode, row.allowed_s) == ("handle", 1, "working", 36000)
        assert (row.state, row.started_at, row.level) == ("running", at(MONDAY), 0)
        assert row.rule == {
            "category": "C0101", "version": 3, "calendar": 7, "mode": "working", "hours": 10,
            "from": at(MONDAY).isoformat(),
        }  # fmt: skip

    def test_continuous(self, start, only):
        assert start(hours=10, mode="continuous") == at(MONDAY) + 10 * HOUR
        assert only().warn_at == at(MONDAY) + 8 * HOUR

    def test_a_live_one_of_its_kind_is_dropped(self, tx, case, start, turn):
        start()
        start("made_safe")
        now = turn("2026-06-01T09:00")
        start(number=2)
        states = [(row.kind, row.round, row.state) for row in queries.of_case(tx, case)]
        assert states[-1] == ("handle", 2, "running")
        assert sorted(states[:2]) == [("handle", 1, "dropped"), ("made_safe", 1, "running")]
        dropped = next(row for row in queries.of_case(tx, case) if row.state == "dropped")
        assert (dropped.stopped_at, dropped.look_at) == (now, None)

    @pytest.mark.parametrize(
        ("now", "state"), [("2026-06-02T10:00", "dropped"), ("2026-06-02T10:01", "missed")]
    )
    def test_one_that_is_overdue_is_missed(self, tx, case, start, turn, now, state):
        start()
        turn(now)
        start(number=2)
        ended = next(row for row in queries.of_case(tx, case) if row.round == 1)
        assert (ended.state, ended.stopped_at, ended.look_at) == (state, at(now), None)

    def test_the_table_takes_no_second_live_one(self, tx, case, start, only):
        start()
        values = {**only()._mapping, "id": new_id()}
        with pytest.raises(IntegrityError), tx.begin_nested():
            insert_row(tx, Clock, **values)

    def test_a_changed_calendar_moves_no_clock(self, tx, case, start, only, cast):
        start()
        before = only()
        free = DayDraft(day=date(2026, 6, 2), working=False, name="停工")
        draft = DaysDraft(region_code=DISTRICT, days=[free])
        calendars.set_days(tx, actor(cast.sun, Role.ADMINISTRATOR), draft)
        changed = calendar_of(tx, DISTRICT)
        assert changed.due(before.started_at, before.allowed_s, "working") == before.due_at + DAY
        assert only() == before
        # The next one starts by the new calendar, and says so.
        assert start(calendar=changed) == before.due_at + DAY
        assert only().rule["calendar"] == changed.version > 0


class TestDrop:
    @pytest.mark.parametrize(
        ("now", "state"), [("2026-06-02T10:00", "dropped"), ("2026-06-02T10:01", "missed")]
    )
    def test_what_is_overdue_stays_missed(self, tx, case, start, turn, now, state):
        start()
        start("check", hours=100)
        turn(now)
        service.drop(tx, case, ("handle", "check"))
        ended = {row.kind: row.state for row in queries.of_case(tx, case)}
        assert ended == {"handle": state, "check": "dropped"}

    @pytest.mark.parametrize(
        ("paused", "state"), [("2026-06-02T10:00", "dropped"), ("2026-06-02T12:30", "missed")]
    )
    def test_paused_by_what_was_left(self, tx, case, start, turn, paused, state):
        start()
        turn(paused)
        service.pause(tx, case, ("handle",), USUAL)
        turn("2026-06-09T10:00")
        service.drop(tx, case, ("handle",))
        (row,) = queries.of_case(tx, case)
        assert (row.state, row.paused_at, row.left_s) == (state, None, None)


class TestStop:
    @pytest.mark.parametrize(
        ("now", "state"),
        [("2026-06-02T10:00", "met"), ("2026-06-02T10:01", "missed"), (MONDAY, "met")],
    )
    def test_by_its_deadline(self, tx, case, start, turn, now, state):
        start()
        turn(now)
        service.stop(tx, case, "handle")
        (row,) = queries.of_case(tx, case)
        assert (row.state, row.stopped_at, row.look_at) == (state, at(now), None)

    @pytest.mark.parametrize(
        ("paused", "state"), [("2026-06-02T10:00", "met"), ("2026-06-02T12:30", "missed")]
    )
    def test_paused_by_what_was_left(self, tx, case, start, turn, paused, state):
        start()
        turn(paused)
        service.pause(tx, case, ("handle",), USUAL)
        turn("2026-06-09T10:00")
        service.stop(tx, case, "handle")
        (row,) = queries.of_case(tx, case)
        assert (row.state, row.paused_at, row.left_s) == (state, None, None)

    def test_overdue_outside_working_hours_is_missed(self, tx, case, start, turn):
        start(hours=8)
        turn("2026-06-01T18:30")
        service.pause(tx, case, ("handle",), USUAL)
        service.stop(tx, case, "handle")
        assert queries.of_case(tx, case)[0].state == "missed"

    def test_only_what_lives_and_only_its_kind(self, tx, case, start, turn):
        service.stop(tx, case, "handle")
        start()
        start("check")
        service.stop(tx, case, "handle")
        before = queries.of_case(tx, case)
        turn("2026-06-01T10:00")
        service.stop(tx, case, "handle")
        service.drop(tx, case, ("handle",))
        assert queries.of_case(tx, case) == before
        service.drop(tx, case, ("handle", "check"))
        states = {row.kind: row.state for row in queries.of_case(tx, case)}
        assert states == {"handle": "met", "check": "dropped"}


class TestPause:
    def test_suspended_time_does_not_count(self, tx, case, start, only, turn):
        start()
        now = turn("2026-06-01T11:00")
        service.pause(tx, case, ("handle", "check"), USUAL)
        row = only()
        assert (row.state, row.paused_at, row.left_s, row.look_at) == (
            "paused", now, 7 * 3600, None,
        )  # fmt: skip
        turn("2026-06-10T15:00")
        service.pause(tx, case, ("handle",), USUAL)
        assert only() == row
        service.resume(tx, case, ("handle",), USUAL)
        row = only()
        assert (row.state, row.paused_at, row.left_s) == ("running", None, None)
        assert row.due_at == at("2026-06-11T12:00")
        # Four fifths are used when two hours are left.
        assert row.warn_at == row.look_at == at("2026-06-11T10:00")
        service.resume(tx, case, ("handle",), USUAL)
        assert only() == row

    def test_continuous(self, tx, case, start, only, turn):
        start(mode="continuous")
        turn("2026-06-01T11:00")
        service.pause(tx, case, ("handle",), USUAL)
        now = turn("2026-06-06T11:00")
        service.resume(tx, case, ("handle",), USUAL)
        assert (only().due_at, only().warn_at) == (now + 7 * HOUR, now + 5 * HOUR)

    def test_near_its_end_it_warns_at_once_unless_it_did(self, tx, case, start, only, turn):
        start()
        now = turn("2026-06-02T09:00")
        warned = service.mark(tx, only().id, now)
        service.pause(tx, case, ("handle",), USUAL)
        now = turn("2026-06-03T09:00")
        service.resume(tx, case, ("handle",), USUAL)
        row = only()
        assert (warned, row.due_at, row.warn_at) == ("warned", at("2026-06-03T10:00"), now)
        assert row.look_at == row.due_at
        assert row.warned_at == at("2026-06-02T09:00")
        tx.connection().execute(update(Clock).values(warned_at=None))
        service.pause(tx, case, ("handle",), USUAL)
        service.resume(tx, case, ("handle",), USUAL)
        assert only().look_at == now

    def test_overdue_it_stays_overdue(self, tx, case, start, only, turn):
        due = start(escalate_hours=8)
        now = turn("2026-06-02T12:00")
        assert service.mark(tx, only().id, now) == "overdue"
        service.pause(tx, case, ("handle",), USUAL)
        assert only().left_s == -2 * 3600
        turn("2026-06-09T08:00")
        service.resume(tx, case, ("handle",), USUAL)
        row = only()
        assert (row.due_at, row.warn_at, row.overdue_at) == (due, due, now)
        # Two of the eight hours to the next level were over before the pause.
        assert row.look_at == at("2026-06-09T16:00")

    def test_overdue_and_not_yet_marked(self, tx, case, start, only, turn):
        due = start()
        turn("2026-06-02T12:00")
        service.pause(tx, case, ("handle",), USUAL)
        now = turn("2026-06-09T08:00")
        service.resume(tx, case, ("handle",), USUAL)
        assert only().look_at == due
        assert service.mark(tx, only().id, now) == "overdue"


class TestExtend:
    def test_running(self, tx, case, start, only, turn):
        start()
        turn("2026-06-01T10:00")
        assert service.extend(tx, case, "handle", 10, USUAL) == at("2026-06-03T12:00")
        row = only()
        assert (row.allowed_s, row.due_at) == (20 * 3600, at("2026-06-03T12:00"))
        # Four of twenty hours are left.
        assert row.warn_at == row.look_at == at("2026-06-02T18:00")

    def test_paused_adds_to_what_is_left(self, tx, case, start, only, turn):
        start()
        turn("2026-06-01T11:00")
        service.pause(tx, case, ("handle",), USUAL)
        assert service.extend(tx, case, "handle", 1, USUAL) == at("2026-06-02T11:00")
        row = only()
        assert (row.state, row.left_s, row.look_at) == ("paused", 8 * 3600, None)
        turn("2026-06-10T08:00")
        service.resume(tx, case, ("handle",), USUAL)
        assert only().due_at == at("2026-06-10T18:00")

    def test_in_time_again_it_is_warned_again(self, tx, case, start, only, turn):
        start()
        for now in ("2026-06-02T09:00", "2026-06-02T14:00", "2026-06-05T15:00"):
            last = service.mark(tx, only().id, turn(now))
        assert (last, only().level) == ("escalate", 1)
        service.extend(tx, case, "handle", 100, USUAL)
        row = only()
        assert (row.warned_at, row.overdue_at, row.level) == (None, None, 0)
        assert row.look_at == row.warn_at > clock.now()

    def test_still_near_its_end_it_is_not_warned_again(self, tx, case, start, only, turn):
        due = start(mode="continuous", hours=10)
        now = turn("2026-06-01T17:00")
        assert service.mark(tx, only().id, now) == "warned"
        service.extend(tx, case, "handle", 1, USUAL)
        # Two of eleven hours are left: less than a fifth.
        assert (only().warned_at, only().look_at) == (now, due + HOUR)

    @pytest.mark.parametrize(("hours", "late"), [(1, True), (2, False)])
    def test_due_this_moment_it_is_in_time(self, tx, case, start, only, turn, hours, late):
        start()
        now = turn("2026-06-02T12:00")
        assert service.mark(tx, only().id, now) == "overdue"
        service.extend(tx, case, "handle", hours, USUAL)
        assert (only().due_at == now, only().overdue_at) == (not late, now if late else None)

    def test_too_little_leaves_it_overdue(self, tx, case, start, only, turn):
        start(escalate_hours=8)
        now = turn("2026-06-02T18:00")
        service.mark(tx, only().id, now)
        assert service.extend(tx, case, "handle", 2, USUAL) == at("2026-06-02T12:00")
        row = only()
        assert (row.overdue_at, row.level) == (now, 0)
        assert row.warn_at <= row.due_at
        # Four of the eight hours after the new deadline are over.
        assert row.look_at == at("2026-06-03T12:00")

    def test_nothing_lives(self, tx, case, start):
        with pytest.raises(ClockNotLive):
            service.extend(tx, case, "handle", 1, USUAL)
        start()
        service.stop(tx, case, "handle")
        with pytest.raises(ClockNotLive):
            service.extend(tx, case, "handle", 1, USUAL)


class TestMarks:
    def test_a_life_without_anybody(self, tx, case, start, only, turn):
        due = start(mode="continuous", hours=10, levels=2)
        looks = []
        for _ in range(4):
            row = only()
            assert service.mark(tx, row.id, row.look_at - timedelta(seconds=1)) is None
            looks.append((row.look_at, service.mark(tx, row.id, row.look_at), only().level))
            assert service.mark(tx, row.id, looks[-1][0]) is None
        assert looks == [
            (at(MONDAY) + 8 * HOUR, "warned", 0), (due, "overdue", 0),
            (due + DAY, "escalate", 1), (due + 2 * DAY, "escalate", 2),
        ]  # fmt: skip
        row = only()
        assert (row.warned_at, row.overdue_at) == (at(MONDAY) + 8 * HOUR, due)
        assert row.look_at is None
        assert service.mark(tx, row.id, due + 99 * DAY) is None

    def test_five_levels_when_the_rule_says_nothing(self, tx, start, only):
        start(mode="continuous", escalate_hours=1)
        row, found = only(), []
        while only().look_at:
            found.append(service.mark(tx, row.id, only().look_at))
        assert found == ["warned", "overdue", *["escalate"] * 5]
        assert only().level == 5

    def test_no_levels_no_step(self, tx, start, only):
        due = start(mode="continuous", levels=0)
        assert service.mark(tx, only().id, due) == "overdue"
        assert only().look_at is None

    def test_steps_are_of_its_mode_and_its_calendar(self, tx, start, only):
        start(escalate_hours=8)
        free = Calendar(own_days={date(2026, 6, 3): False})
        row = only()
        assert service.mark(tx, row.id, row.due_at) == "overdue"
        assert only().look_at == at("2026-06-03T10:00")
        assert service.mark(tx, row.id, only().look_at, free) == "escalate"
        assert only().look_at == at("2026-06-04T18:00")

    def test_a_late_worker_skips_the_warning(self, tx, start, only):
        due = start()
        assert service.mark(tx, only().id, due + HOUR) == "overdue"
        assert (only().warned_at, only().overdue_at) == (None, due + HOUR)

    def test_a_late_worker_does_not_put_the_next_level_off(self, tx, start, only):
        due = start(mode="continuous", escalate_hours=2)
        for minutes, mark in ((90, "overdue"), (200, "escalate")):
            assert service.mark(tx, only().id, due + timedelta(minutes=minutes)) == mark
        assert only().look_at == due + 4 * HOUR

    def test_after_its_last_level_a_pause_begins_no_other(self, tx, case, start, only, turn):
        start(mode="continuous", escalate_hours=1, levels=2)
        while only().look_at:
            service.mark(
                tx, only().id, turn(f"{only().look_at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}")
            )
        service.pause(tx, case, ("handle",), USUAL)
        service.resume(tx, case, ("handle",), USUAL)
        assert (only().state, only().level, only().look_at) == ("running", 2, None)

    @pytest.mark.parametrize("how", ["stop", "drop", "pause", "extend"])
    def test_what_moved_on_meanwhile(self, tx, case, start, only, turn, how):
        start()
        clock_id, now = only().id, turn("2026-06-01T18:00")
        assert clock_id in queries.to_look(tx, now, 1000)
        match how:
            case "stop":
                service.stop(tx, case, "handle")
            case "drop":
                service.drop(tx, case, ("handle",))
            case "pause":
                service.pause(tx, case, ("handle",), USUAL)
            case _:
                service.extend(tx, case, "handle", 10, USUAL)
        assert service.mark(tx, clock_id, now) is None
        assert clock_id not in queries.to_look(tx, now, 1000)

    def test_nobody(self, tx, cast):
        assert service.mark(tx, new_id(), clock.now()) is None
        assert queries.find_clock(tx, new_id()) is None

    def test_to_look_is_in_order_and_cut(self, tx, case, start, turn):
        start("handle", hours=10)
        start("check", hours=5)
        start("accept", hours=1)
        rows = {row.id: row.kind for row in queries.live(tx, case)}
        now = at("2026-06-01T12:00")
        found = [rows[i] for i in queries.to_look(tx, now, 1000) if i in rows]
        assert found == ["accept", "check"]
        assert len(queries.to_look(tx, now, 1)) == 1


class TestReading:
    def test_the_nearest_that_runs(self, tx, case, start, turn):
        assert queries.nearest(tx, case) == (None, None)
        start("handle", hours=16)
        start("made_safe", hours=1, mode="continuous")
        near = (at("2026-06-01T09:00"), at("2026-06-01T08:48"))
        assert queries.nearest(tx, case) == near
        service.pause(tx, case, ("made_safe",), USUAL)
        assert queries.nearest(tx, case)[0] == at("2026-06-02T18:00")
        service.stop(tx, case, "handle")
        assert queries.nearest(tx, case) == (None, None)

    def test_every_round_in_order_and_shown(self, tx, case, start, turn):
        for number, moment in enumerate((MONDAY, "2026-06-02T08:00", "2026-06-03T08:00")):
            turn(moment)
            start("handle", number=number)
        rows = queries.of_case(tx, case)
        shown = [ClockOut.model_validate(row) for row in rows]
        assert [out.round for out in shown] == [0, 1, 2]
        assert [out.state for out in shown] == ["dropped", "dropped", "running"]
        assert queries.find_clock(tx, rows[0].id) == rows[0]
        assert [row.id for row in queries.live(tx, case)] == [rows[2].id]


def test_each_call_is_two_statements_at_most(db, tx, case, start, only):
    seen = []
    event.listen(db.writer, "before_cursor_execute", lambda *given: seen.append(given[2]))
    calls = {
        "start": start,
        "extend": lambda: service.extend(tx, case, "handle", 1, USUAL),
        "pause": lambda: service.pause(tx, case, ("handle",), USUAL),
        "resume": lambda: service.resume(tx, case, ("handle",), USUAL),
        "mark": lambda: service.mark(tx, only().id, at("2026-06-09T08:00")),
        "nearest": lambda: queries.nearest(tx, case),
        "stop": lambda: service.stop(tx, case, "handle"),
        "drop": lambda: service.drop(tx, case, ("handle",)),
    }
    most = {"nearest": 1, "stop": 1, "drop": 1, "mark": 3}
    for name, call in calls.items():
        seen.clear()
        call()
        assert 0 < len(seen) <= most.get(name, 2), (name, seen)
