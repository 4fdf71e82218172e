"""The workflow table by itself: no dead ends, no idle guards, and the table of PRODUCT.md."""

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from app.cases import guards, workflow
from app.cases.errors import (
    AlreadySafe,
    CheckerIsHandler,
    ChildrenOpen,
    FastLaneClosed,
    MoveForbidden,
    MoveImpossible,
    NoLevelAbove,
    NotHandedUp,
    OwnReport,
    Rerouted,
    ReturnsExhausted,
)
from app.cases.guards import MOST_RETURNS, Situation
from app.cases.models import OUTCOMES, STATUSES
from app.cases.schemas import MoveName
from app.cases.workflow import MOVES, Move
from app.identity.models import Role
from app.rewards.rules import PAYING_OUTCOMES
from app.rewards.schemas import Outcome

STAFF = frozenset({Role.GRID_STAFF})
CHECKER = frozenset({Role.CHECKER})
HEAD = frozenset({Role.GRID_HEAD})
# 撤回 ends a case for good; all the others have a way back.
FOR_GOOD = {"withdrawn"}

# PRODUCT.md, "Moves": from -> the moves that lead on and where to.
PRODUCT = {
    "reported": {"verify": "verifying", "file": "filed", "reject": "rejected", "merge": "merged",
                 "withdraw": "withdrawn", "correct": None},
    "verifying": {"file": "filed", "reject": "rejected", "merge": "merged",
                  "withdraw": "withdrawn", "correct": None},
    "filed": {"dispatch": "dispatched", "withdraw": "withdrawn", "escalate": "filed",
              "hand_down": None, "correct": None},
    "dispatched": {"accept": "in_progress", "return": "filed", "suspend": "suspended",
                   "make_safe": None, "escalate": "filed", "recall": "filed"},
    "in_progress": {"resolve": "resolved", "return": "filed", "suspend": "suspended",
                    "make_safe": None, "escalate": "filed", "recall": "filed"},
    "suspended": {"resume": "in_progress", "review": "dispatched"},
    "resolved": {"close": "closed", "rework": "in_progress"},
    "closed": {"reopen": "dispatched"},
    "rejected": {"uphold": "verifying"},
    "merged": {"unmerge": "verifying"},
    "withdrawn": {},
}  # fmt: skip
# Made by the service on a decision or a date.
NOT_OFFERED = {"review", "reopen", "uphold"}

# Who makes each offered move: the roles, or the relation that stands in for them.
WHO_MAY = {
    "verify": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "file": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "reject": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "dispatch": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "withdraw": {"reporter"},
    "accept": {"assignee"},
    "return": {"assignee"},
    "resolve": {"assignee"},
    "close": {Role.CHECKER},
    "rework": {Role.CHECKER},
    "make_safe": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER, "assignee"},
    "escalate": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER, "assignee"},
    "recall": {Role.GRID_HEAD, Role.DISPATCHER},
    "hand_down": {Role.GRID_HEAD, Role.DISPATCHER},
    "correct": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "merge": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "unmerge": {Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER},
    "suspend": {Role.GRID_HEAD, Role.DISPATCHER},
    "resume": {Role.GRID_HEAD, Role.DISPATCHER},
}


def situation(status: str, *, roles: frozenset[str] = frozenset(), **more: object) -> Situation:
    plain = {
        "hazard": True, "returns": 0, "is_assignee": False, "is_reporter": False, "handled": False,
    }  # fmt: skip
    return Situation(status=status, roles=roles, **{**plain, **more})


def as_one_who_may(name: str, status: str, **more: object) -> Situation:
    """The situation of a person for whom the move is meant."""
    who = next(iter(WHO_MAY[name]))
    if who == "reporter":
        return situation(status, is_reporter=True, **more)
    if who == "assignee":
        return situation(status, is_assignee=True, **more)
    return situation(status, roles=frozenset({who}), **more)


def reachable(moves: list[Move]) -> set[str]:
    found = {"reported"}
    while True:
        more = {move.target for move in moves if move.target and move.sources & found} - found
        if not more:
            return found
        found |= more


# The names of the moves that can be asked for.
OFFERED = tuple(dict.fromkeys(move.name for move in workflow.MOVES if move.offered))


class TestTable:
    def test_it_is_the_table_of_the_product(self):
        table = {
            status: {move.name: move.target for move in MOVES if status in move.sources}
            for status in STATUSES
        }
        assert table == PRODUCT

    def test_a_move_name_leads_from_a_status_to_one_place_only(self):
        pairs = [(move.name, source) for move in MOVES for source in move.sources]
        assert len(pairs) == len(set(pairs))

    def test_every_status_is_reachable(self):
        assert reachable(list(MOVES)) == set(STATUSES)

    @pytest.mark.parametrize("status", sorted(set(STATUSES) - FOR_GOOD))
    def test_a_way_leads_on_from_every_status(self, status):
        assert [move for move in MOVES if status in move.sources]

    def test_what_is_offered_never_ends_in_a_dead_end(self):
        offered = [move for move in MOVES if move.offered]
        ends = {s for s in reachable(offered) if not any(s in m.sources for m in offered)}
        assert ends == {"closed", "rejected", "withdrawn"}

    def test_what_is_offered_is_what_the_edge_accepts(self):
        assert set(OFFERED) == set(MoveName.__args__)
        assert {move.name for move in MOVES if not move.offered} == NOT_OFFERED

    def test_every_outcome_has_its_words(self):
        assert set(workflow.OUTCOMES) == set(OUTCOMES)
        assert set(OUTCOMES) == set(get_args(Outcome)) > PAYING_OUTCOMES

    @pytest.mark.parametrize("name", OFFERED)
    def test_who_may(self, name):
        for move in (m for m in MOVES if m.name == name):
            relations = {"assignee"} if move.by_assignee else set()
            relations |= {"reporter"} if move.by_reporter else set()
            assert set(move.roles) | relations == WHO_MAY[name]

    def test_reasons_are_asked_for_where_they_are_offered(self):
        for move in MOVES:
            assert bool(move.reasons) == ("reason_code" in move.required), move.name
            asked = [*move.required, *move.one_of, *move.optional]
            assert len(asked) == len(set(asked)), move.name


class TestWithoutWhoHasIt:
    """The assignee may leave and a unit may lose its people: no case may wait for them alone."""

    @pytest.mark.parametrize("status", ["dispatched", "in_progress", "suspended", "resolved"])
    def test_somebody_else_can_take_it_on(self, status):
        # At the top there is nobody to whom it could be handed up.
        rows = [
            move
            for move in MOVES
            if move.offered and move.roles and guards.below_the_top not in move.guards
        ]
        found = {status}
        while more := {m.target for m in rows if m.target and m.sources & found} - found:
            found |= more
        # Filed again, it can be given to another.
        assert "filed" in found


class TestEveryPair:
    """Each status with each move: made where the table says so, refused with the right word."""

    @pytest.mark.parametrize("name", OFFERED)
    @pytest.mark.parametrize("status", STATUSES)
    def test_by_the_one_who_may(self, status, name):
        at = as_one_who_may(name, status)
        if name in PRODUCT[status]:
            assert workflow.find(name, at).target == PRODUCT[status][name]
            assert name in {move.name for move in workflow.offered(at)}
        else:
            with pytest.raises(MoveImpossible):
                workflow.find(name, at)
            assert name not in {move.name for move in workflow.offered(at)}

    @pytest.mark.parametrize("name", OFFERED)
    @pytest.mark.parametrize("status", STATUSES)
    def test_by_everybody_else(self, status, name):
        others = frozenset(Role) - WHO_MAY[name]
        at = situation(
            status, roles=others, is_assignee="assignee" not in WHO_MAY[name],
            is_reporter="reporter" not in WHO_MAY[name],
        )  # fmt: skip
        with pytest.raises(MoveForbidden):
            workflow.find(name, at)

    @pytest.mark.parametrize("name", sorted(NOT_OFFERED))
    @pytest.mark.parametrize("status", STATUSES)
    def test_what_is_not_offered_is_made_by_nobody(self, status, name):
        everyone = situation(status, roles=frozenset(Role), is_assignee=True, is_reporter=True)
        with pytest.raises(MoveForbidden):
            workflow.find(name, everyone)

    def test_no_roles_and_no_relation_are_offered_nothing(self):
        for status in STATUSES:
            assert not list(workflow.offered(situation(status)))


# Each guard in a situation made for it: (move, status, who, what is special) -> the refusal.
GUARDED = {
    guards.not_own_report: [
        ("file", "reported", STAFF, {"is_reporter": True}, OwnReport),
        ("file", "verifying", STAFF, {"is_reporter": True}, OwnReport),
        ("reject", "reported", STAFF, {"is_reporter": True}, OwnReport),
        ("reject", "verifying", STAFF, {"is_reporter": True}, OwnReport),
        ("close", "resolved", CHECKER, {"is_reporter": True}, OwnReport),
        ("rework", "resolved", CHECKER, {"is_reporter": True}, OwnReport),
        ("merge", "reported", STAFF, {"is_reporter": True}, OwnReport),
        ("merge", "verifying", STAFF, {"is_reporter": True}, OwnReport),
        ("suspend", "dispatched", HEAD, {"is_reporter": True}, OwnReport),
        ("suspend", "in_progress", HEAD, {"is_reporter": True}, OwnReport),
    ],
    guards.in_fast_lane: [
        ("file", "reported", STAFF, {"hazard": False}, FastLaneClosed),
        ("file", "reported", STAFF, {"hazard": True, "lane": "review"}, FastLaneClosed),
        ("file", "reported", STAFF, {"hazard": False, "lane": "review"}, FastLaneClosed),
    ],
    guards.not_the_handler: [
        ("close", "resolved", CHECKER, {"handled": True}, CheckerIsHandler),
        ("close", "resolved", CHECKER, {"is_assignee": True}, CheckerIsHandler),
        ("rework", "resolved", CHECKER, {"handled": True}, CheckerIsHandler),
        ("rework", "resolved", CHECKER, {"is_assignee": True}, CheckerIsHandler),
        ("suspend", "dispatched", HEAD, {"is_assignee": True}, CheckerIsHandler),
        ("suspend", "in_progress", HEAD, {"handled": True}, CheckerIsHandler),
    ],
    guards.under_return_cap: [
        ("return", s, frozenset(), {"is_assignee": True, "returns": MOST_RETURNS}, ReturnsExhausted)
        for s in ("dispatched", "in_progress")
    ],
    guards.not_safe_yet: [
        ("make_safe", s, STAFF, {"made_safe": True}, AlreadySafe)
        for s in ("dispatched", "in_progress")
    ],
    guards.not_rerouted: [
        ("correct", s, STAFF, {"rerouted": True}, Rerouted)
        for s in ("reported", "verifying", "filed")
    ],
    guards.below_the_top: [
        ("escalate", s, STAFF, {"at_top": True}, NoLevelAbove)
        for s in ("filed", "dispatched", "in_progress")
    ],
    guards.handed_up: [
        ("hand_down", "filed", HEAD, {"at_bottom": True}, NotHandedUp),
    ],
    guards.no_open_children: [
        ("close", "resolved", CHECKER, {"open_children": True}, ChildrenOpen),
        ("reject", "reported", STAFF, {"open_children": True}, ChildrenOpen),
        ("reject", "verifying", STAFF, {"open_children": True}, ChildrenOpen),
        ("merge", "reported", STAFF, {"open_children": True}, ChildrenOpen),
        ("merge", "verifying", STAFF, {"open_children": True}, ChildrenOpen),
        *(
            ("withdraw", s, frozenset(), {"open_children": True, "is_reporter": True}, ChildrenOpen)
            for s in ("reported", "verifying", "filed")
        ),
    ],
}
GUARDED_ROWS = [(guard, *row) for guard, rows in GUARDED.items() for row in rows]


class TestGuards:
    @pytest.mark.parametrize(
        ("guard", "name", "status", "roles", "special", "refusal"), GUARDED_ROWS
    )
    def test_each_refuses_in_its_situation(self, guard, name, status, roles, special, refusal):
        at = situation(status, roles=roles, **special)
        with pytest.raises(refusal):
            workflow.find(name, at)
        assert name not in {move.name for move in workflow.offered(at)}

    @pytest.mark.parametrize(
        ("guard", "name", "status", "roles", "special", "refusal"), GUARDED_ROWS
    )
    def test_without_it_nothing_else_refuses(self, guard, name, status, roles, special, refusal):
        move = next(m for m in MOVES if m.name == name and status in m.sources)
        bare = replace(move, guards=tuple(g for g in move.guards if g is not guard))
        assert bare.refusal(situation(status, roles=roles, **special)) is None

    def test_every_guard_of_the_table_has_its_situation(self):
        stated = {(guard, name, status) for guard, name, status, *_ in GUARDED_ROWS}
        for move in (m for m in MOVES if m.offered):
            for guard, source in itertools.product(move.guards, move.sources):
                assert (guard, move.name, source) in stated, (guard.__name__, move.name, source)

    @pytest.mark.parametrize(
        ("hazard", "lane", "opens"),
        [
            (True, None, True), (False, None, False), (False, "fast", True), (True, "fast", True),
            (True, "review", False), (False, "review", False),
        ],
    )  # fmt: skip
    def test_the_fast_lane_is_for_hazards_and_the_trusted(self, hazard, lane, opens):
        at = situation("reported", roles=STAFF, hazard=hazard, lane=lane)
        assert ("file" in {move.name for move in workflow.offered(at)}) is opens

    @pytest.mark.parametrize("returns", range(MOST_RETURNS))
    def test_the_cap_on_returns_is_exact(self, returns):
        at = situation("dispatched", is_assignee=True, returns=returns)
        assert workflow.find("return", at).target == "filed"

    def test_after_the_last_return_the_assignee_can_still_go_on(self):
        at = situation("dispatched", is_assignee=True, returns=MOST_RETURNS)
        names = [move.name for move in workflow.offered(at)]
        assert names == ["accept", "make_safe", "escalate"]

    def test_a_checker_who_did_not_handle_is_free(self):
        at = situation("resolved", roles=CHECKER)
        assert [move.name for move in workflow.offered(at)] == ["close", "rework"]
