"""Which clock starts, stops and pauses with which move; deadlines are frozen when a clock starts.

接办 accept runs until somebody is sent, 临时防护 made_safe and 处置 handle from there (not from the
signature), 核查 check from the resolution. Hours are counted as the category says, but made_safe
counts them all. Standards: GB/T 30428; for a missing cover, Chongqing's rule of 2023: guarded at
once, repaired within 24 hours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import queries as calendars
from app.calendars.worktime import Calendar
from app.cases.models import Case
from app.categories import queries as categories
from app.categories.queries import Terms
from app.clocks import service as clocks
from app.clocks.queries import live, nearest
from app.regions.queries import root_of

ACCEPT_HOURS, CHECK_HOURS = 4, 24
# How long an overdue clock waits before the next level is told, in the clock's own mode.
ESCALATE_HOURS, ESCALATE_HOURS_HAZARD = 8, 1


@dataclass(frozen=True)
class Watch:
    """The clocks of one case, and the calendar and terms that they go by."""

    tx: Session
    case: Case
    calendar: Calendar
    terms: Terms | None

    def start(self, kind: str, hours: int) -> datetime:
        """Starts a clock for these hours, in the mode of the terms, and gives its deadline."""
        working = self.terms is not None and self.terms.clock == "working"
        # What must be made safe does not wait for Monday.
        mode = "working" if working and kind != "made_safe" else "continuous"
        return clocks.start(
            self.tx, self.case.id, kind, calendar=self.calendar, hours=hours, mode=mode,
            round=self.case.round, rule=self.rule,
        )  # fmt: skip

    def stop(self, *kinds: str) -> None:
        for kind in kinds:
            clocks.stop(self.tx, self.case.id, kind)

    def drop(self, *kinds: str) -> None:
        clocks.drop(self.tx, self.case.id, kinds)

    def pause(self) -> None:
        clocks.pause(self.tx, self.case.id, ("handle",), self.calendar)

    def resume(self) -> None:
        clocks.resume(self.tx, self.case.id, ("handle",), self.calendar)

    @property
    def rule(self) -> dict[str, Any]:
        """What is frozen with every clock."""
        step = ESCALATE_HOURS_HAZARD if self.case.hazard else ESCALATE_HOURS
        if self.terms is None:
            return {"escalate_hours": step}
        return {
            "category": self.terms.category_code, "version": self.terms.version,
            "most_returns": self.terms.most_returns, "escalate_hours": step,
        }  # fmt: skip


def open_clock(tx: Session, case: Case, district: str, terms: Terms | None) -> None:
    """Starts the accept clock of a new case; without a known category in four hours' time."""
    _accept(Watch(tx, case, calendars.calendar_of(tx, district), terms))
    _near(tx, case)


def turn(tx: Session, case: Case, path: str, move: str) -> None:
    """Turns the clocks of a case as a move asks; the caller saves the case."""
    turning = _TURNS.get(move)
    if turning is None:
        return
    district = root_of(path)
    terms = categories.last_terms(tx, case.category_code, district) if case.category_code else None
    turning(Watch(tx, case, calendars.calendar_of(tx, district), terms))
    _refresh(tx, case)


def extend(tx: Session, case: Case, path: str, hours: int) -> None:
    """延期: gives the handling clock more hours in its own mode; the caller saves the case."""
    calendar = calendars.calendar_of(tx, root_of(path))
    case.handle_due_at = clocks.extend(tx, case.id, "handle", hours, calendar)
    _near(tx, case)


def _accept(at: Watch) -> None:
    hours = at.terms.accept_hours if at.terms else ACCEPT_HOURS
    at.case.accept_due_at = at.start("accept", hours)


def _send(at: Watch) -> None:
    at.stop("accept")
    at.case.round += 1
    case, terms = at.case, at.terms
    # A case that was handed up brings its clock along: going up a level wins no time.
    if terms is None or any(row.kind == "handle" for row in live(at.tx, case.id)):
        return
    if terms.safe_hours and case.made_safe_at is None:
        case.safe_due_at = at.start("made_safe", terms.safe_hours)
    case.handle_due_at = at.start("handle", terms.due_hours)
    case.clock_rule = {
        **at.rule, "due_hours": terms.due_hours, "mode": terms.clock,
        "calendar": at.calendar.version,
    }  # fmt: skip


def _take_back(at: Watch) -> None:
    at.drop("made_safe", "handle")
    at.case.safe_due_at = at.case.handle_due_at = None
    # Filed again, it must not lie there: somebody has to be sent.
    _accept(at)


def _sought_anew(at: Watch) -> None:
    # What was late stays late one level up, and with whoever gets it next.
    if not any(row.kind == "accept" for row in live(at.tx, at.case.id)):
        _accept(at)


def _resolved(at: Watch) -> None:
    at.stop("made_safe")
    at.pause()
    at.case.check_due_at = at.start("check", at.terms.check_hours if at.terms else CHECK_HOURS)


def _rework(at: Watch) -> None:
    at.drop("check")
    at.resume()


def _end(at: Watch) -> None:
    # Rejected, withdrawn, merged: nothing is owed any more.
    at.drop("accept", "made_safe", "handle", "check")


_TURNS: dict[str, Callable[[Watch], None]] = {
    "dispatch": _send, "reopen": _send, "return": _take_back, "escalate": _sought_anew,
    "recall": _sought_anew, "uphold": _accept, "unmerge": _accept,
    "make_safe": lambda at: at.stop("made_safe"), "resolve": _resolved, "rework": _rework,
    "suspend": Watch.pause, "resume": Watch.resume, "review": Watch.resume,
    "close": lambda at: at.stop("check", "handle"), "reject": _end, "withdraw": _end, "merge": _end,
}  # fmt: skip


def _refresh(tx: Session, case: Case) -> None:
    """Writes onto the case what its clocks say now: the handling deadline and the nearest one."""
    running = [row for row in live(tx, case.id) if row.state == "running"]
    for row in running:
        if row.kind == "handle":
            case.handle_due_at = row.due_at
    first = min(running, key=lambda row: (row.due_at, row.warn_at), default=None)
    case.due_at = first.due_at if first else None
    case.warn_at = first.warn_at if first else None


def _near(tx: Session, case: Case) -> None:
    case.due_at, case.warn_at = nearest(tx, case.id)
