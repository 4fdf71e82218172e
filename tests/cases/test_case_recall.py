"""撤回派遣: a head takes a case back from whoever has it, so that no case waits for who is gone."""

from datetime import timedelta

import pytest
from cases.case_build import (
    clocks,
    code,
    events,
    get,
    last_clock,
    make_member,
    make_unit,
    offered,
    stored,
    wrong_fields,
)
from cast import DISTRICT, GRID, VILLAGE
from flows.story import move, moved, upload
from ledger.build import broken
from posts.build import Office, day

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.posts import service as posts

WHY = {"note": "原处置人已离岗"}


@pytest.fixture(autouse=True)
def _whole(db):
    yield
    assert broken(db) == []


@pytest.fixture(scope="module")
def office(client, db, cast, as_, newcomer):
    with work(db, write=True) as tx:
        posts.load_seed(tx)
    return Office(client, cast, as_, newcomer)


@pytest.fixture
def head(newcomer, as_):
    """The head of the village that lies above GRID."""
    return as_(newcomer((Role.GRID_HEAD, VILLAGE), name="社区网格长"))


@pytest.fixture
def departing(office, newcomer):
    """Somebody in a post of GRID, and the call that ends the appointment."""
    person = newcomer(name="即将离岗")
    appointment = office.appointed(person)
    return person, lambda: office.end(appointment).raise_for_status()


def messages(client, headers, case):
    """Kind and text of what these headers were told of the case."""
    items = client.get("/v1/inbox", headers=headers, params={"limit": 100}).json()["items"]
    return [(m["kind"], m["text"]) for m in items if m["subject"].startswith(case["number"])]


def to_the_end(client, desk, as_, case, person):
    """Given to another, handled and closed."""
    case = moved(client, desk.qian, case, "dispatch", assignee_id=str(person.id))
    case = moved(client, as_(person), case, "accept")
    photo = upload(client, as_(person))
    case = moved(client, as_(person), case, "resolve", photo_ids=[photo], note="好了")
    return moved(client, desk.sun, case, "close", outcome="fixed")


class TestWhoHasItLeft:
    @pytest.mark.parametrize("status", ["dispatched", "in_progress"])
    def test_a_head_gives_it_to_another(self, client, desk, cast, as_, head, departing, status):
        person, leave = departing
        case = desk.dispatched(to=person)
        if status == "in_progress":
            case = moved(client, as_(person), case, "accept")
        leave()
        # Without the role nothing is theirs to do, and nobody else may do it in their place.
        step = "accept" if status == "dispatched" else "return"
        assert code(move(client, as_(person), case, step)) == (403, "staff_only")
        for headers in (desk.wang, desk.qian, head):
            assert code(move(client, headers, case, step)) == (403, "move_forbidden")
        assert "recall" in offered(client, head, case)
        case = moved(client, head, case, "recall", **WHY)
        assert (case["status"], case["assignee_id"], case["returns"]) == ("filed", None, 0)
        assert to_the_end(client, desk, as_, case, cast.wang)["status"] == "closed"

    def test_put_off_it_is_resumed_and_then_taken_back(
        self, client, desk, cast, as_, head, departing
    ):
        person, leave = departing
        case = moved(client, as_(person), desk.dispatched(to=person), "accept")
        case = moved(client, desk.qian, case, "suspend", review_on=day(3), note="等配件")
        leave()
        assert code(move(client, head, case, "recall", **WHY)) == (409, "move_impossible")
        case = moved(client, head, case, "resume")
        case = moved(client, head, case, "recall", **WHY)
        assert to_the_end(client, desk, as_, case, cast.wang)["status"] == "closed"

    def test_sent_back_by_the_checker(self, client, desk, cast, as_, head, departing):
        person, leave = departing
        case = moved(client, as_(person), desk.dispatched(to=person), "accept")
        photo = upload(client, as_(person))
        case = moved(client, as_(person), case, "resolve", photo_ids=[photo], note="好了")
        leave()
        case = moved(client, desk.sun, case, "rework", note="还在晃")
        case = moved(client, head, case, "recall", **WHY)
        assert to_the_end(client, desk, as_, case, cast.wang)["rework"] == 1

    def test_a_unit_without_people(self, client, db, desk, cast, as_, head):
        case = desk.moved(desk.filed(), "dispatch", unit_code=make_unit(db))
        assert offered(client, desk.wang, case) == {"make_safe", "escalate"}
        case = moved(client, head, case, "recall", **WHY)
        assert (case["unit_code"], case["assignee_id"]) == (None, None)
        assert to_the_end(client, desk, as_, case, cast.wang)["status"] == "closed"


class TestMove:
    def test_it_is_no_return(self, client, desk, cast, head):
        """Past the cap of returns a head can still take it back, and the count stays."""
        case, given = desk.filed(), {"assignee_id": str(cast.wang.id)}
        for _ in range(3):
            case = desk.moved(case, "dispatch", **given)
            case = desk.moved(case, "return", reason_code="not_mine", note="不归我管")
        case = moved(client, head, desk.moved(case, "dispatch", **given), "recall", **WHY)
        assert (case["status"], case["returns"]) == ("filed", 3)

    def test_the_history_tells_who_had_it_and_why(self, client, desk, cast, head):
        case = moved(client, head, desk.in_progress(), "recall", **WHY)
        last = events(client, desk.qian, case)[-1]
        assert (last["move"], last["from_status"], last["to_status"], last["note"]) == (
            "recall", "in_progress", "filed", WHY["note"],
        )  # fmt: skip
        assert last["data"] == {"assignee_id": str(cast.wang.id), "unit_code": None}

    @pytest.mark.parametrize(
        "status", ["reported", "verifying", "filed", "resolved", "closed"]
    )  # fmt: skip
    def test_only_once_somebody_was_sent(self, client, desk, head, status):
        case = getattr(desk, status)()
        assert "recall" not in offered(client, head, case)
        assert code(move(client, head, case, "recall", **WHY)) == (409, "move_impossible")

    def test_the_wrong_role_strangers_and_no_reason(self, client, desk, head):
        case = desk.dispatched()
        # Neither the grid's staff nor who has it: they return it.
        for headers in (desk.wang, desk.sun):
            assert code(move(client, headers, case, "recall", **WHY)) == (403, "move_forbidden")
        assert code(move(client, desk.zhao, case, "recall", **WHY)) == (404, "case_not_found")
        assert wrong_fields(move(client, head, case, "recall")) == {"note": "missing"}
        surplus = move(client, head, case, "recall", **WHY, public_note="换人")
        assert wrong_fields(surplus) == {"public_note": "extra_forbidden"}

    def test_only_by_heads_of_the_level_that_handles_it(self, client, desk, cast, head, newcomer):
        case = desk.filed()
        for _ in range(2):
            case = moved(client, desk.qian, case, "escalate", note="请上级")
        case = moved(client, desk.qian, case, "dispatch", assignee_id=str(cast.wang.id))
        assert "recall" not in offered(client, head, case)
        assert code(move(client, head, case, "recall", **WHY)) == (403, "move_forbidden")
        case = moved(client, desk.qian, case, "recall", **WHY)
        # It stays on the level to which it was handed up.
        assert (case["status"], case["level_code"]) == ("filed", "500152001000")

    def test_the_old_version(self, client, desk, head):
        case = desk.dispatched()
        desk.moved(case, "accept")
        assert code(move(client, head, case, "recall", **WHY)) == (412, "stale_version")

    def test_who_had_it_and_no_longer_has_may_check(self, client, desk, cast, as_, newcomer, head):
        both = newcomer((Role.CHECKER, DISTRICT), (Role.GRID_STAFF, GRID))
        case = moved(client, as_(both), desk.dispatched(to=both), "accept")
        case = moved(client, head, case, "recall", **WHY)
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "accept")
        case = desk.moved(case, "resolve", photo_ids=[upload(client, desk.wang)], note="好了")
        assert moved(client, as_(both), case, "close", outcome="fixed")["status"] == "closed"


class TestClocks:
    def test_taking_it_back_wins_no_time(self, client, db, desk, cast, head):
        case = desk.in_progress()
        due, safe = last_clock(db, case, "handle").due_at, last_clock(db, case, "made_safe").due_at
        clock.shift(timedelta(minutes=5))
        case = moved(client, head, case, "recall", **WHY)
        running = {row.kind for row in clocks(db, case) if row.state == "running"}
        assert running == {"accept", "made_safe", "handle"}
        # Filed again, it must not lie there.
        begun = last_clock(db, case, "accept")
        assert begun.due_at - begun.started_at == timedelta(hours=1)
        assert stored(db, case).accept_due_at == begun.due_at
        clock.shift(timedelta(minutes=5))
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        now = stored(db, case)
        assert (now.handle_due_at, now.safe_due_at, now.due_at) == (due, safe, safe)
        assert (now.round, last_clock(db, case, "accept").state) == (2, "met")
        kinds = [row.kind for row in clocks(db, case)]
        assert (kinds.count("handle"), kinds.count("made_safe")) == (1, 1)

    def test_what_waits_for_approval_is_overtaken(self, client, desk, cast, head):
        case = desk.in_progress()
        url = f"/v1/cases/{case['id']}/extensions"
        asked = client.post(url, json={"hours": 8, "text": "等配件"}, headers=desk.wang)
        assert asked.status_code == 201, asked.text
        case = moved(client, head, get(client, head, case).json(), "recall", **WHY)
        url = f"/v1/approvals/{asked.json()['id']}/decision"
        refused = client.post(url, json={"granted": True, "answer": "可以"}, headers=desk.qian)
        assert code(refused) == (409, "approval_overtaken")


class TestTold:
    def test_who_had_it(self, client, desk, cast, drain, head):
        case = moved(client, head, desk.in_progress(), "recall", **WHY)
        drain()
        kinds = dict(messages(client, desk.wang, case))
        assert WHY["note"] in kinds["case.recalled"]
        assert "case.recalled" not in dict(messages(client, head, case))
        # The reporter hears when somebody is sent again.
        assert "case.recalled" not in dict(messages(client, desk.liu, case))

    def test_everyone_of_the_unit_that_had_it(self, client, db, desk, drain, newcomer, as_, head):
        people = [make_member(newcomer, name) for name in ("甲", "乙")]
        case = desk.moved(desk.filed(), "dispatch", unit_code=make_unit(db, *people))
        case = moved(client, head, case, "recall", **WHY)
        drain()
        for person in people:
            assert [kind for kind, _ in messages(client, as_(person), case)] == ["case.recalled"]

    def test_but_not_who_took_it_back(self, client, desk, newcomer, drain, as_):
        both = newcomer((Role.GRID_HEAD, VILLAGE))
        case = moved(client, as_(both), desk.dispatched(to=both), "recall", **WHY)
        drain()
        assert "case.recalled" not in dict(messages(client, as_(both), case))
