"""Cases over HTTP: one class an endpoint, and what follows from each move."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from cases.case_build import code
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, STREET, VILLAGE
from flows.story import key, move, moved, picture, report, upload
from matrix.stage import public_word
from sqlalchemy import event, select, update
from sqlalchemy.exc import DBAPIError

from app.cases import jobs
from app.cases.models import CaseEntry, CaseMove
from app.categories.models import Category
from app.identity.models import Person, Role
from app.kit import clock, outbox
from app.kit.actions import StaffAction
from app.kit.db import work
from app.rewards.models import Award


def get(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}", headers=headers)


def events(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/events", headers=headers).json()["items"]


def wrong_fields(answer):
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["loc"][-1]: error["code"] for error in answer.json()["errors"]}


def points(client, headers):
    body = client.get("/v1/points", headers=headers).json()
    return body["spendable"], body["on_the_way"]


def awards(db, case):
    with work(db, write=False) as tx:
        return list(tx.scalars(select(Award.state).where(Award.source == case["number"])))


@contextmanager
def failing(db, statement):
    """The database refuses every statement that begins so, as when its disk is full."""

    def refuse(_conn, _cursor, text, *_rest):
        if text.startswith(statement):
            raise RuntimeError("the disk is full")

    event.listen(db.writer, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(db.writer, "before_cursor_execute", refuse)


class TestQueue:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/cases", headers=headers, params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    def test_each_sees_the_cases_of_their_regions(self, client, desk):
        here, there = desk.reported(INSIDE)["id"], desk.reported(INSIDE_OTHER)["id"]
        assert {here, there} <= self.listed(client, desk.qian)
        assert {here, there} & self.listed(client, desk.wang) == {here}
        assert {here, there} & self.listed(client, desk.zhao) == {there}

    def test_by_status(self, client, desk):
        fresh, filed = desk.reported()["id"], desk.filed()["id"]
        assert {fresh, filed} & self.listed(client, desk.wang, status="filed") == {filed}

    def test_by_region_with_its_subtree(self, client, desk):
        here, there = desk.reported(INSIDE)["id"], desk.reported(INSIDE_OTHER)["id"]
        both = {here, there}
        for region, expected in {
            DISTRICT: both, STREET: both, VILLAGE: both, GRID: {here}, OTHER_GRID: {there},
            "500152001": set(), "nowhere": set(),
        }.items():  # fmt: skip
            assert both & self.listed(client, desk.qian, region=region) == expected, region

    def test_a_region_that_is_not_the_callers_shows_nothing(self, client, desk):
        there = desk.reported(INSIDE_OTHER)["id"]
        assert there not in self.listed(client, desk.wang, region=OTHER_GRID)

    def test_by_category(self, client, desk):
        fresh, filed = desk.reported()["id"], desk.filed()["id"]
        assert {fresh, filed} & self.listed(client, desk.wang, category="C0101") == {filed}
        assert not self.listed(client, desk.wang, category="C0102")

    def test_mine(self, client, desk, cast):
        filed, given = desk.filed()["id"], desk.dispatched()["id"]
        assert {filed, given} & self.listed(client, desk.wang, mine=True) == {given}
        assert not {filed, given} & self.listed(client, desk.qian, mine=True)

    def test_overdue_by_the_clock_that_runs(self, client, desk, cast, as_):
        fresh, given, done = desk.reported(), desk.dispatched(), desk.resolved()
        ids = {case["id"] for case in (fresh, given, done)}
        assert not ids & self.listed(client, desk.qian, overdue=True)
        clock.shift(timedelta(hours=1, minutes=1))
        # The tokens of an hour ago have expired as well.
        # Nobody verified the one; nobody guarded the other, which is a hazard.
        late = self.listed(client, as_(cast.qian), overdue=True)
        assert ids & late == {fresh["id"], given["id"]}
        clock.shift(timedelta(hours=24))
        # It was resolved in time, but nobody checked it for a day.
        late = self.listed(client, as_(cast.qian), overdue=True)
        assert ids & late == ids

    def test_the_flag_says_the_same(self, client, desk, cast, as_):
        fresh = desk.reported()
        assert get(client, desk.qian, fresh).json()["overdue"] is False
        clock.shift(timedelta(hours=1, minutes=1))
        assert get(client, as_(cast.qian), fresh).json()["overdue"] is True

    def test_pages_follow_each_other_newest_first(self, client, desk):
        newest = [desk.reported()["id"] for _ in range(5)][::-1]
        seen, cursor = [], None
        while len(seen) < 5:
            params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/cases", headers=desk.wang, params=params).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen[:5] == newest

    def test_a_cursor_belongs_to_its_filter_and_person(self, client, desk):
        desk.reported(), desk.reported()
        page = client.get("/v1/cases", headers=desk.wang, params={"limit": 1}).json()
        params = {"cursor": page["next_cursor"]}
        for headers, more in ((desk.wang, {"status": "filed"}), (desk.qian, {})):
            refused = client.get("/v1/cases", headers=headers, params={**params, **more})
            assert code(refused) == (400, "cursor_invalid")

    @pytest.mark.parametrize("cursor", ["x", "W10", "e30", "bnVsbA", "A" * 400, "é", "[" * 399])
    def test_a_forged_cursor(self, client, desk, cursor):
        refused = client.get("/v1/cases", headers=desk.wang, params={"cursor": cursor})
        assert code(refused) == (400, "cursor_invalid")

    def test_the_moves_of_each_caller(self, client, desk):
        case = desk.reported()
        for headers, expected in (
            (desk.wang, {"verify", "file", "reject", "correct", "merge"}),
            (desk.sun, set()),
        ):
            items = client.get("/v1/cases", headers=headers).json()["items"]
            offered = next(item for item in items if item["id"] == case["id"])["moves"]
            assert {offer["move"] for offer in offered} == expected


class TestCase:
    def test_works_with_its_version_as_etag(self, client, desk):
        case = desk.reported()
        answer = get(client, desk.wang, case)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        body = answer.json()
        assert (body["reports"], len(body["photos"]), body["after_photos"]) == (1, 1, [])
        assert get(client, desk.wang, desk.moved(case, "verify")).headers["etag"] == '"2"'

    def test_anonymous_401(self, client, desk):
        assert client.get(f"/v1/cases/{desk.reported()['id']}").status_code == 401

    def test_a_reporter_403(self, client, desk):
        case = desk.reported()
        assert code(get(client, desk.liu, case)) == (403, "staff_only")

    def test_the_other_grid_and_absent_get_the_same_404(self, client, desk):
        strange = get(client, desk.zhao, desk.reported())
        assert strange.status_code == 404
        assert public_word(strange) == public_word(get(client, desk.zhao, {"id": uuid4()}))

    def test_whoever_it_was_given_to_sees_it(self, client, desk, newcomer, as_):
        handler = newcomer((Role.HANDLER, STREET), name="市政处置员")
        case = desk.dispatched(to=handler)
        assert get(client, as_(handler), case).status_code == 200
        assert get(client, as_(handler), desk.filed()).status_code == 404

    def test_assignees_the_nearest_post_first(self, client, desk, cast):
        case = desk.filed()
        answer = client.get(f"/v1/cases/{case['id']}/assignees", headers=desk.wang)
        found = [(p["id"], p["role"]) for p in answer.json()["items"]]
        assert found[0] == (str(cast.wang.id), "grid_staff")
        assert (str(cast.qian.id), "dispatcher") == found[-1]
        assert str(cast.zhao.id) not in {person for person, _ in found}


class TestIfMatch:
    def test_missing_428(self, client, desk, one_case):
        url = f"/v1/cases/{one_case['id']}/moves"
        answer = client.post(url, json={"move": "verify"}, headers=desk.wang)
        assert code(answer) == (428, "precondition_required")

    @pytest.mark.parametrize("match", ['"2"', '"0"', "*", "x", '"-1"', "1.0", "9" * 99, '"1", "2"'])
    def test_stale_and_junk_412(self, client, desk, one_case, match):
        url = f"/v1/cases/{one_case['id']}/moves"
        headers = {**desk.wang, "If-Match": match}
        answer = client.post(url, json={"move": "verify"}, headers=headers)
        assert code(answer) == (412, "stale_version")

    @pytest.mark.parametrize("match", ['"1"', 'W/"1"', "1"])
    def test_the_right_version_in_its_forms(self, client, desk, match):
        url = f"/v1/cases/{desk.reported()['id']}/moves"
        answer = client.post(url, json={"move": "verify"}, headers={**desk.wang, "If-Match": match})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
        assert answer.headers["etag"] == '"2"'

    def test_after_someone_else_moved(self, client, desk):
        case = desk.reported()
        desk.moved(case, "verify")
        assert code(move(client, desk.qian, case, "verify")) == (412, "stale_version")

    def test_two_at_once(self, client, desk):
        """Both read the same version; one moves, the other is told."""
        for _ in range(3):
            case, answers = desk.reported(), []
            start = threading.Barrier(2)

            def make(headers, case=case, answers=answers, start=start):
                start.wait()
                answers.append(move(client, headers, case, "verify").status_code)

            threads = [threading.Thread(target=make, args=(h,)) for h in (desk.wang, desk.qian)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(answers) == [200, 412]
            assert get(client, desk.wang, case).json()["version"] == 2

    def test_the_same_key_again_is_answered_before_the_version(self, client, desk):
        url = f"/v1/cases/{desk.reported()['id']}/moves"
        headers = {**desk.wang, "If-Match": '"1"', **key()}
        first = client.post(url, json={"move": "verify"}, headers=headers)
        again = client.post(url, json={"move": "verify"}, headers=headers)
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotency-replayed"] == "true"


class TestFields:
    @pytest.mark.parametrize(
        ("status", "name", "needs"),
        [
            ("reported", "file", {"category_code"}),
            ("reported", "reject", {"reason_code", "public_note"}),
            ("filed", "dispatch", {"assignee_id"}),
            ("dispatched", "return", {"reason_code", "note"}),
            ("in_progress", "resolve", {"photo_ids", "note"}),
        ],
    )
    def test_what_is_missing_is_named(self, client, desk, status, name, needs):
        answer = move(client, desk.wang, getattr(desk, status)(), name)
        assert wrong_fields(answer) == dict.fromkeys(needs, "missing")

    @pytest.mark.parametrize(("name", "needs"), [("close", {"outcome"}), ("rework", {"note"})])
    def test_what_the_checker_leaves_out(self, client, desk, name, needs):
        answer = move(client, desk.sun, desk.resolved(), name)
        assert wrong_fields(answer) == dict.fromkeys(needs, "missing")

    def test_what_belongs_to_another_move_is_refused(self, client, desk):
        case = desk.reported()
        surplus = {"category_code": "C0101", "outcome": "fixed", "public_note": "好"}
        refused = move(client, desk.wang, case, "verify", **surplus)
        assert wrong_fields(refused) == dict.fromkeys(surplus, "extra_forbidden")

    def test_what_no_move_knows_is_refused(self, client, desk):
        refused = move(client, desk.wang, desk.reported(), "verify", status="closed", version=9)
        assert wrong_fields(refused) == {"status": "extra_forbidden", "version": "extra_forbidden"}

    @pytest.mark.parametrize("name", ["review", "uphold", "reopen", "route", "VERIFY", "", None, 1])
    def test_moves_that_are_not_offered(self, client, desk, name):
        refused = move(client, desk.wang, desk.reported(), name)
        assert set(wrong_fields(refused)) == {"move"}

    @pytest.mark.parametrize("reason", ["not_mine", "because", "other"])
    def test_a_reason_of_another_move(self, client, desk, reason):
        refused = move(
            client, desk.wang, desk.reported(), "reject", reason_code=reason, public_note="看过了"
        )
        assert wrong_fields(refused) == {"reason_code": "enum"}

    @pytest.mark.parametrize("category", ["C01", "nothing", "manhole"])
    def test_a_category_that_cases_are_not_filed_under(self, client, desk, category):
        refused = move(client, desk.wang, desk.reported(), "file", category_code=category)
        assert code(refused) == (422, "category_unknown")

    @pytest.mark.parametrize("who", ["zhao", "liu_bo", "li", "nobody"])
    def test_somebody_who_cannot_handle_here(self, client, desk, cast, who):
        person = str(uuid4()) if who == "nobody" else str(getattr(cast, who).id)
        refused = move(client, desk.wang, desk.filed(), "dispatch", assignee_id=person)
        assert code(refused) == (422, "assignee_unknown")

    def test_a_disabled_person_cannot_be_given_a_case(self, client, desk, db, newcomer):
        handler = newcomer((Role.HANDLER, GRID))
        with work(db, write=True) as tx:
            tx.get_one(Person, handler.id).state = "disabled"
        refused = move(client, desk.wang, desk.filed(), "dispatch", assignee_id=str(handler.id))
        assert code(refused) == (422, "assignee_unknown")

    def test_every_offer_tells_what_the_move_needs(self, client, desk):
        offers = get(client, desk.wang, desk.reported()).json()["moves"]
        reject = next(offer for offer in offers if offer["move"] == "reject")
        assert (reject["to"], reject["label"], reject["label_en"]) == (
            "rejected", "不予立案", "Reject",
        )  # fmt: skip
        assert reject["required"] == ["reason_code", "public_note"]
        assert [r["code"] for r in reject["reasons"]] == [
            "not_found", "out_of_scope", "insufficient", "false_report",
        ]  # fmt: skip


class TestRefusedMoves:
    """What the workflow says, heard over HTTP."""

    def test_the_wrong_status_409(self, client, desk):
        assert code(move(client, desk.wang, desk.filed(), "verify")) == (409, "move_impossible")

    def test_the_wrong_role_403(self, client, desk):
        refused = move(client, desk.sun, desk.reported(), "verify")
        assert code(refused) == (403, "move_forbidden")

    def test_the_wrong_region_404(self, client, desk):
        case = desk.reported()
        strange = move(client, desk.zhao, case, "verify")
        absent = move(client, desk.zhao, {**case, "id": uuid4()}, "verify")
        assert strange.status_code == 404
        assert public_word(strange) == public_word(absent)

    def test_only_the_assignee_accepts(self, client, desk):
        refused = move(client, desk.qian, desk.dispatched(), "accept")
        assert code(refused) == (403, "move_forbidden")

    def test_no_fast_lane_without_a_hazard(self, client, desk):
        case = desk.reported(category="litter")
        refused = move(client, desk.wang, case, "file", category_code="E0102")
        assert code(refused) == (409, "fast_lane_closed")
        case = desk.moved(case, "verify")
        assert desk.moved(case, "file", category_code="E0102")["status"] == "filed"

    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("file", {"category_code": "C0101"}),
            ("reject", {"reason_code": "not_found", "public_note": "没有"}),
        ],
    )
    def test_nobody_judges_their_own_report(self, client, desk, cast, name, fields):
        case = desk.reported(reporter=cast.wang)
        assert code(move(client, desk.wang, case, name, **fields)) == (403, "own_report")

    def test_nor_closes_it(self, client, desk, cast):
        case = desk.resolved(reporter=cast.sun)
        assert code(move(client, desk.sun, case, "close", outcome="fixed")) == (403, "own_report")
        assert code(move(client, desk.sun, case, "rework", note="再看")) == (403, "own_report")

    def test_the_checker_is_not_the_handler(self, client, desk, newcomer, as_):
        both = newcomer((Role.GRID_STAFF, GRID), (Role.CHECKER, DISTRICT))
        case = desk.dispatched(to=both)
        case = moved(client, as_(both), case, "accept")
        photo = upload(client, as_(both))
        case = moved(client, as_(both), case, "resolve", photo_ids=[photo], note="好了")
        refused = move(client, as_(both), case, "close", outcome="fixed")
        assert code(refused) == (403, "checker_is_handler")

    def test_nor_one_who_handled_since_the_last_dispatch(self, client, desk, newcomer, as_, db):
        """Signed by one, resolved by another: taken out of the assignee's hands in between."""
        both = newcomer((Role.GRID_STAFF, GRID), (Role.CHECKER, DISTRICT))
        case = moved(client, as_(both), desk.dispatched(to=both), "accept")
        case = moved(client, as_(both), case, "return", reason_code="other", note="换人")
        case = desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
        case = desk.moved(case, "accept")
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="好了")
        # The new dispatch wiped the slate: what came before it is another attempt.
        assert moved(client, as_(both), case, "close", outcome="fixed")["status"] == "closed"

    def test_returned_three_times_and_no_more(self, client, desk, cast):
        case = desk.dispatched()
        for n in (1, 2, 3):
            case = desk.moved(case, "return", reason_code="not_mine", note="不归我管")
            assert (case["status"], case["returns"], case["assignee_id"]) == ("filed", n, None)
            case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        refused = move(client, desk.wang, case, "return", reason_code="not_mine", note="第四次")
        assert code(refused) == (409, "returns_exhausted")
        offers = {offer["move"] for offer in case["moves"]}
        assert offers == {"accept", "make_safe", "escalate"}

    def test_a_handler_of_a_department_can_return(self, client, desk, newcomer, as_):
        """The case leaves the handler's sight with this very move; it is made all the same."""
        handler = newcomer((Role.HANDLER, STREET), name="市政处置员")
        case = desk.dispatched(to=handler)
        back = moved(client, as_(handler), case, "return", reason_code="not_mine", note="不归我管")
        assert (back["status"], back["returns"]) == ("filed", 1)
        assert get(client, as_(handler), case).status_code == 404

    def test_rework_goes_back_to_the_same_hands(self, client, desk, cast):
        case = desk.moved(desk.resolved(), "rework", by=desk.sun, note="还在晃")
        assert (case["status"], case["rework"], case["assignee_id"]) == (
            "in_progress", 1, str(cast.wang.id),
        )  # fmt: skip
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="重新修好")
        case = desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert (case["status"], len(case["after_photos"])) == ("closed", 2)


class TestAfterPhoto:
    def resolve(self, client, desk, case, *photos):
        ids = [str(photo) for photo in photos]
        return move(client, desk.wang, case, "resolve", photo_ids=ids, note="好了")

    def test_absent_and_somebody_elses_404(self, client, desk):
        case = desk.in_progress()
        absent = self.resolve(client, desk, case, uuid4())
        strange = self.resolve(client, desk, case, upload(client, desk.qian))
        assert code(absent) == (404, "photo_not_found")
        assert public_word(strange) == public_word(absent)

    def test_used_before_409(self, client, desk):
        case = desk.in_progress()
        photo = upload(client, desk.wang)
        assert self.resolve(client, desk, desk.in_progress(), photo).status_code == 200
        assert code(self.resolve(client, desk, case, photo)) == (409, "photo_used")

    def test_the_same_bytes_as_before_409_and_nothing_moved(self, client, desk, newcomer):
        data = picture()

        def sent(headers):
            files = {"file": ("p.jpg", data, "image/jpeg")}
            return client.post("/v1/photos", files=files, headers=headers).json()["id"]

        reporter = newcomer()
        photo = sent(desk._as(reporter))
        case = desk.in_progress(reporter=reporter, photo_ids=[photo])
        copy = sent(desk.wang)
        assert code(self.resolve(client, desk, case, copy)) == (409, "photo_same")
        now = get(client, desk.wang, case).json()
        assert (now["status"], now["version"], now["after_photos"]) == (
            "in_progress", case["version"], [],
        )  # fmt: skip
        # The refused photo was not used up.
        other = upload(client, desk.wang)
        assert code(self.resolve(client, desk, case, copy, other)) == (409, "photo_same")
        assert self.resolve(client, desk, case, other).status_code == 200

    def test_twice_in_one_move_422(self, client, desk):
        photo = upload(client, desk.wang)
        assert self.resolve(client, desk, desk.in_progress(), photo, photo).status_code == 422

    def test_more_than_nine_422(self, client, desk):
        photos = [uuid4() for _ in range(10)]
        assert self.resolve(client, desk, desk.in_progress(), *photos).status_code == 422


class TestClock:
    def test_deadline_and_rule_are_frozen_at_dispatch(self, client, desk, db):
        case = desk.dispatched()
        rule = get(client, desk.wang, case).json()["clock_rule"]
        assert (rule["category"], rule["version"], rule["due_hours"]) == ("C0101", "C0101/1", 24)
        due = case["handle_due_at"]
        with work(db, write=True) as tx:
            tx.execute(update(Category).where(Category.code == "C0101").values(due_hours=1))
        try:
            case = desk.moved(case, "accept")
            assert case["handle_due_at"] == due
            assert get(client, desk.wang, case).json()["clock_rule"] == rule
        finally:
            with work(db, write=True) as tx:
                tx.execute(update(Category).where(Category.code == "C0101").values(due_hours=24))

    def test_a_return_stops_it_and_a_new_dispatch_starts_it(self, desk, cast):
        case = desk.dispatched()
        first = case["handle_due_at"]
        case = desk.moved(case, "return", reason_code="other", note="换人")
        assert case["handle_due_at"] is None
        clock.shift(timedelta(minutes=5))
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        assert case["handle_due_at"] > first


class TestHistory:
    def test_one_row_a_move_in_order(self, client, desk):
        case = desk.closed()
        rows = events(client, desk.wang, case)
        assert [row["move"] for row in rows] == [
            "route", "file", "dispatch", "accept", "resolve", "close",
        ]  # fmt: skip
        assert [row["version"] for row in rows] == [1, 2, 3, 4, 5, 6]
        steps = [row["to_status"] for row in rows]
        assert [row["from_status"] for row in rows] == [None, *steps[:-1]]
        assert [row["actor"] for row in rows] == [None, "wang", "wang", "wang", "wang", "sun"]
        assert rows[-1]["data"] == {"outcome": "fixed"}

    def test_a_refused_move_leaves_no_row(self, client, desk):
        case = desk.filed()
        before = events(client, desk.wang, case)
        assert move(client, desk.wang, case, "verify").status_code == 409
        assert move(client, desk.wang, case, "dispatch").status_code == 422
        assert events(client, desk.wang, case) == before

    @pytest.mark.parametrize("table", [CaseMove, CaseEntry], ids=["moves", "entries"])
    @pytest.mark.parametrize("verb", ["update", "delete"])
    def test_rows_are_never_changed(self, client, desk, db, table, verb):
        case = desk.reported()
        url = f"/v1/cases/{case['id']}/notes"
        assert client.post(url, json={"text": "看一下"}, headers=desk.wang).status_code == 201
        mine = table.case_id == case["id"]
        change = (
            update(table).where(mine).values(created_at=clock.now()) if verb == "update" else None
        )
        with pytest.raises(DBAPIError, match=r"append|never"), work(db, write=True) as tx:
            tx.execute(table.__table__.delete().where(mine) if change is None else change)

    def test_staff_actions_are_logged_with_the_move(self, desk, db, cast):
        case = desk.filed()
        with work(db, write=False) as tx:
            query = select(StaffAction.action, StaffAction.actor_id).where(
                StaffAction.object_id == case["id"]
            )
            assert [tuple(row) for row in tx.execute(query)] == [("case.file", cast.wang.id)]


class TestNotes:
    def test_a_note_stands_in_the_history_and_is_no_move(self, client, desk):
        case = desk.reported()
        url = f"/v1/cases/{case['id']}/notes"
        answer = client.post(url, json={"text": "已电话联系物业 <b>"}, headers=desk.wang)
        assert answer.status_code == 201
        last = answer.json()["items"][-1]
        assert (last["kind"], last["note"], last["actor"], last["version"]) == (
            "note", "已电话联系物业 <b>", "wang", None,
        )  # fmt: skip
        assert get(client, desk.wang, case).json()["version"] == 1

    def test_reporters_never_see_it(self, client, desk):
        case = desk.reported()
        url = f"/v1/cases/{case['id']}/notes"
        client.post(url, json={"text": "内部情况"}, headers=desk.wang)
        mine = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu)
        assert "内部情况" not in mine.text

    @pytest.mark.parametrize("text", ["", "   ", None, "x" * 2001, "a\u0000b", "\u001b[2J", 5])
    def test_what_is_no_note(self, client, desk, text, request):
        case = request.getfixturevalue("one_case")
        url = f"/v1/cases/{case['id']}/notes"
        assert client.post(url, json={"text": text}, headers=desk.wang).status_code == 422

    def test_strangers_404_reporters_403_nobody_401(self, client, desk):
        url = f"/v1/cases/{desk.reported()['id']}/notes"
        asked = [client.post(url, json={"text": "x"}, headers=h) for h in (desk.zhao, desk.liu, {})]
        assert [answer.status_code for answer in asked] == [404, 403, 401]


@pytest.fixture(scope="module")
def one_case(desk):
    return desk.reported()


class TestWithdraw:
    def withdraw(self, client, desk, **body):
        return client.post(f"/v1/reports/{desk.report['id']}/withdraw", json=body, headers=desk.liu)

    @pytest.mark.parametrize("status", ["reported", "verifying", "filed"])
    def test_while_nobody_has_been_sent(self, client, desk, db, status):
        case = getattr(desk, status)()
        answer = self.withdraw(client, desk, note="已经有人在修了")
        assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
        now = get(client, desk.wang, case).json()
        assert (now["status"], now["version"], now["moves"]) == (
            "withdrawn", case["version"] + 1, [],
        )  # fmt: skip
        assert awards(db, case) == (["voided"] if status == "filed" else [])
        assert points(client, desk.liu) == (0, 0)

    @pytest.mark.parametrize("status", ["dispatched", "in_progress", "resolved", "closed"])
    def test_not_after_somebody_was_sent(self, client, desk, status):
        case = getattr(desk, status)()
        assert code(self.withdraw(client, desk)) == (409, "move_impossible")
        assert get(client, desk.wang, case).json()["version"] == case["version"]

    def test_not_twice(self, client, desk):
        desk.reported()
        assert self.withdraw(client, desk).status_code == 200
        assert code(self.withdraw(client, desk)) == (409, "move_impossible")

    def test_not_twice_before_routing(self, client, desk, newcomer, as_):
        liu = as_(newcomer())
        url = f"/v1/reports/{report(client, liu, INSIDE)['id']}/withdraw"
        assert client.post(url, json={}, headers=liu).status_code == 200
        assert code(client.post(url, json={}, headers=liu)) == (409, "move_impossible")

    def test_somebody_elses_is_like_absent(self, client, desk):
        desk.reported()
        url = "/v1/reports/{}/withdraw"
        strange = client.post(url.format(desk.report["id"]), json={}, headers=desk.zhao)
        absent = client.post(url.format(uuid4()), json={}, headers=desk.zhao)
        assert strange.status_code == 404
        assert public_word(strange) == public_word(absent)

    def test_staff_cannot_make_this_move(self, client, desk):
        refused = move(client, desk.wang, desk.reported(), "withdraw")
        assert code(refused) == (403, "move_forbidden")


class TestPoints:
    def test_held_when_filed_and_spendable_when_closed(self, client, desk, db):
        case = desk.filed()
        assert (points(client, desk.liu), awards(db, case)) == ((0, 10), ["granted"])
        case = desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
        case = desk.moved(case, "accept")
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="好了")
        assert points(client, desk.liu) == (0, 10)
        desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert (points(client, desk.liu), awards(db, case)) == ((10, 0), ["settled"])

    @pytest.mark.parametrize("outcome", ["fixed", "no_action_needed", "referred"])
    def test_outcomes_that_pay(self, client, desk, db, outcome):
        assert awards(db, desk.closed(outcome)) == ["settled"]
        assert points(client, desk.liu) == (10, 0)

    @pytest.mark.parametrize("outcome", ["not_responsible", "unable"])
    def test_outcomes_that_do_not(self, client, desk, db, outcome):
        assert awards(db, desk.closed(outcome)) == ["voided"]
        assert points(client, desk.liu) == (0, 0)

    def test_a_rejected_report_earns_nothing(self, client, desk, db):
        case = desk.moved(
            desk.reported(), "reject", reason_code="not_found", public_note="现场完好"
        )
        assert awards(db, case) == []
        mine = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()
        assert (mine["status"], mine["public_note"]) == ("rejected", "现场完好")

    def test_filed_again_after_a_return_is_granted_once(self, desk, db, cast):
        case = desk.moved(desk.dispatched(), "return", reason_code="other", note="换人")
        desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        assert awards(db, case) == ["granted"]

    @pytest.mark.parametrize("statement", ["INSERT INTO award_changes", "INSERT INTO jobs"])
    def test_filing_and_granting_are_one_unit(self, client, app, desk, db, statement):
        case = desk.reported()
        with failing(app.state.db, statement):
            answer = move(client, desk.wang, case, "file", category_code="C0101")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "disk" not in answer.text
        now = get(client, desk.wang, case).json()
        assert (now["status"], now["version"], awards(db, case)) == ("reported", 1, [])
        assert points(client, desk.liu) == (0, 0)

    @pytest.mark.parametrize("statement", ["UPDATE balances", "UPDATE reports"])
    def test_closing_and_settling_are_one_unit(self, client, app, desk, db, statement):
        case = desk.resolved()
        with failing(app.state.db, statement):
            answer = move(client, desk.sun, case, "close", outcome="fixed")
        assert answer.status_code == 500
        assert get(client, desk.wang, case).json()["status"] == "resolved"
        assert (points(client, desk.liu), awards(db, case)) == ((0, 10), ["granted"])
        desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert (points(client, desk.liu), awards(db, case)) == ((10, 0), ["settled"])


class TestTelling:
    def kinds(self, client, desk):
        inbox = client.get("/v1/inbox", headers=desk.liu).json()["items"]
        return [message["kind"] for message in inbox][::-1]

    def test_at_filing_dispatch_and_closing_once_each(self, client, desk, drain, db):
        case = desk.closed()
        drain()
        told = ["report.filed", "report.dispatched", "report.closed"]
        assert self.kinds(client, desk) == told
        with work(db, write=True) as tx:
            for move_id in tx.scalars(select(CaseMove.id).where(CaseMove.case_id == case["id"])):
                jobs.tell(tx, {"move_id": str(move_id)})
        assert self.kinds(client, desk) == told

    def test_at_rejection_with_the_reason(self, client, desk, drain):
        fields = {"reason_code": "not_found", "public_note": "现场完好"}
        desk.moved(desk.reported(), "reject", **fields)
        drain()
        inbox = client.get("/v1/inbox", headers=desk.liu).json()["items"]
        assert [message["kind"] for message in inbox] == ["report.rejected"]
        assert "现场未发现问题" in inbox[0]["text"]
        assert "现场完好" in inbox[0]["text"]

    def test_of_what_is_internal_nobody_is_told(self, client, desk, drain):
        desk.verifying()
        drain()
        assert self.kinds(client, desk) == []

    def test_a_job_that_runs_twice(self, client, desk, drain, db):
        desk.filed()
        drain()
        with work(db, write=True) as tx:
            kinds = outbox.Job.kind.in_(["report.submitted", "case.moved"])
            tx.execute(update(outbox.Job).where(kinds).values(state="ready"))
        assert drain() > 0
        assert self.kinds(client, desk) == ["report.filed"]


class TestAnonymity:
    """Staff see the case, never the person behind the report."""

    @pytest.mark.parametrize("anonymous", [True, False])
    def test_no_answer_to_staff_names_the_reporter(
        self, client, desk, cast, newcomer, drain, anonymous
    ):
        reporter = newcomer(name="独一无二的名字")
        case = desk.closed(reporter=reporter, anonymous=anonymous)
        drain()
        secrets = {str(reporter.id), reporter.id.hex, reporter.member_no, reporter.name}
        secrets |= {desk.report["id"]}
        url = f"/v1/cases/{case['id']}"
        for headers in (desk.wang, desk.qian, desk.sun):
            for path in (url, f"{url}/events", f"{url}/assignees", "/v1/cases?limit=100"):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 200
                assert not [s for s in secrets if s in answer.text], path

    def test_a_withdrawal_stays_unnamed(self, client, desk, newcomer):
        reporter = newcomer(name="独一无二的名字")
        case = desk.reported(reporter=reporter)
        client.post(f"/v1/reports/{desk.report['id']}/withdraw", json={}, headers=desk.liu)
        last = events(client, desk.wang, case)[-1]
        assert (last["move"], last["actor"]) == ("withdraw", None)

    def test_also_of_staff_who_reported_and_moved_it_before(self, client, desk, cast):
        case = desk.moved(desk.reported(reporter=cast.wang), "verify")
        client.post(f"/v1/reports/{desk.report['id']}/withdraw", json={}, headers=desk.wang)
        rows = events(client, desk.qian, case)
        assert [(row["move"], row["actor"]) for row in rows] == [
            ("route", None), ("verify", "wang"), ("withdraw", None),
        ]  # fmt: skip
