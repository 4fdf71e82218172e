"""Tables of statements to merchants: drawn for a period, approved by another, paid."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Str
from app.kit.db import Base


class MerchantStatement(Base):
    """What a merchant is owed for what was handed out until the end of a period, in fen.

    `merchant` is a station's id, or the id of a program that runs an external store.
    """

    __tablename__ = "merchant_statements"

    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[CodeStr] = mapped_column(unique=True)
    merchant: Mapped[CodeStr]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    # Both days belong to it (Asia/Shanghai).
    first_day: Mapped[CodeStr]
    last_day: Mapped[CodeStr]
    fen: Mapped[Int]
    state: Mapped[CodeStr]
    drawn_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    drawn_at: Mapped[At]
    approved_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[At | None]
    # The bank's reference of the payment.
    payment_ref: Mapped[Str | None]
    paid_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    paid_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('drawn', 'approved', 'paid', 'dropped')", name="state"),
        CheckConstraint("first_day <= last_day AND length(last_day) = 10", name="period"),
        CheckConstraint("approved_by <> drawn_by", name="two_persons"),
        CheckConstraint(
            "state = 'dropped'"
            " OR (state IN ('approved', 'paid')) = (approved_by IS NOT NULL"
            " AND approved_at IS NOT NULL)",
            name="approval",
        ),
        CheckConstraint(
            "(state = 'paid') = (payment_ref IS NOT NULL AND paid_at IS NOT NULL"
            " AND paid_by IS NOT NULL)",
            name="payment",
        ),
        Index("ix_merchant_statements_merchant", "merchant", "last_day"),
    )


class MerchantLine(Base):
    """One transfer on the merchant's account that a statement covers; dropped, it lets go."""

    __tablename__ = "merchant_lines"

    statement_id: Mapped[Id] = mapped_column(ForeignKey("merchant_statements.id"), primary_key=True)
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfers.id"), primary_key=True)
    fen: Mapped[Int]

    __table_args__ = (
        CheckConstraint("fen <> 0", name="fen"),
        UniqueConstraint("transfer_id"),
    )
