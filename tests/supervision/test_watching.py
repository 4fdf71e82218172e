"""Clocks that run out: warned, overdue, told further up, each once, whoever is killed meanwhile."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, STREET, VILLAGE
from races.together import at_once
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.cases.models import Case
from app.clocks import queries as clocks
from app.clocks.models import Clock
from app.identity import queries as identity
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment, DutyShift
from app.supervision import rules, watching
from app.supervision.models import Escalation
from app.worker import Tools, make_handlers

HOUR = timedelta(hours=1)
PATH = f"/{DISTRICT}/{STREET}/{VILLAGE}/{GRID}/"


def of(db, case, kind):
    """The last clock of a kind of a case."""
    with work(db, write=False) as tx:
        case_id = tx.scalar(select(Case.id).where(Case.number == case["number"]))
        return [row for row in clocks.of_case(tx, case_id) if row.kind == kind][-1]


def to(at):
    """Moves the clock to a second after an instant."""
    clock.shift(at - clock.now() + timedelta(seconds=1))


@pytest.fixture
def watch(db, drain):
    """What the worker does every minute."""

    def looked():
        with work(db, write=True) as tx:
            watching.look(tx, clock.now())
        drain()

    return looked


@pytest.fixture
def kinds(client, as_, cast):
    """The kinds of a case's entries that no person made, in their order."""

    def found(case):
        url = f"/v1/cases/{case['id']}/events"
        items = client.get(url, headers=as_(cast.qian)).json()["items"]
        return [
            (i["kind"], i["data"]["clock"]) for i in items
            if i["kind"] in {"warned", "overdue", "escalated"}
        ]  # fmt: skip

    return found


@pytest.fixture
def steps(client, as_, cast):
    def found(case, kind="made_safe"):
        url = f"/v1/cases/{case['id']}/escalations"
        items = client.get(url, headers=as_(cast.qian)).json()["items"]
        return [(i["level"], i["region_code"], i["told"]) for i in items if i["clock"] == kind]

    return found


class TestLiuBosManhole:
    """A hazard that nobody signs for: guarded within the hour, or the levels hear of it."""

    def test_one_step_after_the_other(
        self, db, client, desk, cast, newcomer, as_, watch, kinds, steps, inbox
    ):
        village = newcomer((Role.GRID_HEAD, VILLAGE), name="社区网格长")
        street = newcomer((Role.GRID_HEAD, STREET), name="街道网格长")
        case = desk.dispatched()
        guard = of(db, case, "made_safe")
        assert guard.due_at - guard.started_at == HOUR
        watch()
        assert kinds(case) == []

        to(guard.warn_at)
        watch()
        assert kinds(case) == [("warned", "made_safe")]
        assert inbox(cast.wang, case)[0] == "clock.warned"

        to(guard.due_at)
        watch()
        assert kinds(case)[1:] == [("overdue", "made_safe"), ("escalated", "made_safe")]
        assert steps(case) == [(1, VILLAGE, ["社区网格长"])]
        assert "clock.overdue" in inbox(cast.wang, case)
        assert inbox(village, case)[0] == "clock.escalated"
        assert inbox(street, case) == []

        to(guard.due_at + HOUR)
        watch()
        assert steps(case)[1:] == [(2, STREET, ["街道网格长"])]
        assert inbox(street, case)[0] == "clock.escalated"

        to(guard.due_at + 2 * HOUR)
        watch()
        assert steps(case)[2:] == [(3, DISTRICT, ["qian"])]
        # Above the district there is nobody, however long it takes.
        for _ in range(3):
            clock.shift(HOUR)
            watch()
        assert len(steps(case)) == 3
        assert of(db, case, "handle").warned_at is None
        assert len(inbox(village, case)) == 1

    def test_guarding_it_stops_the_steps(self, db, client, desk, cast, as_, watch, steps, kinds):
        case = desk.dispatched()
        guard = of(db, case, "made_safe")
        to(guard.due_at)
        watch()
        assert [level for level, *_ in steps(case)] == [1]
        fresh = client.get(f"/v1/cases/{case['id']}", headers=as_(cast.wang)).json()
        desk.moved(fresh, "make_safe", by=as_(cast.wang), note="已放置锥桶")
        to(guard.due_at + 5 * HOUR)
        watch()
        assert [level for level, *_ in steps(case)] == [1]
        assert of(db, case, "made_safe").state == "missed"

    def test_the_repair_within_a_day(self, db, client, desk, cast, as_, watch, steps, kinds, inbox):
        case = desk.moved(desk.dispatched(), "make_safe", note="已放置锥桶")
        repair = of(db, case, "handle")
        assert repair.due_at - repair.started_at == 24 * HOUR
        to(repair.due_at)
        watch()
        # A worker that comes too late for the warning says overdue at once.
        assert kinds(case) == [("overdue", "handle"), ("escalated", "handle")]
        assert steps(case, "handle")[0][:2] == (1, VILLAGE)
        for n in (1, 2):
            to(repair.due_at + n * HOUR)
            watch()
        assert [step[1] for step in steps(case, "handle")] == [VILLAGE, STREET, DISTRICT]
        with work(db, write=False) as tx:
            shown = tx.scalars(select(Case).where(Case.number == case["number"])).one()
            assert shown.due_at == repair.due_at


class TestWhoIsTold:
    def test_accepting_whoever_is_on_duty(self, db, desk, cast, newcomer, watch, inbox):
        """Of the grid's two officers, the one on duty."""
        with work(db, write=True) as tx:
            posts.load_seed(tx)
        on, off = (newcomer((Role.GRID_STAFF, GRID)) for _ in range(2))
        case = desk.reported()
        accept = of(db, case, "accept")
        weekday = accept.warn_at.astimezone(clock.SHANGHAI).isoweekday()
        # The other one's day is three days off, so no midnight comes between.
        days = {on: range(1, 8), off: [(weekday + 2) % 7 + 1]}
        appointments = []
        with work(db, write=True) as tx:
            for person, shifts in days.items():
                appointment_id = new_id()
                appointments.append(appointment_id)
                tx.add(
                    Appointment(
                        id=appointment_id, person_id=person.id, post_code="grid_staff_full",
                        region_code=GRID, starts_on="2020-01-01", created_at=clock.now(),
                    )
                )  # fmt: skip
                tx.flush()
                for day in shifts:
                    tx.add(
                        DutyShift(
                            id=new_id(), appointment_id=appointment_id, weekday=day,
                            starts="00:00", ends="24:00",
                        )
                    )  # fmt: skip
        to(accept.warn_at)
        watch()
        assert inbox(on, case) == ["clock.warned"]
        assert inbox(off, case) == []
        with work(db, write=True) as tx:
            for appointment_id in appointments:
                tx.get_one(Appointment, appointment_id).ended_at = clock.now() - 24 * HOUR

    def test_accepting_by_role_without_posts(self, db, desk, cast, watch, inbox, steps):
        case = desk.reported()
        to(of(db, case, "accept").due_at)
        watch()
        assert "clock.overdue" in inbox(cast.wang, case)
        assert steps(case, "accept")[0][:2] == (1, VILLAGE)

    def test_checking_the_checkers(self, db, desk, cast, watch, inbox, kinds):
        case = desk.resolved()
        to(of(db, case, "check").due_at)
        watch()
        assert ("overdue", "check") in kinds(case)
        assert "clock.overdue" in inbox(cast.sun, case)
        assert "clock.overdue" not in inbox(cast.wang, case)

    def test_a_suspended_case_is_left_alone(self, db, client, desk, cast, watch, kinds):
        case = desk.moved(desk.dispatched(), "make_safe", note="已放置锥桶")
        repair = of(db, case, "handle")
        day = (clock.business_day(clock.now()) + timedelta(days=30)).isoformat()
        desk.moved(case, "suspend", by=desk.qian, review_on=day, note="汛期")
        to(repair.due_at + 5 * HOUR)
        watch()
        assert kinds(case) == []

    def test_the_nearest_who_hold_a_role(self, db, tx, desk):
        with work(db, write=False) as read:
            level, people = identity.nearest_holding(read, f"/{DISTRICT}/", {Role.DISPATCHER})
        assert (level, len(people)) == (0, 1)
        assert identity.nearest_holding(tx, "/nowhere/", {Role.DISPATCHER}) == (-1, [])


class TestSteps:
    def test_up_to_the_district(self):
        found, last = [], None
        while (last := rules.next_step(PATH, PATH, last)) is not None:
            found.append(last)
        assert found == [VILLAGE, STREET, DISTRICT]

    def test_from_the_level_that_handles_it(self):
        level = f"/{DISTRICT}/{STREET}/"
        assert rules.next_step(PATH, level, None) == DISTRICT
        assert rules.next_step(PATH, level, DISTRICT) is None
        # It was handed up after the village was told.
        assert rules.next_step(PATH, level, VILLAGE) == DISTRICT

    def test_a_case_of_the_district_stays_there_once(self):
        top = f"/{DISTRICT}/"
        assert rules.next_step(PATH, top, None) == DISTRICT
        assert rules.next_step(PATH, top, DISTRICT) is None

    def test_a_region_that_moved_away(self):
        assert rules.next_step(PATH, PATH, "elsewhere") == VILLAGE


class TestOnce:
    """A worker killed at any moment, and two at once: no step is made twice."""

    def due(self, db, desk):
        case = desk.dispatched()
        guard = of(db, case, "made_safe")
        to(guard.due_at)
        return case, guard

    def count(self, db, guard):
        query = select(func.count()).select_from(Escalation)
        with work(db, write=False) as tx:
            return tx.scalar(query.where(Escalation.clock_id == guard.id))

    def test_killed_before_the_commit(self, db, desk, kinds):
        case, guard = self.due(db, desk)

        def die():
            with work(db, write=True) as tx:
                watching.passed(tx, guard.id)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            die()
        assert self.count(db, guard) == 0
        assert kinds(case) == []
        for _ in range(3):
            with work(db, write=True) as tx:
                watching.passed(tx, guard.id)
        assert self.count(db, guard) == 1
        assert kinds(case) == [("overdue", "made_safe"), ("escalated", "made_safe")]

    def test_killed_after_the_commit_before_the_job_is_done(self, db, desk, app, kinds):
        """Effect and mark are one commit, so a job that was done is not run again."""
        case, guard = self.due(db, desk)
        handlers = make_handlers(Tools(app.state.db, app.state.bucket, app.state.grids))
        with work(db, write=True) as tx:
            watching.look(tx, clock.now())
            watching.look(tx, clock.now())
        while outbox.run_one(db, handlers):
            pass
        with work(db, write=True) as tx:
            watching.look(tx, clock.now())
        while outbox.run_one(db, handlers):
            pass
        assert self.count(db, guard) == 1
        assert kinds(case).count(("overdue", "made_safe")) == 1

    def test_looking_again_and_again_asks_once(self, db, desk):
        _, guard = self.due(db, desk)
        jobs = select(func.count()).select_from(outbox.Job).where(
            outbox.Job.unique_key.startswith(f"clock.passed:{guard.id}")
        )  # fmt: skip
        for _ in range(3):
            with work(db, write=True) as tx:
                watching.look(tx, clock.now())
        with work(db, write=False) as tx:
            assert tx.scalar(jobs) == 1

    def test_two_workers_at_once(self, db, desk, kinds):
        case, guard = self.due(db, desk)

        def run():
            with work(db, write=True) as tx:
                watching.passed(tx, guard.id)

        for step in range(3):
            at_once([run] * 4)
            assert self.count(db, guard) == step + 1
            to(guard.due_at + (step + 1) * HOUR)
        assert kinds(case).count(("escalated", "made_safe")) == 3

    def test_the_database_refuses_the_same_step(self, db, desk):
        _, guard = self.due(db, desk)
        with work(db, write=True) as tx:
            watching.passed(tx, guard.id)
        row = {
            "case_id": guard.case_id, "clock_id": guard.id, "level": 1, "region_code": STREET,
            "told": [], "created_at": clock.now(),
        }  # fmt: skip
        with pytest.raises(IntegrityError), work(db, write=True) as tx:
            insert_row(tx, Escalation, id=new_id(), **row)

    def test_a_mark_that_was_lost_makes_no_second_step(self, db, desk, kinds):
        """The second of the pair: were a clock's mark undone, the table would refuse the step."""
        case, guard = self.due(db, desk)
        with work(db, write=True) as tx:
            watching.passed(tx, guard.id)
        to(guard.due_at + HOUR)
        with work(db, write=True) as tx:
            marked_before = tx.get_one(Clock, guard.id).look_at
            watching.passed(tx, guard.id)
        assert self.count(db, guard) == 2
        with work(db, write=True) as tx:
            row = tx.get_one(Clock, guard.id, populate_existing=True)
            row.level, row.look_at = 0, marked_before
        with pytest.raises(IntegrityError), work(db, write=True) as tx:
            watching.passed(tx, guard.id)
        assert kinds(case).count(("escalated", "made_safe")) == 2

    def test_after_an_extension_it_begins_anew(
        self, db, client, desk, cast, as_, watch, steps, inbox, kinds, send
    ):
        case = desk.moved(desk.dispatched(), "make_safe", note="已放置锥桶")
        first = of(db, case, "handle")
        to(first.due_at)
        watch()
        to(first.due_at + HOUR)
        watch()
        assert [s[:2] for s in steps(case, "handle")] == [(1, VILLAGE), (2, STREET)]
        url = f"/v1/cases/{case['id']}/extensions"
        asked = send(url, as_(cast.wang), hours=48, text="配件").json()
        decided = send(
            f"/v1/approvals/{asked['id']}/decision", as_(cast.qian), granted=True, answer="同意"
        )
        assert decided.status_code == 200, decided.text
        again = of(db, case, "handle")
        assert (again.overdue_at, again.level) == (None, 0)
        to(again.due_at)
        watch()
        to(again.due_at + HOUR)
        watch()
        assert [s[:2] for s in steps(case, "handle")] == [
            (1, VILLAGE), (2, STREET), (3, VILLAGE), (4, STREET),
        ]  # fmt: skip
        assert kinds(case).count(("overdue", "handle")) == 2
        assert inbox(cast.wang, case).count("clock.overdue") == 2


class TestEscalations:
    def test_reading(self, client, desk, cast, as_):
        case = desk.dispatched()
        url = f"/v1/cases/{case['id']}/escalations"
        assert client.get(url, headers=desk.wang).json() == {"items": []}
        assert client.get(url).status_code == 401
        for headers, expected in (
            (desk.zhao, (404, "case_not_found")),
            (desk.liu, (403, "staff_only")),
        ):
            answer = client.get(url, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == expected
