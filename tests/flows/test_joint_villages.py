"""联村 on Dianjiang's own map: joint villages have staff of their own, for their cases alone."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from flows.county import COUNTY, County
from flows.story import key, move
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401

# 高安镇 and 三溪镇; a grouping may cross the border of towns.
TOWN, OTHER_TOWN = "500231106000", "500231119000"
POST = "联村干事"


@pytest.fixture(scope="module")
def county(client, db, as_, drain):
    return County(client, db, as_, drain)


@pytest.fixture(scope="module")
def village(county):
    """A village where no other test works."""
    unused = {town: iter(county.villages_of(town)) for town in (TOWN, OTHER_TOWN)}
    return lambda town=TOWN: next(unused[town])


@dataclass
class Joint:
    """A grouping, its officer (联村干事), and their appointment."""

    code: str
    officer: Any
    appointment: str = ""

    def hold(self, county, *villages):
        body = {
            "name": f"联村{self.code}", "kind": "joint_villages", "district": COUNTY,
            "region_codes": list(villages),
        }  # fmt: skip
        county.put(f"/v1/groupings/{self.code}", body)

    def end(self, county):
        answer = county.client.post(
            f"/v1/appointments/{self.appointment}/end", json={},
            headers=county.as_(county.administrator),
        )  # fmt: skip
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def joint(county):
    numbers = count(1)

    def make(*villages, officer=None):
        made = Joint(f"LC{next(numbers):02}", officer)
        made.hold(county, *villages)
        made.officer = county.appoint("joint_staff", grouping_code=made.code, person=officer)
        newest = county.get(county.administrator, "/appointments").json()["items"][0]
        assert newest["grouping_code"] == made.code
        made.appointment = newest["id"]
        return made

    return make


@pytest.fixture(scope="module")
def case_in(county):
    """A new case in a village, as the county's centre sees it."""

    def make(where):
        number = county.reported(county.grids_of(where)[0], category="litter")
        return county.the_case(county.centre, number)

    return make


def sees(county, person, case):
    """Whether somebody sees a case: in the queue and by its id alike, or in neither."""
    listed = case["number"] in county.numbers(person)
    assert county.get(person, f"/cases/{case['id']}").status_code == (200 if listed else 404)
    return listed


class TestTheirCases:
    def test_come_to_the_officer_from_each_village(self, county, village, joint, case_in):
        villages = [village(), village(), village(OTHER_TOWN)]
        officer = joint(*villages).officer
        cases = [case_in(where) for where in villages]
        assert county.numbers(officer) == {case["number"] for case in cases}
        assert set(county.told(officer)) == {case["number"] for case in cases}
        for where, case in zip(villages, cases, strict=True):
            chosen = county.get(officer, f"/cases/{case['id']}").json()["routing"]["post"]
            assert (chosen["post"], chosen["region_code"]) == ("joint_staff", where)

    def test_are_handled_by_the_officer_from_report_to_repair(
        self, county, village, joint, case_in
    ):
        villages = [village(), village(OTHER_TOWN)]
        officer = joint(*villages).officer
        for where in villages:
            case = county.moved(officer, case_in(where), "verify")
            case = county.moved(officer, case, "file", category_code="E0102")
            case = county.moved(officer, case, "dispatch", assignee_id=str(officer.id))
            case = county.resolved(officer, case, "已清运")
            own = move(county.client, county.as_(officer), case, "close", outcome="fixed")
            assert (own.status_code, own.json()["code"]) == (403, "move_forbidden")
            case = county.moved(county.checker, case, "close", outcome="fixed")
            assert case["status"] == "closed"

    def test_are_taken_up_to_the_town_and_then_only_looked_at(
        self, county, village, joint, case_in
    ):
        where = village()
        officer = joint(where).officer
        case = county.moved(officer, case_in(where), "verify")
        case = county.moved(officer, case, "file", category_code="E0102")
        for level in (where, TOWN):
            case = county.moved(officer, case, "escalate", note="联村解决不了")
            assert case["level_code"] == level
        assert sees(county, officer, case)
        assert county.the_case(officer, case["number"])["moves"] == []
        tried = move(
            county.client, county.as_(officer), case, "dispatch", assignee_id=str(officer.id)
        )
        assert (tried.status_code, tried.json()["code"]) == (403, "move_forbidden")

    def test_the_board_of_each_village_shows_the_officer_and_no_other(self, county, village, joint):
        villages, elsewhere = [village(), village(OTHER_TOWN)], village()
        joint(*villages)
        for where in (*villages, elsewhere):
            board = county.client.get(f"/v1/regions/{where}/team").json()["items"]
            assert [one["post"] for one in board].count(POST) == (where != elsewhere)


@pytest.fixture(scope="module")
def there(village, joint, case_in):
    """Two groupings and a village of neither, with a case in each."""
    mine, others, nobodys = village(), village(), village()
    return {
        "officer": joint(mine).officer, "other": joint(others).officer,
        "mine": case_in(mine), "others": case_in(others), "nobodys": case_in(nobodys),
        "village": nobodys,
    }  # fmt: skip


class TestNobodyElses:
    @pytest.mark.parametrize("whose", ["others", "nobodys"])
    def test_a_case_of_another_village_is_not_there(self, county, there, whose):
        officer, case = there["officer"], there[whose]
        assert not sees(county, officer, case)
        for part in ("events", "clocks", "assignees", "sheet"):
            assert county.get(officer, f"/cases/{case['id']}/{part}").status_code == 404
        headers = {**county.as_(officer), **key()}
        url = f"/v1/cases/{case['id']}"
        noted = county.client.post(f"{url}/notes", json={"text": "看看"}, headers=headers)
        assert noted.status_code == 404
        tried = move(county.client, county.as_(officer), case, "verify")
        assert (tried.status_code, tried.json()["code"]) == (404, "case_not_found")

    def test_no_filter_search_file_or_counter_shows_more(self, county, there):
        officer, mine = there["officer"], {there["mine"]["number"]}
        assert county.numbers(officer) == mine
        assert county.numbers(officer, q="井盖") == mine
        for region, shown in ((COUNTY, mine), (TOWN, mine), (there["village"], set())):
            assert county.numbers(officer, region=region) == shown
        assert county.numbers(officer, q=there["others"]["number"]) == set()
        assert county.get(officer, "/desk/counters").json()["to_verify"] == 1
        rows = county.get(officer, "/desk/export", format="csv").text
        assert [
            case for case in ("mine", "others", "nobodys") if there[case]["number"] in rows
        ] == ["mine"]

    def test_and_theirs_are_nobody_elses(self, county, there):
        neighbour = county.appoint("dj_second_head", there["village"])
        for stranger in (there["other"], neighbour, county.appoint("dj_first_head", OTHER_TOWN)):
            assert not sees(county, stranger, there["mine"])
        # Those above see it, as they see everything below them.
        assert sees(county, county.appoint("dj_first_head", TOWN), there["mine"])

    def test_no_officer_is_given_a_case_elsewhere(self, county, there, case_in):
        case = county.moved(county.centre, case_in(there["village"]), "verify")
        case = county.moved(county.centre, case, "file", category_code="E0102")
        officer = {"assignee_id": str(there["officer"].id)}
        given = move(county.client, county.as_(county.centre), case, "dispatch", **officer)
        assert (given.status_code, given.json()["code"]) == (422, "assignee_unknown")


class TestWhatChanges:
    def test_a_village_that_leaves_takes_its_cases_along(self, county, village, joint, case_in):
        stays, leaves, comes = village(), village(), village(OTHER_TOWN)
        together = joint(stays, leaves)
        cases = {where: case_in(where) for where in (stays, leaves, comes)}

        def seen():
            return {where for where, case in cases.items() if sees(county, together.officer, case)}

        assert seen() == {stays, leaves}
        together.hold(county, stays, comes)
        assert seen() == {stays, comes}
        left = move(county.client, county.as_(together.officer), cases[leaves], "verify")
        assert left.status_code == 404
        county.moved(together.officer, cases[comes], "verify")

    def test_a_case_that_was_somewhere_else_goes_there(self, county, village, joint, case_in):
        here, there = village(), village(OTHER_TOWN)
        officer, other = joint(here).officer, joint(there).officer
        case = case_in(here)
        place = county.inside(county.grids_of(there)[0])
        case = county.moved(officer, case, "correct", place=place, note="位置标错，在邻镇")
        assert (sees(county, officer, case), sees(county, other, case)) == (False, True)
        assert case["number"] in [subject.partition("/")[0] for subject in county.told(other)]

    def test_an_officer_of_two_groupings_keeps_what_the_other_still_gives(
        self, county, village, joint, case_in
    ):
        one, both, two = village(), village(), village()
        first = joint(one, both)
        second = joint(both, two, officer=first.officer)
        cases = [case_in(where) for where in (one, both, two)]
        assert [sees(county, first.officer, case) for case in cases] == [True, True, True]
        first.end(county)
        assert [sees(county, first.officer, case) for case in cases] == [False, True, True]
        second.end(county)
        case = county.get(first.officer, f"/cases/{cases[1]['id']}")
        assert (case.status_code, case.json()["code"]) == (403, "staff_only")
