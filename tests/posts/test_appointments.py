"""Appointments: who may make them, the roles they give, and when those end."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, INSIDE, OTHER_GRID, STREET, VILLAGE
from flows.story import upload
from matrix.row import ABSENT
from posts.build import PHONE, code_of, day, make_village, ok, path_of
from sqlalchemy import select, update

from app.identity.models import Grant, Person, Role
from app.kit import clock, outbox
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts import appointments, queries
from app.posts.models import Appointment

FAR = "500231000000"


def queue(client, headers):
    items = ok(client.get("/v1/cases", headers=headers, params={"limit": 100}))["items"]
    return {item["id"] for item in items}


def turned(db, drain):
    with work(db, write=True) as tx:
        outbox.enqueue(tx, "appointments.turned")
    drain()


def living(db, appointment):
    with work(db, write=False) as tx:
        found = select(Grant.person_id, Grant.role, Grant.region_code).where(
            Grant.appointment_id == appointment["id"], Grant.revoked_at.is_(None)
        )
        return sorted(tuple(map(str, row)) for row in tx.execute(found))


@pytest.fixture
def later(client, as_):
    """Tomorrow and beyond; tokens of today have expired by then."""

    def move(**by):
        clock.shift(timedelta(**by))

    yield move
    clock.unshift()


class TestAppoint:
    def test_answers_the_whole_appointment(self, db, client, office):
        person = office.newcomer(name="新网格员")
        photo = upload(client, office.sun)
        made = office.appointed(person, phone=PHONE, photo_id=photo, ends_on=day(30))
        assert made.pop("photo_url").startswith(f"/v1/photos/{photo}/thumb?")
        assert made.pop("created_at")
        assert made == {
            "id": made["id"], "person_id": str(person.id), "name": "新网格员",
            "post_code": "grid_staff_full", "region_code": GRID, "grouping_code": None,
            "unit_code": None, "starts_on": day(), "ends_on": day(30), "phone": "138****8000",
            "shifts": [], "ended_at": None,
        }  # fmt: skip
        with work(db, write=False) as tx:
            noted = select(StaffAction.action, StaffAction.detail).where(
                StaffAction.object_id.in_([made["id"], str(person.id)])
            )
            assert dict(tx.execute(noted).all()) == {
                "appointment.made": {"post": "grid_staff_full", "region": GRID, "grouping": None},
                "role.granted": {"role": "grid_staff", "region": GRID},
            }

    def test_opens_the_queue_and_its_end_closes_it(self, client, office, desk, as_):
        case = desk.reported(INSIDE)["id"]
        person = office.newcomer()
        assert client.get("/v1/cases", headers=as_(person)).status_code == 403
        made = office.appointed(person)
        assert office.roles(person) == [("grid_staff", GRID)]
        assert case in queue(client, as_(person))
        ended = ok(office.end(made))
        assert ended["ended_at"]
        assert ended["ends_on"] == day()
        assert office.roles(person) == []
        assert client.get("/v1/cases", headers=as_(person)).status_code == 403

    def test_only_in_ones_own_subtree(self, office, as_, newcomer):
        admin = as_(newcomer((Role.ADMINISTRATOR, GRID)))
        person = office.newcomer()
        refused = office.appoint(person, region=OTHER_GRID, by=admin)
        assert code_of(refused) == (403, "outside_subtree")
        refused = office.appoint(person, "community_duty", VILLAGE, by=admin)
        assert code_of(refused) == (403, "outside_subtree")
        assert office.roles(person) == []
        ok(office.appoint(person, by=admin), 201)

    def test_not_with_a_unit_of_elsewhere(self, client, office, as_, newcomer):
        ok(client.put("/v1/units/TOP", json={"name": "区农委", "region_code": DISTRICT},
                      headers=office.sun))  # fmt: skip
        admin = as_(newcomer((Role.ADMINISTRATOR, STREET)))
        refused = office.appoint(office.newcomer(), by=admin, unit_code="TOP")
        assert code_of(refused) == (403, "outside_subtree")

    @pytest.mark.parametrize(
        ("how", "code"),
        [
            ({"post": "nothing"}, "post_unknown"),
            ({"region": "nowhere"}, "region_unknown"),
            ({"region": None}, "region_unknown"),
            ({"grouping_code": "nowhere"}, "grouping_unknown"),
            ({"grouping_code": "x", "region_code": GRID}, "region_unknown"),
            ({"region": VILLAGE}, "level_wrong"),
            ({"unit_code": "nothing"}, "unit_unknown"),
            ({"person_id": ABSENT}, "person_unknown"),
            ({"starts_on": "2026-11-23", "ends_on": "2026-11-22"}, "days_wrong"),
            ({"starts_on": "2020-01-01", "ends_on": "2020-01-02"}, "days_wrong"),
            ({"starts_on": "2026-02-30"}, "unprocessable"),
            ({"phone": "110"}, "unprocessable"),
        ],
    )
    def test_what_cannot_be(self, office, how, code):
        refused = office.appoint(office.newcomer(), **how)
        assert code_of(refused) == (422, code)

    def test_a_person_who_is_out(self, db, office):
        person = office.newcomer()
        with work(db, write=True) as tx:
            tx.execute(update(Person).where(Person.id == person.id).values(state="disabled"))
        assert code_of(office.appoint(person)) == (422, "person_unknown")

    def test_not_twice_at_once(self, office):
        person = office.newcomer()
        made = office.appointed(person, ends_on=day(5))
        assert code_of(office.appoint(person)) == (409, "appointment_exists")
        assert code_of(office.appoint(person, starts_on=day(5))) == (409, "appointment_exists")
        office.appointed(person, starts_on=day(6))
        office.appointed(person, region=OTHER_GRID)
        ok(office.end(made))
        office.appointed(person, ends_on=day(5))

    def test_a_photo_is_ones_own_and_used_once(self, client, office, desk):
        theirs = upload(client, desk.wang)
        refused = office.appoint(office.newcomer(), photo_id=theirs)
        assert code_of(refused) == (404, "photo_not_found")
        mine = upload(client, office.sun)
        office.appointed(office.newcomer(), photo_id=mine)
        refused = office.appoint(office.newcomer(), photo_id=mine)
        assert code_of(refused) == (409, "photo_used")


class TestTime:
    def test_one_to_come_gives_nothing_yet(self, db, office, drain, later):
        person = office.newcomer()
        made = office.appointed(person, starts_on=day(2), ends_on=day(3))
        turned(db, drain)
        assert office.roles(person) == []
        later(days=2)
        turned(db, drain)
        assert office.roles(person) == [("grid_staff", GRID)]
        before = living(db, made)
        turned(db, drain)
        assert living(db, made) == before
        later(days=2)
        turned(db, drain)
        assert office.roles(person) == []

    def test_the_job_is_on_the_hour_of_the_new_day(self, db, office, drain):
        """What the schedule asks every hour finds only what has changed."""
        office.appointed(office.newcomer())
        turned(db, drain)
        with work(db, write=True) as tx:
            from app.posts import lists

            assert not tx.scalars(lists.unsettled(), queries.moment(clock.now())).all()

    def test_a_last_day_to_come(self, db, office, drain, later):
        person = office.newcomer()
        made = office.appointed(person)
        assert ok(office.end(made, ends_on=day(1)))["ended_at"] is None
        assert office.roles(person) == [("grid_staff", GRID)]
        assert code_of(office.end(made, ends_on=day(-1))) == (422, "days_wrong")
        later(days=2)
        turned(db, drain)
        assert office.roles(person) == []

    def test_one_that_never_began_can_end(self, db, office, drain, later):
        person = office.newcomer()
        made = office.appointed(person, starts_on=day(1))
        ok(office.end(made))
        later(days=1)
        turned(db, drain)
        assert office.roles(person) == []

    def test_two_appointments_of_one_role_end_apart(self, office):
        person = office.newcomer()
        office.appointed(person, "grid_staff_full")
        part = office.appointed(person, "grid_staff_part")
        ok(office.end(part))
        assert office.roles(person) == [("grid_staff", GRID)]

    def test_a_role_granted_by_name_stays(self, db, office, drain, newcomer):
        person = newcomer((Role.GRID_STAFF, GRID))
        ok(office.end(office.appointed(person)))
        turned(db, drain)
        assert office.roles(person) == [("grid_staff", GRID)]


class TestEnd:
    def test_not_twice(self, office):
        made = office.appointed(office.newcomer())
        ok(office.end(made))
        assert code_of(office.end(made)) == (409, "appointment_ended")
        assert code_of(office.shifts(made, [])) == (409, "appointment_ended")

    def test_of_elsewhere_is_nothing(self, office, as_, newcomer):
        made = office.appointed(office.newcomer())
        far = as_(newcomer((Role.ADMINISTRATOR, OTHER_GRID)))
        assert code_of(office.end(made, by=far)) == (404, "appointment_not_found")
        assert code_of(office.end({"id": ABSENT})) == (404, "appointment_not_found")

    def test_seen_but_administered_elsewhere(self, office, as_, newcomer):
        made = office.appointed(office.newcomer())
        both = as_(newcomer((Role.GRID_STAFF, GRID), (Role.ADMINISTRATOR, OTHER_GRID)))
        assert code_of(office.end(made, by=both)) == (403, "outside_subtree")


class TestList:
    def listed(self, client, headers, **params):
        params = {"limit": 100, **params}
        items = ok(client.get("/v1/appointments", headers=headers, params=params))["items"]
        return {item["id"] for item in items}

    def test_the_subtree(self, client, office, desk):
        here = office.appointed(office.newcomer())["id"]
        there = office.appointed(office.newcomer(), region=OTHER_GRID)["id"]
        both = {here, there}
        assert self.listed(client, office.sun) & both == both
        assert self.listed(client, desk.wang) & both == {here}
        assert self.listed(client, office.sun, region=OTHER_GRID) & both == {there}
        assert self.listed(client, office.sun, region=STREET) & both == both
        assert self.listed(client, desk.wang, region=OTHER_GRID) & both == set()
        assert self.listed(client, office.sun, region="nowhere") == set()

    def test_pages(self, client, office):
        made = [office.appointed(office.newcomer())["id"] for _ in "123"]
        first = ok(client.get("/v1/appointments", headers=office.sun, params={"limit": 2}))
        assert [one["id"] for one in first["items"]] == made[:0:-1]
        params = {"limit": 2, "cursor": first["next_cursor"]}
        after = ok(client.get("/v1/appointments", headers=office.sun, params=params))
        assert after["items"][0]["id"] == made[0]


class TestShifts:
    NIGHT = ({"weekday": 5, "starts": "22:00", "ends": "06:00"},)

    def test_replaced(self, office):
        made = office.appointed(office.newcomer())
        day_shift = {"weekday": 1, "starts": "08:00", "ends": "24:00"}
        assert ok(office.shifts(made, [*self.NIGHT, day_shift]))["shifts"] == [
            day_shift, *self.NIGHT,
        ]  # fmt: skip
        assert ok(office.shifts(made, list(self.NIGHT)))["shifts"] == list(self.NIGHT)
        assert ok(office.shifts(made, []))["shifts"] == []

    def test_by_a_head_of_the_grid_and_not_by_its_staff(self, office, desk, as_, newcomer):
        made = office.appointed(office.newcomer())
        head = as_(newcomer((Role.GRID_HEAD, GRID)))
        ok(office.shifts(made, [], by=head))
        assert code_of(office.shifts(made, [], by=desk.wang)) == (403, "outside_subtree")
        assert code_of(office.shifts(made, [], by=desk.zhao)) == (404, "appointment_not_found")

    @pytest.mark.parametrize(
        "shift",
        [
            {"weekday": 0, "starts": "08:00", "ends": "17:00"},
            {"weekday": 8, "starts": "08:00", "ends": "17:00"},
            {"weekday": 1, "starts": "8:00", "ends": "17:00"},
            {"weekday": 1, "starts": "24:00", "ends": "17:00"},
            {"weekday": 1, "starts": "08:00", "ends": "24:01"},
        ],
    )
    def test_hours_that_are_none(self, office, shift):
        made = office.appointed(office.newcomer())
        assert code_of(office.shifts(made, [shift])) == (422, "unprocessable")


class TestGroupings:
    """联村: staff of a grouping work in each of its villages, and only there."""

    def test_its_staff_see_both_villages(self, client, db, office, as_):
        one, two, three = (make_village(db) for _ in "123")
        ok(office.joined("LC-A", one, two))
        person = office.newcomer()
        made = office.appointed(person, "joint_staff", grouping_code="LC-A")
        assert (made["region_code"], made["grouping_code"]) == (None, "LC-A")
        assert office.roles(person) == [("grid_staff", one), ("grid_staff", two)]
        seen = {
            code
            for code in (one, two, three)
            for item in ok(client.get("/v1/appointments", headers=as_(person),
                                      params={"region": code}))["items"]
            if item["id"] == made["id"]
        }  # fmt: skip
        assert seen == {one, two}
        ok(office.end(made))
        assert office.roles(person) == []

    def test_new_members_bring_roles_and_lost_ones_take_them(self, db, office, drain):
        one, two, three = (make_village(db) for _ in "123")
        ok(office.joined("LC-B", one, two))
        person = office.newcomer()
        made = office.appointed(person, "joint_staff", grouping_code="LC-B")
        before = living(db, made)
        ok(office.joined("LC-B", two, three))
        assert office.roles(person) == [("grid_staff", two), ("grid_staff", three)]
        assert set(before) & set(living(db, made)) == {(str(person.id), "grid_staff", two)}
        turned(db, drain)
        assert office.roles(person) == [("grid_staff", two), ("grid_staff", three)]

    def test_a_member_outside_the_administrators_subtree(self, db, office, as_, newcomer):
        one, two = make_village(db), make_village(db)
        ok(office.joined("LC-C", one, two))
        admin = as_(newcomer((Role.ADMINISTRATOR, one)))
        person = office.newcomer()
        refused = office.appoint(person, "joint_staff", grouping_code="LC-C", by=admin)
        assert code_of(refused) == (403, "outside_subtree")
        assert office.roles(person) == []

    def test_the_staff_of_a_case_there(self, client, db, office, desk, as_):
        """A real case of the village where the grid lies."""
        case = desk.reported(INSIDE)["id"]
        other = make_village(db)
        ok(office.joined("LC-D", VILLAGE, other))
        person = office.newcomer()
        office.appointed(person, "joint_staff", grouping_code="LC-D")
        assert case in queue(client, as_(person))
        ok(office.joined("LC-D", other))
        assert case not in queue(client, as_(person))

    def test_holders_on_the_way(self, db, office):
        one, two, three = (make_village(db) for _ in "123")
        ok(office.joined("LC-E", one, two))
        person = office.newcomer()
        office.appointed(person, "joint_staff", grouping_code="LC-E")
        with work(db, write=False) as tx:
            for code, there in ((one, True), (two, True), (three, False)):
                found = queries.holders(tx, path_of(code, f"{code}001"), clock.now())
                mine = [h for h in found if h.person_id == person.id]
                assert [(h.level, h.region_code) for h in mine] == [(2, code)] * there


class TestRace:
    def test_settling_again_changes_nothing(self, db, office):
        made = office.appointed(office.newcomer())
        with work(db, write=True) as tx:
            rows = [one.id for one in tx.scalars(select(Grant).where(
                Grant.appointment_id == made["id"]))]  # fmt: skip
            appointments.settle(tx, None, tx.get_one(Appointment, _id(made)).id)
            after = [one.id for one in tx.scalars(select(Grant).where(
                Grant.appointment_id == made["id"]))]  # fmt: skip
        assert rows == after
        assert len(rows) == 1

    def test_many_at_once_give_each_role_once(self, db, office):
        """The sweep of several workers, and an administrator, on one appointment."""
        from concurrent.futures import ThreadPoolExecutor

        made = office.appointed(office.newcomer())
        with work(db, write=True) as tx:
            tx.execute(
                update(Grant).where(Grant.appointment_id == made["id"])
                .values(revoked_at=clock.now())
            )  # fmt: skip

        def settle(_):
            with work(db, write=True) as tx:
                appointments.settle(tx, None, _id(made))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(settle, range(8)))
        assert len(living(db, made)) == 1


def _id(made):
    from uuid import UUID

    return UUID(made["id"])
