"""Cases around a spot, as any reporter may know them before they report the same thing again."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.cases.models import SURELY_OPEN, Case, CaseMove, CaseMovePhoto, CaseReport
from app.cases.workflow import OPEN
from app.categories import queries as categories
from app.categories.models import Category, PlainChoice
from app.grids.cells import around, distance_m
from app.grids.service import GridCache
from app.kit import clock
from app.kit.columns import CodeText, InstantType, Number, Whole
from app.kit.db import core
from app.media.models import Photo, Verdict
from app.media.views import Signer
from app.regions.models import Region
from app.regions.queries import root_of, roots
from app.relations.schemas import NearbyList, NearbyOut
from app.reports.models import Report, ReportPhoto

USUAL_M, MOST_M = 50, 500
CLOSED_SINCE = timedelta(days=30)
MOST, MOST_THUMBS = 10, 9
# A degree of latitude is 111 km; a little more, because the circle decides in the end.
_DEGREES_PER_M = 1 / 110_000


@dataclass(frozen=True)
class Around:
    """A spot in WGS-84; `choice` is a plain choice's code, `radius_m` None the category's own."""

    lat: float
    lng: float
    radius_m: int | None = None
    choice: str | None = None


@dataclass
class _Behind:
    """Behind a case: its reports, covered copies of photos, what the first reporter chose."""

    reports: set[UUID] = field(default_factory=set)
    copies: list[UUID] = field(default_factory=list)
    names: tuple[str, str] | None = None


# All of it stands in the indexes: of the others around nothing is fetched.
_FACTS = (Case.id, Case.lat, Case.lng)
_HERE = (
    Case.cell.in_(bindparam("cells", type_=Whole, expanding=True)),
    Case.lat.between(bindparam("south", type_=Number), bindparam("north", type_=Number)),
    Case.lng.between(bindparam("west", type_=Number), bindparam("east", type_=Number)),
)
# Each part walks an index of the cells; what was closed long ago is in neither.
_OPEN = select(*_FACTS).where(*_HERE, literal_column(f"cases.{SURELY_OPEN}"))
_CLOSED = select(*_FACTS).where(
    *_HERE,
    # An expression, so that no planner takes the index of statuses instead.
    Case.status.concat("") == "closed",
    # A closed case is not moved again, so its last change is its closing.
    Case.updated_at >= bindparam("since", type_=InstantType),
)
_NAMED = exists().where(
    CaseReport.case_id == Case.id, Report.id == CaseReport.report_id, Report.choice.is_not(None)
)
_CHOSEN = _NAMED.where(Report.choice == bindparam("choice", type_=CodeText))
# The same category, or what another reporter called the same, or what nobody has named yet.
_ALIKE = or_(
    Case.category_code == bindparam("category", type_=CodeText),
    _CHOSEN,
    and_(Case.category_code.is_(None), ~_NAMED),
)


def _nearest(*also: ColumnElement[bool]) -> Any:
    """Twice as many as are shown, by the square of their distance in degrees of latitude."""
    one = union_all(_OPEN.where(*also), _CLOSED.where(*also)).subquery()
    up = one.c.lat - bindparam("lat", type_=Number)
    along = (one.c.lng - bindparam("lng", type_=Number)) * bindparam("narrow", type_=Number)
    near = (
        select(one.c.id, (up * up + along * along).label("apart"))
        .order_by("apart", one.c.id)
        .limit(literal_column(str(2 * MOST)))
        .subquery()
    )
    return (
        select(
            Case.id, Case.number, Case.status, Case.source, Case.lat, Case.lng, Case.created_at,
            Category.name, Category.name_en,
        )
        .join(near, near.c.id == Case.id)
        .outerjoin(Category, Category.code == Case.category_code)
    )  # fmt: skip


_ALL, _SAME = _nearest(), _nearest(_ALIKE)
_BEHIND = (
    select(
        CaseReport.case_id, CaseReport.report_id, Report.anonymous, Report.verdict,
        # Others see covered copies only: of a photo that nobody has looked at there is none.
        Photo.copy_id, PlainChoice.name, PlainChoice.name_en,
    )
    .join(Report, Report.id == CaseReport.report_id)
    .join(ReportPhoto, ReportPhoto.report_id == CaseReport.report_id)
    .join(Photo, Photo.id == ReportPhoto.photo_id)
    .outerjoin(PlainChoice, PlainChoice.code == Report.choice)
    .where(CaseReport.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(CaseReport.case_id, CaseReport.joined_at, CaseReport.report_id, ReportPhoto.position)
)  # fmt: skip
_FOUND = (
    select(CaseMove.case_id, Photo.copy_id)
    .join(CaseMovePhoto, CaseMovePhoto.move_id == CaseMove.id)
    .join(Photo, Photo.id == CaseMovePhoto.photo_id)
    .where(
        CaseMove.case_id.in_(bindparam("cases", expanding=True)),
        CaseMove.version == 1,
        Photo.copy_id.is_not(None),
    )
    .order_by(CaseMove.case_id, CaseMovePhoto.position)
)


def find(tx: Session, grids: GridCache, spot: Around, signer: Signer) -> NearbyList:
    """Open cases and those closed within 30 days around a spot, the nearest first, at most ten.

    Raises CategoryUnknown.
    """
    category = categories.category_of_choice(tx, spot.choice) if spot.choice else None
    radius_m = spot.radius_m or _usual_radius(tx, grids, spot, category)
    near = _near(tx, spot, radius_m, category)
    behind = _behind(tx, [case for _, case in near])
    items = [_shown(case, metres, behind[case.id], signer) for metres, case in near]
    return NearbyList(radius_m=radius_m, items=items)


def _usual_radius(tx: Session, grids: GridCache, spot: Around, category: str | None) -> int:
    if category is None:
        return USUAL_M
    index = grids.current(tx)
    code = index.locate(spot.lat, spot.lng, 0).grid or index.nearest(spot.lat, spot.lng)
    path = tx.scalar(select(Region.path).where(Region.code == code)) if code else None
    district = root_of(path) if path else next(iter(roots(tx)), "")
    terms = categories.find_terms(tx, category, district)
    return min(terms.duplicate_radius_m, MOST_M) if terms else USUAL_M


def _near(
    tx: Session, spot: Around, radius_m: int, category: str | None
) -> list[tuple[float, Any]]:
    up, narrow = radius_m * _DEGREES_PER_M, max(cos(radians(spot.lat)), 0.01)
    along = up / narrow
    given: dict[str, Any] = {
        "cells": around(spot.lat, spot.lng, radius_m), "since": clock.now() - CLOSED_SINCE,
        "lat": spot.lat, "south": spot.lat - up, "north": spot.lat + up,
        "lng": spot.lng, "west": spot.lng - along, "east": spot.lng + along, "narrow": narrow,
    }  # fmt: skip
    query = _ALL
    if category is not None:
        query, given = _SAME, {**given, "category": category, "choice": spot.choice}
    rows = core(tx).execute(query, given)
    measured = ((distance_m(spot.lat, spot.lng, row.lat, row.lng), row) for row in rows)
    within = [(metres, row) for metres, row in measured if metres <= radius_m]
    return sorted(within, key=lambda one: (one[0], one[1].number))[:MOST]


def _behind(tx: Session, cases: list[Any]) -> dict[UUID, _Behind]:
    found: dict[UUID, _Behind] = defaultdict(_Behind)
    ids = [case.id for case in cases]
    for row in core(tx).execute(_BEHIND, {"cases": ids}) if ids else ():
        one = found[row.case_id]
        one.reports.add(row.report_id)
        if one.names is None and row.name is not None:
            one.names = row.name, row.name_en
        # Who reports anonymously shows their photos to staff only; the unchecked are for no others.
        if row.copy_id is not None and not row.anonymous and row.verdict == Verdict.PASSED:
            one.copies.append(row.copy_id)
    by_staff = [case.id for case in cases if case.source != "report"]
    for move in core(tx).execute(_FOUND, {"cases": by_staff}) if by_staff else ():
        found[move.case_id].copies.append(move.copy_id)
    return found


def _shown(case: Any, metres: float, behind: _Behind, signer: Signer) -> NearbyOut:
    name, name_en = behind.names or (case.name, case.name_en)
    return NearbyOut(
        number=case.number, status=case.status, category=name, category_en=name_en,
        distance_m=round(metres / 10) * 10, created_on=clock.business_day(case.created_at),
        thumbs=[signer.url(copy, "public-thumb") for copy in behind.copies[:MOST_THUMBS]],
        joinable=case.status in OPEN, reports=len(behind.reports),
    )  # fmt: skip
