"""Leave as a file: taken by the script as by the endpoint, on both databases."""

import itertools
from datetime import datetime, timedelta, timezone

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import GRID, OTHER_GRID, make_staff
from posts.build import instant, ok
from sqlalchemy import select

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts.models import Leave

NUMBER = itertools.count(1)
WHO = "username / member_no"
WHEN = "starts_at / ends_at: "
INSTEAD = "stand_in_username / stand_in_member_no"


@pytest.fixture
def away(db, office):
    """Somebody with a user name who is appointed in GRID."""
    with work(db, write=True) as tx:
        person = make_staff(tx, f"away{next(NUMBER)}")
    office.appointed(person)
    return person


@pytest.fixture
def friend(db, office):
    """Somebody of the district's staff who may stand in."""
    with work(db, write=True) as tx:
        person = make_staff(tx, f"friend{next(NUMBER)}")
        identity.grant(tx, None, person.id, Role.GRID_STAFF, OTHER_GRID)
    return person


@pytest.fixture
def row(away):
    """A leave of theirs, by user name, since an hour ago."""
    times = {"starts_at": instant(hours=-1), "ends_at": instant(hours=8)}
    return lambda **more: {"username": away.name} | times | more


@pytest.fixture
def brought(bring):
    """Imports leaves in the administrator's name."""
    return lambda *rows, **how: bring("leaves", *rows, by="sun", **how)


def leaves(db, person):
    with work(db, write=False) as tx:
        query = select(Leave).where(Leave.person_id == person.id).order_by(Leave.starts_at)
        return tx.scalars(query).all()


def test_a_leave_is_taken_and_roles_change_hands(db, office, brought, cast, away, friend, row):
    later = row(starts_at=instant(days=2), ends_at=instant(days=3))
    done = brought(row(stand_in_username=friend.name, note="病假"), later)
    assert done.exit_code == 0, done.output
    assert done.output.endswith("leaves: 2 added\n")
    now, then = leaves(db, away)
    assert (now.stand_in_id, now.note, now.created_by) == (friend.id, "病假", cast.sun.id)
    assert (then.stand_in_id, then.note) == (None, None)
    assert office.roles(friend) == [("grid_staff", GRID), ("grid_staff", OTHER_GRID)]
    with work(db, write=False) as tx:
        taken = select(StaffAction.actor_id).where(StaffAction.object_id == str(now.id))
        assert tx.scalars(taken).all() == [cast.sun.id]


def test_they_change_hands_again_when_it_ends(office, brought, friend, row, drain):
    brought(row(stand_in_username=friend.name))
    try:
        clock.shift(timedelta(hours=9))
        drain()
        assert office.roles(friend) == [("grid_staff", OTHER_GRID)]
    finally:
        clock.unshift()


def test_by_member_numbers_from_a_spreadsheet(db, brought, away, friend, row):
    named = row(username="", member_no=away.member_no, stand_in_member_no=friend.member_no)
    done = brought(named, suffix=".xlsx")
    assert done.exit_code == 0, done.output
    (leave,) = leaves(db, away)
    assert leave.stand_in_id == friend.id


def test_a_dry_run_says_the_same_and_writes_nothing(db, office, brought, away, friend, row):
    dry = brought(row(stand_in_username=friend.name), dry=True)
    assert (dry.exit_code, dry.output.endswith("leaves: 1 added\n")) == (0, True)
    assert leaves(db, away) == []
    assert office.roles(friend) == [("grid_staff", OTHER_GRID)]


def test_what_goes_out_comes_back_unchanged(office, again, taken, away, friend, as_):
    made = ok(office.leave(away, stand_in_id=str(friend.id), note="'=1"), 201)
    ok(office.leave(away, starts_at=made["ends_at"], ends_at=instant(days=2)), 201)
    assert again("leaves", "--by", "sun") >= 2
    mine = [line for line in taken("leaves").rows if line["username"] == away.name]
    assert [line["stand_in_username"] for line in mine] == [friend.name, ""]
    assert mine[0]["note"] == "'=1"
    assert mine[0]["starts_at"].endswith("+08:00")
    assert datetime.fromisoformat(mine[0]["ends_at"]) == datetime.fromisoformat(made["ends_at"])


def test_the_same_instant_in_another_zone_is_the_same_leave(db, brought, away, row):
    assert brought(row()).exit_code == 0
    (leave,) = leaves(db, away)
    there = leave.starts_at.astimezone(timezone(timedelta(hours=-3, minutes=-30)))
    done = brought(row(starts_at=there.isoformat(), ends_at=leave.ends_at.isoformat()))
    assert (done.exit_code, done.output) == (0, "leaves: 1 unchanged\n")


def test_those_that_are_over_or_cancelled_stay_here(client, office, taken, away):
    cancelled = ok(office.leave(away), 201)
    ok(client.post(f"/v1/leaves/{cancelled['id']}/cancel", headers=office.sun))
    ok(office.leave(away, ends_at=instant(minutes=5)), 201)
    mine = [line for line in taken("leaves").rows if line["username"] == away.name]
    assert len(mine) == 1
    try:
        clock.shift(timedelta(minutes=6))
        assert away.name not in {line["username"] for line in taken("leaves").rows}
    finally:
        clock.unshift()


def test_somebody_answers_for_it(db, bring, away, row):
    assert "--by" in bring("leaves", row()).output
    assert leaves(db, away) == []


class TestRefused:
    def refused(self, done, finding):
        assert done.exit_code == 1, done.output
        assert f"第 3 行 line 3: {finding}" in done.output, done.output

    @pytest.mark.parametrize(
        ("more", "finding"),
        [
            ({"username": "nobody"}, f"查无此人 no such person: {WHO}"),
            ({"username": "li"}, f"{WHO}: "),
            ({"stand_in_username": "nobody"}, f"查无此人 no such person: {INSTEAD}"),
            ({"stand_in_member_no": "nobody"}, f"查无此人 no such person: {INSTEAD}"),
            ({"starts_at": "2026-11-22"}, "starts_at 缺失"),
            ({"starts_at": "2026-11-22T08:00:00"}, "starts_at 缺失"),
            ({"starts_at": ""}, "starts_at 缺失"),
            ({"ends_at": "2020-01-01T00:00:00Z"}, f"{WHEN}起止时间有误"),
            ({"note": "长" * 501}, "note 缺失"),
            ({}, f"{WHEN}与已有的请假时间重叠 It overlaps another leave"),
        ],
    )
    def test_a_fault_is_told_by_row_and_column_and_nothing_written(
        self, db, brought, away, row, more, finding
    ):
        others = {"starts_at": instant(hours=2), "ends_at": instant(hours=9)}
        self.refused(brought(row(), row(**others | more)), finding)
        assert leaves(db, away) == []

    def test_a_stand_in_of_no_district(self, db, brought, away, row):
        with work(db, write=True) as tx:
            nobody = make_staff(tx, f"nobody{next(NUMBER)}")
        first = row(starts_at=instant(days=2), ends_at=instant(days=3))
        done = brought(first, row(stand_in_username=nobody.name))
        self.refused(done, f"{INSTEAD}: 顶岗人员必须是本区县工作人员")
        self.refused(brought(first, row(stand_in_username=away.name)), f"{INSTEAD}: ")
        assert leaves(db, away) == []

    @pytest.mark.parametrize("field", ["ends_at", "note", "stand_in_username"])
    def test_a_leave_is_cancelled_and_not_changed(self, db, brought, away, friend, row, field):
        brought(row())
        other = {"ends_at": instant(hours=7), "note": "换班", "stand_in_username": friend.name}
        first = row(starts_at=instant(days=2), ends_at=instant(days=3))
        self.refused(brought(first, row(**{field: other[field]})), f"{WHEN}与已有的请假时间重叠")
        (leave,) = leaves(db, away)
        assert (leave.note, leave.stand_in_id) == (None, None)
