"""Splitting a part off a case, linking cases, and what both sides say of it."""

import pytest
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER
from flows.story import move, upload
from races.together import at_once
from relations_build import case_of, code, events, kinds, post, spot
from sqlalchemy import select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.relations.models import CaseLink

PART = {"description": "护栏也倒了"}


def split(client, headers, case, **more):
    return post(client, headers, f"/v1/cases/{case['id']}/children", {**PART, **more})


def part(client, headers, case, **more):
    answer = split(client, headers, case, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def relations(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/relations", headers=headers)


def link(client, headers, one, other, note=None):
    url = f"/v1/cases/{one['id']}/links/{other['id']}"
    return client.put(url, json={"note": note}, headers=headers)


def unlink(client, headers, one, other):
    return client.delete(f"/v1/cases/{one['id']}/links/{other['id']}", headers=headers)


class TestSplit:
    def test_a_child_stands_at_the_same_place(self, client, desk, drain):
        case = desk.in_progress(place=INSIDE)
        photo = upload(client, desk.wang)
        child = part(client, desk.wang, case, category_code="C0102", photo_ids=[photo])
        drain()
        shown = case_of(client, desk.wang, child)
        assert shown["parent_id"] == case["id"]
        assert shown["source"] == "split"
        assert shown["place"] == case["place"]
        assert shown["grid_code"] == case["grid_code"]
        assert shown["status"] == "reported"
        assert [p["id"] for p in shown["photos"]] == [photo]
        assert shown["reports"] == 0
        assert kinds(client, desk.wang, case)[-1] == "split"
        assert "split_off" in kinds(client, desk.wang, child)
        assert child["number"] not in str(events(client, desk.wang, case))
        there = relations(client, desk.wang, case).json()
        assert [c["number"] for c in there["children"]] == [child["number"]]
        assert relations(client, desk.wang, child).json()["parent"]["number"] == case["number"]

    def test_without_a_place_it_stays_in_the_region(self, client, desk):
        case = desk.reported(None, address="隆鑫商圈", region_code=None)
        child = part(client, desk.qian, case)
        shown = case_of(client, desk.qian, child)
        assert (shown["region_code"], shown["place"]) == (case["region_code"], None)

    def test_the_child_goes_its_own_way(self, client, desk):
        case = desk.reported(place=INSIDE)
        child = case_of(client, desk.wang, part(client, desk.wang, case))
        assert desk.moved(child, "verify")["status"] == "verifying"

    def test_the_parent_is_not_closed_before_its_children(self, client, desk):
        case = desk.resolved(place=INSIDE)
        child = case_of(client, desk.wang, part(client, desk.wang, case))
        case = case_of(client, desk.sun, case)
        answer = move(client, desk.sun, case, "close", outcome="fixed")
        assert code(answer) == (409, "children_open")
        desk.moved(child, "reject", reason_code="not_found", public_note="没有")
        assert move(client, desk.sun, case, "close", outcome="fixed").status_code == 200

    def test_a_parent_with_an_open_child_is_not_closed(self, client, desk):
        case = desk.resolved(place=INSIDE)
        part(client, desk.wang, case)
        case = case_of(client, desk.sun, case)
        answer = move(client, desk.sun, case, "close", outcome="fixed")
        assert code(answer) == (409, "children_open")

    def test_nor_does_a_parent_end_otherwise(self, client, desk):
        other = desk.reported(place=INSIDE)
        case = desk.reported(place=INSIDE)
        part(client, desk.wang, case)
        case = case_of(client, desk.wang, case)
        assert not {"reject", "merge"} & {offer["move"] for offer in case["moves"]}
        untrue = {"reason_code": "not_found", "public_note": "没有"}
        for answer in (
            move(client, desk.wang, case, "reject", **untrue),
            move(client, desk.wang, case, "merge", into=other["number"]),
            post(client, desk.liu, f"/v1/reports/{desk.report['id']}/withdraw", {}),
        ):
            assert code(answer) == (409, "children_open")
        assert case_of(client, desk.wang, case)["status"] == "reported"

    def test_only_grid_staff_of_the_region(self, client, desk, as_, newcomer):
        case = desk.reported(place=INSIDE)
        for role in (Role.CHECKER, Role.AUDITOR, Role.ADMINISTRATOR):
            answer = split(client, as_(newcomer((role, "500152000000"))), case)
            assert code(answer) == (403, "split_forbidden")
        assert code(split(client, desk.zhao, case)) == (404, "case_not_found")
        assert code(split(client, desk.liu, case)) == (403, "staff_only")

    def test_not_of_a_case_that_ended(self, client, desk):
        assert code(split(client, desk.wang, desk.closed(place=INSIDE))) == (409, "case_ended")

    def test_wrong_category_and_photos(self, client, desk):
        case, photo = desk.reported(place=INSIDE), upload(client, desk.liu)
        for wrong, expected in (
            ({"category_code": "C01"}, (422, "category_unknown")),
            ({"photo_ids": [photo]}, (404, "photo_not_found")),
            ({"photo_ids": [photo, photo]}, (422, "unprocessable")),
        ):
            assert code(split(client, desk.wang, case, **wrong)) == expected
        assert relations(client, desk.wang, case).json()["children"] == []

    def test_is_written_down(self, client, desk, db, cast):
        case = desk.reported(place=INSIDE)
        part(client, desk.wang, case)
        with work(db, write=False) as tx:
            query = select(StaffAction.actor_id).where(
                StaffAction.action == "case.split", StaffAction.object_id == case["id"]
            )
            assert tx.scalars(query).all() == [cast.wang.id]


class TestLinks:
    def test_both_sides_say_so_once(self, client, desk, db):
        one, other = desk.reported(spot(50)), desk.reported(spot(50, 5))
        answer = link(client, desk.qian, one, other, "同一处塌方")
        assert [(c["number"], c["note"]) for c in answer.json()["links"]] == [
            (other["number"], "同一处塌方")
        ]
        assert link(client, desk.qian, other, one, "同一处塌方").status_code == 200
        back = relations(client, desk.qian, other).json()["links"]
        assert [c["number"] for c in back] == [one["number"]]
        for case in (one, other):
            (entry,) = [e for e in events(client, desk.qian, case) if e["kind"] == "linked"]
            # Who reads the history of one need not see the other.
            assert (entry["data"], entry["note"]) == ({}, "同一处塌方")
        link(client, desk.qian, other, one, "另有原因")
        assert relations(client, desk.qian, one).json()["links"][0]["note"] == "另有原因"
        assert kinds(client, desk.qian, one).count("linked") == 2

    def test_is_taken_away_once(self, client, desk):
        one, other = desk.reported(spot(51)), desk.reported(spot(51, 5))
        link(client, desk.qian, one, other)
        for _ in "12":
            assert unlink(client, desk.qian, other, one).json()["links"] == []
        assert kinds(client, desk.qian, one).count("unlinked") == 1
        assert kinds(client, desk.qian, other).count("unlinked") == 1

    def test_only_between_cases_that_are_seen(self, client, desk):
        mine, theirs = desk.reported(place=INSIDE), desk.reported(place=INSIDE_OTHER)
        for change in (link, unlink):
            for pair in ((mine, theirs), (theirs, mine)):
                assert code(change(client, desk.wang, *pair)) == (404, "case_not_found")
            assert code(change(client, desk.liu, mine, theirs)) == (403, "staff_only")
        link(client, desk.qian, mine, theirs)
        # Who sees one side only is not told of the other.
        assert relations(client, desk.wang, mine).json()["links"] == []
        assert len(relations(client, desk.qian, mine).json()["links"]) == 1

    @pytest.mark.parametrize("role", [Role.CHECKER, Role.AUDITOR, Role.ADMINISTRATOR])
    def test_not_by_who_only_reads(self, client, desk, as_, newcomer, role):
        one, other = desk.reported(place=INSIDE), desk.reported(place=INSIDE)
        reader = as_(newcomer((role, DISTRICT)))
        assert code(link(client, reader, one, other)) == (403, "link_forbidden")
        link(client, desk.qian, one, other)
        assert code(unlink(client, reader, one, other)) == (403, "link_forbidden")
        assert len(relations(client, desk.qian, one).json()["links"]) == 1

    def test_by_who_works_on_one_of_them(self, client, desk, as_, newcomer):
        mine, theirs = desk.reported(place=INSIDE), desk.reported(place=INSIDE_OTHER)
        both = as_(newcomer((Role.AUDITOR, DISTRICT), (Role.GRID_STAFF, GRID)))
        assert link(client, both, theirs, mine).status_code == 200
        assert unlink(client, both, mine, theirs).status_code == 200

    def test_by_the_assignee(self, client, desk, as_, newcomer):
        handler = newcomer((Role.HANDLER, GRID), (Role.AUDITOR, DISTRICT))
        case, other = desk.dispatched(to=handler), desk.reported(place=INSIDE_OTHER)
        assert link(client, as_(handler), other, case).status_code == 200
        desk.moved(case, "accept", by=as_(handler))
        assert unlink(client, as_(handler), case, other).status_code == 200

    def test_not_to_itself(self, client, desk):
        case = desk.reported(spot(52))
        assert code(link(client, desk.qian, case, case)) == (409, "link_to_itself")

    def test_two_at_once_make_one(self, client, desk, db):
        one, other = desk.reported(spot(53)), desk.reported(spot(53, 5))
        pairs = ((one, other), (other, one)) * 2
        calls = [lambda p=pair: link(client, desk.qian, *p, "同时") for pair in pairs]
        assert [answer.status_code for answer in at_once(calls)] == [200] * 4
        with work(db, write=False) as tx:
            ids = tuple(case["id"] for case in (one, other))
            links = tx.scalars(select(CaseLink)).all()
            assert len([x for x in links if str(x.case_id) in ids]) == 1
        assert kinds(client, desk.qian, one).count("linked") == 1


class TestRelations:
    def test_strangers_find_nothing(self, client, desk):
        case = desk.reported(place=INSIDE)
        assert code(relations(client, desk.zhao, case)) == (404, "case_not_found")
        assert code(relations(client, desk.liu, case)) == (403, "staff_only")
