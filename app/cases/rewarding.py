"""Points follow the case: held at filing, settled or taken back at its end.

Who reported or found it first is paid in the unit of the move. Co-reporters' shares, and what a
hazard (隐患) earns its first reporter beside, follow in jobs of their own: one unit that touched
several members' points would deadlock with its like. A job brings what one person has to what the
case is now, so it may come late, twice or out of order.

Which outcomes are paid, each rule says. What an unpaid closing took back is asked again when the
case is, once in each round; whoever left the case is not asked for again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import queries
from app.cases.models import Case, CaseMove
from app.cases.workflow import ENDED
from app.kit import outbox
from app.media.models import Verdict
from app.regions.queries import get_region
from app.rewards import queries as awards
from app.rewards import service as rewards
from app.rewards.models import Award
from app.rewards.rules import Spot

FIRST, JOINED, FOUND = "report.filed", "report.joined", "patrol.found"
HAZARD = "hazard.reported"
# What whoever made a case known is paid for, by where it came from.
EARNED = {"report": FIRST, "patrol": FOUND}
UNFILED = frozenset({"reported", "verifying"})
# Why an award was taken back that no reopening brings again.
PARTED = "parted"


def turn(tx: Session, case: Case, move: str, objection: timedelta) -> None:
    """Grants, settles, holds or takes back what a move asks for; `objection` is the window."""
    follows = move in {"file", "close", "reopen"} or case.status in ENDED
    behind = queries.reporters(tx, case.id) if follows else []
    if move == "file":
        _grant_first(tx, case, behind)
    else:
        event = EARNED.get(case.source)
        if event is not None:
            _turn(tx, case, event, move, objection, behind)
    for reporter in behind:
        share(tx, case, reporter.person_id)


def share(tx: Session, case: Case, person_id: UUID) -> None:
    """Has a reporter's share brought to what the case is after this unit."""
    outbox.enqueue(tx, "share.followed", case_id=case.id, person_id=person_id)


def follow(tx: Session, case_id: UUID, person_id: UUID, objection: timedelta) -> None:
    """Brings the share of one reporter to what the case is now."""
    case: Case = queries.by_id(tx, case_id).case
    reporters = queries.reporters(tx, case_id)
    behind: dict[UUID, datetime] = {}
    for row in _shown(reporters):
        behind.setdefault(row.person_id, row.created_at)
    # Until all that they sent has passed, it is as if the case were open.
    waits = person_id in _unchecked(reporters)
    if person_id in behind and _earns(case):
        _grant_share(tx, case, person_id, behind[person_id])
        if case.hazard and case.source == "report":
            _grant_hazard(tx, case, person_id, behind)
    gone = None if person_id in behind else PARTED
    _bring(tx, case, JOINED, person_id, gone, None if waits else objection)
    if case.source == "report":
        _bring(
            tx, case, HAZARD, person_id, gone or _no_hazard(case), None if waits else objection
        )  # fmt: skip


def judged(tx: Session, case_id: UUID, person_id: UUID, objection: timedelta) -> None:
    """What a reporter sent was judged: brings their points to what that means.

    Nothing that they sent stands any more: their points are taken back for good. All of it
    passed: what a closing left waiting is closed now.
    """
    case: Case = queries.by_id(tx, case_id).case
    reporters = queries.reporters(tx, case_id)
    if person_id not in {row.person_id for row in _shown(reporters)}:
        parted(tx, case, person_id)
        return
    share(tx, case, person_id)
    if case.status == "closed" and person_id not in _unchecked(reporters):
        rewards.close(
            tx, event=FIRST, source=case.number, after=objection, outcome=case.outcome,
            person_id=person_id,
        )  # fmt: skip


def _shown(reporters: Sequence[Any]) -> list[Any]:
    return [row for row in reporters if row.verdict != Verdict.HIDDEN]


def _unchecked(reporters: Sequence[Any]) -> set[UUID]:
    """Whose points wait for a verdict on what they sent."""
    return {row.person_id for row in _shown(reporters) if row.verdict != Verdict.PASSED}


def _bring(
    tx: Session,
    case: Case,
    event: str,
    person_id: UUID,
    gone: str | None,
    objection: timedelta | None,
) -> None:
    """Brings one person's award to what the case is now; `gone` says why it is theirs no more.

    With no window for objections it waits, however the case stands.
    """
    mine: dict[str, Any] = {"event": event, "source": case.number, "person_id": person_id}
    if case.status in ENDED - {"closed"}:
        gone = gone or case.status
    if gone is not None:
        rewards.void(tx, reason=gone, **mine)
    elif case.status == "closed" and objection is not None:
        rewards.close(tx, after=objection, outcome=case.outcome, **mine)
    else:
        rewards.hold(tx, **mine)


def _no_hazard(case: Case) -> str | None:
    """It was corrected to a category without danger after it was filed."""
    return None if case.hazard else "no_hazard"


def parted(tx: Session, case: Case, person_id: UUID) -> None:
    """Their report stands behind another case again, or behind none."""
    rewards.void(tx, event=FIRST, source=case.number, reason=PARTED, person_id=person_id)
    share(tx, case, person_id)


def _earns(case: Case) -> bool:
    """Whether points may be on their way for it: filed, and open or closed."""
    return case.status == "closed" or case.status not in UNFILED | ENDED


def _grant_first(tx: Session, case: Case, behind: Sequence[Any]) -> None:
    if case.source == "report":
        for reporter in _shown(behind)[:1]:
            _grant(tx, case, FIRST, reporter.person_id, reporter.created_at)
    elif case.source == "patrol":
        finder = select(CaseMove.actor_id).where(CaseMove.case_id == case.id, CaseMove.version == 1)
        person_id = tx.scalar(finder)
        if person_id is not None:
            _grant(tx, case, FOUND, person_id, case.created_at)


def _grant_share(tx: Session, case: Case, person_id: UUID, reported_at: datetime) -> None:
    """One person is paid once for a case, and nobody for work of their own."""
    given = awards.of_source(tx, JOINED, case.number)
    again = _taken_back(given)
    if person_id in {a.person_id for a in given} - again.keys():
        return
    first = {a.person_id for event in (FIRST, FOUND) for a in _living(tx, case, event)}
    moved = select(CaseMove.id).where(CaseMove.case_id == case.id, CaseMove.actor_id == person_id)
    if person_id not in first and tx.execute(moved.limit(1)).first() is None:
        # Closed meanwhile, it earns nothing by a rule that does not pay for this end.
        _grant(
            tx, case, JOINED, person_id, reported_at, again=person_id in again,
            outcome=case.outcome,
        )  # fmt: skip


def _grant_hazard(
    tx: Session, case: Case, person_id: UUID, behind: Mapping[UUID, datetime]
) -> None:
    """Beside what the first report of any case earns, and to nobody else after them."""
    given = awards.of_source(tx, HAZARD, case.number)
    again = _taken_back(given)
    if person_id in again or (not given and person_id == next(iter(behind))):
        _grant(
            tx, case, HAZARD, person_id, behind[person_id], again=person_id in again,
            outcome=case.outcome,
        )  # fmt: skip


def _taken_back(given: Sequence[Award]) -> dict[UUID, datetime]:
    """Whose award an unpaid closing took back, and when they reported; not theirs who left, nor
    who have one again."""
    kept = {a.person_id for a in given if a.state != "voided" or a.reason == PARTED}
    lost = [a for a in given if a.person_id not in kept]
    return {a.person_id: datetime.fromisoformat(a.inputs["reported_at"]) for a in lost}


def _living(tx: Session, case: Case, event: str) -> list[Award]:
    return [a for a in awards.of_source(tx, event, case.number) if a.state != "voided"]


def _turn(
    tx: Session,
    case: Case,
    event: str,
    move: str,
    objection: timedelta,
    behind: Sequence[Any] = (),
) -> None:
    if move == "close":
        rewards.close(
            tx, event=event, source=case.number, after=objection, outcome=case.outcome,
            but=_unchecked(behind) if event == FIRST else (),
        )  # fmt: skip
    elif move == "reopen":
        rewards.hold(tx, event=event, source=case.number)
        again = _taken_back(awards.of_source(tx, event, case.number))
        hidden = {row.person_id for row in behind} - {row.person_id for row in _shown(behind)}
        for person_id, reported_at in sorted(again.items()):
            if event == FIRST and person_id in hidden:
                continue
            _grant(tx, case, event, person_id, reported_at, again=True)
    elif case.status in ENDED:
        rewards.void(tx, event=event, source=case.number, reason=case.status)


def _grant(
    tx: Session,
    case: Case,
    event: str,
    person_id: UUID,
    reported_at: datetime,
    *,
    again: bool = False,
    outcome: str | None = None,
) -> None:
    rewards.grant(
        tx, event=event, source=case.number, person_id=person_id, reported_at=reported_at,
        spot=spot(tx, case), round=case.round if again else 0, outcome=outcome,
    )  # fmt: skip


def spot(tx: Session, case: Case) -> Spot:
    """Where a case lies and of what it is: what decides which district's rule pays."""
    path = get_region(tx, case.region_code).path
    return Spot(path, case.category_code, case.lat, case.lng)
