"""Reads of staff accounts, sessions, roles, broken glass and clients, and who sees which."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.errors import (
    AdministeredElsewhere,
    ClientNotFound,
    GrantNotFound,
    RegionForbidden,
    SelfAdministration,
    StaffNotFound,
)  # fmt: skip
from app.accounts.models import BrokenGlass
from app.accounts.schemas import ClientOut, GlassOut, RoleOut, SessionOut, StaffOut
from app.identity.access import Actor
from app.identity.models import (
    ApiClient,
    Grant,
    Person,
    RefreshToken,
    Role,
    SignIn,
    StaffAccount,
    TotpKey,
    WechatBinding,
)  # fmt: skip
from app.identity.queries import held_at, ties
from app.identity.schemas import GrantOut
from app.kit import clock
from app.kit.page import Page, cut, page
from app.regions.errors import RegionUnknown
from app.regions.models import Region
from app.regions.queries import spans, under_any

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
# Who looks at what others may do.
WATCHERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


def region_of(tx: Session, actor: Actor, code: str) -> Region:
    """A region that the actor administers. Raises RegionUnknown, RegionForbidden."""
    region = tx.get(Region, code)
    if region is None:
        raise RegionUnknown
    if not actor.holds(ADMINISTRATORS, region.path):
        raise RegionForbidden
    return region


def _inside(column: Any, count: int) -> ColumnElement[bool]:
    """Whether a region's code lies in one of the subtrees that `spans` gives."""
    condition: ColumnElement[bool] = column.in_(
        select(Region.code).where(under_any(Region.path, count))
    )
    return condition


def _visible(count: int) -> ColumnElement[bool]:
    """THE rule for staff: administrators see who belongs, or holds a role, in their regions."""
    works = exists().where(
        Grant.person_id == Person.id, held_at(clock.now()), _inside(Grant.region_code, count)
    )
    return or_(_inside(StaffAccount.region_code, count), works) & (Person.state != "deleted")


_STAFF = select(Person, StaffAccount).join(StaffAccount, StaffAccount.person_id == Person.id)


def staff(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[StaffOut]:
    """A page of the staff accounts of the actor's regions, the newest first."""
    paths = actor.paths(ADMINISTRATORS)
    found = cut(
        tx, _STAFF.where(_visible(len(paths))), (Person.created_at, Person.id), limit=limit,
        cursor=cursor, filters=(actor.person_id,), given=spans(paths),
    )  # fmt: skip
    people = [(row.Person, row.StaffAccount) for row in found.rows]
    return Page(items=_staff_out(tx, people), next_cursor=found.next_cursor)


def get_staff(tx: Session, actor: Actor, person_id: UUID) -> StaffAccount:
    """The account of somebody whom the actor sees. Raises StaffNotFound."""
    paths = actor.paths(ADMINISTRATORS)
    query = _STAFF.where(Person.id == person_id, _visible(len(paths)))
    row = tx.execute(query, spans(paths)).first()
    if row is None:
        raise StaffNotFound
    return row.StaffAccount  # type: ignore[no-any-return]


def administered(tx: Session, actor: Actor, person_id: UUID) -> StaffAccount:
    """The account of somebody whom the actor administers, the person locked.

    Raises StaffNotFound, SelfAdministration, AdministeredElsewhere (they belong, or hold a role,
    outside the actor's regions: whoever could set their password would have that role).
    """
    # Locked first, so that no role is given while we look at those there are.
    tx.get(Person, person_id, with_for_update={"key_share": True})
    account = get_staff(tx, actor, person_id)
    if person_id == actor.person_id:
        raise SelfAdministration
    if not all(actor.holds(ADMINISTRATORS, path) for path in ties(tx, person_id)):
        raise AdministeredElsewhere
    return account


def staff_out(tx: Session, account: StaffAccount) -> StaffOut:
    return _staff_out(tx, [(tx.get_one(Person, account.person_id), account)])[0]


def _staff_out(tx: Session, people: Sequence[tuple[Person, StaffAccount]]) -> list[StaffOut]:
    ids = [person.id for person, _ in people]
    grants: dict[UUID, list[GrantOut]] = {one: [] for one in ids}
    held = select(Grant).where(Grant.person_id.in_(ids), held_at(clock.now()))
    for grant in tx.scalars(held.order_by(Grant.granted_at, Grant.id)):
        grants[grant.person_id].append(GrantOut.model_validate(grant))
    confirmed = TotpKey.person_id.in_(ids), TotpKey.confirmed_at.is_not(None)
    coded = set(tx.scalars(select(TotpKey.person_id).where(*confirmed)))
    bound = set(tx.scalars(select(WechatBinding.person_id).where(WechatBinding.person_id.in_(ids))))
    return [
        StaffOut(
            id=person.id, member_no=person.member_no, name=person.name, username=account.username,
            region_code=account.region_code, state=person.state, created_at=account.created_at,
            password_set_at=account.password_set_at, one_time_until=account.one_time_until,
            totp=person.id in coded, wechat=person.id in bound, grants=grants[person.id],
        )
        for person, account in people
    ]  # fmt: skip


def sessions(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[SessionOut]:
    """A page of the actor's own living sessions, the newest first."""
    refreshed = (
        select(func.coalesce(func.max(RefreshToken.created_at), SignIn.created_at))
        .where(RefreshToken.sign_in_id == SignIn.id)
        .scalar_subquery()
    )
    query = select(
        SignIn.id, SignIn.created_at, SignIn.expires_at, SignIn.step,
        refreshed.label("refreshed_at"),
        (SignIn.id == actor.sign_in_id).label("current"),
    ).where(
        SignIn.person_id == actor.person_id, SignIn.revoked_at.is_(None),
        SignIn.expires_at > clock.now(),
    )  # fmt: skip
    shown = tuple(SessionOut.model_fields)
    return page(
        tx, query, (SignIn.created_at, SignIn.id), limit=limit, cursor=cursor,
        filters=(actor.person_id,),
        build=lambda row: SessionOut(**{name: getattr(row, name) for name in shown}),
    )  # fmt: skip


_ROLES = select(
    Grant.id, Grant.person_id, Person.name, Grant.role, Grant.region_code, Grant.granted_by,
    Grant.granted_at, Grant.revoked_at.label("ends_at"), Grant.appointment_id,
).join(Person, Person.id == Grant.person_id)  # fmt: skip


def roles(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[RoleOut]:
    """A page of the roles held in the actor's regions, whoever gave them, the newest first."""
    paths = actor.paths(WATCHERS)
    query = _ROLES.where(held_at(clock.now()), _inside(Grant.region_code, len(paths)))
    return page(
        tx, query, (Grant.granted_at, Grant.id), build=_role_out, limit=limit, cursor=cursor,
        filters=(actor.person_id,), given=spans(paths),
    )  # fmt: skip


def role_out(tx: Session, grant_id: UUID) -> RoleOut:
    return _role_out(tx.execute(_ROLES.where(Grant.id == grant_id)).one())


def _role_out(row: Any) -> RoleOut:
    return RoleOut(**{name: getattr(row, name) for name in RoleOut.model_fields})


def get_grant(tx: Session, actor: Actor, grant_id: UUID) -> Grant:
    """A grant in the actor's regions, locked, ended ones too. Raises GrantNotFound."""
    paths = actor.paths(ADMINISTRATORS)
    query = select(Grant).where(Grant.id == grant_id, _inside(Grant.region_code, len(paths)))
    grant = tx.scalar(query.with_for_update(), spans(paths))
    if grant is None:
        raise GrantNotFound
    return grant


_GLASS = (
    select(
        Grant.id, Grant.person_id, Person.name, Grant.role, Grant.region_code, BrokenGlass.reason,
        Grant.granted_at.label("broken_at"), Grant.revoked_at.label("ends_at"),
    )
    .join(BrokenGlass, BrokenGlass.grant_id == Grant.id)
    .join(Person, Person.id == Grant.person_id)
)  # fmt: skip


def glass(tx: Session, actor: Actor, limit: int, cursor: str | None) -> Page[GlassOut]:
    """A page of the broken glass in the actor's regions, past ones too, the newest first."""
    paths = actor.paths(WATCHERS)
    return page(
        tx, _GLASS.where(_inside(Grant.region_code, len(paths))), (Grant.granted_at, Grant.id),
        build=_glass_out, limit=limit, cursor=cursor, filters=(actor.person_id,),
        given=spans(paths),
    )  # fmt: skip


def glass_out(tx: Session, grant_id: UUID) -> GlassOut:
    return _glass_out(tx.execute(_GLASS.where(Grant.id == grant_id)).one())


def _glass_out(row: Any) -> GlassOut:
    return GlassOut(**{name: getattr(row, name) for name in GlassOut.model_fields})


def clients(tx: Session, actor: Actor) -> list[ClientOut]:
    """The API clients of the actor's regions, by id."""
    paths = actor.paths(ADMINISTRATORS)
    query = select(ApiClient).where(_inside(ApiClient.region_code, len(paths)))
    return [client_out(one) for one in tx.scalars(query.order_by(ApiClient.id), spans(paths))]


def get_client(tx: Session, actor: Actor, client_id: str) -> ApiClient:
    """A client of the actor's regions, locked. Raises ClientNotFound."""
    paths = actor.paths(ADMINISTRATORS)
    query = select(ApiClient).where(
        ApiClient.id == client_id, _inside(ApiClient.region_code, len(paths))
    )
    client = tx.scalar(query.with_for_update(key_share=True), spans(paths))
    if client is None:
        raise ClientNotFound
    return client


def client_out(client: ApiClient) -> ClientOut:
    """A client without its secrets."""
    still = client.old_until is not None and client.old_until > clock.now()
    return ClientOut(
        id=client.id, name=client.name, scopes=client.scopes, region_code=client.region_code,
        state=client.state, created_at=client.created_at,
        old_secret_until=client.old_until if still else None,
    )  # fmt: skip
