"""Ratings and follow-up calls over HTTP: one class an endpoint."""

import threading
from datetime import timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest
from cast import DISTRICT, GRID, INSIDE, OTHER_GRID, STREET
from flows.story import key, report, upload
from matrix.stage import public_word
from sqlalchemy import func, select

from app.cases import audit, service
from app.feedback.models import FollowUp, Rating
from app.feedback.schemas import RatingReason
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work

RATING = {"stars": 4, "reasons": ["fast", "good_work"], "text": "修得很好，谢谢"}
CALL = {"reached": True, "verdict": "satisfied", "text": "骑手说已经好了"}


def code(answer):
    return answer.status_code, answer.json()["code"]


def rate(client, headers, report_id, **body):
    return client.post(f"/v1/reports/{report_id}/rating", json=body or RATING, headers=headers)


def call(client, headers, case, **body):
    return client.post(f"/v1/cases/{case['id']}/follow-ups", json=body or CALL, headers=headers)


def events(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/events", headers=headers).json()["items"]


def reopen(db, case):
    with work(db, write=True) as tx:
        service.decide(tx, None, case["id"], "reopen", note=None)


def close(client, desk, case, worker=None, guarded_by=None):
    """A filed case, given to a worker (Wang), resolved by them and closed by Sun."""
    worker = worker or desk._cast.wang
    by = desk._as(worker)
    steps = [
        ("dispatch", desk.qian, {"assignee_id": str(worker.id)}),
        ("accept", by, {}),
        ("resolve", by, {"photo_ids": [upload(client, by)], "note": "好了"}),
        ("close", desk.sun, {"outcome": "fixed"}),
    ]
    if guarded_by:
        steps.insert(2, ("make_safe", guarded_by, {"note": "围挡"}))
    for name, who, fields in steps:
        fresh = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()
        case = desk.moved(fresh, name, by=who, **fields)
    return case


@pytest.fixture
def together(client, desk, newcomer):
    """A closed case that two people reported, with both reports."""
    first, second = newcomer(), newcomer()
    other = desk.reported(reporter=second)
    reports = {second.id: desk.report["id"]}
    case = desk.filed(reporter=first)
    reports[first.id] = desk.report["id"]
    desk.moved(desk.moved(other, "verify"), "merge", into=case["number"])

    case = close(client, desk, case)
    return case, [(first, reports[first.id]), (second, reports[second.id])]


class TestRating:
    def test_works_and_is_read_by_its_writer(self, client, desk):
        desk.closed()
        answer = rate(client, desk.liu, desk.report["id"])
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert {k: body[k] for k in RATING} == RATING
        assert body["report_id"] == desk.report["id"]
        again = client.get(f"/v1/reports/{desk.report['id']}/rating", headers=desk.liu)
        assert (again.status_code, again.json()) == (200, body)

    def test_stars_alone_are_enough(self, client, desk):
        desk.closed()
        body = rate(client, desk.liu, desk.report["id"], stars=1).json()
        assert (body["stars"], body["reasons"], body["text"]) == (1, [], None)

    def test_is_an_entry_of_the_history_without_a_name_or_the_words(self, client, desk, db):
        case = desk.closed()
        version = case["version"]
        rate(client, desk.liu, desk.report["id"])
        last = events(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("rating", None, None)
        assert last["data"] == {"stars": 4, "reasons": ["fast", "good_work"]}
        shown = client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json()
        assert shown["version"] == version
        with work(db, write=True) as tx:
            assert list(audit.broken_histories(tx)) == []

    def test_once_and_for_good(self, client, desk, db):
        case = desk.closed()
        assert rate(client, desk.liu, desk.report["id"]).status_code == 201
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "already_rated")
        reopen(db, case)
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "already_rated")

    def test_the_same_key_again_is_the_same_answer(self, client, desk):
        desk.closed()
        headers = {**desk.liu, **key()}
        first, again = (rate(client, headers, desk.report["id"]) for _ in "12")
        assert (again.status_code, again.json()) == (201, first.json())

    def test_two_at_once(self, client, desk, db):
        for _ in range(3):
            case = desk.closed()
            answers, start, liu = [], threading.Barrier(2), desk.liu

            def make(answers=answers, start=start, liu=liu):
                start.wait()
                answers.append(rate(client, liu, desk.report["id"]).status_code)

            threads = [threading.Thread(target=make) for _ in "12"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(answers) == [201, 409]
            kinds = [e["kind"] for e in events(client, desk.wang, case)]
            assert kinds.count("rating") == 1

    def test_co_reporters_too_each_their_own(self, client, desk, as_, together):
        case, reporters = together
        for stars, (person, sent) in enumerate(reporters, start=4):
            assert rate(client, as_(person), sent, stars=stars).status_code == 201
        items = client.get(f"/v1/cases/{case['id']}/ratings", headers=desk.wang).json()["items"]
        assert [item["stars"] for item in items] == [4, 5]

    def test_once_a_case_though_reported_twice(self, client, desk, newcomer, db):
        person = newcomer()
        other = desk.reported(reporter=person)
        first = desk.report["id"]
        case = desk.filed(reporter=person)
        second = desk.report["id"]
        desk.moved(desk.moved(other, "verify"), "merge", into=case["number"])
        close(client, desk, case)
        assert rate(client, desk.liu, first).status_code == 201
        assert code(rate(client, desk.liu, second)) == (409, "already_rated")
        with work(db, write=False) as tx:
            mine = select(func.count()).where(Rating.report_id.in_([UUID(first), UUID(second)]))
            assert tx.scalar(mine) == 1

    def test_never_by_whoever_handled_it(self, client, desk, newcomer, as_, db):
        """A member of staff reports, is given the case, and would praise their own work."""
        worker = newcomer((Role.GRID_STAFF, GRID))
        case = desk.filed(reporter=worker)
        close(client, desk, case, worker)
        assert code(rate(client, as_(worker), desk.report["id"])) == (403, "rating_by_handler")
        # Also who only guarded the spot; who had no part in it may.
        guard = newcomer((Role.GRID_STAFF, GRID))
        case = desk.filed(reporter=guard)
        close(client, desk, case, guarded_by=as_(guard))
        assert code(rate(client, as_(guard), desk.report["id"])) == (403, "rating_by_handler")
        idle = newcomer((Role.GRID_STAFF, GRID))
        close(client, desk, desk.filed(reporter=idle))
        assert rate(client, as_(idle), desk.report["id"]).status_code == 201

    @pytest.mark.parametrize("status", ["reported", "filed", "in_progress", "resolved"])
    def test_before_it_is_closed_409(self, client, desk, status):
        getattr(desk, status)()
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "case_not_closed")

    def test_a_report_without_a_case_409(self, client, desk, newcomer, as_):
        person = newcomer()

        sent = report(client, as_(person), INSIDE)
        assert code(rate(client, as_(person), sent["id"])) == (409, "case_not_closed")
        client.post(f"/v1/reports/{sent['id']}/withdraw", json={}, headers=as_(person))
        assert code(rate(client, as_(person), sent["id"])) == (409, "case_not_closed")

    def test_a_rejected_or_reopened_one_409(self, client, desk, db):
        desk.moved(desk.reported(), "reject", reason_code="not_found", public_note="没有发现")
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "case_not_closed")
        reopen(db, desk.closed())
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "case_not_closed")

    def test_within_thirty_days(self, client, desk):
        desk.closed()
        clock.shift(timedelta(days=30) - timedelta(minutes=1))
        assert rate(client, desk.liu, desk.report["id"]).status_code == 201

    def test_after_thirty_days_409(self, client, desk):
        desk.closed()
        clock.shift(timedelta(days=30, seconds=1))
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "rating_window_over")

    def test_within_what_the_district_set(self, client, app, monkeypatch, desk):
        monkeypatch.setitem(app.state._state, "rating_window", timedelta(days=3))
        desk.closed()
        clock.shift(timedelta(days=3, seconds=1))
        assert code(rate(client, desk.liu, desk.report["id"])) == (409, "rating_window_over")

    def test_the_thirty_days_are_those_of_the_last_closing(self, client, desk, db, cast, as_):
        case = desk.closed()
        clock.shift(timedelta(days=20))
        reopen(db, case)
        wang, sun = as_(cast.wang), as_(cast.sun)
        for name, by, fields in (
            ("accept", wang, {}),
            ("resolve", wang, {"photo_ids": [upload(client, wang)], "note": "好了"}),
            ("close", sun, {"outcome": "fixed"}),
        ):
            fresh = client.get(f"/v1/cases/{case['id']}", headers=wang).json()
            desk.moved(fresh, name, by=by, **fields)
        clock.shift(timedelta(days=20))
        assert rate(client, as_(desk.reporter), desk.report["id"]).status_code == 201

    def test_strangers_and_staff_hear_of_nothing(self, client, desk, as_, cast):
        desk.closed()
        for headers in (as_(cast.chen), desk.wang, desk.sun):
            strange = rate(client, headers, desk.report["id"])
            assert code(strange) == (404, "report_not_found")
            assert public_word(strange) == public_word(rate(client, headers, uuid4()))

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"stars": 0}, {"stars": 6}, {"stars": "5"}, {"stars": True}, {"stars": 4.5},
            {"stars": 4.0}, {"stars": None}, {"stars": 5, "reasons": ["nice"]},
            {"stars": 5, "reasons": ["fast", "fast"]}, {"stars": 5, "text": ""},
            {"stars": 5, "text": "好" * 2001}, {"stars": 5, "case_id": str(uuid4())},
            {"stars": 5, "reasons": [*get_args(RatingReason)]},
        ],
    )  # fmt: skip
    def test_malformed_422(self, client, desk, one_closed, body):
        answer = client.post(f"/v1/reports/{one_closed}/rating", json=body, headers=desk.liu)
        assert code(answer) == (422, "unprocessable")


class TestOwnRating:
    def test_none_yet_404(self, client, desk):
        desk.closed()
        url = f"/v1/reports/{desk.report['id']}/rating"
        assert code(client.get(url, headers=desk.liu)) == (404, "rating_not_found")

    def test_somebody_elses_404(self, client, desk, as_, cast):
        desk.closed()
        rate(client, desk.liu, desk.report["id"])
        url = f"/v1/reports/{desk.report['id']}/rating"
        for headers in (as_(cast.chen), desk.wang):
            assert code(client.get(url, headers=headers)) == (404, "report_not_found")

    def test_anonymous_401(self, client, desk):
        assert client.get(f"/v1/reports/{uuid4()}/rating").status_code == 401


class TestCaseRatings:
    def test_staff_read_them_without_a_name(self, client, desk):
        case = desk.closed()
        rate(client, desk.liu, desk.report["id"])
        answer = client.get(f"/v1/cases/{case['id']}/ratings", headers=desk.wang)
        (item,) = answer.json()["items"]
        assert set(item) == {"stars", "reasons", "text", "created_at"}
        assert item["reasons"][0] == {"code": "fast", "label": "处置快", "label_en": "fast"}
        assert str(desk.reporter.id) not in answer.text
        assert desk.reporter.member_no not in answer.text

    def test_none_yet(self, client, desk):
        url = f"/v1/cases/{desk.reported()['id']}/ratings"
        assert client.get(url, headers=desk.wang).json() == {"items": []}

    def test_a_reporter_403_the_other_grid_404(self, client, desk):
        url = f"/v1/cases/{desk.closed()['id']}/ratings"
        assert code(client.get(url, headers=desk.liu)) == (403, "staff_only")
        assert code(client.get(url, headers=desk.zhao)) == (404, "case_not_found")


class TestFollowUp:
    def test_works_and_is_in_the_history(self, client, desk, db, cast):
        case = desk.closed()
        answer = call(client, desk.qian, case)
        assert answer.status_code == 201, answer.text
        (item,) = answer.json()["items"]
        assert {k: item[k] for k in CALL} == CALL
        assert item["by"] == cast.qian.name
        last = events(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"]) == ("followed_up", cast.qian.name)
        assert last["note"] == CALL["text"]
        assert last["public_note"] is None
        assert last["data"] == {"reached": True, "verdict": "satisfied"}
        with work(db, write=True) as tx:
            query = select(StaffAction).where(StaffAction.action == "case.followed_up")
            action = tx.scalars(query.where(StaffAction.object_id == case["id"])).one()
            assert action.actor_id == cast.qian.id
            assert CALL["text"] not in str(action.detail)
            assert list(audit.broken_histories(tx)) == []

    def test_again_in_order(self, client, desk):
        case = desk.closed()
        call(client, desk.qian, case, reached=False)
        items = call(client, desk.sun, case).json()["items"]
        assert [(i["reached"], i["verdict"]) for i in items] == [(False, None), (True, "satisfied")]
        url = f"/v1/cases/{case['id']}/follow-ups"
        assert client.get(url, headers=desk.wang).json()["items"] == items

    def test_a_rejected_case(self, client, desk):
        case = desk.moved(
            desk.reported(), "reject", reason_code="not_found", public_note="没有发现"
        )
        assert call(client, desk.qian, case).status_code == 201

    def test_by_checker_grid_head_and_dispatcher(self, client, desk, newcomer, as_):
        case = desk.closed()
        for role, region in (
            (Role.CHECKER, GRID), (Role.GRID_HEAD, STREET), (Role.DISPATCHER, DISTRICT),
        ):  # fmt: skip
            assert call(client, as_(newcomer((role, region))), case).status_code == 201

    def test_by_no_other_403(self, client, desk, newcomer, as_):
        case = desk.closed()
        for role in (Role.GRID_STAFF, Role.AUDITOR, Role.ADMINISTRATOR):
            refused = call(client, as_(newcomer((role, DISTRICT))), case)
            assert code(refused) == (403, "follow_up_forbidden")

    def test_never_by_whoever_handled_it(self, client, desk, newcomer, as_, db):
        """Wang is the assignee; the head took part by guarding the spot."""
        head = newcomer((Role.GRID_HEAD, GRID))
        given = desk.dispatched(to=head)
        case = desk.moved(given, "accept", by=as_(head))

        photo = upload(client, as_(head))
        case = desk.moved(case, "resolve", by=as_(head), photo_ids=[photo], note="好了")
        case = desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert code(call(client, as_(head), case)) == (403, "follow_up_by_handler")
        guard = newcomer((Role.GRID_HEAD, GRID))
        case = desk.in_progress()
        case = desk.moved(case, "make_safe", by=as_(guard), note="围挡")
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="好了")
        case = desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert code(call(client, as_(guard), case)) == (403, "follow_up_by_handler")
        with work(db, write=False) as tx:
            made = select(func.count()).where(FollowUp.actor_id.in_([head.id, guard.id]))
            assert tx.scalar(made) == 0

    def test_never_about_ones_own_report(self, client, desk, newcomer, as_):
        head = newcomer((Role.GRID_HEAD, GRID))
        case = desk.closed(reporter=head)
        assert code(call(client, as_(head), case)) == (403, "own_report")

    @pytest.mark.parametrize("status", ["reported", "filed", "in_progress", "resolved"])
    def test_before_the_end_409(self, client, desk, status):
        assert code(call(client, desk.qian, getattr(desk, status)())) == (409, "case_not_ended")

    def test_the_other_grid_404(self, client, desk, newcomer, as_):
        head = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        strange = call(client, head, desk.closed())
        assert code(strange) == (404, "case_not_found")
        assert public_word(strange) == public_word(call(client, head, {"id": uuid4()}))

    @pytest.mark.parametrize(
        "body",
        [
            {"verdict": "satisfied"},
            {"reached": True},
            {"reached": False, "verdict": "partly"},
            {"reached": "true", "verdict": "partly"},
            {"reached": 1, "verdict": "partly"},
            {"reached": True, "verdict": "good"},
            {"reached": False, "actor_id": str(uuid4())},
        ],
    )
    def test_malformed_422(self, client, desk, one_closed, body):
        case = {"id": str(uuid4())}
        assert code(call(client, desk.qian, case, **body)) == (422, "unprocessable")


@pytest.fixture(scope="module")
def one_closed(desk):
    desk.closed()
    return desk.report["id"]


def test_the_tables_refuse_what_the_edge_refuses(db):
    assert {c.name for c in Rating.__table__.constraints if c.name} >= {"ck_ratings_stars"}
