"""Writes about people: who signs in, for how long, and with which roles."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.identity import passwords, queries, tokens
from app.identity.errors import CredentialsWrong, SessionEnded, UsernameTaken
from app.identity.models import (
    ApiClient,
    Grant,
    Occupation,
    Person,
    RefreshToken,
    Role,
    SignIn,
    StaffAccount,
    WechatBinding,
)  # fmt: skip
from app.identity.schemas import ClientTokenOut, PersonEdit, PersonOut, TokensOut
from app.identity.tokens import TokenKeys
from app.kit import actions, clock
from app.kit.faults import constraints
from app.kit.ids import READABLE, new_id

REPORTER_SESSION = timedelta(days=30)
STAFF_SESSION = timedelta(hours=12)
# A client that never saw the answer of its refresh may ask again this long.
LOST_ANSWER = timedelta(seconds=30)


def sign_in_with_wechat(
    tx: Session, keys: TokenKeys, appid: str, openid: str, unionid: str | None
) -> TokensOut:
    """Signs a WeChat user in; the first time makes a person. Raises CredentialsWrong (disabled)."""
    person = queries.find_by_wechat(tx, appid, openid)
    if person is None:
        person = _meet(tx, appid, openid, unionid)
    if person.state != "active":
        raise CredentialsWrong
    return _open(tx, keys, person.id, REPORTER_SESSION)


def _meet(tx: Session, appid: str, openid: str, unionid: str | None) -> Person:
    """Makes the person behind a WeChat user who is here for the first time."""
    try:
        with tx.begin_nested():
            person = add_person(tx, "微信用户", Occupation.OTHER)
            tx.add(
                WechatBinding(
                    appid=appid, openid=openid, unionid=unionid, person_id=person.id,
                    created_at=clock.now(),
                )
            )  # fmt: skip
    except IntegrityError:
        # Two first sign-ins at once: the other one has just made this person.
        met = queries.find_by_wechat(tx, appid, openid)
        if met is None:
            raise
        return met
    return person


def sign_in_with_password(tx: Session, keys: TokenKeys, person_id: UUID) -> TokensOut:
    """Signs in the staff member whose password was verified. Raises CredentialsWrong (disabled)."""
    if queries.get_person(tx, person_id).state != "active":
        raise CredentialsWrong
    return _open(tx, keys, person_id, STAFF_SESSION)


def _open(tx: Session, keys: TokenKeys, person_id: UUID, life: timedelta) -> TokensOut:
    now = clock.now()
    session = SignIn(id=new_id(), person_id=person_id, created_at=now, expires_at=now + life)
    tx.add(session)
    tx.flush()
    refresh = _add_refresh(tx, session.id)
    return _tokens(tx, keys, session, refresh)


def _add_refresh(tx: Session, sign_in_id: UUID) -> str:
    secret = tokens.new_secret()
    tx.add(
        RefreshToken(
            token_hash=tokens.digest(secret), sign_in_id=sign_in_id, created_at=clock.now()
        )
    )
    tx.flush()
    return secret


def _tokens(tx: Session, keys: TokenKeys, session: SignIn, refresh: str) -> TokensOut:
    access = keys.issue(str(session.person_id), sid=str(session.id))
    person = queries.person_out(tx, session.person_id)
    life = int(tokens.LIFE.total_seconds())
    return TokensOut(access_token=access, expires_in=life, refresh_token=refresh, person=person)


def refresh(tx: Session, keys: TokenKeys, secret: str) -> TokensOut:
    """Trades a refresh token for its successor. Raises SessionEnded.

    A token that was used before is a sign of theft: the whole family ends. Only the client whose
    answer was lost may repeat itself, for 30 seconds and while the successor is unused.
    """
    token = queries.find_refresh(tx, tokens.digest(secret))
    if token is None:
        raise SessionEnded
    session = tx.get_one(SignIn, token.sign_in_id)
    person = queries.get_person(tx, session.person_id)
    if session.revoked_at or session.expires_at <= clock.now() or person.state != "active":
        raise SessionEnded
    if token.used_at is not None and not _answer_was_lost(tx, token):
        raise SessionEnded(keep=lambda kept: end(kept, session.id, "refresh_reuse"))
    successor = _add_refresh(tx, session.id)
    token.used_at = token.used_at or clock.now()
    token.successor = tokens.digest(successor)
    return _tokens(tx, keys, session, successor)


def _answer_was_lost(tx: Session, token: RefreshToken) -> bool:
    if token.used_at is None or token.used_at + LOST_ANSWER < clock.now():
        return False
    # The successor that nobody received must not work beside the new one; if somebody is just
    # using it, the answer was not lost.
    unused = update(RefreshToken).where(
        RefreshToken.token_hash == token.successor, RefreshToken.used_at.is_(None)
    )
    dead = unused.values(used_at=RefreshToken.created_at)
    return bool(tx.execute(dead, execution_options={"synchronize_session": False}).rowcount)  # type: ignore[attr-defined]


def end(tx: Session, sign_in_id: UUID, why: str) -> None:
    """Ends a session: its access tokens are refused at the next request."""
    living = update(SignIn).where(SignIn.id == sign_in_id, SignIn.revoked_at.is_(None))
    tx.execute(living.values(revoked_at=clock.now(), revoked_why=why))


def sign_in_client(
    tx: Session, keys: TokenKeys, client_id: str, secret: str, wanted: str | None
) -> ClientTokenOut:
    """OAuth2 client credentials (RFC 6749, 4.4). Raises CredentialsWrong."""
    client = queries.find_client(tx, client_id)
    known = client.secret_hash if client is not None else tokens.digest("")
    if not secrets.compare_digest(known, tokens.digest(secret)) or client is None:
        raise CredentialsWrong
    scopes = [s for s in client.scopes if wanted is None or s in wanted.split()]
    if client.state != "active" or not scopes:
        raise CredentialsWrong
    access = keys.issue(f"client:{client.id}", scope=" ".join(scopes))
    life = int(tokens.LIFE.total_seconds())
    return ClientTokenOut(access_token=access, expires_in=life, scope=" ".join(scopes))


def edit_me(tx: Session, person_id: UUID, edit: PersonEdit) -> PersonOut:
    person = queries.get_person(tx, person_id)
    person.name, person.employer = edit.name, edit.employer
    person.occupation = edit.occupation
    tx.flush()
    return queries.person_out(tx, person_id)


def add_person(tx: Session, name: str, occupation: Occupation) -> Person:
    """A new person with a member number of eight readable characters."""
    person = Person(
        id=new_id(), member_no=_free_member_no(tx), name=name, occupation=occupation,
        state="active", created_at=clock.now(),
    )  # fmt: skip
    tx.add(person)
    tx.flush()
    return person


def _free_member_no(tx: Session) -> str:
    # 30^8 numbers: at thirty million people one draw in twenty thousand is taken, so look first;
    # the UNIQUE constraint has the last word.
    while True:
        number = "".join(secrets.choice(READABLE) for _ in range(8))
        taken = select(func.count()).select_from(Person).where(Person.member_no == number)
        if not tx.scalar(taken):
            return number


def add_staff(
    tx: Session, username: str, password: str, name: str, *, development: bool = False
) -> Person:
    """A staff member who signs in by password. Raises UsernameTaken."""
    person = add_person(tx, name, Occupation.STAFF)
    hashed = passwords.hash_password(password)
    actions.record(tx, None, "staff.added", "person", person.id)
    with constraints({"username": UsernameTaken}):
        tx.add(
            StaffAccount(
                person_id=person.id, username=username, password_hash=hashed,
                development=development, created_at=clock.now(),
            )
        )  # fmt: skip
        tx.flush()
    return person


def grant(tx: Session, by: UUID | None, person_id: UUID, role: Role, region_code: str) -> None:
    """Gives a role for a region's subtree, and notes who did."""
    tx.add(
        Grant(
            id=new_id(), person_id=person_id, role=role, region_code=region_code,
            granted_by=by, granted_at=clock.now(),
        )
    )  # fmt: skip
    actions.record(tx, by, "role.granted", "person", person_id, role=role, region=region_code)


def add_client(
    tx: Session,
    client_id: str,
    name: str,
    scopes: Sequence[str],
    region: str,
    development_secret: str | None = None,
) -> str:
    """A new API client; its secret is made here, returned once, and kept hashed."""
    secret = development_secret or tokens.new_secret()
    tx.add(
        ApiClient(
            id=client_id, name=name, secret_hash=tokens.digest(secret), scopes=list(scopes),
            region_code=region, state="active",
            development=development_secret is not None, created_at=clock.now(),
        )
    )  # fmt: skip
    actions.record(tx, None, "client.added", "client", client_id, scopes=list(scopes))
    return secret
