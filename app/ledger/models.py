"""Tables of the ledger. Everything but balances, remainders and states is append-only.

Points (PTS) and money (CNY, in fen) are integers. A transfer debits one account and credits one, so
every row balances by itself. Sinks (issuer, redeemed, expired, world, reserved, payable) keep no
balance row; members and pool shards do, and the CHECKs there are the last word on overspending.
"""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Str
from app.kit.db import Base

MOST_POINTS = 10**9
MOST_FEN = 10**14


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

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(c.value) for c in Contributor)})", name="kind"),
        CheckConstraint(f"fen BETWEEN 1 AND {MOST_FEN}", name="fen"),
        CheckConstraint("state IN ('proposed', 'approved')", name="state"),
        CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        CheckConstraint(
            "(state = 'approved') = (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name="approval",
        ),
    )


class Account(Base):
    """One side of transfers. `owner` is a person, a fund or a merchant, or `-` for a single one."""

    __tablename__ = "accounts"

    id: Mapped[Id] = mapped_column(primary_key=True)
    asset: Mapped[CodeStr]
    kind: Mapped[CodeStr]
    owner: Mapped[CodeStr]
    shard: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("kind", "owner", "shard"),
        UniqueConstraint("id", "asset"),
        CheckConstraint(
            "(asset = 'PTS' AND kind IN ('issuer', 'member', 'household', 'redeemed', 'expired'))"
            " OR (asset = 'CNY' AND kind IN ('world', 'pool', 'reserved', 'payable'))",
            name="kind",
        ),
    )


class Balance(Base):
    """Running sums of an account that can be overdrawn: a member's points, a pool's fen.

    credits - debits - held - unsettled may be spent; `held` is under redemption, `unsettled` is
    on its way to the member until the case closes.
    """

    __tablename__ = "balances"

    account_id: Mapped[Id] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    credits: Mapped[Int]
    debits: Mapped[Int]
    held: Mapped[Int]
    unsettled: Mapped[Int]

    __table_args__ = (
        CheckConstraint(
            "credits >= 0 AND debits >= 0 AND held >= 0 AND unsettled >= 0", name="not_negative"
        ),
        CheckConstraint("debits + held + unsettled <= credits", name="not_overdrawn"),
        CheckConstraint(f"credits <= {MOST_FEN}", name="bounded"),
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


class Journal(Base):
    """One event of the ledger. (kind, source) is its natural key: it happens once, for ever."""

    __tablename__ = "journals"

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    source: Mapped[CodeStr]
    reason: Mapped[CodeStr]
    actor_id: Mapped[Id | None]
    approver_id: Mapped[Id | None]
    reverses_id: Mapped[Id | None] = mapped_column(ForeignKey("journals.id"), unique=True)
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("kind", "source"),
        CheckConstraint(
            "kind IN ('contribute', 'accrue', 'settle', 'void', 'reverse', 'redeem', 'fulfil',"
            " 'cancel', 'expire', 'adjust', 'refund', 'pay_out', 'rebalance')",
            name="kind",
        ),
        CheckConstraint("approver_id <> actor_id", name="two_persons"),
        CheckConstraint(
            "kind NOT IN ('contribute', 'reverse', 'adjust', 'refund', 'pay_out')"
            " OR (actor_id IS NOT NULL AND approver_id IS NOT NULL)",
            name="approved",
        ),
    )


class Transfer(Base):
    """An amount from one account to another; `pending` rows are resolved by one `post` or `void`.

    The composite key repeats the pending row's accounts, asset and amount, so a resolution of
    anything else is not a row that either database accepts.
    """

    __tablename__ = "transfers"

    id: Mapped[Id] = mapped_column(primary_key=True)
    journal_id: Mapped[Id] = mapped_column(ForeignKey("journals.id"), index=True)
    asset: Mapped[CodeStr]
    debit_account_id: Mapped[Id] = mapped_column(index=True)
    credit_account_id: Mapped[Id] = mapped_column(index=True)
    amount: Mapped[Int]
    state: Mapped[CodeStr]
    pending_id: Mapped[Id | None] = mapped_column(unique=True)
    pending_state: Mapped[CodeStr | None]
    created_at: Mapped[At]

    __table_args__ = (
        ForeignKeyConstraint(["debit_account_id", "asset"], ["accounts.id", "accounts.asset"]),
        ForeignKeyConstraint(["credit_account_id", "asset"], ["accounts.id", "accounts.asset"]),
        UniqueConstraint(
            "id", "state", "debit_account_id", "credit_account_id", "amount",
            name="uq_transfers_resolution",
        ),
        ForeignKeyConstraint(
            ["pending_id", "pending_state", "debit_account_id", "credit_account_id", "amount"],
            [
                "transfers.id", "transfers.state", "transfers.debit_account_id",
                "transfers.credit_account_id", "transfers.amount",
            ],
            name="fk_transfers_resolution",
        ),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint(f"amount BETWEEN 1 AND {MOST_FEN}", name="amount"),
        CheckConstraint("state IN ('posted', 'pending', 'post', 'void')", name="state"),
        CheckConstraint(
            "(state IN ('post', 'void') AND pending_id IS NOT NULL AND pending_state = 'pending')"
            " OR (state IN ('posted', 'pending') AND pending_id IS NULL AND pending_state IS NULL)",
            name="resolution",
        ),
    )  # fmt: skip


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
    settled_at: Mapped[At | None]
    expires_at: Mapped[At | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(f"amount BETWEEN 1 AND {MOST_POINTS}", name="amount"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining"),
        CheckConstraint("rate_fen BETWEEN 1 AND 100000", name="rate"),
        CheckConstraint("settled_at IS NOT NULL OR expires_at IS NULL", name="expiry"),
        Index("ix_lots_account", "account_id", "expires_at", "id"),
    )


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


class Backing(Base):
    """Fen of one contribution behind one lot: drawn when it is earned, paid or returned later."""

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
        CheckConstraint("kind IN ('draw', 'pay', 'return')", name="kind"),
        CheckConstraint(f"fen BETWEEN 1 AND {MOST_FEN}", name="fen"),
    )
