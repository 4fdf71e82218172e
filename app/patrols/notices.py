"""Who is told of a missed patrol."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.notify import service as notify
from app.patrols import planning
from app.patrols.models import PatrolPlan
from app.patrols.queries import HEADS
from app.regions import queries as regions


def tell_missed(tx: Session) -> None:
    """Marks patrols as missed, and tells whoever should have walked and the region's heads."""
    for patrol in planning.miss_due(tx):
        facts = _facts(tx, patrol)
        path = regions.get_region(tx, patrol.region_code).path
        # In the order of their ids, so that two workers' inserts never wait in a circle.
        for person_id in sorted({patrol.person_id, *identity.holding(tx, path, HEADS)}):
            notify.tell(tx, person_id, "patrol.missed", str(patrol.id), **facts)


def _facts(tx: Session, patrol: Any) -> dict[str, str]:
    person_id: UUID = patrol.person_id
    plan = tx.get_one(PatrolPlan, patrol.plan_id)
    return {
        "plan": plan.name, "day": patrol.day, "name": identity.names(tx, {person_id})[person_id],
        "hours": f"{plan.starts}-{plan.ends}",
    }  # fmt: skip
