"""The clocks of a case: which runs when, what a pause costs, and that deadlines stay as they were.

Tokens last a quarter of an hour, so after a longer shift everyone signs in again.
"""

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from cases.case_build import clocks, code, get, last_clock, listed, offered, stored
from cast import DISTRICT
from flows.story import key, move, moved, upload
from sqlalchemy import update

from app.cases import service
from app.categories.models import Category
from app.identity.models import Role
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.db import work

WIDE = timedelta(seconds=5)


@pytest.fixture
def later(cast, as_):
    """Lets time pass; gives new headers of everyone, by name."""

    def passed(**span):
        clock.shift(timedelta(**span))
        return SimpleNamespace(**{n: as_(getattr(cast, n)) for n in ("wang", "qian", "sun")})

    return passed


def asked(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/clocks", headers=headers)


def state(db, case):
    """What each kind's last clock is doing."""
    return {row.kind: row.state for row in clocks(db, case)}


def fixed(client, headers, case):
    photo = upload(client, headers)
    return moved(client, headers, case, "resolve", photo_ids=[photo], note="好了")


class TestList:
    def test_every_clock_of_every_round_with_its_rule(self, client, db, desk, cast):
        case = desk.moved(desk.dispatched(), "return", reason_code="other", note="换人")
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        items = asked(client, desk.wang, case).json()["items"]
        assert [(item["kind"], item["round"]) for item in items] == [
            ("accept", 0), ("made_safe", 1), ("handle", 1), ("accept", 1), ("made_safe", 2),
            ("handle", 2),
        ]  # fmt: skip
        assert [item["state"] for item in items] == [
            "met", "dropped", "dropped", "met", "running", "running",
        ]  # fmt: skip
        handle = items[-1]
        assert (handle["mode"], handle["allowed_s"]) == ("continuous", 24 * 3600)
        frozen = {"category": "C0101", "version": "C0101/1", "hours": 24, "mode": "continuous"}
        assert handle["rule"] == handle["rule"] | frozen

    def test_strangers_404_reporters_403_nobody_401(self, client, desk):
        case = desk.reported()
        for headers, status in ((desk.zhao, 404), (desk.liu, 403), ({}, 401)):
            assert asked(client, headers, case).status_code == status
        assert code(asked(client, desk.wang, {"id": uuid4()})) == (404, "case_not_found")

    def test_a_checker_may_look(self, client, desk):
        assert asked(client, desk.sun, desk.reported()).status_code == 200


class TestOnSite:
    """The rice blast: on site within a day, whatever day it is."""

    def test_filed_on_a_friday_afternoon(self, client, db, desk, cast, later):
        case = desk.verifying(category="crops", description="稻叶上有梭形病斑")
        now = clock.now().astimezone(SHANGHAI)
        friday = now + timedelta(days=(4 - now.weekday()) % 7 or 7)
        them = later(seconds=(friday.replace(hour=15, minute=30, second=0) - now).total_seconds())
        case = moved(client, them.wang, case, "file", category_code="E0601")
        case = moved(client, them.wang, case, "dispatch", assignee_id=str(cast.wang.id))
        safe, handle = last_clock(db, case, "made_safe"), last_clock(db, case, "handle")
        due = safe.due_at.astimezone(SHANGHAI)
        assert (due.strftime("%A %H:%M"), due.date()) == (
            "Saturday 15:30", friday.date() + timedelta(days=1),
        )  # fmt: skip
        assert due - safe.started_at == timedelta(hours=24)
        assert (safe.mode, safe.rule["mode"], safe.rule["hours"]) == (
            "continuous",
            "continuous",
            24,
        )
        # What is left to do has its eight working hours, which that afternoon has not.
        assert (handle.mode, handle.allowed_s) == ("working", 8 * 3600)
        assert handle.due_at > safe.due_at
        assert stored(db, case).due_at == safe.due_at
        case = moved(client, them.wang, case, "make_safe", note="已到田间，先行喷药")
        assert state(db, case)["made_safe"] == "met"


class TestMadeSafe:
    def test_it_ends_the_first_clock_and_moves_nothing_else(self, client, db, desk):
        case = desk.dispatched()
        safe, handle = last_clock(db, case, "made_safe"), last_clock(db, case, "handle")
        assert (safe.due_at - safe.started_at, stored(db, case).due_at) == (
            timedelta(hours=1), safe.due_at,
        )  # fmt: skip
        after = desk.moved(case, "make_safe", note="已围挡", public_note="已设围挡")
        assert (after["status"], after["version"]) == ("dispatched", case["version"] + 1)
        assert after["made_safe_at"] is not None
        assert after["safe_due_at"] == case["safe_due_at"]
        assert state(db, case)["made_safe"] == "met"
        now = stored(db, case)
        assert now.due_at == handle.due_at == now.handle_due_at

    def test_once(self, client, desk):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        assert "make_safe" not in offered(client, desk.wang, case)
        assert code(move(client, desk.wang, case, "make_safe", note="再围")) == (
            409, "already_safe",
        )  # fmt: skip

    def test_too_late_is_missed(self, client, db, desk, later):
        case = desk.dispatched()
        them = later(hours=1, minutes=1)
        after = moved(client, them.wang, case, "make_safe", note="已围挡")
        assert (state(db, case)["made_safe"], after["overdue"]) == ("missed", False)

    def test_a_resolved_case_is_safe(self, client, db, desk):
        case = desk.resolved()
        assert state(db, case)["made_safe"] == "met"

    def test_after_a_return_the_guard_still_stands(self, client, db, desk, cast):
        case = desk.moved(desk.dispatched(), "make_safe", note="已围挡")
        case = desk.moved(case, "return", reason_code="other", note="换人")
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        assert state(db, case)["made_safe"] == "met"
        assert case["safe_due_at"] is None

    def test_by_the_grid_or_whoever_has_it(self, client, desk, newcomer, as_):
        handler = newcomer((Role.HANDLER, DISTRICT))
        for headers in (desk.wang, desk.qian, as_(handler)):
            case = desk.dispatched(to=handler)
            after = moved(client, headers, case, "make_safe", note="已围挡")
            assert after["made_safe_at"]

    def test_the_wrong_role_status_and_region(self, client, desk):
        case = desk.dispatched()
        assert code(move(client, desk.sun, case, "make_safe", note="x")) == (403, "move_forbidden")
        assert move(client, desk.zhao, case, "make_safe", note="x").status_code == 404
        refused = move(client, desk.wang, desk.filed(), "make_safe", note="x")
        assert code(refused) == (409, "move_impossible")

    def test_whoever_made_it_safe_does_not_check(self, client, desk, newcomer, as_):
        both = as_(newcomer((Role.GRID_STAFF, DISTRICT), (Role.CHECKER, DISTRICT)))
        case = moved(client, both, desk.in_progress(), "make_safe", note="已围挡")
        case = fixed(client, desk.wang, case)
        assert code(move(client, both, case, "close", outcome="fixed")) == (
            403, "checker_is_handler",
        )  # fmt: skip


class TestCheck:
    def test_it_runs_from_the_resolution_while_handling_waits(self, db, desk):
        case = desk.resolved()
        check = last_clock(db, case, "check")
        assert check.due_at - check.started_at == timedelta(hours=24)
        assert state(db, case) == {
            "accept": "met", "made_safe": "met", "handle": "paused", "check": "running",
        }  # fmt: skip
        now = stored(db, case)
        assert now.check_due_at == now.due_at == check.due_at

    def test_time_in_check_is_not_the_handler_s(self, client, db, desk, later):
        case = desk.resolved()
        due = last_clock(db, case, "handle").due_at
        them = later(hours=5)
        case = moved(client, them.sun, case, "rework", note="还在晃")
        handle = last_clock(db, case, "handle")
        assert abs(handle.due_at - due - timedelta(hours=5)) < WIDE
        now = stored(db, case)
        assert (now.handle_due_at, now.due_at, now.check_due_at) == (
            handle.due_at, handle.due_at, None,
        )  # fmt: skip
        assert state(db, case)["check"] == "dropped"
        case = fixed(client, them.wang, case)
        assert last_clock(db, case, "check").state == "running"

    @pytest.mark.parametrize(("hours", "found"), [(23, "met"), (25, "missed")])
    def test_closing_ends_everything(self, client, db, desk, later, hours, found):
        case = desk.resolved()
        them = later(hours=hours)
        case = moved(client, them.sun, case, "close", outcome="fixed")
        assert (state(db, case)["check"], state(db, case)["handle"]) == (found, "met")
        assert (case["due_at"], case["overdue"]) == (None, False)

    def test_handled_too_late_is_missed_whenever_it_is_checked(self, client, db, desk, later):
        case = desk.in_progress()
        them = later(hours=25)
        case = fixed(client, them.wang, case)
        case = moved(client, them.sun, case, "close", outcome="fixed")
        assert state(db, case)["handle"] == "missed"


class TestSuspension:
    def suspended(self, client, headers, case):
        on = (clock.business_day(clock.now()) + timedelta(days=10)).isoformat()
        return moved(client, headers, case, "suspend", review_on=on, note="等配件")

    def test_suspended_time_does_not_count(self, client, db, desk, later):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        handle = last_clock(db, case, "handle")
        case = self.suspended(client, desk.qian, case)
        assert (case["due_at"], state(db, case)["handle"]) == (None, "paused")
        them = later(days=3)
        # Long past the old deadline, and nobody is late.
        assert get(client, them.wang, case).json()["overdue"] is False
        assert case["id"] not in listed(client, them.qian, overdue=True)
        case = moved(client, them.qian, case, "resume")
        now, old = last_clock(db, case, "handle"), handle
        assert abs(now.due_at - old.due_at - timedelta(days=3)) < WIDE
        assert abs(now.warn_at - old.warn_at - timedelta(days=3)) < WIDE
        assert (stored(db, case).due_at, case["review_at"]) == (now.due_at, None)
        assert now.allowed_s == old.allowed_s

    def test_twice(self, client, db, desk, later):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        due = last_clock(db, case, "handle").due_at
        them = SimpleNamespace(qian=desk.qian)
        for _ in range(2):
            case = self.suspended(client, them.qian, case)
            them = later(days=1)
            case = moved(client, them.qian, case, "resume")
        assert abs(last_clock(db, case, "handle").due_at - due - timedelta(days=2)) < WIDE

    def test_what_was_late_before_is_late_after(self, client, db, desk, later):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        due = last_clock(db, case, "handle").due_at
        them = later(hours=30)
        case = self.suspended(client, them.qian, case)
        them = later(days=2)
        case = moved(client, them.qian, case, "resume")
        assert case["overdue"] is True
        assert last_clock(db, case, "handle").due_at == due

    def test_on_its_review_date_it_runs_on(self, client, db, desk, later, drain):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        old = last_clock(db, case, "handle")
        case = self.suspended(client, desk.qian, case)
        later(days=12)
        with work(db, write=True) as tx:
            service.review_due(tx)
        drain()
        row, now = stored(db, case), last_clock(db, case, "handle")
        assert (row.status, row.due_at, now.state) == ("dispatched", now.due_at, "running")
        assert abs(now.due_at - old.due_at - timedelta(days=12)) < WIDE

    def test_guarding_is_not_put_off(self, client, db, desk):
        """A suspension waits for parts; the hole in the street must be guarded all the same."""
        case = self.suspended(client, desk.qian, desk.dispatched())
        assert state(db, case)["made_safe"] == "running"
        assert stored(db, case).due_at == last_clock(db, case, "made_safe").due_at


class TestExtension:
    def test_granted_hours_are_counted_from_the_old_deadline(self, client, db, desk):
        case = desk.moved(desk.in_progress(), "make_safe", note="已围挡")
        old = last_clock(db, case, "handle")
        url = f"/v1/cases/{case['id']}/extensions"
        body = {"hours": 48, "text": "配件须从外地调运"}
        wanted = client.post(url, json=body, headers={**desk.wang, **key()}).json()
        assert last_clock(db, case, "handle").due_at == old.due_at
        url = f"/v1/approvals/{wanted['id']}/decision"
        body = {"granted": True, "answer": "同意"}
        assert client.post(url, json=body, headers={**desk.qian, **key()}).status_code == 200
        new = last_clock(db, case, "handle")
        assert new.due_at == old.due_at + timedelta(hours=48) == stored(db, case).due_at
        assert (new.rule, new.allowed_s) == (old.rule, old.allowed_s + 48 * 3600)
        # Frozen again: a move of another kind leaves it there.
        case = fixed(client, desk.wang, get(client, desk.wang, case).json())
        case = moved(client, desk.sun, case, "rework", note="还在晃")
        assert abs(last_clock(db, case, "handle").due_at - new.due_at) < WIDE


class TestFrozen:
    """What a district decides today never rewrites the cases of yesterday."""

    @pytest.fixture
    def restored(self, db):
        yield
        with work(db, write=True) as tx:
            mine = update(Category).where(Category.code == "E0102")
            tx.execute(mine.values(due_hours=8, accept_hours=4, clock="working"))

    def changed(self, client, headers, days):
        body = {"region_code": DISTRICT, "days": days}
        answer = client.put("/v1/calendar/days", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def litter(self, desk, cast, status):
        case = desk.moved(desk.reported(category="litter"), "verify")
        if status == "verifying":
            return case
        case = desk.moved(case, "file", category_code="E0102")
        return desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))

    def test_a_calendar_change_moves_no_old_deadline(self, client, db, desk, cast):
        old = [self.litter(desk, cast, status) for status in ("verifying", "dispatched")]
        facts = [(stored(db, case), clocks(db, case)) for case in old]
        today = clock.business_day(clock.now())
        days = [(today + timedelta(days=n)).isoformat() for n in range(30)]
        closed = [{"day": day, "working": False, "name": "长假"} for day in days]
        self.changed(client, desk.sun, closed)
        try:
            for case, (row, before) in zip(old, facts, strict=True):
                assert [(c.due_at, c.warn_at) for c in clocks(db, case)] == [
                    (c.due_at, c.warn_at) for c in before
                ]
                now = stored(db, case)
                assert (now.due_at, now.handle_due_at, now.accept_due_at) == (
                    row.due_at, row.handle_due_at, row.accept_due_at,
                )  # fmt: skip
            # A clock that starts now goes by the new calendar, and says so.
            new = last_clock(db, self.litter(desk, cast, "dispatched"), "handle")
            assert new.due_at.date() >= date.fromisoformat(days[-1])
            was = last_clock(db, old[1], "handle")
            assert new.due_at > was.due_at
            assert new.rule["calendar"] != was.rule["calendar"]
        finally:
            self.changed(client, desk.sun, [{"day": day, "working": None} for day in days])

    @pytest.mark.usefixtures("restored")
    def test_nor_does_a_change_of_the_category(self, client, db, desk, cast):
        case = self.litter(desk, cast, "dispatched")
        row, before = stored(db, case), clocks(db, case)
        with work(db, write=True) as tx:
            mine = update(Category).where(Category.code == "E0102")
            tx.execute(mine.values(due_hours=1, accept_hours=1, clock="continuous"))
        case = desk.moved(case, "accept")
        now = stored(db, case)
        assert (now.handle_due_at, now.clock_rule) == (row.handle_due_at, row.clock_rule)
        assert [(c.due_at, c.mode, c.rule) for c in clocks(db, case)] == [
            (c.due_at, c.mode, c.rule) for c in before
        ]


class TestNearest:
    def test_due_at_is_the_earliest_that_runs_through_a_whole_life(self, client, db, desk):
        case = desk.reported()
        wanted = ["accept", "accept", "made_safe", "made_safe", "handle", "check", None]
        steps = [
            ("file", desk.wang, {"category_code": "C0101"}),
            ("dispatch", desk.wang, {"assignee_id": str(desk._cast.wang.id)}),
            ("accept", desk.wang, {}), ("make_safe", desk.wang, {"note": "已围挡"}),
            ("resolve", desk.wang, {"note": "好了"}), ("close", desk.sun, {"outcome": "fixed"}),
        ]  # fmt: skip
        for kind, step in zip(wanted, [*steps, None], strict=True):
            running = {c.kind: c.due_at for c in clocks(db, case) if c.state == "running"}
            due = stored(db, case).due_at
            assert (due, min(running.values(), default=None)) == (running.get(kind), due), kind
            if step:
                name, headers, fields = step
                if name == "resolve":
                    fields["photo_ids"] = [upload(client, headers)]
                case = moved(client, headers, case, name, **fields)

    def test_warned_before_it_is_due(self, db, desk):
        case = desk.dispatched()
        row, now = last_clock(db, case, "made_safe"), stored(db, case)
        assert row.started_at < row.warn_at < row.due_at
        assert now.warn_at == row.warn_at
