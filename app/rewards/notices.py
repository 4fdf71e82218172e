"""What owners of points are told of their expiry: before it, and when it was booked."""

from collections import Counter
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit import clock
from app.ledger import lots
from app.ledger import queries as ledger_queries
from app.ledger import service as ledger
from app.notify import service as notify


def expire(tx: Session, account_id: UUID) -> int:
    """Books out what expired in a purse and tells everyone whose it is; says how many points."""
    points = ledger.expire(tx, account_id)
    if points:
        # The booking and the message are one transaction, so each instant names one booking.
        subject = f"{account_id}:{clock.now().isoformat()}"
        for person_id in ledger_queries.owners(tx, account_id):
            notify.tell(tx, person_id, "points.expired", subject, points=points)
    return points


def warn(tx: Session, account_id: UUID, last: date, stage: int) -> None:
    """Tells everyone whose purse it is what ends on `last` or shortly before, once for each day."""
    by_day: Counter[date] = Counter()
    window = lots.days_between(last - lots.LATE, last)
    for at, points in ledger_queries.expiring_points(tx, account_id, *window):
        by_day[lots.last_day(at)] += points
    for day, points in by_day.items():
        for person_id in ledger_queries.owners(tx, account_id):
            notify.tell(
                tx, person_id, "points.expiring", f"{account_id}:{day}:{stage}", points=points,
                day=day.isoformat(),
            )  # fmt: skip
