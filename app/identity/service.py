"""Writes about people: who signs in, for how long, and with which roles."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.identity import ending, names, passwords, queries, recall, tokens
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
    Step,
    WechatBinding,
)  # fmt: skip
from app.identity.schemas import PersonEdit, PersonOut, TokensOut
from app.identity.tokens import TokenKeys
from app.kit import actions, clock
from app.kit.faults import constraints
from app.kit.ids import READABLE, new_id
from app.kit.seal import Seal

REPORTER_SESSION = timedelta(days=30)
STAFF_SESSION = timedelta(hours=12)
# A client that never saw the answer of its refresh may ask again this long.
LOST_ANSWER = timedelta(seconds=30)


def sign_in_with_wechat(
    tx: Session, keys: TokenKeys, seal: Seal, appid: str, openid: str, unionid: str | None
) -> TokensOut:
    """Signs a WeChat user in; the first time makes a person. Raises CredentialsWrong (disabled).

    Staff who bound their WeChat are in for as long as by password, and need no code of their own:
    having the phone is what a code shows.
    """
    person = queries.find_by_wechat(tx, appid, openid)
    if person is None:
        person = _meet(tx, seal, appid, openid, unionid)
    if person.state != "active":
        raise CredentialsWrong
    life = STAFF_SESSION if queries.is_staff(tx, person.id) else REPORTER_SESSION
    return _open(tx, keys, person.id, life)


def _meet(tx: Session, seal: Seal, appid: str, openid: str, unionid: str | None) -> Person:
    """Makes the person behind a WeChat user who is here for the first time."""
    try:
        with tx.begin_nested():
            person = add_person(tx, names.NEWCOMER, Occupation.OTHER)
            user = {"appid": appid, "openid": openid, "unionid": unionid}
            tx.add(WechatBinding(**user, person_id=person.id, created_at=clock.now()))
            recall.go_on(tx, seal, appid, openid, person.id)
    except IntegrityError:
        # Two first sign-ins at once: the other one has just made this person.
        met = queries.find_by_wechat(tx, appid, openid)
        if met is None:
            raise
        return met
    return person


def sign_in_with_password(
    tx: Session, keys: TokenKeys, person_id: UUID, step: Step | None = None
) -> TokensOut:
    """Signs in the staff member whose password was verified; `step` is all they may do first.

    Raises CredentialsWrong (disabled).
    """
    if queries.get_person(tx, person_id).state != "active":
        raise CredentialsWrong
    return _open(tx, keys, person_id, STAFF_SESSION, step)


def _open(
    tx: Session, keys: TokenKeys, person_id: UUID, life: timedelta, step: Step | None = None
) -> TokensOut:
    now = clock.now()
    session = SignIn(
        id=new_id(), person_id=person_id, created_at=now, expires_at=now + life, step=step
    )
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
    step = None if session.step is None else Step(session.step)
    return TokensOut(
        access_token=access, expires_in=life, refresh_token=refresh, person=person, step=step
    )


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
        raise SessionEnded(keep=lambda kept: ending.end(kept, session.id, "refresh_reuse"))
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


def edit_me(tx: Session, person_id: UUID, edit: PersonEdit) -> PersonOut:
    person = queries.get_person(tx, person_id)
    if edit.name != person.name:
        names.renamed(tx, person)
    person.name, person.employer = edit.name, edit.employer
    person.occupation = edit.occupation
    tx.flush()
    return queries.person_out(tx, person_id)


def add_person(tx: Session, name: str, occupation: Occupation) -> Person:
    """A new person with a member number of eight readable characters."""
    person = Person(
        id=new_id(), member_no=free_member_no(tx), name=name, occupation=occupation,
        state="active", created_at=clock.now(),
    )  # fmt: skip
    tx.add(person)
    tx.flush()
    return person


def free_member_no(tx: Session) -> str:
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
    hashed = passwords.hash_password(password)
    return add_account(tx, None, username, hashed, name, development=development)


def add_account(
    tx: Session, by: UUID | None, username: str, hashed: str, name: str, **columns: Any
) -> Person:
    """As `add_staff`, with a password hashed before and more columns. Raises UsernameTaken."""
    person = add_person(tx, name, Occupation.STAFF)
    actions.record(tx, by, "staff.added", "person", person.id)
    values = {"development": False, "created_at": clock.now(), **columns}
    with constraints({"username": UsernameTaken}):
        tx.add(StaffAccount(person_id=person.id, username=username, password_hash=hashed, **values))
        tx.flush()
    return person


def grant(tx: Session, by: UUID | None, person_id: UUID, role: Role, region_code: str) -> UUID:
    """Gives a role for a region's subtree, and notes who did."""
    given = Grant(
        id=new_id(), person_id=person_id, role=role, region_code=region_code, granted_by=by,
        granted_at=clock.now(),
    )  # fmt: skip
    tx.add(given)
    actions.record(tx, by, "role.granted", "person", person_id, role=role, region=region_code)
    return given.id


def add_client(
    tx: Session,
    client_id: str,
    name: str,
    scopes: Sequence[str],
    region: str,
    development_secret: str | None = None,
    *,
    by: UUID | None = None,
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
    actions.record(tx, by, "client.added", "client", client_id, scopes=list(scopes))
    return secret
