"""Awards that wait for money: paid in the order in which they came, in sight of who can bring it.

The line of a fund is strict. An older award that the money does not suffice for is not passed by a
newer and smaller one: else the big ones would wait for ever while money trickles in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.models import Role
from app.kit import clock
from app.ledger.models import Fund
from app.notify import service as notify
from app.regions.queries import get_region
from app.rewards import service
from app.rewards.models import Award, Rule


@dataclass(frozen=True, slots=True)
class Line:
    """What waits for a fund: how many awards and points, since when, and the first of them."""

    count: int
    points: int
    since: datetime | None
    first: Sequence[Any]


def pay_oldest(tx: Session, fund_id: UUID) -> tuple[UUID, int] | None:
    """Pays the award that waits longest for a fund; its id, and the points that are spendable now.

    None when nothing waits, the money does not suffice for it, or the fund is closed. Its row is
    the line's lock: a rival waits for it here, and what is next is asked for in the next unit.
    """
    award_id = tx.scalar(_in_line(fund_id, select(Award.id)).limit(1))
    if award_id is None or tx.get_one(Fund, fund_id).state == "closed":
        return None
    points = service.retry(tx, award_id)
    return None if tx.get_one(Award, award_id).state == "waiting" else (award_id, points)


def _in_line(fund_id: UUID, query: Any) -> Any:
    return _of_fund(fund_id, query).order_by(Award.created_at, Award.id)


def _of_fund(fund_id: UUID, query: Any) -> Any:
    mine = Award.state == "waiting", Rule.fund_id == fund_id
    return query.select_from(Award).join(Rule, Rule.id == Award.rule_id).where(*mine)


def line(tx: Session, fund_id: UUID, limit: int) -> Line:
    """What waits for a fund, and the first `limit` awards in the order of payment."""
    sums = select(func.count(), func.sum(Award.points), func.min(Award.created_at))
    count, points, since = tx.execute(_of_fund(fund_id, sums)).one()
    shown = select(Award.id, Award.event, Award.points, Award.created_at)
    rows = tx.execute(_in_line(fund_id, shown).limit(limit)).all()
    return Line(int(count), int(points or 0), since, rows)


def funds(tx: Session) -> list[UUID]:
    """The funds that somebody waits for."""
    waited = select(Rule.fund_id).join(Award, Award.rule_id == Rule.id)
    return sorted(set(tx.scalars(waited.where(Award.state == "waiting").distinct())))


def tell_managers(tx: Session, fund_id: UUID) -> None:
    """Tells a fund's managers what waits for money, once a business day; no one if nothing does."""
    waits = line(tx, fund_id, 0)
    if not waits.count:
        return
    fund = tx.get_one(Fund, fund_id)
    path = get_region(tx, fund.region_code).path
    subject = f"{fund_id}:{clock.business_day(clock.now())}"
    for person_id in identity.holding(tx, path, (Role.FUND_MANAGER,)):
        notify.tell(
            tx, person_id, "fund.exhausted", subject, fund=fund.name, count=waits.count,
            points=waits.points,
        )  # fmt: skip
