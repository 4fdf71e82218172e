"""What staff show or do before their session is a whole one: a code, another password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.identity import codes, passwords, queries
from app.identity.errors import CodeRequired, CodeWrong, CredentialsWrong, SignInTooOften
from app.identity.models import FormerPassword, SignIn, StaffAccount, Step, TotpKey
from app.identity.passwords import Profile
from app.kit import attempts, clock
from app.kit.seal import Seal, SealBroken

# Whoever gets this far knows the password, so counting by person locks no stranger's victim out.
MOST_CODES = 10


@dataclass(frozen=True)
class StaffRules:
    """What this deployment asks of its staff."""

    totp: Literal["optional", "required"]
    passwords: Profile


def admit(
    tx: Session,
    seal: Seal,
    rules: StaffRules,
    person_id: UUID,
    verified: str,
    code: str | None,
) -> Step | None:
    """Takes the code of somebody whose password was right, and says what is to be done first.

    `verified` is the hash that it fitted. Raises CredentialsWrong (disabled, the one-time password
    is over, or another password was set meanwhile), CodeRequired, CodeWrong, SignInTooOften.
    """
    # Locked: whoever sets another password next finds this session, and ends it.
    account = tx.get_one(StaffAccount, person_id, with_for_update=True)
    over = account.one_time_until is not None and account.one_time_until <= clock.now()
    if over or account.password_hash != verified:
        raise CredentialsWrong
    if queries.get_person(tx, person_id).state != "active":
        raise CredentialsWrong
    key = queries.find_totp(tx, person_id)
    if key is not None:
        _take(tx, seal, key, code)
    return remaining(tx, rules, person_id)


def _take(tx: Session, seal: Seal, key: TotpKey, code: str | None) -> None:
    if code is None:
        raise CodeRequired
    subject = f"code:{key.person_id}"
    if attempts.add(tx, subject) > MOST_CODES:
        raise SignInTooOften(headers=attempts.retry_after(MOST_CODES))
    if not use(tx, seal, key, code):
        raise CodeWrong(keep=lambda kept: attempts.add(kept, subject))


def use(tx: Session, seal: Seal, key: TotpKey, code: str) -> bool:
    """Whether the code is right and none of its time was taken before; takes it (RFC 6238, 5.2)."""
    try:
        step = codes.step_of(seal.open(key.secret), code, clock.now())
    except SealBroken:
        # The service's key was lost: an administrator resets the codes.
        return False
    if step is None:
        return False
    # One statement, so that of two who come with the same code one is refused.
    newer = update(TotpKey).where(TotpKey.person_id == key.person_id, TotpKey.last_step < step)
    return bool(tx.execute(newer.values(last_step=step)).rowcount)  # type: ignore[attr-defined]


def remaining(tx: Session, rules: StaffRules, person_id: UUID) -> Step | None:
    """What a staff member must do before anything else, or None."""
    account = tx.get_one(StaffAccount, person_id)
    set_at = account.password_set_at or account.created_at
    stale = passwords.is_stale(rules.passwords, set_at, clock.now())
    if account.one_time_until is not None or stale:
        return Step.PASSWORD
    if rules.totp == "required" and queries.find_totp(tx, person_id) is None:
        return Step.TOTP
    return None


def set_password(
    tx: Session, account: StaffAccount, hashed: str, one_time_until: datetime | None = None
) -> None:
    """Gives an account another password; its owner's last ones are remembered."""
    now = clock.now()
    if account.one_time_until is None:
        tx.add(
            FormerPassword(
                person_id=account.person_id, ended_at=now, password_hash=account.password_hash
            )
        )
    account.password_hash, account.password_set_at = hashed, now
    account.one_time_until = one_time_until
    tx.flush()
    # The one in use is the first of those remembered.
    for old in queries.former_passwords(tx, account.person_id)[passwords.REMEMBERED - 1 :]:
        tx.delete(old)
    tx.flush()


def go_on(tx: Session, rules: StaffRules, sign_in_id: UUID) -> Step | None:
    """After a step was done: a session that waited for it goes on to the next, or is whole."""
    session = tx.get_one(SignIn, sign_in_id)
    if session.step is not None:
        session.step = remaining(tx, rules, session.person_id)
    tx.flush()
    return None if session.step is None else Step(session.step)
