"""The village before the first kill: its goods, its money, and what its members have earned."""

from uuid import UUID

from errands import OFFLINE
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import sample
from app.identity import queries as identity
from app.identity.access import Actor, Held
from app.identity.models import Role
from app.kit import migrate
from app.kit.db import Database, work
from app.kit.ids import new_id
from app.ledger import funds
from app.ledger import service as ledger
from app.ledger.models import Contributor, Fund
from app.ledger.schemas import ContributionDraft
from app.store import service as store
from app.store import stock
from app.store.models import Item

GRANT, MONEY_FEN = 20_000, 100_000_000
# What lies on each shelf: more than anybody can carry away.
OPENING = 100_500


def found(db: Database) -> None:
    """The sample district, with a second station, full shelves and a fund to match."""
    migrate.upgrade(db)
    with work(db, write=True) as tx:
        sample.load(tx)
        keeper = _staff(tx, "li", Role.KEEPER).person_id
        store.add_keeper(tx, OFFLINE, keeper)
        for item in tx.scalars(select(Item)).all():
            source = f"kills-{item.code}"
            stock.restock(
                tx, (sample.STATION, item.id), OPENING - 500, source=source, actor_id=keeper
            )
            stock.restock(tx, (OFFLINE, item.id), OPENING, source=source, actor_id=keeper)
        fund = tx.scalars(select(Fund)).one()
        draft = ContributionDraft(
            kind=Contributor.GOVERNMENT, contributor="潼南区财政", fen=MONEY_FEN
        )
        given = funds.propose(tx, _staff(tx, "ma", Role.FUND_MANAGER), fund.id, draft)
        funds.approve(tx, _staff(tx, "wu", Role.FUND_APPROVER), fund.id, given.id)


def _staff(tx: Session, name: str, role: Role) -> Actor:
    account = identity.find_account(tx, name)
    assert account is not None, f"{name} works in the sample district"
    return Actor(account.person_id, new_id(), "", (Held(role, f"/{sample.DISTRICT}/"),))


def grant(db: Database, person_ids: list[UUID]) -> None:
    """Points that each has before the first kill."""
    for person_id in person_ids:
        with work(db, write=True) as tx:
            source, fund = f"kills-{person_id}", tx.scalars(select(Fund)).one()
            ledger.accrue(
                tx, source=source, person_id=person_id, fund=fund, points=GRANT,
                life=ledger.Life(365), reason="kills",
            )  # fmt: skip
            ledger.settle(tx, source=source, reason="kills")
