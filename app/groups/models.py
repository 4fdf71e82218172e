"""Tables of groups, the grids they belong to, and what their robots have to say."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Str
from app.kit.db import Base


class Group(Base):
    """A residents' group with a WeCom robot; `sealed_key` is encrypted and never answered."""

    __tablename__ = "groups"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Str]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    members: Mapped[Int]
    sealed_key: Mapped[Str | None]
    active: Mapped[Flag]
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (CheckConstraint("members >= 0", name="members"),)


class GroupGrid(Base):
    """Groups and grids are many to many."""

    __tablename__ = "group_grids"

    group_id: Mapped[Id] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    region_code: Mapped[CodeStr] = mapped_column(
        ForeignKey("regions.code"), primary_key=True, index=True
    )


class GroupMessage(Base):
    """One thing that a group is told; several that wait together go out as one digest."""

    __tablename__ = "group_messages"

    id: Mapped[Id] = mapped_column(primary_key=True)
    group_id: Mapped[Id] = mapped_column(ForeignKey("groups.id"))
    kind: Mapped[CodeStr]
    subject: Mapped[CodeStr]
    text: Mapped[Str]
    state: Mapped[CodeStr]
    error: Mapped[Str | None]
    created_at: Mapped[At]
    sent_at: Mapped[At | None]

    __table_args__ = (
        UniqueConstraint("group_id", "kind", "subject"),
        CheckConstraint("kind IN ('case', 'notice')", name="kind"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        Index("ix_group_messages_state", "state", "group_id", "created_at"),
    )
