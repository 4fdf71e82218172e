"""The table of clocks: one row for each time that a case's clock ran."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json
from app.kit.db import Base

KINDS = ("accept", "made_safe", "handle", "check")
LIVE = text("state IN ('running', 'paused')")
STATES = ("running", "paused", "met", "missed", "dropped")


class Clock(Base):
    """One clock of a case. Its deadline is frozen with the rule; only pauses move it.

    `allowed_s` counts working seconds when `mode` is working. `round` is the dispatch it belongs
    to. `level` is how far its overdue state was escalated.
    """

    __tablename__ = "case_clocks"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[CodeStr]
    round: Mapped[Int]
    mode: Mapped[CodeStr]
    rule: Mapped[Json]
    allowed_s: Mapped[Int]
    started_at: Mapped[At]
    warn_at: Mapped[At]
    due_at: Mapped[At]
    state: Mapped[CodeStr]
    paused_at: Mapped[At | None]
    left_s: Mapped[Int | None]
    stopped_at: Mapped[At | None]
    warned_at: Mapped[At | None]
    overdue_at: Mapped[At | None]
    level: Mapped[Int]
    # The next moment at which the worker has something to do with this clock.
    look_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name="kind"),
        CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
        CheckConstraint("mode IN ('working', 'continuous')", name="mode"),
        CheckConstraint("allowed_s > 0 AND round >= 0 AND level >= 0", name="counts"),
        CheckConstraint(
            "(state = 'paused') = (paused_at IS NOT NULL AND left_s IS NOT NULL)", name="paused"
        ),
        CheckConstraint(
            "(state IN ('met', 'missed', 'dropped')) = (stopped_at IS NOT NULL)", name="stopped"
        ),
        CheckConstraint("look_at IS NULL OR state = 'running'", name="look"),
        Index("ix_case_clocks_case", "case_id", "kind", "state"),
        Index("ix_case_clocks_look", "look_at", "id"),
        Index(
            "uq_case_clocks_live", "case_id", "kind", unique=True,
            sqlite_where=LIVE, postgresql_where=LIVE,
        ),
        CheckConstraint("warn_at <= due_at", name="warn"),
    )  # fmt: skip
