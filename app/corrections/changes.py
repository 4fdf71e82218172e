"""What an approved correction does: points given, points taken back, goods taken back."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.corrections import queries
from app.corrections.errors import NotFulfilled
from app.corrections.models import Correction
from app.corrections.rules import debt
from app.ledger import reversing
from app.ledger.book import Hands
from app.notify import service as notify
from app.regions.queries import get_region
from app.rewards import reversing as awards
from app.rewards.models import Award
from app.rewards.rules import Spot, Vouched, source_of
from app.store import queries as store
from app.store import stock
from app.till import service as till


def give(tx: Session, correction: Correction, by: Hands) -> None:
    """Points by hand. Raises RuleMissing, PointsOverRule, CapReached, PoolExhausted."""
    points, event = correction.points, correction.event
    assert points is not None, "a CHECK says that an award has points"
    assert event is not None, "a CHECK says that an award has an event"
    what = Vouched(event, points, correction.hours)
    spot = Spot(get_region(tx, correction.region_code).path)
    awards.give(
        tx, source=str(correction.id), person_id=correction.person_id, what=what, spot=spot,
        by=by,
    )  # fmt: skip
    notify.tell(
        tx, correction.person_id, "points.awarded", str(correction.id), points=points,
        cause=correction.cause,
    )  # fmt: skip


def reverse(tx: Session, correction: Correction, by: Hands) -> None:
    """A settled award is taken back; what was spent is owed. Raises AwardNotSettled."""
    award_id = UUID(correction.source)
    done = awards.reverse(tx, award_id, "correction", by)
    source = source_of(tx.get_one(Award, award_id).source)
    notify.tell(
        tx, correction.person_id, "points.reversed", str(correction.id), source=source,
        taken=done.taken, cause=correction.cause, debt=debt(done.owed),
    )  # fmt: skip


def refund(tx: Session, correction: Correction, grace: timedelta, by: Hands) -> None:
    """Goods came back, to the shelf when they are good. Raises NotFulfilled, PoolExhausted."""
    redemption, _ = queries.get_redemption(tx, UUID(correction.source))
    if redemption.state != "fulfilled":
        raise NotFulfilled
    redemption.state = "refunded"
    tx.flush()
    station, source = redemption.station_id, str(redemption.id)
    points = reversing.refund(
        tx, source=source, merchant=station, reason="refund", grace=grace, by=by
    )
    for line in store.lines(tx, redemption.id) if correction.restock else []:
        row = station, line.item_id
        stock.change(tx, "refund", row, source, by.approver_id, on_hand=line.quantity)
    _tell_back(tx, correction, points)


def refund_hold(tx: Session, correction: Correction, grace: timedelta, by: Hands) -> None:
    """Goods of an external store came back. Raises NotFulfilled, PoolExhausted."""
    held, _ = queries.get_hold(tx, UUID(correction.source))
    if held.state != "fulfilled" or queries.is_refunded(tx, held):
        raise NotFulfilled
    points = till.refund(tx, held, grace, by)
    _tell_back(tx, correction, points)


def _tell_back(tx: Session, correction: Correction, points: int) -> None:
    notify.tell(
        tx, correction.person_id, "redemption.refunded", str(correction.id), points=points,
        cause=correction.cause,
    )  # fmt: skip
