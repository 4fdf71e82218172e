"""Tables of households, who was asked to join, and who belongs to them since when."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Str
from app.kit.db import Base

_ASKED = text("state = 'asked'")
_BELONGS = text("left_at IS NULL")


class Household(Base):
    """One shared purse. `split` says what a member who leaves takes along.

    `earned`: what is left of the lots that they earned. `equal`: an equal share of what is left.
    """

    __tablename__ = "households"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Str]
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    split: Mapped[CodeStr]
    head_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    state: Mapped[CodeStr]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("split IN ('earned', 'equal')", name="split"),
        CheckConstraint("state IN ('active', 'dissolved')", name="state"),
    )


class HouseholdMember(Base):
    """A stay in a household; nobody is in two at once."""

    __tablename__ = "household_members"

    id: Mapped[Id] = mapped_column(primary_key=True)
    household_id: Mapped[Id] = mapped_column(ForeignKey("households.id"), index=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    joined_at: Mapped[At]
    left_at: Mapped[At | None]

    __table_args__ = (
        Index(
            "uq_household_members_one", "person_id", unique=True,
            sqlite_where=_BELONGS, postgresql_where=_BELONGS,
        ),
    )  # fmt: skip


class HouseholdInvitation(Base):
    """The head asks, the person consents or not; only then are points shared."""

    __tablename__ = "household_invitations"

    id: Mapped[Id] = mapped_column(primary_key=True)
    household_id: Mapped[Id] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    asked_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    state: Mapped[CodeStr]
    created_at: Mapped[At]
    decided_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('asked', 'accepted', 'declined', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("asked_by <> person_id", name="two_persons"),
        Index(
            "uq_household_invitations_open", "household_id", "person_id", unique=True,
            sqlite_where=_ASKED, postgresql_where=_ASKED,
        ),
    )  # fmt: skip
