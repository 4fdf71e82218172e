"""The home page's reads, gathered."""

from sqlalchemy.orm import Session

from app.home.schemas import SummaryOut
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import clock
from app.ledger import queries as ledger
from app.notify import queries as notify
from app.reports import queries as reports
from app.store import queries as store


def summary(tx: Session, actor: Actor) -> SummaryOut:
    return SummaryOut(
        name=identity.get_person(tx, actor.person_id).name,
        member_no=actor.member_no,
        points=ledger.points(tx, actor.person_id, clock.now()),
        open_reports=reports.count_open(tx, actor.person_id),
        held_redemptions=store.count_held(tx, actor.person_id),
        unread_messages=notify.unread(tx, actor.person_id),
    )
