"""The workflow of a case as one table: which move leads where, who may make it, what it needs.

Statuses follow the steps of the national standard for digital city management (GB/T 30428):
立案 file, 派遣 dispatch, 处置 handle, 核查 check, 结案 close. Nothing here reads a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.cases.errors import MoveForbidden, MoveImpossible
from app.cases.guards import (
    Guard,
    Situation,
    below_the_top,
    handed_up,
    in_fast_lane,
    no_open_children,
    not_own_report,
    not_rerouted,
    not_safe_yet,
    not_the_handler,
    under_return_cap,
)  # fmt: skip
from app.cases.models import STATUSES
from app.identity.models import Role
from app.kit.errors import AppError, Words

GRID = frozenset({Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER})
HEADS = frozenset({Role.GRID_HEAD, Role.DISPATCHER})
# Statuses in which nothing more is owed.
ENDED = frozenset({"closed", "rejected", "merged", "withdrawn"})
OPEN = tuple(status for status in STATUSES if status not in ENDED)

CHECKERS = frozenset({Role.CHECKER})
READERS = GRID | CHECKERS | {Role.AUDITOR, Role.ADMINISTRATOR}
HANDLERS = GRID | {Role.HANDLER}

OUTCOMES = {
    "fixed": Words("已修复", "fixed"),
    "no_action_needed": Words("无需处置", "no action needed"),
    "not_responsible": Words("已转其他部门", "handed to another authority"),
    "unable": Words("暂时无法解决", "cannot be solved for now"),
    "referred": Words("已转热线", "referred to the hotline"),
}
REJECT_REASONS = {
    "not_found": Words("现场未发现问题", "nothing was found on site"),
    "out_of_scope": Words("不属于受理范围", "outside what we can take on"),
    "insufficient": Words("信息不足，无法核实", "too little to go on"),
    "false_report": Words("上报内容不实", "the report was not true"),
}
RETURN_REASONS = {
    "not_mine": Words("不属于本单位职责", "not this unit's duty"),
    "wrong_place": Words("位置有误", "the place is wrong"),
    "other_unit": Words("需其他单位配合", "another unit is needed"),
    "other": Words("其他原因", "another reason"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `roles` hold for the case's level; a relation may stand instead.

    A move without a target leaves the status as it is. Of `one_of` exactly one field is needed.
    What is not `offered` is made by the service on somebody's decision (approvals, review dates).
    """

    name: str
    label: Words
    sources: frozenset[str]
    target: str | None
    roles: frozenset[Role] = frozenset()
    by_assignee: bool = False
    by_reporter: bool = False
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    optional: tuple[str, ...] = ("note",)
    guards: tuple[Guard, ...] = ()
    reasons: dict[str, Words] = field(default_factory=dict)
    offered: bool = True

    def may(self, at: Situation) -> bool:
        """Whether this person is one who makes this move at all."""
        return (
            bool(self.roles & at.roles)
            or (self.by_assignee and at.is_assignee)
            or (self.by_reporter and at.is_reporter)
        )

    def refusal(self, at: Situation) -> type[AppError] | None:
        """Why the move is not possible now, by the first guard that says so."""
        return next((no for guard in self.guards if (no := guard(at))), None)


def _from(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


MOVES: tuple[Move, ...] = (
    Move("verify", Words("开始核实", "Verify"), _from("reported"), "verifying", roles=GRID),
    Move(
        "file", Words("快速立案", "File at once"), _from("reported"), "filed", roles=GRID,
        required=("category_code",), optional=("note", "answers"),
        guards=(not_own_report, in_fast_lane),
    ),
    Move(
        "file", Words("立案", "File"), _from("verifying"), "filed", roles=GRID,
        required=("category_code",), optional=("note", "answers"), guards=(not_own_report,),
    ),
    Move(
        "reject", Words("不予立案", "Reject"), _from("reported", "verifying"), "rejected",
        roles=GRID, required=("reason_code", "public_note"), reasons=REJECT_REASONS,
        guards=(not_own_report, no_open_children),
    ),
    Move(
        "withdraw", Words("撤回", "Withdraw"), _from("reported", "verifying", "filed"),
        "withdrawn", by_reporter=True, guards=(no_open_children,),
    ),
    Move(
        "dispatch", Words("派遣", "Dispatch"), _from("filed"), "dispatched", roles=GRID,
        one_of=("assignee_id", "unit_code"), optional=("note", "public_note"),
    ),
    Move(
        "accept", Words("签收", "Accept"), _from("dispatched"), "in_progress", by_assignee=True,
    ),
    Move(
        "return", Words("退单", "Return"), _from("dispatched", "in_progress"), "filed",
        by_assignee=True, required=("reason_code", "note"),
        optional=("proposed_id", "proposed_unit"), reasons=RETURN_REASONS,
        guards=(under_return_cap,),
    ),
    Move(
        "resolve", Words("处置完成", "Resolve"), _from("in_progress"), "resolved",
        by_assignee=True, required=("photo_ids", "note"), optional=("public_note",),
    ),
    Move(
        "close", Words("核查结案", "Close"), _from("resolved"), "closed", roles=CHECKERS,
        required=("outcome",), optional=("note", "public_note"),
        guards=(not_the_handler, not_own_report, no_open_children),
    ),
    Move(
        "rework", Words("核查不通过", "Send back"), _from("resolved"), "in_progress",
        roles=CHECKERS, required=("note",), optional=(), guards=(not_the_handler, not_own_report),
    ),
    Move(
        "make_safe", Words("临时防护", "Make safe"), _from("dispatched", "in_progress"), None,
        roles=GRID, by_assignee=True, required=("note",), optional=("photo_ids", "public_note"),
        guards=(not_safe_yet,),
    ),
    Move(
        "escalate", Words("提级办理", "Escalate"), _from("filed", "dispatched", "in_progress"),
        "filed", roles=GRID, by_assignee=True, required=("note",), optional=(),
        guards=(below_the_top,),
    ),
    # Whoever had it may be gone, or the unit empty: then nobody else could move it on.
    Move(
        "recall", Words("撤回派遣", "Recall"), _from("dispatched", "in_progress"), "filed",
        roles=HEADS, required=("note",), optional=(),
    ),
    Move(
        "hand_down", Words("下派", "Hand down"), _from("filed"), None, roles=HEADS,
        required=("region_code", "note"), optional=(), guards=(handed_up,),
    ),
    Move(
        "correct", Words("更正", "Correct"), _from("reported", "verifying", "filed"), None,
        roles=GRID, required=("note",),
        optional=("category_code", "answers", "place", "region_code"), guards=(not_rerouted,),
    ),
    Move(
        "merge", Words("并案", "Merge"), _from("reported", "verifying"), "merged", roles=GRID,
        required=("into",), guards=(not_own_report, no_open_children),
    ),
    Move(
        "unmerge", Words("撤销并案", "Undo the merge"), _from("merged"), "verifying", roles=GRID,
        required=("note",), optional=(),
    ),
    Move(
        "suspend", Words("挂账", "Suspend"), _from("dispatched", "in_progress"), "suspended",
        roles=HEADS, required=("review_on", "note"), optional=("public_note",),
        guards=(not_the_handler, not_own_report),
    ),
    Move(
        "resume", Words("恢复处置", "Resume"), _from("suspended"), "in_progress", roles=HEADS,
    ),
    # Made by the service on a decision or a date, so that no status is a dead end.
    Move(
        "review", Words("挂账到期", "Review"), _from("suspended"), "dispatched", offered=False,
    ),
    Move(
        "reopen", Words("重新办理", "Reopen"), _from("closed"), "dispatched", roles=HEADS,
        offered=False,
    ),
    Move(
        "uphold", Words("申诉成立", "Uphold appeal"), _from("rejected"), "verifying", roles=HEADS,
        offered=False,
    ),
)  # fmt: skip


def offered(at: Situation) -> Iterator[Move]:
    """The moves that this person can make now, in the order of the table."""
    for move in MOVES:
        if move.offered and at.status in move.sources and move.may(at) and not move.refusal(at):
            yield move


def find(name: str, at: Situation) -> Move:
    """The row for a move that is to be made now.

    Raises MoveForbidden (403) when this person never makes it, MoveImpossible (409) when the status
    does not allow it, or what the first failing guard says.
    """
    rows = [move for move in MOVES if move.name == name and move.offered]
    if not any(move.may(at) for move in rows):
        raise MoveForbidden
    now = [move for move in rows if at.status in move.sources]
    if not now:
        raise MoveImpossible
    refusal = now[0].refusal(at)
    if refusal is not None:
        raise refusal
    return now[0]


def internal(name: str, status: str) -> Move:
    """The row of a move that the service makes itself. Raises MoveImpossible."""
    for move in MOVES:
        if move.name == name and status in move.sources:
            return move
    raise MoveImpossible
