"""Sign-ins that end before their time: their access tokens are refused at the next request."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.identity.models import SignIn
from app.kit import clock


def end(tx: Session, sign_in_id: UUID, why: str) -> None:
    """Ends one session."""
    living = update(SignIn).where(SignIn.id == sign_in_id, SignIn.revoked_at.is_(None))
    tx.execute(living.values(revoked_at=clock.now(), revoked_why=why))


def end_all(tx: Session, person_id: UUID, why: str, *, but: UUID | None = None) -> None:
    """Ends every session of a person, or every other one than `but`."""
    living = update(SignIn).where(SignIn.person_id == person_id, SignIn.revoked_at.is_(None))
    if but is not None:
        living = living.where(SignIn.id != but)
    tx.execute(living.values(revoked_at=clock.now(), revoked_why=why))
