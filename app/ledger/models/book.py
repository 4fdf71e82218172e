"""The book: accounts, balances, journals and transfers, in points (PTS) and fen (CNY).

Integers only. A transfer debits one account and credits one, so every row balances by itself.
Sinks (issuer, redeemed, expired, world, reserved, payable) keep no balance row; members,
households and pool shards do, and the CHECKs there are the last word on overspending.
"""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int
from app.kit.db import Base

MOST_FEN = 10**14


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
            " 'cancel', 'expire', 'refund', 'pay_out', 'rebalance', 'repay', 'carry', 'give_back')",
            name="kind",
        ),
        CheckConstraint("approver_id <> actor_id", name="two_persons"),
        CheckConstraint(
            "kind NOT IN ('contribute', 'reverse', 'refund', 'pay_out', 'give_back')"
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
