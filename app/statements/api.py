"""Statements over HTTP: a member's own, a station's day, a fund's report; read or as files."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.orm import Session

from app.identity.access import Actor, Reporter, Staff, find_actor, find_staff
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit import filing
from app.kit.filing import gives_file
from app.kit.http import in_transaction
from app.kit.papers import Format
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Day
from app.kit.unit import Prepared
from app.ledger import views as ledger
from app.ledger.errors import FundNotFound
from app.statements import rules
from app.statements.access import StationReader, find_reader
from app.statements.errors import EntryNotFound, PeriodInvalid
from app.statements.queries import entries, funds, points, stations
from app.statements.rules import Period
from app.statements.schemas import (
    DayReportOut,
    EntryDetailOut,
    FundReportOut,
    PointsStatementOut,
)  # fmt: skip
from app.statements.sheet import funds as fund_sheet
from app.statements.sheet import points as points_sheet
from app.statements.sheet import stations as station_sheet
from app.store import queries as store
from app.store import shelves
from app.store.errors import NotOfStation, StationNotFound

router = Router(prefix="/v1", tags=["statements 对账与报表"])
First = Annotated[Day, Query(alias="from", description="The first business day, Asia/Shanghai")]
Last = Annotated[Day, Query(alias="to", description="The last one; at most 366 days in all")]
TheDay = Annotated[Day, Query(description="A business day, Asia/Shanghai")]
As = Annotated[Format, Query()]
OF_STATION = (PersonOnly, RoleMissing, StationNotFound, NotOfStation)
OF_FUND = (PersonOnly, StaffOnly, FundNotFound, PeriodInvalid)
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "pdf")


@router.get("/points/statement", responses=raises(PersonOnly, PeriodInvalid))
@in_transaction
def get_points_statement(
    tx: Session, actor: Reporter, first: First, last: Last
) -> PointsStatementOut:
    """The caller's points over a period: every entry with the balance after it."""
    return points.statement(tx, actor.person_id, rules.period(first, last))


async def _points(request: Request, first: First, last: Last, format: As) -> Prepared:  # noqa: A002
    period = rules.period(first, last)
    return await filing.drawn(
        request,
        find_actor,
        lambda tx, actor: points_sheet.paper(points.statement(tx, actor.person_id, period)),
        format,
    )


@router.get(
    "/points/statement/file",
    responses=gives_file(FORMATS, PersonOnly, PeriodInvalid),
    response_class=Response,
)
@in_transaction(first=_points)
def get_points_statement_file(
    _tx: Session,
    actor: Reporter,  # noqa: ARG001 - `first` read what is theirs
    kind: Format,
    name: str,
    data: bytes,
) -> Response:
    """The same statement as a file."""
    return filing.answer(kind, name, data)


@router.get("/points/entries/{entry_id}", responses=raises(PersonOnly, EntryNotFound))
@in_transaction
def get_points_entry(tx: Session, actor: Reporter, entry_id: UUID) -> EntryDetailOut:
    """Why these points: the award, the redemption or the correction behind an entry."""
    return entries.entry(tx, actor, entry_id)


def _day(tx: Session, actor: Actor, station_id: str, day: date) -> DayReportOut:
    station = store.station_for(tx, actor, station_id, shelves.READERS)
    return stations.day_report(tx, station, day)


@router.get("/stations/{station_id}/day-report", responses=raises(*OF_STATION))
@in_transaction
def get_day_report(
    tx: Session, actor: StationReader, station_id: Code, day: TheDay
) -> DayReportOut:
    """A station's day for its keepers, administrators and auditors; no member is named."""
    return _day(tx, actor, station_id, day)


async def _station(request: Request, station_id: Code, day: TheDay, format: As) -> Prepared:  # noqa: A002
    return await filing.drawn(
        request,
        find_reader,
        lambda tx, actor: station_sheet.paper(_day(tx, actor, station_id, day)),
        format,
    )


@router.get(
    "/stations/{station_id}/day-report/file",
    responses=gives_file(FORMATS, *OF_STATION),
    response_class=Response,
)
@in_transaction(first=_station)
def get_day_report_file(
    _tx: Session,
    actor: StationReader,  # noqa: ARG001 - `first` asked what they may see
    kind: Format,
    name: str,
    data: bytes,
) -> Response:
    """The same report as a file; a CSV holds the first table alone."""
    return filing.answer(kind, name, data)


def _fund(tx: Session, actor: Actor, fund_id: UUID, period: Period) -> FundReportOut:
    return funds.report(tx, ledger.get_fund(tx, actor, fund_id), period)


@router.get("/funds/{fund_id}/report", responses=raises(*OF_FUND))
@in_transaction
def get_fund_report(
    tx: Session, actor: Staff, fund_id: UUID, first: First, last: Last
) -> FundReportOut:
    """What a fund was given, drew, got back and paid, by month, and the goods that it bought."""
    return _fund(tx, actor, fund_id, rules.period(first, last))


async def _report(
    request: Request,
    fund_id: UUID,
    first: First,
    last: Last,
    format: As,  # noqa: A002
) -> Prepared:
    period = rules.period(first, last)
    return await filing.drawn(
        request,
        find_staff,
        lambda tx, actor: fund_sheet.paper(_fund(tx, actor, fund_id, period)),
        format,
    )


@router.get(
    "/funds/{fund_id}/report/file",
    responses=gives_file(FORMATS, *OF_FUND),
    response_class=Response,
)
@in_transaction(first=_report)
def get_fund_report_file(
    _tx: Session,
    actor: Staff,  # noqa: ARG001 - `first` asked what they may see
    kind: Format,
    name: str,
    data: bytes,
) -> Response:
    """The same report as a file; a CSV holds the first table alone."""
    return filing.answer(kind, name, data)
