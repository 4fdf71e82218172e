"""Tables of seals and published notices; rows are never changed."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json
from app.kit.db import Base


class Seal(Base):
    """One journal in the chain. `leaf` hashes its canonical bytes, `chain` the leaf and what was.

    Positions count from 1 without a gap, in the order of sealing, not of the journals' ids.
    """

    __tablename__ = "seals"

    position: Mapped[Int] = mapped_column(primary_key=True, autoincrement=False)
    journal_id: Mapped[Id] = mapped_column(ForeignKey("journals.id"), unique=True)
    leaf: Mapped[CodeStr]
    chain: Mapped[CodeStr]
    sealed_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("length(leaf) = 64 AND length(chain) = 64", name="hashes"),
    )


class Notice(Base):
    """A published period: one hash over the Merkle tree of its seals and what stood before (公示).

    `first_position` to `last_position` follow those of the notice before without a gap.
    """

    __tablename__ = "notices"

    id: Mapped[Id] = mapped_column(primary_key=True)
    period: Mapped[CodeStr] = mapped_column(unique=True)
    first_position: Mapped[Int] = mapped_column(unique=True)
    last_position: Mapped[Int] = mapped_column(unique=True)
    root: Mapped[CodeStr]
    chain: Mapped[CodeStr]
    # Points that were earned and goods' points handed out in it, for people to read.
    earned: Mapped[Int]
    redeemed: Mapped[Int]
    members: Mapped[Int]
    # Roots of every 1,024 leaves, so that a proof reads one such block and not the whole month.
    blocks: Mapped[Json]
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("first_position", "last_position"),
        CheckConstraint("first_position <= last_position", name="positions"),
        CheckConstraint("length(root) = 64 AND length(chain) = 64", name="hashes"),
    )


class NoticeEntry(Base):
    """What a notice says of one member or household; shown with a masked name."""

    __tablename__ = "notice_entries"

    id: Mapped[Id] = mapped_column(primary_key=True)
    notice_id: Mapped[Id] = mapped_column(ForeignKey("notices.id"))
    account_id: Mapped[Id] = mapped_column(ForeignKey("accounts.id"))
    earned: Mapped[Int]
    redeemed: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("notice_id", "account_id"),
        Index("ix_notice_entries_page", "notice_id", "created_at", "id"),
    )
