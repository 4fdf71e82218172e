"""Money behind points: funds, what was given to them, and which fen stand behind which lot."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Str
from app.kit.db import Base
from app.ledger.models.book import MOST_FEN


class Contributor(StrEnum):
    """The five kinds of givers to the 积分兑换资金池."""

    GOVERNMENT = "government"  # 政府
    VILLAGE = "village"  # 村（社区）
    JOINT_VILLAGES = "joint_villages"  # 联村集体经济
    BENEFACTOR = "benefactor"  # 成功人士
    VILLAGER = "villager"  # 村民个人


class Fund(Base):
    """A pool of money (资金池) that backs points at a fixed rate."""

    __tablename__ = "funds"

    id: Mapped[Id] = mapped_column(primary_key=True)
    code: Mapped[CodeStr] = mapped_column(unique=True)
    name: Mapped[Str]
    purpose: Mapped[Str]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    rate_fen: Mapped[Int]
    shards: Mapped[Int]
    state: Mapped[CodeStr]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("rate_fen BETWEEN 1 AND 100000", name="rate"),
        CheckConstraint("shards BETWEEN 1 AND 64", name="shards"),
        CheckConstraint("state IN ('active', 'closed')", name="state"),
    )


class Contribution(Base):
    """Money promised to a fund by one person of ours and approved by another."""

    __tablename__ = "contributions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"), index=True)
    kind: Mapped[CodeStr]
    contributor: Mapped[Str]
    fen: Mapped[Int]
    note: Mapped[Str | None]
    state: Mapped[CodeStr]
    proposed_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[At]
    approved_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[At | None]
    declined_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    declined_at: Mapped[At | None]
    # The receipt's number (收据), given when the money arrived: FUND-2026-000001.
    receipt_no: Mapped[CodeStr | None] = mapped_column(unique=True)
    # Of the code on the receipt, with which its giver follows the money.
    trace_hash: Mapped[CodeStr | None] = mapped_column(index=True, unique=True)

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(c.value) for c in Contributor)})", name="kind"),
        CheckConstraint(f"fen BETWEEN 1 AND {MOST_FEN}", name="fen"),
        CheckConstraint("state IN ('proposed', 'approved', 'declined')", name="state"),
        CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        CheckConstraint(
            "(state = 'approved') = (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name="approval",
        ),
        CheckConstraint(
            "(state = 'declined') = (declined_by IS NOT NULL AND declined_at IS NOT NULL)",
            name="declined",
        ),
    )


class ContributionReturn(Base):
    """Money of a contribution that goes back to its giver, by one person's word and another's."""

    __tablename__ = "contribution_returns"

    id: Mapped[Id] = mapped_column(primary_key=True)
    contribution_id: Mapped[Id] = mapped_column(ForeignKey("contributions.id"), index=True)
    fen: Mapped[Int]
    reason: Mapped[Str]
    state: Mapped[CodeStr]
    proposed_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[At]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint(f"fen BETWEEN 1 AND {MOST_FEN}", name="fen"),
        CheckConstraint("state IN ('proposed', 'approved', 'declined')", name="state"),
        CheckConstraint("decided_by <> proposed_by", name="two_persons"),
        CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL)", name="decided"
        ),
    )


class PoolPart(Base):
    """What is left of one contribution in one shard of its fund's pool, in fen."""

    __tablename__ = "pool_parts"

    contribution_id: Mapped[Id] = mapped_column(ForeignKey("contributions.id"), primary_key=True)
    shard: Mapped[Int] = mapped_column(primary_key=True)
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"))
    available: Mapped[Int]

    __table_args__ = (
        CheckConstraint("available >= 0", name="available"),
        Index("ix_pool_parts_fifo", "fund_id", "shard", "contribution_id"),
    )


class PaidPart(Base):
    """What of one contribution, drawn from one shard, was paid for goods so far, in fen.

    A running sum of the backing, so that a fund's page does not read the whole ledger.
    """

    __tablename__ = "paid_parts"

    contribution_id: Mapped[Id] = mapped_column(ForeignKey("contributions.id"), primary_key=True)
    shard: Mapped[Int] = mapped_column(primary_key=True)
    fund_id: Mapped[Id] = mapped_column(ForeignKey("funds.id"), index=True)
    fen: Mapped[Int]

    __table_args__ = (CheckConstraint("fen >= 0", name="fen"),)


class Backing(Base):
    """Fen of one contribution behind one lot: drawn when it is earned, paid or returned later.

    `refund` is money of goods that came back: owed to the merchant no more, behind points again.
    """

    __tablename__ = "backing"

    id: Mapped[Id] = mapped_column(primary_key=True)
    journal_id: Mapped[Id] = mapped_column(ForeignKey("journals.id"), index=True)
    lot_id: Mapped[Id] = mapped_column(ForeignKey("lots.id"), index=True)
    contribution_id: Mapped[Id] = mapped_column(ForeignKey("contributions.id"), index=True)
    shard: Mapped[Int]
    kind: Mapped[CodeStr]
    fen: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("kind IN ('draw', 'pay', 'return', 'refund')", name="kind"),
        CheckConstraint(f"fen BETWEEN 1 AND {MOST_FEN}", name="fen"),
    )
