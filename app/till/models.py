"""The table of holds that external stores placed."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int
from app.kit.db import Base


class TillHold(Base):
    """Points of a member held for an external store; `reference` is the store's own number."""

    __tablename__ = "till_holds"

    id: Mapped[Id] = mapped_column(primary_key=True)
    client_id: Mapped[CodeStr] = mapped_column(ForeignKey("api_clients.id"))
    reference: Mapped[CodeStr]
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    points: Mapped[Int]
    cost_fen: Mapped[Int]
    state: Mapped[CodeStr]
    created_at: Mapped[At]
    expires_at: Mapped[At]
    resolved_at: Mapped[At | None]

    __table_args__ = (
        UniqueConstraint("client_id", "reference"),
        CheckConstraint("state IN ('held', 'fulfilled', 'cancelled', 'expired')", name="state"),
        CheckConstraint("(state = 'held') = (resolved_at IS NULL)", name="resolved"),
        CheckConstraint("points BETWEEN 1 AND 1000000 AND cost_fen >= 0", name="amounts"),
        Index("ix_till_holds_day", "client_id", "created_at"),
        Index("ix_till_holds_resolved", "client_id", "resolved_at"),
    )


class MemberCode(Base):
    """A code that a member showed and a till used: each pays once."""

    __tablename__ = "member_codes"

    code_hash: Mapped[CodeStr] = mapped_column(primary_key=True)
    hold_id: Mapped[Id] = mapped_column(ForeignKey("till_holds.id"), unique=True)
    used_at: Mapped[At]
