"""What the workflow knows of a case and the person before it, and the guards that refuse moves."""

from collections.abc import Callable
from dataclasses import dataclass

from app.cases.errors import (
    AlreadySafe,
    CheckerIsHandler,
    ChildrenOpen,
    FastLaneClosed,
    NoLevelAbove,
    NotHandedUp,
    OwnReport,
    Rerouted,
    ReturnsExhausted,
)  # fmt: skip
from app.kit.errors import AppError

MOST_RETURNS = 3


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the table needs to know of a case and the person before it.

    `roles` are those held at the level that handles the case, or above it; `seen_as` are all those
    that cover its place.
    """

    status: str
    hazard: bool
    returns: int
    roles: frozenset[str]
    is_assignee: bool
    is_reporter: bool
    handled: bool
    most_returns: int = MOST_RETURNS
    made_safe: bool = False
    rerouted: bool = False
    at_top: bool = False
    at_bottom: bool = False
    open_children: bool = False
    seen_as: frozenset[str] = frozenset()
    lane: str | None = None


Guard = Callable[[Situation], type[AppError] | None]


def not_own_report(at: Situation) -> type[AppError] | None:
    return OwnReport if at.is_reporter else None


def not_the_handler(at: Situation) -> type[AppError] | None:
    return CheckerIsHandler if at.handled or at.is_assignee else None


def in_fast_lane(at: Situation) -> type[AppError] | None:
    # A hazard must be guarded at once, a trusted reporter is believed; anything else is looked at
    # first, and so is all that comes from somebody whose reports were untrue of late.
    fast = at.lane == "fast" or (at.hazard and at.lane != "review")
    return None if fast else FastLaneClosed


def under_return_cap(at: Situation) -> type[AppError] | None:
    # Past the cap the level above decides: `escalate` stays open.
    return ReturnsExhausted if at.returns >= at.most_returns else None


def not_safe_yet(at: Situation) -> type[AppError] | None:
    return AlreadySafe if at.made_safe else None


def handed_up(at: Situation) -> type[AppError] | None:
    return NotHandedUp if at.at_bottom else None


def no_open_children(at: Situation) -> type[AppError] | None:
    return ChildrenOpen if at.open_children else None


def not_rerouted(at: Situation) -> type[AppError] | None:
    return Rerouted if at.rerouted else None


def below_the_top(at: Situation) -> type[AppError] | None:
    return NoLevelAbove if at.at_top else None
