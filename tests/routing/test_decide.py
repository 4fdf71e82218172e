"""A decision: the region, every condition of a rule, its target, the ladder, and the roster."""

from datetime import datetime

import pytest
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, OUTSIDE, STREET, VILLAGE
from hearing import heard
from routing.build import HOUR, NOON, spot
from shapely import box
from sqlalchemy import select

from app.categories.models import Category
from app.grids import service as grid_service
from app.grids.imports import GridDraft
from app.grids.service import GridCache
from app.identity.models import Role
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.outbox import Job
from app.regions.errors import RegionNotFound
from app.regions.models import Region
from app.routing import service

ALL_DAYS = [(day, "08:00", "18:00") for day in range(1, 8)]
NIGHT = NOON.replace(hour=23)


def ids(*people):
    return tuple(person.id for person in people)


def rungs(decision):
    steps = decision.explained["steps"]
    return [(s["rung"], s["post"], s["region_code"], s["held"], s["on_duty"]) for s in steps]


def empty(*numbers):
    return [(n, None, None, 0, 0) for n in numbers]


class TestRegion:
    def test_the_grid_that_owns_the_spot_counts_more_than_the_choice(self, town):
        decision = town.decide(region_code=OTHER_GRID)
        path = f"/{DISTRICT}/{STREET}/{VILLAGE}/{GRID}/"
        assert (decision.region_code, decision.grid_code, decision.path) == (GRID, GRID, path)
        why = decision.explained
        assert (why["rule"], why["district"], why["grid"]) == ("grid", DISTRICT, GRID)
        assert why["candidates"] == [{"code": GRID, "distance_m": 0.0}]
        assert (why["on_border"], why["grids_version"]) == (False, 1)
        assert why["border_m"] == pytest.approx(48.1, abs=0.3)

    @pytest.mark.parametrize("place", [None, OUTSIDE])
    @pytest.mark.parametrize("code", [GRID, VILLAGE, STREET, DISTRICT])
    def test_else_the_choice_at_any_height(self, town, place, code):
        decision = town.decide(place=place, region_code=code)
        assert (decision.region_code, decision.grid_code) == (code, None)
        assert decision.path.endswith(f"/{code}/")
        assert decision.explained["rule"] == "chosen_region"

    @pytest.mark.parametrize("place", [None, OUTSIDE])
    def test_else_the_centre_of_the_district(self, town, place):
        decision = town.decide(place=place)
        assert (decision.region_code, decision.path) == (DISTRICT, f"/{DISTRICT}/")
        assert decision.explained["rule"] == "district_centre"
        assert decision.explained["grid"] is None

    def test_a_choice_that_does_not_exist(self, town):
        with pytest.raises(RegionNotFound):
            town.decide(place=None, region_code="nowhere")

    def test_the_neighbour_in_the_accuracy_circle_is_a_candidate(self, town):
        near = {**INSIDE, "lng": 105.84090}
        assert len(town.decide(place=near).explained["candidates"]) == 1
        found = town.decide(place=near, accuracy_m=30).explained["candidates"]
        assert [c["code"] for c in found] == [GRID, OTHER_GRID]


def local(day, time):
    """An instant of the week of NOON; day 1 is its Monday."""
    hour, minute = time.split(":")
    return datetime(2026, 11, 22 + day, int(hour), int(minute), tzinfo=SHANGHAI)


NIGHTS = {"weekdays": [5], "starts": "22:00", "ends": "06:00"}
CONDITIONS = [
    ({}, {}, True),
    ({"category_code": "E0601"}, {"category_code": "E0601"}, True),
    ({"category_code": "E06"}, {"category_code": "E0601"}, True),
    ({"category_code": "E0601"}, {"category_code": "E06"}, False),
    ({"category_code": "E0601"}, {"category_code": "E0102"}, False),
    ({"category_code": "E06"}, {"category_code": "E0102"}, False),
    ({"category_code": "E06"}, {}, False),
    ({"net_code": "city"}, {"net_code": "city"}, True),
    ({"net_code": "city"}, {"net_code": "party"}, False),
    ({"net_code": "city"}, {}, False),
    # The net of a category, where nobody says another.
    ({"net_code": "governance"}, {"category_code": "E0601"}, True),
    ({"net_code": "governance"}, {"category_code": "E0601", "net_code": "city"}, False),
    ({"net_code": "city"}, {"category_code": "E0601"}, False),
    ({"region_code": GRID}, {}, True),
    ({"region_code": VILLAGE}, {}, True),
    ({"region_code": DISTRICT}, {}, True),
    ({"region_code": OTHER_GRID}, {}, False),
    ({"region_code": GRID}, {"place": INSIDE_OTHER}, False),
    ({"region_code": GRID}, {"place": None, "region_code": VILLAGE}, False),
    ({"source": "patrol"}, {"source": "patrol"}, True),
    ({"source": "patrol"}, {"source": "report"}, False),
    ({"source": "split"}, {"source": "split"}, True),
    ({"weekdays": [3]}, {"at": local(3, "00:00")}, True),
    ({"weekdays": [1, 3]}, {"at": local(3, "23:59")}, True),
    ({"weekdays": [3]}, {"at": local(4, "00:00")}, False),
    ({"weekdays": [1, 2, 4, 5, 6, 7]}, {"at": local(3, "12:00")}, False),
    ({"starts": "08:00", "ends": "18:00"}, {"at": local(3, "08:00")}, True),
    ({"starts": "08:00", "ends": "18:00"}, {"at": local(3, "17:59")}, True),
    ({"starts": "08:00", "ends": "18:00"}, {"at": local(3, "18:00")}, False),
    ({"starts": "08:00", "ends": "18:00"}, {"at": local(3, "07:59")}, False),
    ({"starts": "18:00", "ends": "24:00"}, {"at": local(3, "23:59")}, True),
    ({"starts": "18:00", "ends": "24:00"}, {"at": local(4, "00:00")}, False),
    ({"starts": "08:00", "ends": "08:00"}, {"at": local(3, "07:59")}, True),
    # The night of Friday ends on Saturday; the night of Sunday on Monday.
    (NIGHTS, {"at": local(5, "22:00")}, True),
    (NIGHTS, {"at": local(6, "05:59")}, True),
    (NIGHTS, {"at": local(6, "06:00")}, False),
    (NIGHTS, {"at": local(5, "05:59")}, False),
    (NIGHTS, {"at": local(6, "22:00")}, False),
    (NIGHTS | {"weekdays": [7]}, {"at": local(8, "05:00")}, True),
    (NIGHTS | {"weekdays": [7]}, {"at": local(1, "05:00")}, True),
    (NIGHTS | {"weekdays": []}, {"at": local(2, "05:00")}, True),
    (NIGHTS | {"weekdays": []}, {"at": local(2, "21:00")}, False),
]


class TestConditions:
    @pytest.mark.parametrize(("rule", "asked", "holds"), CONDITIONS)
    def test_each(self, town, rule, asked, holds):
        centre = town.appoint("street_duty", DISTRICT)
        staff = town.appoint("dj_grid_staff", DISTRICT)
        town.rules({**rule, "post_code": "street_duty"})
        decision = town.decide(**asked)
        assert decision.explained["position"] == (1 if holds else None)
        # Without the rule the ladder begins below.
        assert decision.person_ids == ids(centre if holds else staff)

    def test_the_first_of_several_that_hold(self, town):
        town.appoint("doctor"), town.appoint("police")
        town.rules(
            {"source": "patrol", "post_code": "doctor"}, {"post_code": "police", "name": "第二"},
            {"post_code": "doctor"},
        )  # fmt: skip
        decision = town.decide()
        why = decision.explained
        assert (decision.post_code, why["position"], why["rule_name"]) == ("police", 2, "第二")
        assert [s["position"] for s in why["steps"]] == [2]

    def test_the_newest_version_only(self, town):
        town.appoint("doctor"), town.appoint("police")
        town.rules({"post_code": "doctor"})
        town.rules({"post_code": "police"}, version=2)
        decision = town.decide()
        assert (decision.post_code, decision.explained["rule_version"]) == ("police", 2)

    def test_an_empty_version_ends_the_rules(self, town):
        town.appoint("doctor")
        town.rules({"post_code": "doctor"})
        town.rules(version=2)
        why = town.decide().explained
        assert (why["position"], why["rule_version"]) == (None, 2)

    def test_before_the_first_version(self, town):
        why = town.decide().explained
        assert (why["position"], why["rule_name"], why["rule_version"]) == (None, None, 0)


class TestTargets:
    def test_the_nearest_who_hold_the_post(self, town):
        near = [town.appoint("doctor", VILLAGE), town.appoint("doctor", VILLAGE)]
        town.appoint("doctor", DISTRICT)
        town.appoint("doctor", OTHER_GRID)
        town.rules({"post_code": "doctor"})
        decision = town.decide()
        assert decision.person_ids == ids(*near)
        assert (decision.post_code, decision.unit_code) == ("doctor", None)
        assert decision.explained["post"] == {
            "post": "doctor", "role": "handler", "region_code": VILLAGE,
        }  # fmt: skip
        assert rungs(decision) == [("rule", "doctor", VILLAGE, 2, 2)]

    def test_the_next_place_where_someone_is_on_duty(self, town):
        town.appoint("doctor", GRID, *ALL_DAYS)
        far = town.appoint("doctor", STREET)
        town.rules({"post_code": "doctor"})
        decision = town.decide(at=NIGHT)
        assert decision.person_ids == ids(far)
        assert rungs(decision) == [
            ("rule", "doctor", GRID, 1, 0), ("rule", "doctor", STREET, 1, 1),
        ]  # fmt: skip

    def test_a_unit_gives_its_members_on_duty(self, town):
        unit = town.unit("U1")
        first = town.appoint("agronomist", STREET, unit_code=unit)
        town.appoint("doctor", OTHER_GRID, *ALL_DAYS, unit_code=unit)
        town.appoint("agronomist", STREET)
        town.rules({"unit_code": unit})
        decision = town.decide(at=NIGHT)
        assert (decision.person_ids, decision.unit_code) == (ids(first), unit)
        assert (decision.post_code, decision.explained["post"]) == (None, None)
        assert decision.explained["unit"] == unit
        assert decision.explained["people"] == 1
        step = decision.explained["steps"][0]
        assert (step["rung"], step["unit"], step["held"], step["on_duty"]) == ("rule", unit, 2, 1)

    def test_off_duty_it_goes_on_to_the_ladder_from_that_place(self, town):
        town.appoint("grid_staff_full", GRID)
        town.appoint("street_duty", STREET)
        town.appoint("agronomist", STREET, *ALL_DAYS)
        other = town.appoint("police", GRID)
        town.rules({"post_code": "agronomist"}, {"post_code": "police"})
        decision = town.decide(at=NIGHT)
        # Neither down to the grid again nor on to the next rule.
        assert decision.post_code == "street_duty"
        assert other.id not in decision.person_ids
        assert decision.explained["position"] == 1
        assert decision.explained["empty_rules"] == []
        assert rungs(decision) == [
            ("rule", "agronomist", STREET, 1, 0), *empty(1, 2, 3, 4),
            (5, "street_duty", STREET, 1, 1),
        ]  # fmt: skip

    def test_a_unit_off_duty_too(self, town):
        unit = town.unit("U1")
        town.appoint("grid_staff_full", GRID)
        town.appoint("agronomist", VILLAGE, *ALL_DAYS, unit_code=unit)
        station = town.appoint("community_duty", VILLAGE)
        town.rules({"unit_code": unit})
        decision = town.decide(at=NIGHT)
        assert (decision.person_ids, decision.unit_code) == (ids(station), None)

    def test_a_unit_that_stands_elsewhere_leaves_the_whole_ladder(self, town):
        unit = town.unit("U1")
        staff = town.appoint("grid_staff_full", GRID)
        town.appoint("agronomist", OTHER_GRID, *ALL_DAYS, unit_code=unit)
        town.rules({"unit_code": unit})
        assert town.decide(at=NIGHT).person_ids == ids(staff)

    def test_the_categorys_own_unit_when_no_rule_holds(self, town):
        unit = town.unit("U1")
        town.appoint("grid_staff_full", GRID)
        agronomist = town.appoint("agronomist", STREET, unit_code=unit)
        town.terms("E0601", unit_code=unit)
        decision = town.decide(category_code="E0601")
        assert (decision.person_ids, decision.unit_code) == (ids(agronomist), unit)
        assert [s["rung"] for s in decision.explained["steps"]] == ["unit"]
        assert town.decide(category_code="E0102").unit_code is None

    def test_a_rule_comes_before_the_categorys_unit(self, town):
        unit = town.unit("U1")
        town.appoint("agronomist", STREET, unit_code=unit)
        town.appoint("doctor", GRID)
        town.terms("E0601", unit_code=unit)
        town.rules({"post_code": "doctor"})
        assert town.decide(category_code="E0601").post_code == "doctor"

    def test_a_categorys_unit_without_anyone_is_a_step_to_the_ladder(self, town):
        unit = town.unit("U1")
        staff = town.appoint("grid_staff_full", GRID)
        town.terms("E0601", unit_code=unit)
        decision = town.decide(category_code="E0601")
        assert decision.person_ids == ids(staff)
        first = decision.explained["steps"][0]
        assert (first["rung"], first["unit"], first["held"]) == ("unit", unit, 0)

    def test_somebody_of_joint_villages(self, town):
        code = town.grouping("LC1", VILLAGE)
        person = town.appoint("joint_staff", grouping_code=code)
        town.rules({"post_code": "joint_staff"})
        decision = town.decide()
        assert decision.person_ids == ids(person)
        assert decision.explained["post"]["region_code"] == VILLAGE


class TestEmptyRule:
    def jobs(self, town):
        return list(town.tx.scalars(select(Job).where(Job.kind == "rule.found_empty")))

    def test_is_recorded_told_once_and_the_next_is_tried(self, town):
        unit = town.unit("U1")
        police = town.appoint("police")
        town.appoint("doctor", OTHER_GRID)
        town.rules({"post_code": "doctor"}, {"unit_code": unit}, {"post_code": "police"})
        for _ in range(2):
            decision = town.decide()
            assert decision.person_ids == ids(police)
            assert decision.explained["position"] == 3
            assert decision.explained["empty_rules"] == [
                {"position": 1, "name": "规则1", "post": "doctor", "unit": None},
                {"position": 2, "name": "规则2", "post": None, "unit": unit},
            ]
            held = [s["held"] for s in decision.explained["steps"]]
            assert held == [0, 0, 1]
        payloads = [job.payload for job in self.jobs(town)]
        assert sorted(payloads, key=lambda p: p["position"]) == [
            {"district": DISTRICT, "version": "1", "position": "1"},
            {"district": DISTRICT, "version": "1", "position": "2"},
        ]

    def test_of_the_next_version_is_told_again(self, town):
        town.rules({"post_code": "doctor"})
        town.decide()
        town.rules({"post_code": "doctor"}, version=2)
        town.decide()
        assert sorted(job.payload["version"] for job in self.jobs(town)) == ["1", "2"]

    def test_off_duty_or_on_leave_is_not_empty(self, town):
        doctor = town.appoint("doctor", GRID, *ALL_DAYS)
        town.rules({"post_code": "doctor"})
        town.decide(at=NIGHT)
        town.leave(doctor)
        town.decide()
        assert self.jobs(town) == []

    def test_a_rule_that_does_not_hold_is_not_asked(self, town):
        town.rules({"post_code": "doctor", "source": "patrol"})
        assert town.decide().explained["empty_rules"] == []
        assert self.jobs(town) == []


LADDER = [
    (1, "grid_staff_full", GRID), (2, "grid_deputy", GRID), (3, "grid_head", GRID),
    (4, "community_duty", VILLAGE), (5, "street_duty", STREET),
]  # fmt: skip


class TestLadder:
    @pytest.mark.parametrize("first", range(5))
    def test_each_step_below_is_recorded(self, town, first):
        people = {rung: town.appoint(post, region) for rung, post, region in LADDER[first:]}
        decision = town.decide()
        rung, post, region = LADDER[first]
        assert decision.person_ids == ids(people[rung])
        assert rungs(decision) == [*empty(*range(1, rung)), (rung, post, region, 1, 1)]
        role = decision.explained["post"].pop("role")
        assert decision.explained["post"] == {"post": post, "region_code": region}
        assert role in {"grid_staff", "grid_head", "dispatcher"}
        below = [GRID, VILLAGE, STREET]
        assert decision.explained["empty_posts"] == below[: below.index(region)]

    def test_who_is_off_duty_is_a_step_too(self, town):
        for _, post, region in LADDER[:4]:
            town.appoint(post, region, *ALL_DAYS)
        duty = town.appoint("street_duty", STREET)
        decision = town.decide(at=NIGHT)
        assert decision.person_ids == ids(duty)
        assert rungs(decision) == [
            *((n, post, region, 1, 0) for n, post, region in LADDER[:4]),
            (5, "street_duty", STREET, 1, 1),
        ]  # fmt: skip

    def test_the_rung_counts_before_the_distance(self, town):
        far = town.appoint("grid_staff_full", VILLAGE)
        town.appoint("grid_head", GRID)
        decision = town.decide()
        assert decision.person_ids == ids(far)
        # The grid is not called empty: its head is there.
        assert decision.explained["empty_posts"] == []

    def test_people_of_other_grids_are_not_asked(self, town):
        town.appoint("grid_staff_full", OTHER_GRID)
        assert town.decide().person_ids == ()

    def test_then_plain_roles_of_the_nearest_region(self, town):
        town.person("派遣员", (Role.DISPATCHER, DISTRICT))
        head = town.person("网格长", (Role.GRID_HEAD, VILLAGE))
        staff = town.person("网格员", (Role.GRID_STAFF, VILLAGE))
        town.person("处置", (Role.HANDLER, GRID))
        decision = town.decide()
        assert decision.person_ids == ids(staff, head)
        assert decision.explained["post"] == {"role": "grid_staff", "region_code": VILLAGE}
        assert decision.explained["empty_posts"] == [GRID]
        assert rungs(decision)[-1] == ("role", "grid_staff", VILLAGE, 2, 2)
        assert decision.post_code is None

    def test_a_role_that_came_with_a_post_is_that_posts(self, town):
        person = town.appoint("grid_staff_full", GRID, *ALL_DAYS)
        town.carry(person, Role.GRID_STAFF, GRID)
        assert town.decide().person_ids == ids(person)
        # Off duty, the role does not bring them back in by the other door.
        assert town.decide(at=NIGHT).person_ids == ()

    def test_a_post_that_is_no_step_counts_by_its_role(self, town):
        dispatcher = town.appoint("district_dispatcher", DISTRICT, *ALL_DAYS)
        town.appoint("doctor", GRID)
        decision = town.decide()
        assert decision.person_ids == ids(dispatcher)
        assert rungs(decision)[-1] == ("role", "dispatcher", DISTRICT, 1, 1)
        assert town.decide(at=NIGHT).explained["nobody"] is True

    def test_nobody(self, town):
        decision = town.decide()
        why = decision.explained
        assert (decision.person_ids, why["nobody"], why["people"]) == ((), True, 0)
        assert (why["post"], why["unit"]) == (None, None)
        assert why["empty_posts"] == [GRID, VILLAGE, STREET, DISTRICT]
        assert rungs(decision) == [*empty(1, 2, 3, 4, 5), ("role", None, None, 0, 0)]
        assert decision.region_code == GRID

    def test_revoked_or_disabled_people_are_nobody(self, town):
        gone = town.person("离职", (Role.GRID_STAFF, GRID))
        gone.state = "disabled"
        town.tx.flush()
        assert town.decide().person_ids == ()


class TestLevel:
    def test_a_category_that_is_handled_above(self, town):
        town.appoint("grid_staff_full", GRID)
        duty = town.appoint("street_duty", STREET)
        town.terms("E0601", level=1)
        decision = town.decide(category_code="E0601")
        assert (decision.region_code, decision.level_code) == (GRID, STREET)
        assert decision.explained["level_code"] == STREET
        assert decision.person_ids == ids(duty)
        assert town.decide(category_code="E0102").level_code is None

    def test_at_its_own_level_it_is_nothing_special(self, town):
        town.terms("E0601", level=3)
        assert town.decide(category_code="E0601").level_code is None

    def test_a_region_that_lies_above_that_level(self, town):
        town.terms("E0601", level=2)
        decision = town.decide(place=None, region_code=STREET, category_code="E0601")
        assert decision.level_code is None

    def test_plain_roles_below_are_passed(self, town):
        town.person("网格员", (Role.GRID_STAFF, GRID))
        head = town.person("街道", (Role.GRID_HEAD, STREET))
        town.terms("E0601", level=1)
        assert town.decide(category_code="E0601").person_ids == ids(head)


class TestRoster:
    def test_leave_and_who_stands_in(self, town):
        staff, other = town.appoint("grid_staff_full"), town.person("顶岗")
        head = town.appoint("grid_head")
        town.leave(staff)
        assert town.decide().person_ids == ids(head)
        assert town.decide(at=NOON + 2 * HOUR).person_ids == ids(staff)
        town.leave(head, stand_in=other)
        decision = town.decide()
        assert decision.person_ids == ids(other)
        assert rungs(decision) == [
            (1, "grid_staff_full", GRID, 1, 0), *empty(2), (3, "grid_head", GRID, 1, 1),
        ]  # fmt: skip

    def test_someone_who_stands_in_for_two_is_one_person(self, town):
        first, second = town.appoint("grid_staff_full"), town.appoint("grid_staff_full")
        other = town.person("顶岗")
        town.leave(first, stand_in=other)
        town.leave(second, stand_in=other)
        assert town.decide().person_ids == ids(other)

    def test_the_night_shift(self, town):
        day = town.appoint("grid_staff_full", GRID, (3, "08:00", "20:00"))
        night = town.appoint("grid_staff_full", GRID, (3, "20:00", "08:00"))
        assert town.decide(at=NOON).person_ids == ids(day)
        assert town.decide(at=NIGHT).person_ids == ids(night)
        assert town.decide(at=NOON + 17 * HOUR).person_ids == ids(night)
        assert town.decide(at=NOON + 21 * HOUR).person_ids == ()

    def test_appointments_have_days(self, town):
        town.appoint("grid_staff_full", GRID, ends_on="2026-11-24")
        town.appoint("grid_staff_full", GRID, starts_on="2026-11-26")
        today = town.appoint("grid_staff_full", GRID, starts_on="2026-11-25", ends_on="2026-11-25")
        assert town.decide().person_ids == ids(today)


def test_the_rice_blast_goes_past_the_grid_head_to_the_towns_agronomist(town):
    """稻瘟病: the farmer's grid has a head and staff, and neither is asked."""
    for _, post, region in LADDER:
        town.appoint(post, region)
    agronomist = town.appoint("agronomist", STREET)
    town.rules({"category_code": "E06", "post_code": "agronomist", "name": "农事归农技员"})
    decision = town.decide(category_code="E0601")
    assert decision.person_ids == ids(agronomist)
    assert decision.explained["rule_name"] == "农事归农技员"
    assert decision.explained["post"]["region_code"] == STREET
    assert town.decide(category_code="E0102").post_code == "grid_staff_full"


class TestNothingIsStale:
    """One process decides again and again, and other writers change what it decided on."""

    def test_the_map(self, town):
        town.grids = GridCache()
        assert town.decide().grid_code == GRID
        west, east = (box(105.84 + n / 1000, 30.2050, 105.841 + n / 1000, 30.2060) for n in (0, 1))
        swapped = [
            GridDraft(code=code, name="网格", level=3, parent=VILLAGE, shape=shape)
            for code, shape in ((GRID, east), (OTHER_GRID, west))
        ]
        grid_service.import_grids(town.tx, swapped)
        decision = town.decide()
        assert (decision.grid_code, decision.explained["grids_version"]) == (OTHER_GRID, 2)

    def test_a_new_process_has_no_map_yet(self, town):
        town.grids = GridCache()
        with pytest.raises(RegionNotFound):
            town.decide(place=None, region_code="nowhere")
        town.grids = GridCache()
        assert town.decide(region_code=OTHER_GRID).grid_code == GRID

    def test_the_rules(self, town):
        town.appoint("doctor"), town.appoint("police")
        for version, post in ((1, "doctor"), (2, "police"), (3, "doctor")):
            town.rules({"post_code": post}, version=version)
            decision = town.decide()
            assert (decision.post_code, decision.explained["rule_version"]) == (post, version)

    def test_the_terms(self, town):
        unit = town.unit("U1")
        town.appoint("agronomist", STREET, unit_code=unit)
        assert town.decide(category_code="E0601").unit_code is None
        town.terms("E0601", unit_code=unit)
        assert town.decide(category_code="E0601").unit_code == unit
        town.terms("E0601", net_code="city", version=2)
        decision = town.decide(category_code="E0601")
        assert (decision.unit_code, decision.net_code) == (None, "city")

    def test_the_roster(self, town):
        staff, head = town.appoint("grid_staff_full"), town.appoint("grid_head")
        other = town.person("顶岗")
        assert town.decide().person_ids == ids(staff)
        town.shift(staff, (3, "20:00", "08:00"))
        assert town.decide().person_ids == ids(head)
        town.shift(staff, (3, "08:00", "20:00"))
        assert town.decide().person_ids == ids(staff)
        town.leave(staff)
        assert town.decide().person_ids == ids(head)
        town.leave(head, stand_in=other)
        assert town.decide().person_ids == ids(other)
        other.state = "disabled"
        assert town.decide().person_ids == ()


def test_a_category_out_of_use_has_no_terms(town):
    """As a 大类 has none: what was filed under it before is routed by its place alone."""
    unit = town.unit("U1")
    town.appoint("agronomist", STREET, unit_code=unit)
    town.terms("E0601", unit_code=unit, level=1, net_code="city")
    town.tx.get_one(Category, "E0601").active = False
    decision = town.decide(category_code="E0601")
    assert (decision.unit_code, decision.level_code, decision.net_code) == (None, None, None)
    town.rules({"category_code": "E06", "post_code": "agronomist"})
    assert town.decide(category_code="E0601").explained["position"] == 1


def test_it_costs_one_statement(town, mapped):
    """What a decision costs is what its statements cost; bench/routing.py gives the figures."""
    town.appoint("grid_staff_full", GRID, *ALL_DAYS)
    town.rules({"post_code": "doctor", "source": "patrol"})
    town.decide(category_code="E0102")
    with heard(mapped.writer) as said:
        town.decide(category_code="E0102")
    assert len(said) == 1


def test_a_region_that_was_moved_is_decided_by_its_new_path(town):
    """The path that was seen last is only a guess, which the database corrects."""
    below, above = town.appoint("grid_head", VILLAGE), town.appoint("street_duty", DISTRICT)
    town.decide()
    assert town.decide().person_ids == ids(below)
    region = town.tx.get(Region, GRID)
    region.parent_code, region.path = DISTRICT, f"/{DISTRICT}/{GRID}/"
    town.tx.flush()
    assert [town.decide().person_ids for _ in range(2)] == [ids(above)] * 2


def test_no_name_of_anyone_is_stored(town):
    town.person("特别的名字", (Role.GRID_STAFF, GRID))
    town.appoint("doctor", person=town.person("另一个名字"))
    town.rules({"post_code": "doctor"})
    assert "名字" not in str(town.decide().explained)


def test_now_is_the_clocks(town):
    found = service.decide(town.tx, town.grids, spot()).explained["at"]
    assert abs(datetime.fromisoformat(found) - clock.now()) < HOUR
