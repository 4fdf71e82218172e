"""Looks at what is hidden of a person: by a named role, for a reason, written down first."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseReport
from app.identity import real_names
from app.identity.access import Actor
from app.identity.errors import PersonNotFound, PhoneUnknown, RealNameUnknown
from app.identity.models import Occupation, Person, Phone, RealName, Role
from app.kit import actions, clock
from app.kit.db import insert_row
from app.kit.errors import AppError
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.media.errors import PhotoNotFound
from app.media.models import Photo
from app.privacy.errors import LookForbidden, ReporterAnonymous
from app.privacy.models import Look
from app.privacy.schemas import LookKind, ReporterList, ReporterOut
from app.regions.models import Region
from app.reports.models import Report, ReportPhoto

LOOKERS = (Role.DISPATCHER, Role.AUDITOR, Role.ADMINISTRATOR)
CALLERS = (Role.DISPATCHER, Role.ADMINISTRATOR)
Kept = Literal["phone", "real_name"]
UNKNOWN: dict[Kept, type[AppError]] = {"phone": PhoneUnknown, "real_name": RealNameUnknown}


def reporters(tx: Session, seal: Seal, actor: Actor, case_id: UUID, reason: str) -> ReporterList:
    """Who reported a case, phones and real names masked; of an anonymous report nothing is told.

    Raises CaseNotFound, LookForbidden, ReporterAnonymous (all of them are).
    """
    rows, path = _behind(tx, actor, case_id)
    named = {row.Person.id: row.Person for row in rows if not row.anonymous}.values()
    # Each of them reads the reason, and none learns there who the others are.
    for person in named:
        reason = real_names.unnamed(tx, seal, reason, person)
    for person in named:
        _note(tx, seal, actor, LOOKERS, path, person, ("reporter", case_id), reason)
    return _list(case_id, rows)


def reporters_again(tx: Session, actor: Actor, case_id: UUID) -> ReporterList:
    """As `reporters`, for an answer that is given again: those whom the actor looked at before,
    with the phones and names of then; whoever joined since takes another look."""
    rows, _ = _behind(tx, actor, case_id)
    seen = _looked(tx, actor, ("reporter", case_id), [row.Person.id for row in rows])
    told = [row for row in rows if row.anonymous or row.Person.id in seen]
    return _list(case_id, told, seen)


def _looked(
    tx: Session, actor: Actor, what: tuple[LookKind, UUID], people: Collection[UUID]
) -> dict[UUID, datetime]:
    """When the actor looked at these people last."""
    kind, object_id = what
    mine = select(Look.person_id, func.max(Look.at)).where(
        Look.person_id.in_(people), Look.actor_id == actor.person_id, Look.kind == kind,
        Look.object_id == object_id,
    )  # fmt: skip
    rows: Any = tx.execute(mine.group_by(Look.person_id)).all()
    return dict(rows)


def _behind(tx: Session, actor: Actor, case_id: UUID) -> tuple[Sequence[Any], str]:
    at = cases.get_case(tx, actor, case_id)
    query = (
        select(Report.id, Report.anonymous, Person, Phone, RealName)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .join(Person, Person.id == Report.person_id)
        .outerjoin(Phone, Phone.person_id == Person.id)
        .outerjoin(RealName, RealName.person_id == Person.id)
        .where(CaseReport.case_id == case_id)
        .order_by(Report.created_at, Report.id)
    )
    rows = tx.execute(query).all()
    if not actor.holds(LOOKERS, at.path):
        raise LookForbidden
    if all(row.anonymous for row in rows):
        raise ReporterAnonymous
    return rows, at.path


def _list(
    case_id: UUID, rows: Sequence[Any], seen: Mapping[UUID, datetime] | None = None
) -> ReporterList:
    shown = [_reporter_out(row, seen) for row in rows]
    return ReporterList(case_id=case_id, items=shown)


def _reporter_out(row: Any, seen: Mapping[UUID, datetime] | None) -> ReporterOut:
    if row.anonymous:
        return ReporterOut(report_id=row.id, anonymous=True)
    person: Person = row.Person
    then = seen[person.id] if seen else None
    return ReporterOut(
        report_id=row.id, anonymous=False, person_id=person.id, name=person.name,
        member_no=person.member_no, occupation=Occupation(person.occupation),
        employer=person.employer, phone=_masked(row.Phone, then),
        real_name=_masked(row.RealName, then),
    )  # fmt: skip


def _masked(kept: Phone | RealName | None, then: datetime | None) -> str | None:
    """What is shown of a phone or a real name; of one that is newer than the look, nothing."""
    if kept is None or (then and kept.bound_at > then):
        return None
    return kept.masked


def whole(tx: Session, seal: Seal, actor: Actor, person_id: UUID, kind: Kept, reason: str) -> str:
    """The whole number or real name of somebody who reported, under their name, where the actor is
    in charge.

    Raises PersonNotFound, PhoneUnknown, RealNameUnknown.
    """
    path, kept = _path_of(tx, actor, person_id), _kept(tx, person_id, kind)
    person = tx.get_one(Person, person_id)
    _note(tx, seal, actor, CALLERS, path, person, (kind, person_id), reason)
    return seal.open(kept.sealed)


def whole_again(tx: Session, seal: Seal, actor: Actor, person_id: UUID, kind: Kept) -> str:
    """As `whole`, for an answer that is given again: what was looked at.

    Raises PhoneUnknown, RealNameUnknown also for what is newer; it takes another look.
    """
    _path_of(tx, actor, person_id)
    kept = _kept(tx, person_id, kind)
    if kept.bound_at > _looked(tx, actor, (kind, person_id), [person_id])[person_id]:
        raise UNKNOWN[kind]
    return seal.open(kept.sealed)


def _kept(tx: Session, person_id: UUID, kind: Kept) -> Phone | RealName:
    kept = tx.get(Phone, person_id) if kind == "phone" else tx.get(RealName, person_id)
    if kept is None:
        raise UNKNOWN[kind]
    return kept


def _path_of(tx: Session, actor: Actor, person_id: UUID) -> str:
    query = (
        select(Region.path)
        .join(Case, Case.region_code == Region.code)
        .join(CaseReport, CaseReport.case_id == Case.id)
        .join(Report, Report.id == CaseReport.report_id)
        .where(Report.person_id == person_id, ~Report.anonymous)
        .distinct()
    )
    for path in tx.scalars(query):
        if actor.holds(CALLERS, path):
            return path
    raise PersonNotFound


def original(tx: Session, seal: Seal, actor: Actor, photo_id: UUID, reason: str) -> None:
    """Notes that the sealed original of a case's photo is fetched.

    Raises PhotoNotFound, ReporterAnonymous (what a camera wrote into it may name its owner).
    """
    path, photo = may_fetch(tx, actor, photo_id)
    person = tx.get_one(Person, photo.owner_id)
    _note(tx, seal, actor, LOOKERS, path, person, ("original", photo_id), reason)


def may_fetch(tx: Session, actor: Actor, photo_id: UUID) -> tuple[str, Photo]:
    """The path of the photo's case, and the photo; raises as `original`."""
    photo = tx.get(Photo, photo_id)
    reported = (
        select(CaseReport.case_id, Report.anonymous)
        .join(ReportPhoto, ReportPhoto.report_id == CaseReport.report_id)
        .join(Report, Report.id == CaseReport.report_id)
        .where(ReportPhoto.photo_id == photo_id)
    )
    moved = (
        select(CaseMove.case_id, Report.anonymous)
        .join(CaseMovePhoto, CaseMovePhoto.move_id == CaseMove.id)
        .outerjoin(Report, Report.id.is_(None))
        .where(CaseMovePhoto.photo_id == photo_id)
    )
    behind = union(reported, moved).subquery()
    query = (
        select(Region.path, behind.c.anonymous)
        .join(Case, Case.region_code == Region.code)
        .join(behind, behind.c.case_id == Case.id)
    )
    for row in tx.execute(query):
        if photo is not None and actor.holds(LOOKERS, row.path):
            if row.anonymous:
                raise ReporterAnonymous
            return row.path, photo
    raise PhotoNotFound


def _note(
    tx: Session, seal: Seal, actor: Actor, roles: Collection[str], path: str, person: Person,
    what: tuple[LookKind, UUID], reason: str,
) -> None:  # fmt: skip
    """The look's row, in the transaction that gives the answer."""
    held = next(h for h in actor.held if h.role in roles and path.startswith(h.path))
    region, look_id = path.strip("/").rpartition("/")[2], new_id()
    kind, object_id = what
    # The log outlives the person, so it holds no name of theirs.
    told = real_names.unnamed(tx, seal, reason, person)
    insert_row(
        tx, Look, id=look_id, at=clock.now(), actor_id=actor.person_id, role=held.role,
        region_code=region, person_id=person.id, kind=kind, object_id=object_id, reason=told,
    )  # fmt: skip
    actions.record(tx, actor.person_id, f"{kind}.looked_at", "look", look_id, region=region)
