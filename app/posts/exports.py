"""What stands in the tables of posts, in the words of a file that the import reads again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.identity.models import Person, StaffAccount
from app.kit import clock, drafts
from app.posts import files
from app.posts.files import TABLES, Kind
from app.posts.models import Appointment, DutyShift, Leave, Net, Post, Unit
from app.posts.queries import lasting
from app.posts.schemas import AppointmentDraft
from app.regions import queries as regions


def current(tx: Session, kind: Kind) -> dict[str, dict[str, Any]]:
    """Every object of a kind as cells, by the key of its row."""
    return CURRENT[kind](tx)


def rows(tx: Session, kind: Kind) -> Iterator[dict[str, Any]]:
    """The rows of a file; `files.TABLES` has the columns.

    Appointments and leaves that are over are left out: they cannot be made again.
    """
    match kind:
        case "appointments":
            yield from _appointment_rows(tx)
        case "shifts":
            yield from _shift_rows(tx)
        case "leaves":
            yield from _leave_rows(tx)
        case _:
            yield from ({"code": code} | cells for code, cells in current(tx, kind).items())


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
    return select(Appointment).where(lasting()).order_by(Appointment.id)


def finder(tx: Session) -> files.Finder:
    """Who is meant by a user name or, without one, by a member number; None for nobody."""
    names = {account.username: account.person_id for account in tx.scalars(select(StaffAccount))}

    def find(username: str, member_no: str) -> UUID | None:
        if username:
            return names.get(username)
        return tx.scalar(select(Person.id).where(Person.member_no == member_no))

    return find


def holding(tx: Session) -> files.Held:
    """The lasting appointments of a person to a post in a place, read once."""
    held: defaultdict[tuple[Any, ...], list[Appointment]] = defaultdict(list)
    for one in tx.scalars(_lasting()):
        held[one.person_id, one.post_code, one.region_code, one.grouping_code].append(one)
    return lambda *words: held[words]


def roster(shifts: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """The roster of an appointment in one cell; without shifts it is always on duty."""
    words = sorted("{weekday} {starts}-{ends}".format_map(shift) for shift in shifts)
    return {"shifts": ", ".join(words) or None}


def _coded(model: Any, kind: Kind) -> Callable[[Session], dict[str, Any]]:
    def read(tx: Session) -> dict[str, Any]:
        found = tx.scalars(select(model).order_by(model.code))
        return {row.code: _cells(kind, row) for row in found}

    return read


def _cells(kind: Kind, row: Any) -> dict[str, Any]:
    names = TABLES[kind].draft.model_fields
    # Not validated again: a rule that is younger than the row must not stop an export.
    return drafts.cells(TABLES[kind], {name: getattr(row, name) for name in names})


def _groupings(tx: Session) -> dict[str, Any]:
    return {row.code: _cells("groupings", row) for row in regions.groupings(tx)}


def _appointments(tx: Session) -> dict[str, Any]:
    return {
        files.appointment_key(one): _cells("appointments", one) for one in tx.scalars(_lasting())
    }


def _rosters(tx: Session) -> dict[str, Any]:
    shifts = _shifts(tx)
    return {files.appointment_key(one): roster(shifts[one.id]) for one in tx.scalars(_lasting())}


def _leaves(tx: Session) -> dict[str, Any]:
    # A stand-in's cells name them in two ways; which of them a file has is no difference.
    return {
        files.leave_key(one): _cells("leaves", one) | {"stand_in_id": one.stand_in_id}
        for one in tx.scalars(_standing())
    }


def _standing() -> Select[Leave]:
    """The leaves that last or are to come."""
    standing = select(Leave).where(Leave.cancelled_at.is_(None), Leave.ends_at > clock.now())
    return standing.order_by(Leave.id)


def _appointment_rows(tx: Session) -> Iterator[dict[str, Any]]:
    who = _people(tx, Appointment.person_id)
    for one in tx.scalars(_lasting()):
        yield _cells("appointments", one) | who[one.person_id]


def _shift_rows(tx: Session) -> Iterator[dict[str, Any]]:
    """A row a shift, and one without hours for an appointment that is always on duty."""
    who, shifts = _people(tx, Appointment.person_id), _shifts(tx)
    for one in tx.scalars(_lasting()):
        place = {name: getattr(one, name) for name in ("post_code", *files.PLACE, "starts_on")}
        for hours in shifts[one.id] or [{}]:
            yield who[one.person_id] | place | hours


def _leave_rows(tx: Session) -> Iterator[dict[str, Any]]:
    who = _people(tx, Leave.person_id, Leave.stand_in_id)
    for one in tx.scalars(_standing()):
        stand_in = who.get(one.stand_in_id, {})
        yield who[one.person_id] | {
            "stand_in_username": stand_in.get("username"),
            "stand_in_member_no": stand_in.get("member_no"),
            "starts_at": one.starts_at.astimezone(clock.SHANGHAI).isoformat(),
            "ends_at": one.ends_at.astimezone(clock.SHANGHAI).isoformat(),
            "note": one.note,
        }


def _shifts(tx: Session) -> defaultdict[UUID, list[dict[str, Any]]]:
    hours = (DutyShift.weekday, DutyShift.starts, DutyShift.ends)
    found: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(select(DutyShift.appointment_id, *hours).distinct().order_by(*hours)):
        shift = {"weekday": row.weekday, "starts": row.starts, "ends": row.ends}
        found[row.appointment_id].append(shift)
    return found


def _people(tx: Session, *columns: Any) -> dict[Any, dict[str, Any]]:
    """Who stands in these columns, as a row names them."""
    query = select(Person.id, Person.member_no, Person.name, StaffAccount.username)
    named = or_(*(Person.id.in_(select(column)) for column in columns))
    found = tx.execute(query.outerjoin(StaffAccount).where(named))
    return {
        row.id: {"username": row.username, "member_no": row.member_no, "name": row.name}
        for row in found
    }


CURRENT: dict[Kind, Callable[[Session], dict[str, Any]]] = {
    "nets": _coded(Net, "nets"),
    "units": _coded(Unit, "units"),
    "posts": _coded(Post, "posts"),
    "groupings": _groupings,
    "appointments": _appointments,
    "shifts": _rosters,
    "leaves": _leaves,
}
