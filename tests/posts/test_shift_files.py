"""The duty roster as a file: an appointment's shifts, whole, by the script on both databases."""

import itertools

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import GRID, OTHER_GRID, make_staff
from posts.build import day, ok
from sqlalchemy import func, select

from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts import queries
from app.posts.models import Appointment, DutyShift

NUMBER = itertools.count(1)
POST = "grid_staff_full"
NIGHT = {"weekday": 1, "starts": "22:00", "ends": "06:00"}
DAY = {"weekday": 2, "starts": "08:00", "ends": "24:00"}
ALWAYS = {"weekday": "", "starts": "", "ends": ""}


@pytest.fixture
def officer(db, office):
    """Somebody with a user name who is appointed in GRID."""
    with work(db, write=True) as tx:
        person = make_staff(tx, f"officer{next(NUMBER)}")
    office.appointed(person, POST, GRID)
    return person


@pytest.fixture
def row(officer):
    """A shift of the officer's, by user name."""
    who = {"username": officer.name, "post_code": POST, "region_code": GRID}
    return lambda hours, **more: who | hours | more


def roster(db, person):
    with work(db, write=False) as tx:
        query = select(DutyShift).join(Appointment).where(Appointment.person_id == person.id)
        return sorted((s.weekday, s.starts, s.ends) for s in tx.scalars(query))


def test_a_roster_is_replaced_by_its_rows(db, bring, officer, row):
    done = bring("shifts", row(DAY), row(NIGHT))
    assert done.exit_code == 0, done.output
    assert "shifts - -> 1 22:00-06:00, 2 08:00-24:00" in done.output
    assert roster(db, officer) == [(1, "22:00", "06:00"), (2, "08:00", "24:00")]
    assert bring("shifts", row(NIGHT), row(DAY)).output == "shifts: 1 unchanged\n"
    assert bring("shifts", row(DAY), suffix=".xlsx").exit_code == 0
    assert roster(db, officer) == [(2, "08:00", "24:00")]


def test_a_row_without_hours_is_always_on_duty(db, bring, officer, row):
    bring("shifts", row(DAY))
    done = bring("shifts", row(ALWAYS))
    assert "shifts 2 08:00-24:00 -> -" in done.output
    assert roster(db, officer) == []


def test_what_goes_out_comes_back_unchanged(db, office, bring, again, taken, officer, row):
    second = office.appointed(officer, POST, OTHER_GRID)
    ok(office.shifts(second, [NIGHT, NIGHT, DAY]))
    bring("shifts", row(DAY))
    with work(db, write=False) as tx:
        lasting = tx.scalar(select(func.count()).select_from(Appointment).where(queries.lasting()))
    assert again("shifts", objects=lasting) == lasting + 1
    mine = [line for line in taken("shifts").rows if line["username"] == officer.name]
    assert [line["region_code"] for line in mine] == [GRID, OTHER_GRID, OTHER_GRID]
    assert (mine[0]["member_no"], mine[0]["weekday"]) == (officer.member_no, "2")


def test_appointments_that_the_file_leaves_out_keep_theirs(db, office, bring, officer, row):
    second = office.appointed(officer, POST, OTHER_GRID)
    ok(office.shifts(second, [NIGHT]))
    bring("shifts", row(DAY))
    assert roster(db, officer) == [(1, "22:00", "06:00"), (2, "08:00", "24:00")]


def test_by_member_number_and_in_gbk(db, bring, officer, row):
    named = row(DAY, username="", member_no=officer.member_no, name="某网格员")
    assert bring("shifts", named, encoding="gbk").exit_code == 0
    assert roster(db, officer) == [(2, "08:00", "24:00")]


def test_a_dry_run_says_the_same_and_writes_nothing(db, bring, officer, row):
    dry = bring("shifts", row(DAY), dry=True)
    assert "shifts - -> 2 08:00-24:00\nshifts: 1 changed\n" in dry.output
    assert roster(db, officer) == []


def test_one_action_of_nobody(db, bring, officer, row):
    bring("shifts", row(DAY), row(NIGHT))
    with work(db, write=False) as tx:
        done = select(StaffAction).where(StaffAction.action == "shifts.imported")
        last = tx.scalars(done.order_by(StaffAction.id)).all()[-1]
    assert (last.actor_id, last.detail) == (None, {"rows": 1, "changed": 1})


def test_somebody_who_has_the_post_twice_is_told_apart_by_the_day(db, office, bring, officer, row):
    first = {"ends_on": day(1)}
    with work(db, write=True) as tx:
        one = tx.scalars(select(Appointment).where(Appointment.person_id == officer.id)).one()
        one.ends_on = first["ends_on"]
    office.appointed(officer, POST, GRID, starts_on=day(2))
    done = bring("shifts", row(DAY))
    assert (done.exit_code, "line 2: starts_on: 有多个任命" in done.output) == (1, True)
    done = bring("shifts", row(DAY, starts_on=day(2)))
    assert done.exit_code == 0, done.output
    assert roster(db, officer) == [(2, "08:00", "24:00")]


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"username": "nobody"}, "查无此人 no such person"),
        ({"post_code": "doctor"}, "查无此任命 no such appointment: post_code"),
        ({"post_code": ""}, "查无此任命 no such appointment: post_code"),
        ({"region_code": OTHER_GRID}, "查无此任命 no such appointment"),
        ({"starts_on": "2020-01-01"}, "查无此任命 no such appointment"),
        ({"weekday": "8"}, "weekday 缺失"),
        ({"starts": "24:00"}, "starts 缺失"),
        ({"ends": "7"}, "ends 缺失"),
        ({"ends": ""}, "weekday, starts and ends belong together"),
        (ALWAYS, "weekday: 全天在岗的行须单独"),
        (DAY, "重复 occurs twice"),
    ],
)
def test_a_fault_is_told_by_row_and_column(db, bring, officer, row, more, finding):
    done = bring("shifts", row(DAY), row(NIGHT, **more))
    assert (done.exit_code, "第 3 行 line 3: " in done.output) == (1, True), done.output
    assert finding in done.output
    assert roster(db, officer) == []
