"""Requests and their decisions over HTTP: one class an endpoint, and what a decision does."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, STREET, VILLAGE, actor
from flows.story import moved, report, upload
from matrix.row import ABSENT
from races.together import at_once
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.approvals import rules, service
from app.approvals.models import Approval
from app.approvals.schemas import DecisionDraft
from app.cases.models import Case
from app.clocks import queries as clocks
from app.clocks.models import Clock
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment, Unit
from app.rewards.models import Award

WHY = {"text": "配件须从外地调运"}


def code(answer):
    return answer.status_code, answer.json()["code"]


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.json()


def read(db, case):
    with work(db, write=False) as tx:
        return tx.get_one(Case, case["id"] if isinstance(case, dict) else case)


def running(db, case, kind="handle"):
    with work(db, write=False) as tx:
        return next(row for row in clocks.live(tx, read(db, case).id) if row.kind == kind)


def entries(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/events", headers=headers).json()["items"]


def days(n):
    return (clock.business_day(clock.now()) + timedelta(days=n)).isoformat()


@pytest.fixture
def extend(send, desk):
    def asked(case, headers=None, hours=24, text="配件须从外地调运"):
        url = f"/v1/cases/{case['id']}/extensions"
        return send(url, headers or desk.wang, hours=hours, text=text)

    return asked


@pytest.fixture
def suspend(send, desk):
    def asked(case, headers=None, review_on=None):
        url = f"/v1/cases/{case['id']}/suspensions"
        return send(url, headers or desk.wang, review_on=review_on or days(10), **WHY)

    return asked


@pytest.fixture
def reopen(send, desk):
    def asked(headers=None, what="reopen", sent=None):
        url = f"/v1/reports/{(sent or desk.report)['id']}/{what}"
        return send(url, headers or desk.liu, text="井盖又松动了")

    return asked


@pytest.fixture
def decide(send, desk):
    def decided(asked, headers=None, granted=True, answer="同意"):
        url = f"/v1/approvals/{asked['id']}/decision"
        return send(url, headers or desk.qian, granted=granted, answer=answer)

    return decided


@pytest.fixture
def unit(db, cast, newcomer):
    """A unit with one member, who holds no role at all in the grid."""
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        name = f"U-{new_id().hex[-6:]}"
        tx.add(Unit(code=name, name="市政所", region_code=STREET, active=True))
    member = newcomer((Role.HANDLER, STREET))
    with work(db, write=True) as tx:
        tx.add(
            Appointment(
                id=new_id(), person_id=member.id, post_code="grid_staff_part", region_code=STREET,
                unit_code=name, starts_on="2020-01-01", created_at=clock.now(),
            )
        )  # fmt: skip
    return name, member


class TestExtension:
    def test_asked_and_shown(self, client, desk, extend):
        case = desk.dispatched()
        shown = made(extend(case))
        assert (shown["state"], shown["kind"], shown["hours"]) == ("pending", "extension", 24)
        assert (shown["asked_by"], shown["may_decide"]) == ("wang", False)
        assert shown["case_number"] == case["number"]
        last = entries(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("requested", "wang", WHY["text"])
        assert last["data"] == {"approval": "extension", "hours": 24}

    def test_the_deciders_are_told(self, desk, cast, extend, inbox):
        case = desk.dispatched()
        made(extend(case))
        assert "approval.asked" in inbox(cast.qian, case)
        assert "approval.asked" not in inbox(cast.wang, case)

    def test_granted_moves_the_deadline_and_nothing_else(
        self, client, db, desk, cast, extend, decide, inbox
    ):
        case = desk.in_progress()
        before, due = read(db, case), running(db, case).due_at
        warn_at = running(db, case).warn_at
        answer = decide(made(extend(case, hours=5)))
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert (shown["state"], shown["decided_by"], shown["answer"]) == ("granted", "qian", "同意")
        after = read(db, case)
        later = due + timedelta(hours=5)
        assert (running(db, case).due_at, after.handle_due_at) == (later, later)
        assert running(db, case).warn_at > warn_at
        assert (after.version, after.status) == (before.version, before.status)
        assert after.due_at == min(later, running(db, case, "made_safe").due_at)
        assert inbox(cast.wang, case)[0] == "approval.granted"
        last = entries(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("granted", "qian", "同意")

    def test_refused_changes_nothing_and_the_asker_hears_why(
        self, client, db, desk, cast, extend, decide, inbox, as_
    ):
        case = desk.dispatched()
        due = running(db, case).due_at
        shown = decide(made(extend(case)), granted=False, answer="时间足够").json()
        assert (shown["state"], running(db, case).due_at) == ("refused", due)
        assert inbox(cast.wang, case)[0] == "approval.refused"
        first = client.get("/v1/inbox", headers=as_(cast.wang)).json()["items"][0]
        assert "时间足够" in first["text"]
        # After a refusal one may ask again.
        made(extend(case))

    def test_a_member_of_the_unit_asks(self, client, desk, as_, unit, extend):
        name, member = unit
        case = desk.moved(desk.filed(), "dispatch", unit_code=name)
        shown = made(extend(case, headers=as_(member)))
        mine = client.get("/v1/approvals", headers=as_(member)).json()["items"]
        assert [item["id"] for item in mine] == [shown["id"]]

    def test_who_does_not_handle_it_403(self, desk, extend):
        case = desk.dispatched()
        for headers in (desk.qian, desk.sun):
            assert code(extend(case, headers=headers)) == (403, "request_forbidden")

    def test_strangers_and_reporters(self, desk, extend):
        case = desk.dispatched()
        assert code(extend(case, headers=desk.zhao)) == (404, "case_not_found")
        assert code(extend(case, headers=desk.liu)) == (403, "staff_only")

    def test_a_case_that_is_not_handled_now_409(self, desk, extend):
        case = desk.resolved()
        assert code(extend(case)) == (409, "request_impossible")

    def test_one_at_a_time(self, db, desk, extend):
        case = desk.dispatched()
        first = made(extend(case))
        assert code(extend(case)) == (409, "request_pending")
        row = {
            "case_id": read(db, case).id, "kind": "extension", "text": "x", "data": {},
            "state": "pending", "asked_by": desk._cast.wang.id, "asked_at": clock.now(),
        }  # fmt: skip
        with pytest.raises(IntegrityError), work(db, write=True) as tx:
            insert_row(tx, Approval, id=new_id(), **row)
        assert first["state"] == "pending"

    def test_at_most_twice(self, desk, extend, decide):
        case = desk.dispatched()
        for _ in range(rules.MOST_EXTENSIONS):
            assert decide(made(extend(case))).status_code == 200
        assert code(extend(case)) == (409, "extensions_exhausted")

    def test_without_a_clock_there_is_nothing_to_extend(self, db, desk, extend):
        case = desk.dispatched()
        ended = {"state": "dropped", "stopped_at": clock.now(), "look_at": None}
        with work(db, write=True) as tx:
            tx.execute(update(Clock).where(Clock.id == running(db, case).id).values(**ended))
        assert code(extend(case)) == (409, "request_impossible")

    def test_what_was_refused_does_not_count(self, desk, extend, decide):
        case = desk.dispatched()
        for granted in (False, True, False, True):
            assert decide(made(extend(case)), granted=granted).status_code == 200
        assert code(extend(case)) == (409, "extensions_exhausted")

    @pytest.mark.parametrize("hours", [0, 721, "24", True, 1.5])
    def test_hours_out_of_bounds(self, desk, extend, hours):
        assert extend(desk.dispatched(), hours=hours).status_code == 422

    def test_two_ask_at_once(self, db, client, desk, extend):
        case = desk.dispatched()
        answers = at_once([lambda: extend(case).status_code] * 3)
        assert sorted(answers) == [201, 409, 409]


class TestSuspension:
    def test_granted(self, db, client, desk, cast, suspend, decide, inbox, drain):
        case = desk.in_progress()
        assert decide(made(suspend(case))).status_code == 200
        after = read(db, case)
        assert (after.status, after.version) == ("suspended", case["version"] + 1)
        assert after.review_at == clock.day_start(
            clock.business_day(clock.now()) + timedelta(days=11)
        )
        assert running(db, case).state == "paused"
        drain()
        assert "report.suspended" in inbox(desk.reporter, case)
        kinds = [entry["kind"] for entry in entries(client, desk.wang, case)]
        assert kinds[-3:] == ["requested", "move", "granted"]

    @pytest.mark.parametrize("review_on", [-1, 400])
    def test_a_date_out_of_bounds(self, desk, suspend, review_on):
        answer = suspend(desk.dispatched(), review_on=days(review_on))
        assert code(answer) == (422, "review_date_invalid")

    def test_a_date_that_has_passed_before_the_decision(self, db, desk, cast, as_, suspend, decide):
        case = desk.dispatched()
        asked = made(suspend(case, review_on=days(1)))
        clock.shift(timedelta(days=3))
        assert code(decide(asked, headers=as_(cast.qian))) == (409, "approval_overtaken")
        with work(db, write=False) as tx:
            assert service.queries.get_approval(tx, asked["id"]).state == "withdrawn"

    def test_another_kind_may_wait_beside_it(self, desk, suspend, extend):
        case = desk.dispatched()
        made(suspend(case))
        made(extend(case))
        assert code(suspend(case)) == (409, "request_pending")

    def test_who_does_not_handle_it_403(self, desk, suspend):
        assert code(suspend(desk.dispatched(), headers=desk.qian)) == (403, "request_forbidden")


class TestReopening:
    def test_granted(self, db, client, desk, cast, reopen, decide, inbox, drain):
        case = desk.closed()
        before = read(db, case)
        shown = made(reopen())
        assert shown["report_id"] == desk.report["id"]
        assert (shown["kind"], shown["state"]) == ("reopening", "pending")
        assert set(shown) == {
            "id", "report_id", "kind", "state", "text", "asked_at", "decided_at", "answer",
        }  # fmt: skip
        decided = decide(shown).json()
        assert decided["asked_by"] is None
        assert "刘" not in str(decided)
        after = read(db, case)
        assert (after.status, after.outcome, after.check_due_at) == ("dispatched", None, None)
        assert (after.assignee_id, after.round) == (cast.wang.id, before.round + 1)
        assert after.handle_due_at == running(db, case).due_at > before.handle_due_at
        drain()
        told = inbox(desk.reporter, case)
        assert {"approval.granted", "report.reopened"} <= set(told)
        assert "case.reopened" in inbox(cast.wang, case)
        sent = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()
        assert (sent["status"], sent["outcome"], sent["public_note"]) == (
            "dispatched", None, "同意",
        )  # fmt: skip

    def test_it_can_be_closed_again_and_pays_once(self, db, client, desk, reopen, decide):
        case = desk.closed()
        assert decide(made(reopen())).status_code == 200
        again = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()
        again = desk.moved(again, "accept")
        photo = upload(client, desk.wang)
        again = desk.moved(again, "resolve", photo_ids=[photo], note="已修好")
        again = desk.moved(again, "close", by=desk.sun, outcome="fixed")
        with work(db, write=False) as tx:
            states = list(tx.scalars(select(Award.state).where(Award.source == case["number"])))
        assert len(states) == 1
        # And asked for once more: that is another round.
        made(reopen())

    def test_the_reporter_stays_unnamed_in_the_history(self, client, desk, reopen):
        case = desk.closed()
        name = {"real_name": "松动"}
        assert client.put("/v1/me/real-name", headers=desk.liu, json=name).status_code == 200
        made(reopen())
        client.delete("/v1/me/real-name", headers=desk.liu)
        last = entries(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("asked", None, "井盖又***了")

    def test_refused(self, db, desk, cast, reopen, decide, inbox):
        case = desk.closed()
        assert decide(made(reopen()), granted=False, answer="已复查完好").status_code == 200
        assert read(db, case).status == "closed"
        assert inbox(desk.reporter, case)[0] == "approval.refused"

    def test_a_co_reporter_may_too(self, client, desk, db, newcomer, as_, reopen, drain):
        case = desk.reported()
        other = as_(newcomer())
        joined = report(client, other, {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"})
        drain()
        number = client.get(f"/v1/reports/{joined['id']}", headers=other).json()["case_number"]
        extra = next(
            c
            for c in client.get("/v1/cases?limit=100", headers=desk.qian).json()["items"]
            if c["number"] == number
        )
        moved(client, desk.wang, extra, "merge", into=case["number"])
        case = desk.moved(client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json(), "verify")
        moved(
            client, desk.wang, case, "reject", reason_code="not_found", public_note="现场未见",
        )  # fmt: skip
        asked = made(reopen(headers=other, what="appeal", sent=joined))
        assert asked["report_id"] == joined["id"]
        # The other reporter is told that one waits already.
        assert code(reopen(what="appeal")) == (409, "request_pending")

    def test_strangers_404(self, desk, cast, as_, reopen):
        desk.closed()
        for headers in (as_(cast.chen), desk.wang, desk.qian):
            assert code(reopen(headers=headers)) == (404, "report_not_found")
        answer = reopen(headers=as_(cast.chen), sent={"id": ABSENT})
        assert code(answer) == (404, "report_not_found")

    def test_a_case_that_is_not_closed_409(self, desk, reopen):
        desk.dispatched()
        assert code(reopen()) == (409, "request_impossible")

    def test_a_report_that_is_not_routed_409(self, client, cast, newcomer, as_, send):
        me = as_(newcomer())
        sent = report(client, me, {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"})
        answer = send(f"/v1/reports/{sent['id']}/reopen", me, **WHY)
        assert code(answer) == (409, "request_impossible")

    @pytest.mark.parametrize("days", [15, 3])
    @pytest.mark.parametrize(("late", "expected"), [(-1, 201), (1, 409)])
    def test_the_window(self, desk, app, monkeypatch, as_, reopen, days, late, expected):
        """15 days, or what the district set."""
        if days != app.state.settings.reopen_days:
            monkeypatch.setitem(app.state._state, "reopen_window", timedelta(days=days))
        desk.closed()
        clock.shift(timedelta(days=days, minutes=late))
        answer = reopen(headers=as_(desk.reporter))
        assert answer.status_code == expected
        if late > 0:
            assert answer.json()["code"] == "reopen_window_over"

    def test_the_window_is_that_of_the_last_closing(self, client, desk, cast, as_, reopen, decide):
        case = desk.closed()
        clock.shift(timedelta(days=10))
        asked = made(reopen(headers=as_(desk.reporter)))
        assert decide(asked, headers=as_(cast.qian)).status_code == 200
        wang = as_(cast.wang)
        again = client.get(f"/v1/cases/{case['id']}", headers=wang).json()
        again = desk.moved(again, "accept", by=wang)
        photo = upload(client, wang)
        again = desk.moved(again, "resolve", by=wang, photo_ids=[photo], note="已修好")
        desk.moved(again, "close", by=as_(cast.sun), outcome="fixed")
        clock.shift(timedelta(days=10))
        made(reopen(headers=as_(desk.reporter)))


class TestAppeal:
    def rejected(self, desk, by=None):
        return desk.moved(
            desk.reported(), "reject", by=by, reason_code="not_found", public_note="现场未见"
        )

    def test_granted(self, db, desk, reopen, decide, drain, inbox):
        case = self.rejected(desk)
        assert decide(made(reopen(what="appeal"))).status_code == 200
        after = read(db, case)
        assert (after.status, running(db, case, "accept").state) == ("verifying", "running")
        drain()
        assert "report.upheld" in inbox(desk.reporter, case)

    def test_refused(self, db, desk, reopen, decide):
        case = self.rejected(desk)
        assert decide(made(reopen(what="appeal")), granted=False).status_code == 200
        assert read(db, case).status == "rejected"

    def test_never_decided_by_who_rejected(self, desk, cast, newcomer, as_, reopen, decide):
        self.rejected(desk, by=desk.qian)
        asked = made(reopen(what="appeal"))
        assert code(decide(asked)) == (403, "own_decision")
        head = as_(newcomer((Role.GRID_HEAD, VILLAGE)))
        assert decide(asked, headers=head).status_code == 200

    def test_a_closed_case_is_not_appealed_409(self, desk, reopen):
        desk.closed()
        assert code(reopen(what="appeal")) == (409, "request_impossible")

    @pytest.mark.parametrize("days", [30, 3])
    @pytest.mark.parametrize(("late", "expected"), [(-1, 201), (1, 409)])
    def test_the_window(self, desk, app, monkeypatch, as_, reopen, days, late, expected):
        """30 days, or what the district set."""
        if days != app.state.settings.appeal_days:
            monkeypatch.setitem(app.state._state, "appeal_window", timedelta(days=days))
        self.rejected(desk)
        clock.shift(timedelta(days=days, minutes=late))
        answer = reopen(headers=as_(desk.reporter), what="appeal")
        assert answer.status_code == expected
        if late > 0:
            assert answer.json()["code"] == "appeal_window_over"


class TestDecision:
    def test_not_by_who_asked(self, desk, newcomer, as_, extend, decide):
        """Also when the asker is a head."""
        head = newcomer((Role.GRID_HEAD, VILLAGE))
        case = desk.dispatched(to=head)
        asked = made(extend(case, headers=as_(head)))
        assert code(decide(asked, headers=as_(head))) == (403, "own_request")
        assert decide(asked).status_code == 200

    def test_not_by_the_handler(self, desk, cast, newcomer, as_, suspend, decide):
        """Who worked on it in this round handed it on; still they do not decide."""
        head = newcomer((Role.GRID_HEAD, GRID))
        case = desk.moved(desk.dispatched(), "make_safe", by=as_(head), note="已围挡")
        asked = made(suspend(case))
        assert code(decide(asked, headers=as_(head))) == (403, "decider_is_handler")

    def test_not_by_the_unit_that_has_it(self, db, desk, as_, unit, newcomer, extend, decide):
        name, member = unit
        case = desk.moved(desk.filed(), "dispatch", unit_code=name)
        asked = made(extend(case, headers=as_(member)))
        head = newcomer((Role.GRID_HEAD, VILLAGE))
        with work(db, write=True) as tx:
            tx.add(
                Appointment(
                    id=new_id(), person_id=head.id, post_code="grid_staff_part",
                    region_code=STREET, unit_code=name, starts_on="2020-01-01",
                    created_at=clock.now(),
                )
            )  # fmt: skip
        assert code(decide(asked, headers=as_(head))) == (403, "decider_is_handler")

    def test_not_by_the_cases_reporter(self, desk, newcomer, as_, extend, decide):
        head = newcomer((Role.GRID_HEAD, VILLAGE))
        asked = made(extend(desk.dispatched(reporter=head)))
        assert code(decide(asked, headers=as_(head))) == (403, "own_report")

    def test_the_wrong_roles_403(self, desk, cast, newcomer, as_, extend, decide):
        asked = made(extend(desk.dispatched()))
        for role in (Role.GRID_STAFF, Role.CHECKER, Role.AUDITOR, Role.ADMINISTRATOR):
            headers = as_(newcomer((role, DISTRICT)))
            assert code(decide(asked, headers=headers)) == (403, "decision_forbidden")

    def test_a_head_below_the_level_403(self, client, desk, newcomer, as_, extend, decide):
        """The case was handed up: the street decides, no longer the village."""
        village, street = (as_(newcomer((Role.GRID_HEAD, r))) for r in (VILLAGE, STREET))
        case = desk.filed()
        for _ in range(2):
            case = desk.moved(case, "escalate", note="超出能力", by=desk.qian)
        case = desk.moved(case, "dispatch", by=desk.qian, assignee_id=str(desk._cast.wang.id))
        asked = made(extend(case))
        assert code(decide(asked, headers=village)) == (403, "decision_forbidden")
        for headers, expected in ((village, []), (street, [asked["id"]])):
            page = client.get("/v1/approvals?state=pending&limit=100", headers=headers).json()
            assert [i["id"] for i in page["items"] if i["id"] == asked["id"]] == expected
        assert decide(asked, headers=street).status_code == 200

    def test_strangers_404(self, desk, newcomer, as_, extend, decide):
        asked = made(extend(desk.dispatched()))
        assert code(decide(asked, headers=desk.zhao)) == (404, "approval_not_found")
        assert code(decide({"id": ABSENT})) == (404, "approval_not_found")
        assert code(decide(asked, headers=desk.liu)) == (403, "staff_only")

    def test_once(self, desk, extend, decide):
        asked = made(extend(desk.dispatched()))
        assert decide(asked, granted=False).status_code == 200
        assert code(decide(asked)) == (409, "approval_decided")

    @pytest.mark.parametrize("later", ["resolve", "return"])
    def test_a_case_that_moved_on_withdraws_it(
        self, client, db, desk, cast, extend, decide, inbox, later
    ):
        case = desk.in_progress()
        asked = made(extend(case))
        if later == "resolve":
            desk.moved(case, "resolve", photo_ids=[upload(client, desk.wang)], note="已修好")
        else:
            desk.moved(case, "return", reason_code="other", note="需其他单位")
        assert code(decide(asked)) == (409, "approval_overtaken")
        items = client.get("/v1/approvals?limit=100", headers=desk.qian).json()["items"]
        shown = next(item for item in items if item["id"] == asked["id"])
        assert (shown["state"], shown["decided_by"]) == ("withdrawn", None)
        assert shown["answer"] == rules.OVERTAKEN
        assert inbox(cast.wang, case)[0] == "approval.withdrawn"
        assert entries(client, desk.qian, case)[-1]["kind"] == "withdrawn"
        assert code(decide(asked)) == (409, "approval_decided")

    def test_a_request_of_an_earlier_round_gives_way(self, client, db, desk, extend, decide):
        """Returned and sent out again: what was asked then says nothing about now."""
        case = desk.in_progress()
        old = made(extend(case))
        case = desk.moved(case, "return", reason_code="other", note="需其他单位")
        case = desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
        due = running(db, case).due_at
        assert code(decide(old)) == (409, "approval_overtaken")
        assert running(db, case).due_at == due
        first = made(extend(case))
        case = desk.moved(case, "return", reason_code="other", note="需其他单位")
        case = desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
        second = made(extend(case))
        with work(db, write=False) as tx:
            states = [service.queries.get_approval(tx, a["id"]).state for a in (first, second)]
        assert states == ["withdrawn", "pending"]

    def test_two_heads_at_once(self, db, desk, newcomer, as_, extend, decide):
        """One decides, the other is told; the deadline moves once."""
        heads = [as_(newcomer((Role.GRID_HEAD, VILLAGE))) for _ in range(3)]
        case = desk.dispatched()
        due = running(db, case).due_at
        asked = made(extend(case, hours=3))
        calls = [lambda h=h: decide(asked, headers=h).status_code for h in heads]
        assert sorted(at_once(calls)) == [200, 409, 409]
        assert running(db, case).due_at == due + timedelta(hours=3)

    def test_effect_and_decision_are_one_unit(self, db, desk, cast, extend):
        case = desk.dispatched()
        asked = made(extend(case))
        due = running(db, case).due_at
        qian = actor(cast.qian, Role.DISPATCHER)

        def decide_and_die():
            with work(db, write=True) as tx:
                service.decide(tx, qian, asked["id"], DecisionDraft(granted=True, answer="同意"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            decide_and_die()
        assert running(db, case).due_at == due
        with work(db, write=False) as tx:
            assert service.queries.get_approval(tx, asked["id"]).state == "pending"

    def test_the_database_holds_two_persons(self, db, desk, cast, extend):
        asked = made(extend(desk.dispatched()))
        own = update(Approval).where(Approval.id == asked["id"])
        values = {"state": "granted", "decided_by": cast.wang.id, "decided_at": clock.now()}
        with pytest.raises(IntegrityError), work(db, write=True) as tx:
            tx.execute(own.values(**values))

    def test_what_staff_did_is_logged_without_words(self, db, desk, extend, decide):
        asked = made(extend(desk.dispatched()))
        decide(asked, answer="同意，请抓紧")
        with work(db, write=False) as tx:
            rows = tx.scalars(select(StaffAction).where(StaffAction.object_id == asked["id"])).all()
        assert {row.action for row in rows} == {"approval.requested", "approval.granted"}
        assert "抓紧" not in str([row.detail for row in rows])


class TestList:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/approvals", headers=headers, params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        return {item["id"]: item for item in answer.json()["items"]}

    def test_those_one_may_decide_and_those_one_asked(self, client, desk, extend, suspend):
        case = desk.dispatched()
        one, two = made(extend(case)), made(suspend(case))
        for headers, may in ((desk.qian, True), (desk.wang, False)):
            found = self.listed(client, headers)
            assert [found[asked["id"]]["may_decide"] for asked in (one, two)] == [may, may]
        for headers in (desk.zhao, desk.sun):
            assert not {one["id"], two["id"]} & set(self.listed(client, headers))

    def test_by_state_and_kind(self, client, desk, extend, suspend, decide):
        case = desk.dispatched()
        one, two = made(extend(case)), made(suspend(case))
        decide(one, granted=False)
        both = {one["id"], two["id"]}
        assert both & set(self.listed(client, desk.qian, state="pending")) == {two["id"]}
        assert both & set(self.listed(client, desk.qian, kind="extension")) == {one["id"]}
        assert not both & set(self.listed(client, desk.qian, kind="appeal"))

    def test_pages(self, client, desk, extend):
        asked = [made(extend(desk.dispatched()))["id"] for _ in range(3)][::-1]
        found, cursor = [], ""
        while cursor is not None:
            params = {"limit": 20, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/approvals", headers=desk.qian, params=params).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"] or None
            last = params.get("cursor", page["next_cursor"])
        assert len(found) == len(set(found))
        assert [item for item in found if item in asked] == asked
        answer = client.get("/v1/approvals", headers=desk.wang, params={"cursor": last})
        assert code(answer) == (400, "cursor_invalid")

    def test_what_was_overtaken_is_not_offered(self, client, desk, extend):
        case = desk.in_progress()
        asked = made(extend(case))
        desk.moved(case, "return", reason_code="other", note="需其他单位")
        assert self.listed(client, desk.qian)[asked["id"]]["may_decide"] is False
