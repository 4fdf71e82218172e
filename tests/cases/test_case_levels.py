"""Handling by level (分级办理): handed up, handed down, who may, and whose clock runs on."""

from datetime import timedelta

import pytest
from cases.case_build import (
    clocks,
    code,
    events,
    get,
    last_clock,
    make_member,
    offered,
    stored,
    wrong_fields,
)
from cast import DISTRICT, GRID, STREET, VILLAGE
from flows.story import move, moved, upload

from app.identity.models import Role
from app.kit import clock

WHY = {"note": "网格解决不了"}


@pytest.fixture
def head(newcomer, as_):
    """The head of the village that lies above GRID."""
    return as_(newcomer((Role.GRID_HEAD, VILLAGE), name="社区网格长"))


def handed_up(client, desk, case, *levels):
    """The case at the last of these levels; each is the one above the one before."""
    for level in levels:
        case = moved(client, desk.qian, case, "escalate", **WHY)
        assert case["level_code"] == level
    return case


class TestEscalate:
    def test_it_waits_at_the_level_above_with_nobody(self, client, desk):
        case = desk.moved(desk.in_progress(), "escalate", **WHY)
        assert (case["status"], case["level_code"], case["assignee_id"]) == ("filed", VILLAGE, None)
        assert (case["region_code"], case["returns"]) == (GRID, 0)
        last = events(client, desk.qian, case)[-1]
        assert (last["from_status"], last["to_status"], last["note"]) == (
            "in_progress", "filed", WHY["note"],
        )  # fmt: skip
        assert last["data"] == {
            "level_code": VILLAGE, "assignee_id": str(desk._cast.wang.id), "unit_code": None,
        }  # fmt: skip

    @pytest.mark.parametrize("status", ["filed", "dispatched", "in_progress"])
    def test_from_every_status_in_which_it_is_handled(self, desk, status):
        case = desk.moved(getattr(desk, status)(), "escalate", **WHY)
        assert (case["status"], case["level_code"]) == ("filed", VILLAGE)

    @pytest.mark.parametrize("status", ["reported", "verifying", "resolved", "closed"])
    def test_in_no_other(self, client, desk, status):
        refused = move(client, desk.wang, getattr(desk, status)(), "escalate", **WHY)
        assert code(refused) == (409, "move_impossible")

    def test_below_it_may_look_and_do_nothing(self, client, desk, head):
        case = desk.moved(desk.dispatched(), "escalate", **WHY)
        assert offered(client, desk.wang, case) == set()
        expected = {"dispatch", "escalate", "hand_down", "correct"}
        assert offered(client, head, case) == expected
        assert offered(client, desk.qian, case) == expected
        given = {"assignee_id": str(desk._cast.wang.id)}
        assert code(move(client, desk.wang, case, "dispatch", **given)) == (403, "move_forbidden")

    def test_each_level_and_not_past_the_top(self, client, desk, head):
        case = handed_up(client, desk, desk.filed(), VILLAGE, STREET)
        assert offered(client, head, case) == set()
        case = handed_up(client, desk, case, DISTRICT)
        assert "escalate" not in offered(client, desk.qian, case)
        assert code(move(client, desk.qian, case, "escalate", **WHY)) == (409, "no_level_above")

    def test_a_handler_of_a_department_hands_it_up_and_is_rid_of_it(
        self, client, desk, newcomer, as_
    ):
        handler = make_member(newcomer)
        case = desk.dispatched(to=handler)
        up = moved(client, as_(handler), case, "escalate", **WHY)
        assert (up["level_code"], up["assignee_id"]) == (VILLAGE, None)
        assert get(client, as_(handler), case).status_code == 404

    def test_who_handles_a_case_of_a_higher_level_may_hand_it_up_again(self, client, desk):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        given = {"assignee_id": str(desk._cast.wang.id)}
        case = moved(client, desk.qian, case, "dispatch", **given)
        assert offered(client, desk.wang, case) == {"accept", "return", "make_safe", "escalate"}
        assert desk.moved(case, "escalate", **WHY)["level_code"] == STREET

    def test_the_wrong_role_strangers_and_no_reason(self, client, desk):
        case = desk.dispatched()
        assert code(move(client, desk.sun, case, "escalate", **WHY)) == (403, "move_forbidden")
        assert code(move(client, desk.zhao, case, "escalate", **WHY)) == (404, "case_not_found")
        assert wrong_fields(move(client, desk.wang, case, "escalate")) == {"note": "missing"}
        surplus = move(client, desk.wang, case, "escalate", **WHY, region_code=DISTRICT)
        assert wrong_fields(surplus) == {"region_code": "extra_forbidden"}

    def test_past_the_cap_of_returns_it_stays_open(self, client, desk, cast):
        case, given = desk.filed(), {"assignee_id": str(cast.wang.id)}
        for _ in range(3):
            case = desk.moved(case, "dispatch", **given)
            case = desk.moved(case, "return", reason_code="not_mine", note="不归我管")
        case = desk.moved(desk.moved(case, "dispatch", **given), "escalate", **WHY)
        assert (case["status"], case["level_code"], case["returns"]) == ("filed", VILLAGE, 3)


class TestClocksKept:
    def test_going_up_wins_no_time(self, client, db, desk, cast):
        case = desk.in_progress()
        due, safe = last_clock(db, case, "handle").due_at, last_clock(db, case, "made_safe").due_at
        clock.shift(timedelta(minutes=5))
        case = desk.moved(case, "escalate", **WHY)
        assert last_clock(db, case, "handle").state == "running"
        clock.shift(timedelta(minutes=5))
        case = moved(client, desk.qian, case, "dispatch", assignee_id=str(cast.wang.id))
        kinds = [row.kind for row in clocks(db, case)]
        assert (kinds.count("handle"), kinds.count("made_safe")) == (1, 1)
        now = stored(db, case)
        assert (now.handle_due_at, now.safe_due_at, now.due_at) == (due, safe, safe)
        assert (last_clock(db, case, "handle").due_at, now.round) == (due, 2)

    def test_at_the_new_level_it_must_be_sent_in_time(self, client, db, desk):
        case = desk.in_progress()
        assert last_clock(db, case, "accept").state == "met"
        clock.shift(timedelta(minutes=10))
        case = desk.moved(case, "escalate", **WHY)
        begun = last_clock(db, case, "accept")
        assert (begun.state, begun.due_at - begun.started_at) == ("running", timedelta(hours=1))
        assert stored(db, case).accept_due_at == begun.due_at
        case = moved(
            client, desk.qian, case, "dispatch", assignee_id=str(desk._cast.wang.id)
        )  # fmt: skip
        assert last_clock(db, case, "accept").state == "met"

    def test_what_waited_below_waits_no_longer_above(self, client, db, desk):
        case = desk.filed()
        begun = last_clock(db, case, "accept")
        clock.shift(timedelta(minutes=5))
        case = desk.moved(case, "escalate", **WHY)
        kept = last_clock(db, case, "accept")
        assert (kept.id, kept.due_at, kept.state) == (begun.id, begun.due_at, "running")
        assert stored(db, case).due_at == begun.due_at

    def test_handing_down_touches_no_clock(self, client, db, desk):
        case = handed_up(client, desk, desk.dispatched(), VILLAGE)
        before = [(row.kind, row.state, row.due_at) for row in clocks(db, case)]
        clock.shift(timedelta(minutes=5))
        case = moved(client, desk.qian, case, "hand_down", region_code=GRID, note="请网格办理")
        assert [(row.kind, row.state, row.due_at) for row in clocks(db, case)] == before

    def test_a_return_after_all_starts_them_anew(self, client, db, desk, cast):
        case = desk.moved(desk.in_progress(), "escalate", **WHY)
        case = moved(client, desk.qian, case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "return", reason_code="other", note="换人")
        assert last_clock(db, case, "handle").state == "dropped"
        assert stored(db, case).handle_due_at is None


class TestHandDown:
    DOWN = {"region_code": GRID, "note": "请网格办理"}

    def test_to_the_case_s_own_level(self, client, desk, head):
        case = desk.moved(desk.dispatched(), "escalate", **WHY)
        case = moved(client, head, case, "hand_down", **self.DOWN)
        assert (case["status"], case["level_code"]) == ("filed", None)
        assert "dispatch" in offered(client, desk.wang, case)
        assert events(client, desk.wang, case)[-1]["data"] == {"level_code": GRID}

    def test_to_one_in_between(self, client, desk, head):
        case = handed_up(client, desk, desk.filed(), VILLAGE, STREET, DISTRICT)
        down = {"region_code": VILLAGE, "note": "请社区办理"}
        case = moved(client, desk.qian, case, "hand_down", **down)
        assert case["level_code"] == VILLAGE
        assert "dispatch" in offered(client, head, case)
        assert offered(client, desk.wang, case) == set()

    def test_and_up_again_and_to_its_end(self, client, desk, cast):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        case = moved(client, desk.qian, case, "hand_down", **self.DOWN)
        case = desk.moved(case, "escalate", **WHY)
        case = moved(client, desk.qian, case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "accept")
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="好了")
        case = desk.moved(case, "close", by=desk.sun, outcome="fixed")
        assert (case["status"], case["level_code"]) == ("closed", VILLAGE)

    @pytest.mark.parametrize("region", [VILLAGE, STREET, DISTRICT, "500152001001002", "nowhere"])
    def test_only_to_what_lies_below_on_the_case_s_path(self, client, desk, region):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        refused = move(client, desk.qian, case, "hand_down", region_code=region, note="x")
        assert code(refused) == (422, "level_unknown")

    def test_what_was_never_handed_up(self, client, desk):
        case = desk.filed()
        assert "hand_down" not in offered(client, desk.qian, case)
        assert code(move(client, desk.qian, case, "hand_down", **self.DOWN)) == (
            409, "not_handed_up",
        )  # fmt: skip

    def test_only_by_heads_of_that_level(self, client, desk, head, newcomer, as_):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        district_staff = as_(newcomer((Role.GRID_STAFF, DISTRICT)))
        for headers in (desk.wang, desk.sun, district_staff):
            refused = move(client, headers, case, "hand_down", **self.DOWN)
            assert code(refused) == (403, "move_forbidden")
        case = handed_up(client, desk, case, STREET)
        assert code(move(client, head, case, "hand_down", **self.DOWN)) == (403, "move_forbidden")
        assert code(move(client, desk.zhao, case, "hand_down", **self.DOWN)) == (
            404, "case_not_found",
        )  # fmt: skip

    def test_what_is_missing(self, client, desk):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        refused = move(client, desk.qian, case, "hand_down")
        assert wrong_fields(refused) == {"region_code": "missing", "note": "missing"}

    def test_not_once_it_was_sent(self, client, desk, cast):
        case = handed_up(client, desk, desk.filed(), VILLAGE)
        case = moved(client, desk.qian, case, "dispatch", assignee_id=str(cast.wang.id))
        refused = move(client, desk.qian, case, "hand_down", **self.DOWN)
        assert code(refused) == (409, "move_impossible")
