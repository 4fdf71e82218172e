"""Who is told of a published notice: everyone with an entry in it, some hundreds at a time."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.notify import service as notify
from app.proofs import queries
from app.proofs.models import Notice

BATCH = 200


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
