"""The words of clocks at the edge."""

from typing import Any, Literal

from pydantic import Field

from app.kit.schema import Instant, Out

Kind = Literal["accept", "made_safe", "handle", "check"]
State = Literal["running", "paused", "met", "missed", "dropped"]
# What the worker found on looking at a clock.
Mark = Literal["warned", "overdue", "escalate"]


class ClockOut(Out):
    kind: Kind = Field(description="accept 受理, made_safe 临时防护, handle 处置, check 核查")
    round: int = Field(description="The dispatch that it belongs to; 0 before the first")
    mode: Literal["working", "continuous"]
    allowed_s: int = Field(description="Seconds allowed, extensions included, in this mode")
    started_at: Instant
    warn_at: Instant = Field(description="When four fifths of the time are used")
    due_at: Instant
    state: State
    paused_at: Instant | None
    left_s: int | None = Field(description="Seconds left when paused; negative when overdue")
    stopped_at: Instant | None
    warned_at: Instant | None
    overdue_at: Instant | None
    level: int = Field(description="How many levels up its overdue state was escalated")
    rule: dict[str, Any] = Field(description="The rule as it was frozen, with its versions")


class ClockList(Out):
    items: list[ClockOut]
