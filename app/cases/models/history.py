"""Tables of what happened to a case: its moves, and the chained history (办理记录)."""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.cases.models.states import STATUSES, among
from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base


class CaseMove(Base):
    """One move, as it happened; rows are never changed. `actor_id` None is the service itself."""

    __tablename__ = "case_moves"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[Int]
    move: Mapped[CodeStr]
    from_status: Mapped[CodeStr | None]
    to_status: Mapped[CodeStr]
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    note: Mapped[Str | None]
    public_note: Mapped[Str | None]
    data: Mapped[Json]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        CheckConstraint(among("to_status", STATUSES), name="to_status"),
    )


class CaseMovePhoto(Base):
    """A photo that a move brought, such as the after-photo of a resolution."""

    __tablename__ = "case_move_photos"

    move_id: Mapped[Id] = mapped_column(ForeignKey("case_moves.id"), primary_key=True)
    position: Mapped[Int] = mapped_column(primary_key=True)
    photo_id: Mapped[Id] = mapped_column(ForeignKey("photos.id"))

    __table_args__ = (UniqueConstraint("photo_id"),)


class CaseEntry(Base):
    """One entry of a case's history (办理记录): append-only, each hash covers the one before."""

    __tablename__ = "case_entries"

    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    position: Mapped[Int] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    # What staff wrote for themselves, and what the reporter may read.
    note: Mapped[Str | None]
    public_note: Mapped[Str | None]
    data: Mapped[Json]
    created_at: Mapped[At]
    hash: Mapped[CodeStr]

    __table_args__ = (CheckConstraint("position >= 1 AND length(hash) = 64", name="position"),)
