"""Reads about people and what they may do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.identity.errors import PersonNotFound
from app.identity.models import (
    ApiClient,
    FormerPassword,
    Grant,
    Occupation,
    Person,
    Phone,
    RealName,
    RefreshToken,
    SignIn,
    StaffAccount,
    TotpKey,
    WechatBinding,
)  # fmt: skip
from app.identity.schemas import GrantOut, PersonOut
from app.kit import clock
from app.kit.columns import IdType, InstantType
from app.kit.db import core
from app.regions.models import Region


def held_at(at: Any) -> ColumnElement[bool]:
    """Whether a role is held at an instant. Its end counts by itself, whoever writes it down."""
    return or_(Grant.revoked_at.is_(None), Grant.revoked_at > at)


_NOW = bindparam("now", type_=InstantType())
# Built once: every signed-in request runs it. One row for each role held, one at least.
_WHO = (
    select(Person.id, Person.member_no, SignIn.step, Grant.role, Region.path)
    .join(SignIn, SignIn.person_id == Person.id)
    .outerjoin(Grant, and_(Grant.person_id == Person.id, held_at(_NOW)))
    .outerjoin(Region, Region.code == Grant.region_code)
    .where(
        SignIn.id == bindparam("sign_in", type_=IdType()),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > _NOW,
        Person.state == "active",
    )
)


def who(
    tx: Session, sign_in: UUID, now: datetime
) -> Sequence[Row[UUID, str, str | None, str, str]]:
    """The person of a living session, with a row for each role and its region's path."""
    return core(tx).execute(_WHO, {"sign_in": sign_in, "now": now}).all()


def get_person(tx: Session, person_id: UUID) -> Person:
    """Raises PersonNotFound."""
    person = tx.get(Person, person_id)
    if person is None:
        raise PersonNotFound
    return person


def person_out(tx: Session, person_id: UUID) -> PersonOut:
    """A person as they see themselves. Raises PersonNotFound."""
    person = get_person(tx, person_id)
    held = select(Grant.role, Grant.region_code).where(
        Grant.person_id == person_id, held_at(clock.now())
    )
    grants = [GrantOut.model_validate(row) for row in tx.execute(held.order_by(Grant.granted_at))]
    return PersonOut(
        id=person.id, member_no=person.member_no, name=person.name,
        occupation=Occupation(person.occupation), employer=person.employer,
        phone=tx.scalar(select(Phone.masked).where(Phone.person_id == person_id)),
        real_name=tx.scalar(select(RealName.masked).where(RealName.person_id == person_id)),
        created_at=person.created_at, grants=grants,
    )  # fmt: skip


def find_by_wechat(tx: Session, appid: str, openid: str) -> Person | None:
    binding = tx.get(WechatBinding, (appid, openid))
    return tx.get(Person, binding.person_id) if binding else None


def find_by_member_no(tx: Session, member_no: str) -> Person | None:
    query = select(Person).where(Person.member_no == member_no, Person.state == "active")
    return tx.scalar(query)


def find_account(tx: Session, username: str) -> StaffAccount | None:
    return tx.scalar(select(StaffAccount).where(StaffAccount.username == username))


def is_staff(tx: Session, person_id: UUID) -> bool:
    """Whether a person has a staff account, or a role right now."""
    account = exists().where(StaffAccount.person_id == person_id)
    role = exists().where(Grant.person_id == person_id, held_at(clock.now()))
    return bool(tx.scalar(select(or_(account, role))))


def ties(tx: Session, person_id: UUID) -> list[str]:
    """The paths of the regions to which a person's account belongs, or where they hold a role."""
    held = select(Grant.region_code).where(Grant.person_id == person_id, held_at(clock.now()))
    kept = select(StaffAccount.region_code).where(StaffAccount.person_id == person_id)
    tied = or_(Region.code.in_(held), Region.code.in_(kept))
    return list(tx.scalars(select(Region.path).where(tied)))


def find_totp(tx: Session, person_id: UUID) -> TotpKey | None:
    """The key of a person's one-time codes, once it was confirmed."""
    query = select(TotpKey).where(TotpKey.person_id == person_id, TotpKey.confirmed_at.is_not(None))
    return tx.scalar(query)


def former_passwords(tx: Session, person_id: UUID) -> list[FormerPassword]:
    """The passwords that are used no more and still remembered, the last one first."""
    query = select(FormerPassword).where(FormerPassword.person_id == person_id)
    return list(tx.scalars(query.order_by(FormerPassword.ended_at.desc())))


DEVELOPMENT = "development"


def has_development_accounts(tx: Session) -> bool:
    """Whether someone could sign in here with what every reader of this code knows."""
    known = (
        select(StaffAccount.person_id).where(StaffAccount.development),
        select(ApiClient.id).where(ApiClient.development),
        select(WechatBinding.person_id).where(WechatBinding.appid == DEVELOPMENT),
    )
    return any(tx.execute(query.limit(1)).first() for query in known)


def has_people(tx: Session) -> bool:
    return tx.execute(select(Person.id).limit(1)).first() is not None


def find_client(tx: Session, client_id: str) -> ApiClient | None:
    return tx.get(ApiClient, client_id)


def find_refresh(tx: Session, token_hash: str) -> RefreshToken | None:
    query = select(RefreshToken).where(RefreshToken.token_hash == token_hash)
    return tx.scalar(query.with_for_update())


def names(tx: Session, people: set[UUID]) -> dict[UUID, str]:
    """Display names of staff, for histories."""
    rows: Any = tx.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    return dict(rows.all())


def nearest_holding(tx: Session, path: str, roles: Iterable[str]) -> tuple[int, list[UUID]]:
    """The level of the nearest region on a path in which active people hold one of the roles, and
    these people; -1 and nobody where there is none."""
    query = (
        select(Person.id, Region.level)
        .join(Grant, Grant.person_id == Person.id)
        .join(Region, Region.code == Grant.region_code)
        .where(
            Grant.role.in_(roles), held_at(clock.now()), Person.state == "active",
            Region.code.in_(path.strip("/").split("/")),
        )
    )  # fmt: skip
    rows = tx.execute(query).all()
    nearest: int = max((row.level for row in rows), default=-1)
    return nearest, sorted({row.id for row in rows if row.level == nearest})


def holding(tx: Session, path: str, roles: Iterable[str]) -> list[UUID]:
    """The active people who hold one of the roles over the region with this path, by their ids."""
    query = (
        select(Person.id)
        .join(Grant, Grant.person_id == Person.id)
        .where(
            Grant.role.in_(roles), held_at(clock.now()), Person.state == "active",
            # Every region above it is named in the path.
            Grant.region_code.in_(path.strip("/").split("/")),
        )
    )  # fmt: skip
    return sorted(set(tx.scalars(query)))
