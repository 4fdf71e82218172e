"""Who holds which post at an instant: what routing asks on every report, in one statement."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import DISTRICT, GRID, STREET
from posts.build import instant, make_village, ok, path_of
from sqlalchemy import event, update

from app.identity.models import Person, Role
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.db import work
from app.posts import queries

NOW = clock.now


@pytest.fixture
def place(db):
    """A village of its own and its grid."""
    village = make_village(db)
    return village, f"{village}001"


def held(db, *codes, at=None):
    with work(db, write=False) as tx:
        found = queries.holders(tx, path_of(*codes), at or clock.now())
    return [one for one in found if one.region_code in codes]


class TestHolders:
    def test_the_nearest_first_then_up_the_ladder(self, office, db, place):
        village, grid = place
        for post, region in (
            ("community_duty", village), ("grid_head", grid), ("grid_staff_full", grid),
            ("police", grid), ("grid_deputy", grid),
        ):  # fmt: skip
            office.appointed(office.newcomer(name=post), post, region)
        found = held(db, village, grid)
        assert [(one.post_code, one.level, one.rung) for one in found] == [
            ("grid_staff_full", 3, 1), ("grid_deputy", 3, 2), ("grid_head", 3, 3),
            ("police", 3, None), ("community_duty", 2, 4),
        ]  # fmt: skip
        assert [one.role for one in found][-1] == "grid_head"
        assert all(one.on_duty and one.stands_in_for is None for one in found)

    def test_only_on_the_path(self, office, db, place):
        village, grid = place
        office.appointed(office.newcomer(), "grid_head", grid)
        assert held(db, village) == []
        with work(db, write=False) as tx:
            assert queries.holders(tx, "/nowhere/", clock.now()) == []
            everywhere = queries.holders(tx, f"/{DISTRICT}/{STREET}/", clock.now())
            assert not {one.region_code for one in everywhere} & {village, grid}

    def test_only_while_it_is_in_force(self, office, db, place):
        village, grid = place
        today = clock.business_day(clock.now())
        later = office.appointed(
            office.newcomer(), "grid_head", grid, starts_on=str(today + timedelta(days=2)),
            ends_on=str(today + timedelta(days=3)),
        )  # fmt: skip
        midnight = datetime.combine(today, datetime.min.time(), SHANGHAI)
        for days, seconds, there in ((2, -1, 0), (2, 0, 1), (4, -1, 1), (4, 0, 0)):
            at = (midnight + timedelta(days=days, seconds=seconds)).astimezone(UTC)
            assert len(held(db, village, grid, at=at)) == there, (days, seconds)
        ok(office.end(later))
        assert held(db, village, grid, at=midnight + timedelta(days=2, hours=1)) == []

    def test_not_who_is_out(self, office, db, place):
        person = office.newcomer()
        office.appointed(person, "grid_head", place[1])
        with work(db, write=True) as tx:
            tx.execute(update(Person).where(Person.id == person.id).values(state="disabled"))
        assert held(db, *place) == []

    def test_the_hours_of_the_roster(self, office, db, place):
        made = office.appointed(office.newcomer(), "grid_head", place[1])
        ok(office.shifts(made, [{"weekday": 5, "starts": "22:00", "ends": "06:00"},
                                {"weekday": 1, "starts": "08:00", "ends": "17:00"}]))  # fmt: skip
        local = clock.now().astimezone(SHANGHAI)
        monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0)
        for days, hour, on in ((0, 9, True), (0, 18, False), (4, 23, True), (5, 5, True),
                               (5, 7, False)):  # fmt: skip
            at = monday + timedelta(days=days + 7, hours=hour)
            assert [one.on_duty for one in held(db, *place, at=at)] == [on], (days, hour)

    def test_in_one_statement(self, office, db, place):
        for _ in "123":
            office.appointed(office.newcomer(), "grid_staff_full", place[1])
        seen = []

        def count(_conn, _cursor, text, *_rest):
            seen.append(text)

        with work(db, write=False) as tx:
            event.listen(db.reader, "before_cursor_execute", count)
            try:
                assert len(queries.holders(tx, path_of(*place), clock.now())) >= 3
            finally:
                event.remove(db.reader, "before_cursor_execute", count)
        assert len(seen) == 1


class TestLeave:
    @pytest.fixture
    def away(self, office, place):
        person = office.newcomer(name="请假人")
        office.appointed(person, "grid_head", place[1])
        return person

    def test_without_a_stand_in_is_listed_and_off_duty(self, office, db, place, away):
        ok(office.leave(away), 201)
        (one,) = held(db, *place)
        assert (one.person_id, one.on_duty, one.stands_in_for) == (away.id, False, None)

    def test_the_stand_in_takes_the_place(self, office, db, place, away, newcomer):
        instead = newcomer((Role.GRID_STAFF, GRID))
        leave = ok(office.leave(away, stand_in_id=str(instead.id)), 201)
        (one,) = held(db, *place)
        assert (one.person_id, one.post_code, one.on_duty, one.stands_in_for) == (
            instead.id, "grid_head", True, away.id,
        )  # fmt: skip
        (after,) = held(db, *place, at=clock.now() + timedelta(hours=9))
        assert (after.person_id, after.stands_in_for) == (away.id, None)
        office.client.post(f"/v1/leaves/{leave['id']}/cancel", headers=office.sun)
        (again,) = held(db, *place)
        assert again.person_id == away.id

    def test_a_stand_in_who_is_away_or_out_is_none(self, office, db, place, away):
        instead = office.newcomer()
        office.appointed(instead)
        ok(office.leave(away, stand_in_id=str(instead.id)), 201)
        theirs = ok(office.leave(instead), 201)
        (one,) = held(db, *place)
        assert (one.person_id, one.on_duty) == (away.id, False)
        office.client.post(f"/v1/leaves/{theirs['id']}/cancel", headers=office.sun)
        assert held(db, *place)[0].person_id == instead.id
        with work(db, write=True) as tx:
            tx.execute(update(Person).where(Person.id == instead.id).values(state="disabled"))
        assert held(db, *place)[0].person_id == away.id

    def test_a_leave_to_come_changes_nothing_yet(self, office, db, place, away):
        ok(office.leave(away, starts_at=instant(hours=1)), 201)
        (one,) = held(db, *place)
        assert one.on_duty


class TestMembers:
    @pytest.fixture
    def unit(self, office, place):
        code = f"U{place[0]}"
        body = {"name": "农业服务中心", "region_code": STREET}
        ok(office.client.put(f"/v1/units/{code}", json=body, headers=office.sun))
        return code

    def test_of_a_unit(self, office, db, unit, place, newcomer):
        person, other = office.newcomer(), office.newcomer()
        office.appointed(person, "agronomist", STREET, unit_code=unit)
        office.appointed(other, "agronomist", STREET)
        with work(db, write=False) as tx:
            found = queries.members(tx, unit, clock.now())
            assert [(one.person_id, one.unit_code, one.level) for one in found] == [
                (person.id, unit, 1)
            ]
            assert queries.is_member(tx, person.id, unit, clock.now())
            assert not queries.is_member(tx, other.id, unit, clock.now())
            assert not queries.is_member(tx, person.id, "nothing", clock.now())

    def test_of_a_grouping_once_at_its_lowest_region(self, office, db, unit, place):
        village, grid = place
        ok(office.joined(f"G{village}", village, grid))
        person = office.newcomer()
        office.appointed(person, "joint_staff", grouping_code=f"G{village}", unit_code=unit)
        with work(db, write=False) as tx:
            found = queries.members(tx, unit, clock.now())
        assert [(one.person_id, one.level, one.region_code) for one in found] == [
            (person.id, 3, grid)
        ]
        assert [one.level for one in held(db, village)] == [2]
        assert [one.level for one in held(db, village, grid)] == [3]

    def test_a_stand_in_is_a_member_meanwhile(self, office, db, unit, place, newcomer):
        person = office.newcomer()
        office.appointed(person, "agronomist", STREET, unit_code=unit)
        instead = newcomer((Role.GRID_STAFF, GRID))
        ok(office.leave(person, stand_in_id=str(instead.id)), 201)
        with work(db, write=False) as tx:
            assert queries.is_member(tx, instead.id, unit, clock.now())
            assert not queries.is_member(tx, person.id, unit, clock.now())
