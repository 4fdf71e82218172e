"""What stands in the tables of posts, in the words of a file that the import reads again."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.identity.models import Person, StaffAccount
from app.kit import clock
from app.kit.schema import Draft
from app.posts import files
from app.posts.files import Kind
from app.posts.models import Appointment, Net, Post, Unit
from app.posts.schemas import AppointmentDraft, NetDraft, PostDraft, UnitDraft
from app.regions import queries as regions
from app.regions.schemas import GroupingDraft

# Photographs are no part of a file.
NOT_IN_FILES = frozenset({"photo_id"})


def current(tx: Session, kind: Kind) -> dict[str, Any]:
    """Every object of a kind as a draft, by the key of its row."""
    return CURRENT[kind](tx)


def rows(tx: Session, kind: Kind) -> Iterator[dict[str, Any]]:
    """The rows of a file; `files.TABLES` has the columns.

    Appointments that are over are left out: they cannot be made again.
    """
    who = _people(tx) if kind == "appointments" else {}
    for key, draft in current(tx, kind).items():
        row = files.cells(key, draft)
        yield row | who.get(row.get("person_id"), {})


def find_lasting(tx: Session, draft: AppointmentDraft) -> Appointment | None:
    """The appointment, in force or to come, that a row means."""
    return tx.scalar(
        _lasting().where(
            Appointment.person_id == draft.person_id, Appointment.post_code == draft.post_code,
            Appointment.region_code.is_not_distinct_from(draft.region_code),
            Appointment.grouping_code.is_not_distinct_from(draft.grouping_code),
            Appointment.starts_on == draft.starts_on,
        )
    )  # fmt: skip


def _lasting() -> Select[Appointment]:
    today = clock.business_day(clock.now()).isoformat()
    query = select(Appointment).where(
        Appointment.ended_at.is_(None),
        or_(Appointment.ends_on.is_(None), Appointment.ends_on >= today),
    )
    return query.order_by(Appointment.id)


def finder(tx: Session) -> Callable[[str, str], UUID | None]:
    """Who is meant by a user name or, without one, by a member number; None for nobody."""
    names = {account.username: account.person_id for account in tx.scalars(select(StaffAccount))}

    def find(username: str, member_no: str) -> UUID | None:
        if username:
            return names.get(username)
        return tx.scalar(select(Person.id).where(Person.member_no == member_no))

    return find


def _draft_of(appointment: Appointment) -> AppointmentDraft:
    fields = AppointmentDraft.model_fields.keys() - NOT_IN_FILES
    # Not validated again: a rule that is younger than the row must not stop an export.
    return AppointmentDraft.model_construct(**{n: getattr(appointment, n) for n in fields})


def _coded(model: Any, draft: type[Draft]) -> Callable[[Session], dict[str, Any]]:
    def read(tx: Session) -> dict[str, Any]:
        found = tx.scalars(select(model).order_by(model.code))
        names = draft.model_fields
        return {
            row.code: draft.model_construct(**{name: getattr(row, name) for name in names})
            for row in found
        }

    return read


def _groupings(tx: Session) -> dict[str, Any]:
    return {
        row.code: GroupingDraft.model_construct(**row.model_dump(exclude={"code"}))
        for row in regions.groupings(tx)
    }


def _appointments(tx: Session) -> dict[str, Any]:
    drafts = [_draft_of(appointment) for appointment in tx.scalars(_lasting())]
    return {files.appointment_key(draft): draft for draft in drafts}


def _people(tx: Session) -> dict[Any, dict[str, Any]]:
    query = select(Person.id, Person.member_no, Person.name, StaffAccount.username)
    appointed = select(Appointment.person_id)
    found = tx.execute(query.outerjoin(StaffAccount).where(Person.id.in_(appointed)))
    return {
        row.id: {"username": row.username, "member_no": row.member_no, "name": row.name}
        for row in found
    }


CURRENT: dict[Kind, Callable[[Session], dict[str, Any]]] = {
    "nets": _coded(Net, NetDraft),
    "units": _coded(Unit, UnitDraft),
    "posts": _coded(Post, PostDraft),
    "groupings": _groupings,
    "appointments": _appointments,
}
