"""What staff do with their own account: another password, one-time codes, ending a session."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.errors import (
    AccountMissing,
    PasswordWrong,
    SessionNotFound,
    TotpMismatch,
    TotpSetUp,
)  # fmt: skip
from app.accounts.schemas import StepOut, TotpOut
from app.identity import codes, ending, passwords, queries, steps
from app.identity.access import Actor
from app.identity.errors import PasswordReused, SignInTooOften
from app.identity.models import SignIn, StaffAccount, TotpKey
from app.identity.passwords import Profile
from app.identity.steps import StaffRules
from app.kit import actions, attempts, clock
from app.kit.errors import AppError
from app.kit.seal import Seal

MOST_TRIES = 10


@dataclass(frozen=True)
class Known:
    """What is known of the password of a session's owner."""

    person_id: UUID
    username: str
    hashed: str
    former: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A change of password, weighed: the hashes of both, or why it is refused."""

    was: str
    becomes: str
    refusal: AppError | None = None


def known(tx: Session, sign_in_id: UUID) -> Known | None:
    """None for a session that has ended, or is not of staff with a password.

    Counts a try before anything is verified: how long that takes tells whether the old password was
    right, whatever is answered. Raises SignInTooOften after ten in five minutes, right or wrong, so
    that whoever found a session guesses no further.
    """
    owner = select(StaffAccount).join(SignIn, SignIn.person_id == StaffAccount.person_id)
    living = SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now()
    account = tx.scalar(owner.where(SignIn.id == sign_in_id, *living))
    if account is None:
        return None
    if attempts.add(tx, f"password:{account.person_id}") > MOST_TRIES:
        raise SignInTooOften(headers=attempts.retry_after(MOST_TRIES))
    former = tuple(one.password_hash for one in queries.former_passwords(tx, account.person_id))
    return Known(account.person_id, account.username, account.password_hash, former)


def weigh(known: Known, old: str, new: str, profile: Profile) -> Change:
    """Verifies and makes argon2 hashes, which is slow: in no transaction."""
    if not passwords.matches(known.hashed, old):
        return Change(known.hashed, "", PasswordWrong())
    try:
        if new == old:
            raise PasswordReused
        passwords.check(new, known.username, profile)
        passwords.refuse_former(known.former if profile == "dengbao" else (), new)
    except AppError as refusal:
        return Change(known.hashed, "", refusal)
    return Change(known.hashed, passwords.hash_password(new))


def change_password(tx: Session, actor: Actor, rules: StaffRules, change: Change | None) -> StepOut:
    """Takes the new password and ends all other sessions.

    Raises AccountMissing, PasswordWrong, PasswordWeak, PasswordReused.
    """
    if change is None:
        raise AccountMissing
    account = tx.get_one(StaffAccount, actor.person_id, with_for_update=True)
    if change.refusal is not None:
        raise change.refusal
    if account.password_hash != change.was:
        # Another change came first, in the moment since the old one was verified.
        raise PasswordWrong
    steps.set_password(tx, account, change.becomes)
    ending.end_all(tx, actor.person_id, "password_changed", but=actor.sign_in_id)
    actions.record(tx, actor.person_id, "password.changed", "person", actor.person_id)
    return StepOut(step=steps.go_on(tx, rules, actor.sign_in_id))


def set_up_codes(tx: Session, actor: Actor, seal: Seal) -> TotpOut:
    """A secret for the authenticator, told this once; it counts once a code confirms it.

    Raises AccountMissing, TotpSetUp.
    """
    account = _account(tx, actor)
    if queries.find_totp(tx, actor.person_id) is not None:
        raise TotpSetUp
    tx.execute(delete(TotpKey).where(TotpKey.person_id == actor.person_id))
    secret, now = codes.new_secret(), clock.now()
    tx.add(
        TotpKey(person_id=actor.person_id, secret=seal.seal(secret), created_at=now, last_step=0)
    )
    tx.flush()
    return TotpOut(created_at=now, secret=secret, uri=codes.uri(secret, account.username))


def replay_codes(_tx: Session, _actor: Actor, stored: str, **_held: object) -> TotpOut:
    """The first answer again, without the secret."""
    return TotpOut.model_validate_json(stored)


def confirm_codes(tx: Session, actor: Actor, seal: Seal, rules: StaffRules, code: str) -> StepOut:
    """Confirms the secret by a first code: from now on signing in by password needs one.

    Raises AccountMissing, TotpSetUp, TotpMismatch.
    """
    _account(tx, actor)
    key = tx.get(TotpKey, actor.person_id)
    if key is not None and key.confirmed_at is not None:
        raise TotpSetUp
    if key is None or not steps.use(tx, seal, key, code):
        raise TotpMismatch
    key.confirmed_at = clock.now()
    tx.flush()
    actions.record(tx, actor.person_id, "totp.confirmed", "person", actor.person_id)
    return StepOut(step=steps.go_on(tx, rules, actor.sign_in_id))


def _account(tx: Session, actor: Actor) -> StaffAccount:
    # Locked, so that two phones that set codes up at once take turns.
    account = tx.get(StaffAccount, actor.person_id, with_for_update=True)
    if account is None:
        raise AccountMissing
    return account


def revoke(tx: Session, actor: Actor, session_id: UUID) -> None:
    """Ends one of the actor's own sessions; again is no error. Raises SessionNotFound."""
    session = tx.get(SignIn, session_id)
    if session is None or session.person_id != actor.person_id:
        raise SessionNotFound
    ending.end(tx, session_id, "revoked")
