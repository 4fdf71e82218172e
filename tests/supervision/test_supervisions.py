"""Supervision orders over HTTP: given with a number, answered in writing, late ones told."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from cases.case_build import make_member, make_unit
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from matrix.row import ABSENT
from races.together import at_once
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.cases.models import Case
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.actions import StaffAction
from app.kit.db import work
from app.supervision import queries, watching
from app.supervision.models import SupervisionOrder


def code(answer):
    return answer.status_code, answer.json()["code"]


def made(answer):
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def supervised(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}", headers=headers).json()["supervised"]


def entries(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/events", headers=headers).json()["items"]


@pytest.fixture
def order(send, desk):
    def ordered(case, headers=None, due_hours=24, text="请于今日内现场防护"):
        url = f"/v1/cases/{case['id']}/supervisions"
        return send(url, headers or desk.qian, text=text, due_hours=due_hours)

    return ordered


@pytest.fixture
def answer(send, desk):
    def answered(given, headers=None, text="已现场防护"):
        return send(f"/v1/supervisions/{given['id']}/answer", headers or desk.wang, text=text)

    return answered


@pytest.fixture
def watch(db, drain):
    def looked():
        with work(db, write=True) as tx:
            watching.look(tx, clock.now())
        drain()

    return looked


class TestOrder:
    def test_given(self, client, desk, cast, newcomer, order, inbox):
        head = newcomer((Role.GRID_HEAD, GRID))
        case = desk.dispatched()
        shown = made(order(case))
        year = clock.business_day(clock.now()).year
        assert shown["number"].startswith(f"DB-{DISTRICT[:6]}-{year}-")
        assert (shown["state"], shown["ordered_by"], shown["overdue"]) == ("open", "qian", False)
        assert (shown["case_number"], shown["answer"]) == (case["number"], None)
        times = [datetime.fromisoformat(shown[name]) for name in ("ordered_at", "due_at")]
        assert times[1] - times[0] == timedelta(hours=24)
        assert supervised(client, desk.wang, case) is True
        last = entries(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("ordered", "qian", shown["text"])
        assert last["data"]["order"] == shown["number"]
        for person in (cast.wang, head):
            items = client.get("/v1/inbox", headers=desk._as(person)).json()["items"]
            assert (items[0]["kind"], items[0]["subject"]) == (
                "supervision.ordered", shown["number"],
            )  # fmt: skip

    def test_numbers_follow_each_other(self, desk, order):
        case = desk.dispatched()
        numbers = [int(made(order(case))["number"][-4:]) for _ in range(3)]
        assert numbers == list(range(numbers[0], numbers[0] + 3))

    def test_the_year_of_a_number_is_that_of_shanghai(self, desk, cast, as_, order):
        case = desk.reported()
        now = clock.now().astimezone(clock.SHANGHAI)
        clock.shift(datetime(now.year + 1, 1, 1, 0, 30, tzinfo=clock.SHANGHAI) - now)
        number = made(order(case, headers=as_(cast.qian)))["number"]
        assert number.startswith(f"DB-{DISTRICT[:6]}-{now.year + 1}-")

    def test_numbers_of_orders_at_once(self, desk, order):
        cases = [desk.reported() for _ in range(3)]
        found = at_once([lambda c=c: made(order(c))["number"] for c in cases])
        assert len(set(found)) == 3

    def test_who_orders(self, desk, newcomer, as_, order):
        case = desk.reported()
        for role, region in (
            (Role.GRID_HEAD, GRID), (Role.GRID_HEAD, STREET), (Role.ADMINISTRATOR, DISTRICT),
        ):  # fmt: skip
            made(order(case, headers=as_(newcomer((role, region)))))
        for role in (Role.GRID_STAFF, Role.CHECKER, Role.AUDITOR):
            refused = order(case, headers=as_(newcomer((role, DISTRICT))))
            assert code(refused) == (403, "supervision_forbidden")

    def test_not_from_below_the_level(self, desk, newcomer, as_, order):
        village = as_(newcomer((Role.GRID_HEAD, VILLAGE)))
        case = desk.filed()
        for _ in range(2):
            case = desk.moved(case, "escalate", note="超出能力", by=desk.qian)
        assert code(order(case, headers=village)) == (403, "supervision_forbidden")

    def test_strangers_and_reporters(self, desk, order):
        case = desk.reported()
        assert code(order(case, headers=desk.zhao)) == (404, "case_not_found")
        assert code(order({"id": ABSENT})) == (404, "case_not_found")
        assert code(order(case, headers=desk.liu)) == (403, "staff_only")

    def test_a_case_that_has_ended_409(self, desk, order):
        assert code(order(desk.closed())) == (409, "case_ended")

    @pytest.mark.parametrize("due_hours", [0, 721, "24", True])
    def test_hours_out_of_bounds(self, desk, order, due_hours):
        assert order(desk.reported(), due_hours=due_hours).status_code == 422


class TestAnswer:
    def test_answered(self, client, db, desk, cast, order, answer, inbox):
        case = desk.dispatched()
        given = made(order(case))
        shown = made(answer(given))
        assert (shown["state"], shown["answered_by"], shown["answer"]) == (
            "answered", "wang", "已现场防护",
        )  # fmt: skip
        assert supervised(client, desk.wang, case) is False
        last = entries(client, desk.wang, case)[-1]
        assert (last["kind"], last["actor"], last["note"]) == ("answered", "wang", "已现场防护")
        first = client.get("/v1/inbox", headers=desk.qian).json()["items"][0]
        assert (first["kind"], first["subject"]) == ("supervision.answered", given["number"])
        assert "已现场防护" in first["text"]
        with work(db, write=False) as tx:
            rows = tx.scalars(select(StaffAction).where(StaffAction.object_id == given["id"])).all()
        assert {row.action for row in rows} == {"supervision.ordered", "supervision.answered"}
        assert "防护" not in str([row.detail for row in rows])

    def test_supervised_while_one_is_open(self, client, desk, order, answer):
        case = desk.dispatched()
        one, two = made(order(case)), made(order(case))
        made(answer(one))
        assert supervised(client, desk.wang, case) is True
        made(answer(two))
        assert supervised(client, desk.wang, case) is False

    def test_not_by_who_ordered(self, db, desk, cast, order, answer):
        given = made(order(desk.dispatched(to=cast.qian)))
        assert code(answer(given, headers=desk.qian)) == (403, "own_order")
        own = update(SupervisionOrder).where(SupervisionOrder.id == given["id"])
        values = {
            "state": "answered", "answered_by": cast.qian.id, "answered_at": clock.now(),
            "answer": "x",
        }  # fmt: skip
        with pytest.raises(IntegrityError), work(db, write=True) as tx:
            tx.execute(own.values(**values))

    def test_the_assignee_without_a_role_in_the_grid(self, desk, newcomer, as_, order, answer):
        handler = newcomer((Role.HANDLER, STREET))
        given = made(order(desk.dispatched(to=handler)))
        made(answer(given, headers=as_(handler)))

    def test_a_colleague_in_the_unit_that_has_it(self, db, desk, newcomer, as_, order, answer):
        one, other = make_member(newcomer), make_member(newcomer)
        case = desk.moved(desk.filed(), "dispatch", unit_code=make_unit(db, one, other))
        given = made(order(desk.moved(case, "accept", by=as_(one))))
        assert made(answer(given, headers=as_(other)))["state"] == "answered"

    def test_who_only_sees_it_403(self, desk, order, answer):
        given = made(order(desk.dispatched()))
        assert code(answer(given, headers=desk.sun)) == (403, "answer_forbidden")

    def test_strangers_404(self, desk, order, answer):
        given = made(order(desk.dispatched()))
        assert code(answer(given, headers=desk.zhao)) == (404, "supervision_not_found")
        assert code(answer({"id": ABSENT})) == (404, "supervision_not_found")

    def test_once(self, desk, order, answer):
        given = made(order(desk.dispatched()))
        made(answer(given))
        assert code(answer(given)) == (409, "supervision_answered")

    def test_two_at_once(self, desk, newcomer, as_, order, answer):
        given = made(order(desk.dispatched()))
        people = [as_(newcomer((Role.GRID_STAFF, GRID))) for _ in range(3)]
        calls = [lambda h=h: answer(given, headers=h).status_code for h in people]
        assert sorted(at_once(calls)) == [200, 409, 409]

    def test_whoever_moved_away_still_sees_the_answer_to_their_order(
        self, client, db, desk, newcomer, as_, order, answer
    ):
        head = newcomer((Role.GRID_HEAD, GRID), (Role.GRID_HEAD, OTHER_GRID))
        given = made(order(desk.dispatched(), headers=as_(head)))
        made(answer(given))
        items = client.get("/v1/supervisions?limit=100", headers=as_(head)).json()["items"]
        assert next(i for i in items if i["id"] == given["id"])["answer"] == "已现场防护"


class TestList:
    def listed(self, client, headers, **params):
        found = client.get("/v1/supervisions", headers=headers, params={"limit": 100, **params})
        assert found.status_code == 200, found.text
        return {item["id"] for item in found.json()["items"]}

    def test_of_the_cases_that_one_sees(self, client, desk, newcomer, as_, order):
        handler = newcomer((Role.HANDLER, STREET))
        given = made(order(desk.dispatched(to=handler)))["id"]
        for headers in (desk.qian, desk.wang, desk.sun, as_(handler)):
            assert given in self.listed(client, headers)
        assert given not in self.listed(client, desk.zhao)

    def test_by_state_and_region(self, client, desk, order, answer):
        one, two = made(order(desk.dispatched())), made(order(desk.dispatched()))
        made(answer(two))
        both = {one["id"], two["id"]}
        assert both & self.listed(client, desk.qian, state="open") == {one["id"]}
        for region, expected in (
            (DISTRICT, both), (GRID, both), (OTHER_GRID, set()), ("nowhere", set()),
        ):  # fmt: skip
            assert both & self.listed(client, desk.qian, region=region) == expected

    def test_pages(self, client, desk, order):
        case = desk.reported()
        given = [made(order(case))["id"] for _ in range(3)][::-1]
        found, cursor = [], ""
        while cursor is not None:
            params = {"limit": 10, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/supervisions", headers=desk.qian, params=params).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert [item for item in found if item in given] == given
        assert len(found) == len(set(found))


class TestLateAnswers:
    def test_the_orderer_is_told_once(self, client, db, desk, cast, as_, order, watch, answer):
        case = desk.dispatched()
        given = made(order(case, due_hours=2))
        clock.shift(timedelta(hours=1, minutes=59))
        watch()
        clock.shift(timedelta(minutes=2))
        for _ in range(3):
            watch()
        items = client.get("/v1/inbox?limit=100", headers=as_(cast.qian)).json()["items"]
        late = [i for i in items if i["subject"] == given["number"]]
        assert [i["kind"] for i in late] == ["supervision.overdue"]
        listed = client.get("/v1/supervisions?limit=100", headers=as_(cast.qian)).json()["items"]
        assert next(i for i in listed if i["id"] == given["id"])["overdue"] is True
        kinds = [e["kind"] for e in entries(client, as_(cast.qian), case)]
        assert kinds.count("answer_overdue") == 1
        # Late is better than never.
        made(answer(given, headers=as_(cast.wang)))

    def test_what_was_told_is_not_looked_at_again(self, db, desk, order, watch):
        given = made(order(desk.dispatched(), due_hours=1))
        clock.shift(timedelta(hours=2))
        for waits in (True, False):
            with work(db, write=False) as tx:
                late = queries.unanswered(tx, clock.now(), 1000)
            assert (UUID(given["id"]) in late) == waits
            watch()

    def test_an_answer_in_time_leaves_nothing_to_tell(self, db, desk, order, answer, watch):
        given = made(order(desk.dispatched(), due_hours=1))
        made(answer(given))
        clock.shift(timedelta(hours=2))
        with work(db, write=False) as tx:
            assert given["id"] not in map(str, queries.unanswered(tx, clock.now(), 500))

    def test_an_answer_between_the_look_and_the_job(
        self, client, db, desk, cast, as_, order, answer, drain
    ):
        case = desk.dispatched()
        given = made(order(case, due_hours=1))
        clock.shift(timedelta(hours=2))
        with work(db, write=True) as tx:
            watching.look(tx, clock.now())
        made(answer(given, headers=as_(cast.wang)))
        drain()
        kinds = [e["kind"] for e in entries(client, as_(cast.qian), case)]
        assert "answer_overdue" not in kinds

    def test_two_workers_at_once(self, client, db, desk, cast, as_, order):
        case = desk.dispatched()
        given = made(order(case, due_hours=1))
        clock.shift(timedelta(hours=2))

        def run():
            with work(db, write=True) as tx:
                watching.answer_due(tx, given["id"])

        at_once([run] * 3)
        kinds = [e["kind"] for e in entries(client, as_(cast.qian), case)]
        assert kinds.count("answer_overdue") == 1

    def test_jobs_that_were_tidied_away_are_not_done_again(self, db, client, desk, order, watch):
        """The message, not the job, remembers that it was told."""
        case = desk.dispatched()
        made(order(case, due_hours=1))
        clock.shift(timedelta(hours=2))
        watch()
        with work(db, write=True) as tx:
            tx.execute(outbox.Job.__table__.delete())
        watch()
        with work(db, write=False) as tx:
            found = tx.scalars(select(Case).where(Case.number == case["number"])).one()
        kinds = [e["kind"] for e in entries(client, desk._as(desk._cast.qian), {"id": found.id})]
        assert kinds.count("answer_overdue") == 1
