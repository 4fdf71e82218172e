"""Tables of consents, of looks at personal data, and of the copies that people asked for."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Str
from app.kit.db import Base


class Consent(Base):
    """A word for or against a version of the policy; the last one of a person counts."""

    __tablename__ = "consents"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    version: Mapped[CodeStr]
    given: Mapped[Flag]
    at: Mapped[At]

    __table_args__ = (Index("ix_consents_person", "person_id", "at"),)


class Look(Base):
    """Somebody in office looked at what is otherwise hidden of a person, and said why."""

    __tablename__ = "looks"

    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[At]
    actor_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    # The role and the region that allowed it, as they were held then.
    role: Mapped[CodeStr]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[CodeStr]
    object_id: Mapped[Id]
    reason: Mapped[Str]

    __table_args__ = (
        CheckConstraint("kind IN ('reporter', 'phone', 'real_name', 'original')", name="kind"),
        Index("ix_looks_person", "person_id", "at", "id"),
        Index("ix_looks_region", "region_code", "at", "id"),
    )


class DataExport(Base):
    """A copy of everything about a person, for that person, for a week."""

    __tablename__ = "data_exports"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    state: Mapped[CodeStr]
    bytes: Mapped[Int | None]
    asked_at: Mapped[At]
    ready_at: Mapped[At | None]
    expires_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'ready', 'expired')", name="state"),
        CheckConstraint("(state = 'waiting') = (ready_at IS NULL)", name="ready"),
        Index("ix_data_exports_person", "person_id", "asked_at"),
    )
