"""The rules of approvals as a table: what each kind needs of its case, and who may decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.approvals.errors import (
    AppealWindowOver,
    DeciderIsHandler,
    DecisionForbidden,
    OwnDecision,
    OwnRequest,
    ReopenWindowOver,
)  # fmt: skip
from app.cases.errors import OwnReport
from app.cases.guards import Situation
from app.cases.workflow import HEADS
from app.kit.errors import AppError, Words

MOST_EXTENSIONS = 2
OVERTAKEN = "案件情况已变化，申请自动撤销。"


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be asked for. A reporter's request is `against` a move, and may be `too_late`."""

    label: Words
    statuses: frozenset[str]
    against: str | None = None
    too_late: type[AppError] = AppError

    @property
    def by_reporter(self) -> bool:
        return self.against is not None


_HANDLING = frozenset({"dispatched", "in_progress"})
KINDS: dict[str, Kind] = {
    "extension": Kind(Words("延期", "extension"), _HANDLING),
    "suspension": Kind(Words("挂账", "suspension"), _HANDLING),
    "reopening": Kind(
        Words("重新办理", "reopening"), frozenset({"closed"}), "close", ReopenWindowOver
    ),
    "appeal": Kind(
        Words("申诉", "appeal"), frozenset({"rejected"}), "reject", AppealWindowOver
    ),
}  # fmt: skip


def fits(kind: str, data: Mapping[str, Any], case: Any, today: date) -> bool:
    """Whether the case is still the one that the request was made about.

    A case that was sent out again in between is another matter, and so is a review date that has
    passed.
    """
    review_on = data.get("review_on")
    return (
        case.status in KINDS[kind].statuses
        and case.round == data["round"]
        and (review_on is None or date.fromisoformat(review_on) >= today)
    )


def refusal(at: Situation, *, asked: bool, author: bool) -> type[AppError] | None:
    """Why this person does not decide; `author` made the move that the request is against."""
    reasons: tuple[tuple[bool, type[AppError]], ...] = (
        (asked, OwnRequest),
        (not HEADS & at.roles, DecisionForbidden),
        (at.handled or at.is_assignee, DeciderIsHandler),
        (at.is_reporter, OwnReport),
        (author, OwnDecision),
    )
    return next((error for applies, error in reasons if applies), None)
