"""The table of things asked by one person and decided by another."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Json, Str
from app.kit.db import Base

KINDS = ("extension", "suspension", "reopening", "appeal")
STATES = ("pending", "granted", "refused", "withdrawn")
PENDING = text("state = 'pending'")


class Approval(Base):
    """延期, 挂账, 重新办理 or 申诉 of one case."""

    __tablename__ = "approvals"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    report_id: Mapped[Id | None] = mapped_column(ForeignKey("reports.id"))
    kind: Mapped[CodeStr]
    text: Mapped[Str]
    data: Mapped[Json]
    state: Mapped[CodeStr]
    asked_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[At]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[At | None]
    answer: Mapped[Str | None]

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name="kind"),
        CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
        CheckConstraint("decided_by <> asked_by", name="two_persons"),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "state NOT IN ('granted', 'refused') OR decided_by IS NOT NULL", name="decider"
        ),
        Index(
            "uq_approvals_pending", "case_id", "kind", unique=True,
            sqlite_where=PENDING, postgresql_where=PENDING,
        ),
        Index("ix_approvals_state", "state", "asked_at", "id"),
    )  # fmt: skip
