"""Leave over HTTP: who may take it for whom, and what a stand-in has while it lasts."""

from datetime import timedelta

import pytest
from cast import GRID, INSIDE, OTHER_GRID, STREET, VILLAGE
from matrix.row import ABSENT
from posts.build import code_of, day, instant, make_village, ok
from sqlalchemy import select

from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"


@pytest.fixture(scope="module", autouse=True)
def _checks_here(client, office):
    body = {
        "name": "核查员", "name_en": "Checker", "level": 3, "role": "checker", "duties": [],
        "position": 900,
    }  # fmt: skip
    ok(client.put("/v1/posts/checks_here", json=body, headers=office.sun))


@pytest.fixture
def stand_in(newcomer):
    """A member of the district's staff who has nothing to do with GRID."""
    return newcomer((Role.GRID_STAFF, OTHER_GRID), name="顶岗人")


@pytest.fixture
def away(office):
    person = office.newcomer(name="请假人")
    office.appointed(person)
    return person


def queue(client, headers):
    items = ok(client.get("/v1/cases", headers=headers, params={"limit": 100}))["items"]
    return {item["id"] for item in items}


class TestTake:
    def test_answers_the_whole_leave(self, db, office, away, stand_in):
        taken = ok(office.leave(away, stand_in_id=str(stand_in.id), note="病假"), 201)
        assert {taken.pop("starts_at"), taken.pop("ends_at"), taken.pop("created_at")}
        assert taken == {
            "id": taken["id"], "person_id": str(away.id), "name": "请假人", "note": "病假",
            "stand_in_id": str(stand_in.id), "stand_in_name": "顶岗人", "cancelled_at": None,
        }  # fmt: skip
        with work(db, write=False) as tx:
            query = select(StaffAction.action).where(StaffAction.object_id == taken["id"])
            assert list(tx.scalars(query)) == ["leave.taken"]

    def test_by_oneself_and_by_those_who_keep_the_roster(self, office, as_, newcomer):
        for role, region in (
            (Role.ADMINISTRATOR, STREET), (Role.GRID_HEAD, VILLAGE), (Role.DISPATCHER, GRID),
        ):  # fmt: skip
            person = office.newcomer()
            office.appointed(person)
            ok(office.leave(person, by=as_(newcomer((role, region)))), 201)
        person = office.newcomer()
        office.appointed(person)
        ok(office.leave(person, by=as_(person)), 201)

    def test_not_by_a_colleague_or_a_stranger(self, office, away, desk, as_, newcomer):
        for headers in (desk.wang, desk.zhao, as_(newcomer((Role.CHECKER, GRID)))):
            assert code_of(office.leave(away, by=headers)) == (404, "person_not_found")
        nobody = type("Nobody", (), {"id": ABSENT})
        assert code_of(office.leave(nobody)) == (404, "person_not_found")

    def test_who_has_posts_elsewhere_too(self, office, away, as_, newcomer):
        office.appointed(away, region=OTHER_GRID)
        head = as_(newcomer((Role.GRID_HEAD, GRID)))
        assert code_of(office.leave(away, by=head)) == (403, "outside_subtree")

    @pytest.mark.parametrize(
        ("starts", "ends"),
        [
            ({"hours": 2}, {"hours": 1}),
            ({"hours": -3}, {"hours": -1}),
            ({"hours": 1}, {"days": 400}),
            ({"days": -400}, {"days": 1}),
        ],
    )
    def test_times_that_cannot_be(self, office, away, starts, ends):
        times = {"starts_at": instant(**starts), "ends_at": instant(**ends)}
        assert code_of(office.leave(away, **times)) == (422, "days_wrong")

    def test_a_stand_in_is_of_the_districts_staff(self, db, office, away, newcomer):
        with work(db, write=True) as tx:
            import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        for person_id in (
            newcomer().id, newcomer((Role.GRID_STAFF, FAR)).id, ABSENT, away.id,
        ):  # fmt: skip
            refused = office.leave(away, stand_in_id=str(person_id))
            assert code_of(refused) == (422, "stand_in_unknown")

    def test_who_keeps_the_roster_gives_nobody_a_role_they_lack(
        self, office, as_, newcomer, stand_in
    ):
        """A head neither takes the absent one's role nor hands it to a friend."""
        away = office.newcomer()
        village_head = newcomer((Role.GRID_HEAD, VILLAGE))
        office.appointed(away)
        office.appointed(away, "checks_here")
        for friend in (village_head, stand_in, newcomer((Role.CHECKER, OTHER_GRID))):
            refused = office.leave(away, by=as_(village_head), stand_in_id=str(friend.id))
            assert code_of(refused) == (403, "stand_in_forbidden")
        assert office.roles(village_head) == [("grid_head", VILLAGE)]
        equal = newcomer((Role.CHECKER, OTHER_GRID), (Role.GRID_STAFF, OTHER_GRID))
        ok(office.leave(away, by=as_(village_head), stand_in_id=str(equal.id)), 201)

    def test_nor_themselves_though_they_hold_the_same(self, office, as_, away, newcomer):
        head = newcomer((Role.GRID_HEAD, GRID), (Role.GRID_STAFF, OTHER_GRID))
        refused = office.leave(away, by=as_(head), stand_in_id=str(head.id))
        assert code_of(refused) == (403, "stand_in_forbidden")

    def test_a_role_of_another_district_is_none_here(self, db, office, as_, away, newcomer):
        with work(db, write=True) as tx:
            import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        head = as_(newcomer((Role.GRID_HEAD, GRID)))
        other = newcomer((Role.GRID_STAFF, FAR), (Role.KEEPER, GRID))
        refused = office.leave(away, by=head, stand_in_id=str(other.id))
        assert code_of(refused) == (403, "stand_in_forbidden")

    def test_what_a_stand_in_has_is_not_handed_on(self, office, as_, away, newcomer):
        head, friend = as_(newcomer((Role.GRID_HEAD, GRID))), newcomer((Role.KEEPER, GRID))
        ok(office.leave(away, stand_in_id=str(friend.id)), 201)
        assert ("grid_staff", GRID) in office.roles(friend)
        other = office.newcomer()
        office.appointed(other)
        refused = office.leave(other, by=head, stand_in_id=str(friend.id))
        assert code_of(refused) == (403, "stand_in_forbidden")

    def test_oneself_and_the_administrator_choose_freely(self, office, as_, newcomer, cast):
        friend = newcomer((Role.KEEPER, OTHER_GRID))
        for by in (None, "self"):
            person = office.newcomer()
            office.appointed(person)
            headers = as_(person) if by else office.sun
            ok(office.leave(person, by=headers, stand_in_id=str(friend.id)), 201)

    @pytest.mark.parametrize(
        "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "3000-01-01T00:00:00Z"]
    )
    def test_instants_off_the_calendar(self, office, away, at):
        assert code_of(office.leave(away, ends_at=at)) == (422, "unprocessable")
        assert code_of(office.leave(away, starts_at=at)) == (422, "unprocessable")

    def test_not_twice_at_once(self, office, away):
        taken = ok(office.leave(away), 201)
        assert code_of(office.leave(away)) == (409, "leave_overlaps")
        ok(office.leave(away, starts_at=taken["ends_at"], ends_at=instant(hours=9)), 201)


class TestStandIn:
    def test_has_the_cases_while_the_leave_lasts(
        self, client, office, desk, away, stand_in, as_, cast
    ):
        case = desk.filed(place=INSIDE)
        assert case["id"] not in queue(client, as_(stand_in))
        taken = ok(office.leave(away, stand_in_id=str(stand_in.id)), 201)
        assert case["id"] in queue(client, as_(stand_in))
        # And can be given one.
        given = desk.moved(case, "dispatch", assignee_id=str(stand_in.id))
        desk.moved(given, "accept", by=as_(stand_in))
        other = desk.reported(INSIDE)["id"]
        assert other in queue(client, as_(stand_in))
        ok(client.post(f"/v1/leaves/{taken['id']}/cancel", headers=office.sun))
        assert other not in queue(client, as_(stand_in))
        assert office.roles(stand_in) == [("grid_staff", OTHER_GRID)]
        assert office.roles(away) == [("grid_staff", GRID)]

    def test_from_its_first_minute_to_its_last(self, office, away, stand_in, drain):
        times = {"starts_at": instant(hours=2), "ends_at": instant(hours=5)}
        ok(office.leave(away, stand_in_id=str(stand_in.id), **times), 201)
        try:
            for hours, roles in ((0, 1), (2, 2), (2, 2), (2, 1)):
                clock.shift(timedelta(hours=hours, seconds=1 if hours else 0))
                drain()
                assert len(office.roles(stand_in)) == roles
        finally:
            clock.unshift()

    def test_the_end_of_the_appointment_ends_it_too(self, client, office, stand_in):
        person = office.newcomer()
        made = office.appointed(person)
        ok(office.leave(person, stand_in_id=str(stand_in.id)), 201)
        assert ("grid_staff", GRID) in office.roles(stand_in)
        ok(office.end(made))
        assert office.roles(stand_in) == [("grid_staff", OTHER_GRID)]

    def test_an_appointment_during_the_leave(self, office, stand_in, db):
        person = office.newcomer()
        first = office.appointed(person)
        ok(office.leave(person, stand_in_id=str(stand_in.id)), 201)
        village = make_village(db)
        office.appointed(person, "community_duty", village)
        assert ("grid_head", village) in office.roles(stand_in)
        assert first


class TestList:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/leaves", headers=headers, params={"limit": 100, **params})
        return {item["id"] for item in ok(answer)["items"]}

    def test_ones_own_and_those_whose_roster_one_keeps(self, client, office, away, as_, newcomer):
        leave = ok(office.leave(away), 201)["id"]
        head = as_(newcomer((Role.GRID_HEAD, GRID)))
        colleague = as_(newcomer((Role.GRID_STAFF, GRID)))
        other = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        for headers, seen in ((as_(away), 1), (head, 1), (office.sun, 1), (colleague, 0),
                              (other, 0)):  # fmt: skip
            assert (leave in self.listed(client, headers)) == bool(seen)
        assert leave in self.listed(client, office.sun, region=VILLAGE)
        assert leave not in self.listed(client, office.sun, region=OTHER_GRID)
        assert self.listed(client, office.sun, region="nowhere") == set()

    def test_not_where_they_were_formerly_appointed(self, client, office, away, as_, newcomer):
        """Why somebody is away, such as an illness, is nothing to a former head."""
        office.end(office.appointed(away, region=OTHER_GRID))
        other = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        leave = ok(office.leave(away, note="住院"), 201)["id"]
        assert leave not in self.listed(client, other)
        assert leave not in self.listed(client, office.sun, region=OTHER_GRID)
        refused = client.post(f"/v1/leaves/{leave}/cancel", headers=other)
        assert code_of(refused) == (404, "leave_not_found")

    def test_nor_after_the_appointments_last_day(self, client, office, as_, newcomer):
        person = office.newcomer()
        office.appointed(person, ends_on=day(1))
        head = newcomer((Role.GRID_HEAD, GRID))
        leave = ok(office.leave(person), 201)["id"]
        assert leave in self.listed(client, as_(head))
        clock.shift(timedelta(days=2))
        assert leave not in self.listed(client, as_(head))


class TestCancel:
    def cancel(self, client, headers, leave):
        return client.post(f"/v1/leaves/{leave['id']}/cancel", headers=headers)

    def test_by_oneself_once(self, client, office, away, as_):
        leave = ok(office.leave(away), 201)
        assert ok(self.cancel(client, as_(away), leave))["cancelled_at"]
        assert code_of(self.cancel(client, as_(away), leave)) == (409, "leave_over")
        ok(office.leave(away), 201)

    def test_not_by_a_stranger(self, client, office, away, desk):
        leave = ok(office.leave(away), 201)
        for headers in (desk.wang, desk.zhao):
            assert code_of(self.cancel(client, headers, leave)) == (404, "leave_not_found")
        assert code_of(self.cancel(client, office.sun, {"id": ABSENT})) == (404, "leave_not_found")

    def test_not_when_it_is_over(self, client, office, away, as_, cast):
        leave = ok(office.leave(away, ends_at=instant(minutes=5)), 201)
        clock.shift(timedelta(minutes=6))
        try:
            assert code_of(self.cancel(client, as_(cast.sun), leave)) == (409, "leave_over")
        finally:
            clock.unshift()

    def test_by_who_keeps_only_one_of_the_posts(self, client, office, away, as_, newcomer):
        office.appointed(away, region=OTHER_GRID)
        leave = ok(office.leave(away), 201)
        head = as_(newcomer((Role.GRID_HEAD, GRID)))
        assert code_of(self.cancel(client, head, leave)) == (403, "outside_subtree")
