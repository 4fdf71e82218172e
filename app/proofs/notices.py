"""Who is told of a notice: everyone with an entry in it; and whoever should see one is missed."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.models import Role
from app.kit import clock
from app.notify import service as notify
from app.proofs import queries, service
from app.proofs.models import Notice
from app.regions import queries as regions

BATCH = 200
# How long after a month's end its notice may be waited for.
PATIENCE = timedelta(days=5)
REMINDED = (Role.AUDITOR, Role.FUND_MANAGER)


def tell(tx: Session, notice_id: UUID, after: UUID) -> UUID | None:
    """Puts the root into the inboxes of the next members; None when all were told, or else the
    entry after which to go on. Again changes nothing."""
    notice = tx.execute(select(Notice.period, Notice.root).where(Notice.id == notice_id)).one()
    rows = queries.entries_after(tx, notice_id, after, BATCH)
    people = [UUID(row.owner) for row in rows if row.kind == "member"]
    people += queries.sharers(tx, [row.account_id for row in rows if row.kind == "household"])
    for person_id in dict.fromkeys(people):
        data = {"period": notice.period, "root": notice.root}
        notify.tell(tx, person_id, "notice.published", notice.period, **data)
    return rows[-1].id if len(rows) == BATCH else None


def remind(tx: Session) -> None:
    """Tells each district's auditors and fund managers, once for each month, that the month ended
    five days ago and is not published; nobody when there is nothing of it to publish."""
    this_month = clock.business_day(clock.now()).replace(day=1)
    period = f"{this_month - timedelta(days=1):%Y-%m}"
    end, newest = service.end_of(period), queries.newest_notice(tx)
    if clock.now() < end + PATIENCE or (newest is not None and newest.period >= period):
        return
    if queries.last_before(tx, end) <= (newest.last_position if newest else 0):
        return
    for code in regions.roots(tx):
        for person_id in identity.holding(tx, f"/{code}/", REMINDED):
            notify.tell(tx, person_id, "notice.missed", period, period=period, days=PATIENCE.days)
