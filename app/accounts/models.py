"""Tables of invitations to bind WeChat, and of roles that somebody gave themselves in need."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Str
from app.kit.db import Base


class StaffInvitation(Base):
    """A code by which a staff member binds the WeChat user that they sign in as; good once."""

    __tablename__ = "staff_invitations"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    code_hash: Mapped[CodeStr] = mapped_column(unique=True)
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    expires_at: Mapped[At]
    used_at: Mapped[At | None]


class BrokenGlass(Base):
    """Why somebody gave themselves a role for some hours; the grant says who, what and until when.

    The staff action log has the same and cannot be changed.
    """

    __tablename__ = "broken_glass"

    grant_id: Mapped[Id] = mapped_column(ForeignKey("grants.id"), primary_key=True)
    reason: Mapped[Str]
