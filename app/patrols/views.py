"""Patrols and plans as they are shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.kit.page import Page, Slice
from app.patrols import queries
from app.patrols.schemas import (
    FindingOut,
    PatrolBrief,
    PatrolOut,
    PatrolTrackOut,
    PlanOut,
    PointOut,
    StopOut,
    WalkerOut,
)  # fmt: skip


def plan_out(row: Any) -> PlanOut:
    return PlanOut(
        id=row.id, name=row.name, region_code=row.region_code, region_name=row.region_name,
        person=WalkerOut(id=row.person_id, name=row.person_name), weekdays=row.weekdays,
        starts=row.starts, ends=row.ends, stops=_stops(row.stops, {}), active=row.active,
        created_at=row.created_at,
    )  # fmt: skip


def plans_out(found: Slice) -> Page[PlanOut]:
    return Page(items=[plan_out(row) for row in found.rows], next_cursor=found.next_cursor)


def patrols_out(found: Slice) -> Page[PatrolBrief]:
    items = [PatrolBrief(**_brief(row)) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


def patrol_out(tx: Session, row: Any) -> PatrolOut:
    """A patrol with its stops and findings, and without its way."""
    return PatrolOut(**_brief(row), **_whole(tx, row))


def patrol_track_out(tx: Session, row: Any) -> PatrolTrackOut:
    """A patrol with the way that was walked, which is a record of a person's movements."""
    points = [PointOut.model_validate(_shown(point)) for point in queries.points(tx, row.id)]
    return PatrolTrackOut(**_brief(row), **_whole(tx, row), points=points)


def _brief(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "plan_id": row.plan_id, "plan_name": row.plan_name,
        "person": WalkerOut(id=row.person_id, name=row.person_name),
        "region_code": row.region_code, "region_name": row.region_name, "day": row.day,
        "state": row.state, "due_at": row.due_at, "started_at": row.started_at,
        "ended_at": row.ended_at, "distance_m": row.distance_m,
    }  # fmt: skip


def _whole(tx: Session, row: Any) -> dict[str, Any]:
    return {
        "stops": _stops(row.stops or [], queries.done_stops(tx, row.id)),
        "findings": [FindingOut.model_validate(found) for found in queries.findings(tx, row.id)],
        "summary": row.summary,
    }


def _stops(stops: list[dict[str, Any]], done: Mapping[int, datetime]) -> list[StopOut]:
    return [StopOut(**stop, done_at=done.get(number)) for number, stop in enumerate(stops)]


def _shown(point: Any) -> dict[str, Any]:
    return {name: getattr(point, name) for name in PointOut.model_fields}
