"""Points: lots, every use of one, whose purse they are in, and what somebody still owes."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int
from app.kit.db import Base

MOST_POINTS = 10**9
_EXPIRING = text("remaining > 0 AND expires_at IS NOT NULL")
_LEFT = text("remaining > 0")


class Lot(Base):
    """Points earned at once, with one fund, rate and expiry; the first to expire is spent first."""

    __tablename__ = "lots"

    id: Mapped[Id] = mapped_column(primary_key=True)
    account_id: Mapped[Id] = mapped_column(ForeignKey("accounts.id"))
    earner_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"))
    rate_fen: Mapped[Int]
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfers.id"), unique=True)
    amount: Mapped[Int]
    remaining: Mapped[Int]
    validity_days: Mapped[Int | None]
    # MM-DD: points last to the end of the first such day that is `validity_days` away (年底清零).
    expiry_day: Mapped[CodeStr | None]
    # The lot of the accrual, when these points came from another purse.
    origin_id: Mapped[Id | None] = mapped_column(ForeignKey("lots.id"), index=True)
    settled_at: Mapped[At | None]
    expires_at: Mapped[At | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(f"amount BETWEEN 1 AND {MOST_POINTS}", name="amount"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining"),
        CheckConstraint("rate_fen BETWEEN 1 AND 100000", name="rate"),
        CheckConstraint("settled_at IS NOT NULL OR expires_at IS NULL", name="expiry"),
        CheckConstraint("expiry_day IS NULL OR length(expiry_day) = 5", name="expiry_day"),
        Index("ix_lots_account", "account_id", "expires_at", "id"),
        # Only what can still expire: the nightly job reads nothing else.
        Index(
            "ix_lots_expiring", "expires_at",
            sqlite_where=_EXPIRING, postgresql_where=_EXPIRING,
        ),
        # What a fund stands behind, and what was drawn from it lately.
        Index(
            "ix_lots_fund_left", "fund_id", "rate_fen", "remaining",
            sqlite_where=_LEFT, postgresql_where=_LEFT,
        ),
        Index(
            "ix_lots_fund_newest", "fund_id", "created_at", "origin_id", "amount", "rate_fen"
        ),
    )  # fmt: skip


class LotUse(Base):
    """Points taken from a lot by a transfer, or given back when that transfer was voided."""

    __tablename__ = "lot_uses"

    id: Mapped[Id] = mapped_column(primary_key=True)
    lot_id: Mapped[Id] = mapped_column(ForeignKey("lots.id"), index=True)
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfers.id"), index=True)
    kind: Mapped[CodeStr]
    amount: Mapped[Int]
    taken_id: Mapped[Id | None] = mapped_column(unique=True)
    taken_kind: Mapped[CodeStr | None]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("lot_id", "transfer_id"),
        UniqueConstraint("id", "kind", "lot_id", "amount", name="uq_lot_uses_return"),
        ForeignKeyConstraint(
            ["taken_id", "taken_kind", "lot_id", "amount"],
            ["lot_uses.id", "lot_uses.kind", "lot_uses.lot_id", "lot_uses.amount"],
            name="fk_lot_uses_return",
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "(kind = 'take' AND taken_id IS NULL AND taken_kind IS NULL)"
            " OR (kind = 'return' AND taken_id IS NOT NULL AND taken_kind = 'take')",
            name="kind",
        ),
    )


class Purse(Base):
    """The account that a person earns into and spends from when it is not their own: a 户's."""

    __tablename__ = "purses"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    account_id: Mapped[Id] = mapped_column(ForeignKey("accounts.id"), index=True)
    since: Mapped[At]


class Debt(Base):
    """Points that a reversal could not take back; paid first from what the person earns later."""

    __tablename__ = "debts"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    journal_id: Mapped[Id] = mapped_column(ForeignKey("journals.id"), unique=True)
    points: Mapped[Int]
    remaining: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(f"points BETWEEN 1 AND {MOST_POINTS}", name="points"),
        CheckConstraint("remaining BETWEEN 0 AND points", name="remaining"),
    )


class DebtPayment(Base):
    """Points of a later award that went into a debt; rows are never changed."""

    __tablename__ = "debt_payments"

    debt_id: Mapped[Id] = mapped_column(ForeignKey("debts.id"), primary_key=True)
    journal_id: Mapped[Id] = mapped_column(ForeignKey("journals.id"), primary_key=True, index=True)
    points: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (CheckConstraint("points > 0", name="points"),)
