"""Bringing a file of nets, units, posts, groupings or appointments into the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor, Held
from app.identity.models import Role
from app.kit import actions
from app.kit.errors import AppError
from app.kit.sheets import Sheet
from app.posts import appointments, exports, files, groupings, service
from app.posts.errors import DaysWrong, UnitUnknown
from app.posts.files import Kind, Line
from app.posts.models import Appointment, Unit
from app.posts.schemas import AppointmentDraft, AppointmentEnd
from app.regions import queries as regions

# Columns that an import may change in an appointment; the others make it another one.
REPLACED = ("unit_code", "phone")


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one object; `fields` has old and new of what differs."""

    line: int
    key: str
    kind: Literal["added", "changed", "unchanged"]
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loading:
    """What was done, and why some of it could not be: with any finding, do not commit."""

    changes: list[Change]
    findings: list[str]


def load(tx: Session, kind: Kind, sheet: Sheet) -> Loading:
    """Adds and changes what the rows say, by the same services that administrators use.

    Objects that the file leaves out stay as they are. Never raises for what the file holds; the
    caller rolls back for a finding, or to see only what would happen.
    """
    lines = files.read(kind, sheet, exports.finder(tx))
    known = exports.current(tx, kind)
    changes = [_change(known.get(line.key), line) for line in lines.good]
    findings = list(lines.findings)
    actor = operator(tx)
    for change, line in zip(changes, lines.good, strict=True):
        if change.kind == "unchanged":
            continue
        try:
            # What is refused leaves no trace, so that the next row is judged alone.
            with tx.begin_nested():
                WRITERS[kind](tx, actor, line)
        except AppError as error:
            title = type(error).title
            findings.append(f"第 {line.number} 行 line {line.number}: {title.zh} {title.en}")
    done = sum(change.kind != "unchanged" for change in changes)
    actions.record(tx, None, f"{kind}.imported", kind, "all", rows=len(changes), changed=done)
    return Loading(changes, findings)


def operator(tx: Session) -> Actor:
    """Whoever sits at the shell: administrator of every district, and nobody's person."""
    held = tuple(
        Held(Role.ADMINISTRATOR, regions.get_region(tx, code).path) for code in regions.roots(tx)
    )
    # Every column that takes the actor's person is nullable for this; a file has no photographs,
    # the one thing that must belong to a person.
    nobody = cast("UUID", None)
    return Actor(nobody, nobody, "", held)


def _change(old: Any, line: Line) -> Change:
    new = line.draft.model_dump(exclude=exports.NOT_IN_FILES)
    if old is None:
        return Change(line.number, line.key, "added")
    before = old.model_dump(exclude=exports.NOT_IN_FILES)
    fields = {name: (before[name], new[name]) for name in new if before[name] != new[name]}
    return Change(line.number, line.key, "changed" if fields else "unchanged", fields)


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


WRITERS: dict[Kind, Callable[[Session, Actor, Line], None]] = {
    "nets": _put_net, "units": _put_unit, "posts": _put_post, "groupings": _put_grouping,
    "appointments": _appoint,
}  # fmt: skip
