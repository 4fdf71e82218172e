"""Bringing a file of nets, units, posts, groupings, appointments, rosters or leaves in."""

from collections.abc import Callable
from itertools import groupby

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import drafts
from app.kit.drafts import Line, Lines, Loading
from app.kit.sheets import Sheet
from app.posts import appointments, exports, files, groupings, leaves, service
from app.posts.errors import DaysWrong, UnitUnknown
from app.posts.files import TABLES, Kind
from app.posts.models import Appointment, Unit
from app.posts.schemas import AppointmentDraft, AppointmentEnd, ShiftDraft

# Columns that an import may change in an appointment; the others make it another one.
REPLACED = ("unit_code", "phone")


def load(tx: Session, actor: Actor, kind: Kind, sheet: Sheet) -> Loading:
    """Adds and changes what the rows say, by the same services that administrators use.

    As `drafts.load`; an appointment's roster is replaced whole by its rows.
    """
    known = exports.current(tx, kind)
    blame = drafts.blaming(TABLES[kind])
    lines = _lines(tx, kind, sheet)
    return drafts.load(tx, lines, known, lambda line: WRITERS[kind](tx, actor, line), blame)


def _lines(tx: Session, kind: Kind, sheet: Sheet) -> Lines:
    match kind:
        case "appointments":
            return drafts.read(TABLES[kind], sheet, files.appointed(exports.finder(tx)))
        case "shifts":
            meaning = files.rostered(exports.finder(tx), exports.holding(tx))
            return _rosters(drafts.read(TABLES[kind], sheet, meaning))
        case "leaves":
            return _leaves(drafts.read(TABLES[kind], sheet, files.absent(exports.finder(tx))))
        case _:
            return drafts.read(TABLES[kind], sheet)


def _rosters(lines: Lines) -> Lines:
    """One line an appointment, with all its shifts; where the first of them stood."""
    good, findings = [], list(lines.findings)
    ordered = sorted(lines.good, key=lambda line: (line.of.id, line.number))
    for _, group in groupby(ordered, key=lambda line: line.of.id):
        of_it = list(group)
        first, shifts = of_it[0], [line.cells for line in of_it if line.draft.weekday]
        if shifts and len(shifts) < len(of_it):
            blank = next(line.number for line in of_it if not line.draft.weekday)
            findings.append(drafts.at(blank, ALONE))
        key = files.appointment_key(first.of)
        made = [ShiftDraft(**shift) for shift in shifts]
        good.append(Line(first.number, key, first.of, made, exports.roster(shifts)))
    return Lines(sorted(good), findings)


def _leaves(lines: Lines) -> Lines:
    """Each by its instant, in whatever zone the row wrote it, and with who stands in."""
    good = [
        line._replace(
            key=files.leave_key(line.draft),
            cells={**line.cells, "stand_in_id": line.draft.stand_in_id},
        )
        for line in lines.good
    ]
    return Lines(good, lines.findings)


ALONE = "weekday: 全天在岗的行须单独 a row without hours is the only one of its appointment"


def _put_net(tx: Session, actor: Actor, line: Line) -> None:
    service.put_net(tx, actor, line.key, line.draft)


def _put_unit(tx: Session, actor: Actor, line: Line) -> None:
    service.put_unit(tx, actor, line.key, line.draft)


def _put_post(tx: Session, actor: Actor, line: Line) -> None:
    service.put_post(tx, actor, line.key, line.draft)


def _put_grouping(tx: Session, actor: Actor, line: Line) -> None:
    groupings.put(tx, actor, line.key, line.draft)


def _appoint(tx: Session, actor: Actor, line: Line) -> None:
    draft: AppointmentDraft = line.draft
    known = exports.find_lasting(tx, draft)
    if known is None:
        appointments.appoint(tx, actor, draft)
    else:
        _replace(tx, actor, known, draft)


def _replace(tx: Session, actor: Actor, appointment: Appointment, draft: AppointmentDraft) -> None:
    if draft.unit_code is not None and tx.get(Unit, draft.unit_code) is None:
        raise UnitUnknown
    for name in REPLACED:
        setattr(appointment, name, getattr(draft, name))
    tx.flush()
    if draft.ends_on == appointment.ends_on:
        return
    if draft.ends_on is None:
        # An end that was set is known to people; a new appointment says more than silence.
        raise DaysWrong
    appointments.end(tx, actor, appointment.id, AppointmentEnd(ends_on=draft.ends_on))


def _put_shifts(tx: Session, actor: Actor, line: Line) -> None:
    appointments.put_shifts(tx, actor, line.of.id, line.draft)


def _take(tx: Session, actor: Actor, line: Line) -> None:
    # One that differs from a leave of that instant overlaps it: leaves are cancelled, not changed.
    leaves.take(tx, actor, line.draft)


WRITERS: dict[Kind, Callable[[Session, Actor, Line], None]] = {
    "nets": _put_net, "units": _put_unit, "posts": _put_post, "groupings": _put_grouping,
    "appointments": _appoint, "shifts": _put_shifts, "leaves": _take,
}  # fmt: skip
