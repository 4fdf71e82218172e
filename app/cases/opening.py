"""Opening cases: for a report, for what staff found, or as part of another; and joining one."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import history, indexing, queries, rewarding, timing
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseNumber, CaseReport
from app.cases.workflow import OPEN
from app.categories import queries as categories
from app.conduct import rules
from app.conduct.models import Standing
from app.grids.cells import cell, distance_m
from app.grids.service import GridCache
from app.kit import clock, outbox
from app.kit.db import core, insert_for, insert_row, insert_rows
from app.kit.ids import new_id
from app.media import service as media
from app.notify import service as notify
from app.regions.queries import root_of
from app.reports import service as reports
from app.reports.models import Report, ReportStatus
from app.routing import service as routing
from app.routing.schemas import Decision, Spot

# "This is the one" is believed of a case up to here; further away it becomes a case of its own.
JOIN_WITHIN_M = 500.0


@dataclass(frozen=True)
class Finding:
    """What staff found on a patrol, or a part that is split off another case; place in WGS-84."""

    source: Literal["patrol", "split"]
    actor_id: UUID
    description: str
    category_code: str | None = None
    photo_ids: tuple[UUID, ...] = ()
    lat: float | None = None
    lng: float | None = None
    accuracy_m: float | None = None
    region_code: str | None = None
    address: str | None = None
    parent_id: UUID | None = None


def route(tx: Session, grids: GridCache, report_id: UUID) -> None:
    """Opens the case of a report in the region that owns the spot, or joins the one it names.

    Once, whoever asks again. A report outside every grid, or without a place, goes to the
    district's centre.
    """
    named, lane = _wanted(tx, report_id)
    # The case is locked before the report, as everywhere.
    target = _joinable(tx, named) if named else None
    report = tx.get_one(Report, report_id, with_for_update=True)
    if report.status != ReportStatus.RECEIVED:
        return
    if target is not None and _near(target, report):
        join(tx, target, report)
        return
    expected = categories.category_of_choice(tx, report.choice) if report.choice else None
    spot = Spot(
        lat=report.lat, lng=report.lng, accuracy_m=report.accuracy_m,
        region_code=report.region_code, category_code=expected, net_code=None, source="report",
    )  # fmt: skip
    decision = routing.decide(tx, grids, spot)
    case = _open(
        tx, decision, expected, source="report", description=report.description,
        address=report.address, lat=report.lat, lng=report.lng, actor_id=None, parent_id=None,
        lane=lane,
    )  # fmt: skip
    insert_row(tx, CaseReport, case_id=case.id, report_id=report.id, joined_at=case.created_at)
    reports.push_down(
        tx, [report.id], status="reported", case_number=case.number, grid_code=case.grid_code
    )
    _opened(tx, case, decision)


def _wanted(tx: Session, report_id: UUID) -> tuple[str | None, rules.Lane | None]:
    """The case that a report says it is, and how one of its own would start."""
    query = (
        select(Report.joins, Report.anonymous, Standing.level)
        .outerjoin(Standing, Standing.person_id == Report.person_id)
        .where(Report.id == report_id)
    )
    row = core(tx).execute(query).one()
    return row.joins, rules.lane(row.level, anonymous=row.anonymous)


def open_case(tx: Session, grids: GridCache, found: Finding) -> Case:
    """Opens a case for what staff found, with their own unused photos.

    Raises PhotoNotFound, PhotoUsed, RegionNotFound.
    """
    spot = Spot(
        lat=found.lat, lng=found.lng, accuracy_m=found.accuracy_m, region_code=found.region_code,
        category_code=found.category_code, net_code=None, source=found.source,
    )  # fmt: skip
    decision = routing.decide(tx, grids, spot)
    case = _open(
        tx, decision, found.category_code, source=found.source, description=found.description,
        address=found.address, lat=found.lat, lng=found.lng, actor_id=found.actor_id,
        parent_id=found.parent_id,
    )  # fmt: skip
    if found.photo_ids:
        first = tx.scalars(select(CaseMove.id).where(CaseMove.case_id == case.id)).one()
        media.take(tx, found.actor_id, found.photo_ids, f"move:{first}")
        photos = enumerate(found.photo_ids, start=1)
        rows = [{"move_id": first, "position": n, "photo_id": photo} for n, photo in photos]
        insert_rows(tx, CaseMovePhoto, rows)
    _opened(tx, case, decision)
    return case


def _open(
    tx: Session, decision: Decision, expected: str | None, *, actor_id: UUID | None, **facts: Any
) -> Case:
    district, now = root_of(decision.path), clock.now()
    terms = categories.find_terms(tx, expected, district) if expected else None
    here = facts["lat"] is not None and facts["lng"] is not None
    case = Case(
        id=new_id(), number=_next_number(tx, district), version=1, status="reported",
        region_code=decision.region_code, grid_code=decision.grid_code,
        routing=decision.explained, net_code=decision.net_code, level_code=None,
        hazard=bool(terms and terms.hazard), rework=0, returns=0, round=0, accept_due_at=now,
        # Staff who found it know what it is; a reporter's choice is only a hint.
        category_code=terms.category_code if terms and facts["source"] != "report" else None,
        clock_rule={}, cell=cell(facts["lat"], facts["lng"]) if here else None,
        suspected=False, supervised=False, rerouted=False, entries=0, chain="",
        created_at=now, updated_at=now, **facts,
    )  # fmt: skip
    tx.add(case)
    tx.flush()
    _first_move(tx, case, actor_id)
    routing.record(tx, case.id, "opened", decision)
    timing.open_clock(tx, case, district, terms)
    tx.flush()
    indexing.index(tx, case, decision.path)
    return case


def _first_move(tx: Session, case: Case, actor_id: UUID | None) -> None:
    data = {"region_code": case.region_code}
    insert_row(
        tx, CaseMove, id=new_id(), case_id=case.id, version=1, move="route", to_status="reported",
        actor_id=actor_id, data=data, created_at=case.created_at,
    )  # fmt: skip
    told = {"move": "route", "version": 1, "from": None, "to": "reported", **data}
    history.add(tx, case, "move", actor_id=actor_id, data=told)


def _opened(tx: Session, case: Case, decision: Decision) -> None:
    for person_id in decision.told:
        notify.tell(tx, person_id, "case.given", case.number, number=case.number)
    outbox.enqueue(tx, "case.opened", case_id=case.id)
    outbox.enqueue(tx, "photos.compared", case_id=case.id)


def _next_number(tx: Session, district: str) -> str:
    """`500152-20261121-0001`: district, business day, running number."""
    day = clock.business_day(clock.now()).strftime("%Y%m%d")
    first = insert_for(tx, CaseNumber).values(district=district, day=day, last=1)
    counted = first.on_conflict_do_update(
        index_elements=["district", "day"], set_={"last": CaseNumber.last + 1}
    )
    last = tx.execute(counted.returning(CaseNumber.last)).scalar_one()
    return f"{district[:6]}-{day}-{last:04}"


def _joinable(tx: Session, number: str) -> Case | None:
    query = select(Case).where(Case.number == number, Case.status.in_(OPEN))
    return tx.scalars(query.with_for_update(key_share=True)).first()


def _near(case: Case, report: Report) -> bool:
    # Without a place nothing speaks for it but the number, and numbers can be guessed.
    if case.lat is None or case.lng is None or report.lat is None or report.lng is None:
        return False
    return distance_m(case.lat, case.lng, report.lat, report.lng) <= JOIN_WITHIN_M


def join(tx: Session, case: Case, report: Report) -> None:
    """Makes the reporter a co-reporter of a case that is locked: same news, shared points."""
    insert_row(tx, CaseReport, case_id=case.id, report_id=report.id, joined_at=clock.now())
    history.add(
        tx, case, "joined", actor_id=report.person_id, data={"reports": _behind(tx, case.id)}
    )
    reports.push_down(
        tx, [report.id], status=case.status, case_number=case.number, grid_code=case.grid_code
    )
    rewarding.share(tx, case, report.person_id)
    tx.flush()
    outbox.enqueue(tx, "photos.compared", case_id=case.id)


def _behind(tx: Session, case_id: UUID) -> int:
    return len(queries.report_ids(tx, case_id))
