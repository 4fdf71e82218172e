"""The book: accounts, journals and transfers, the three rows that every event is made of."""

from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import Base, insert_row
from app.kit.ids import new_id
from app.ledger.models import Account, Balance, Journal, Transfer

# The owner of accounts of which there is one.
SINGLE = "-"
WITH_BALANCE = frozenset({"member", "pool"})


def account(tx: Session, asset: str, kind: str, owner: str, shard: int = 0) -> UUID:
    """The id of an account, opened on first use; members and pools get their balance row."""
    same = Account.kind == kind, Account.owner == owner, Account.shard == shard
    query = select(Account.id).where(*same)
    found = tx.scalar(query)
    if found is not None:
        return found
    _insert_once(
        tx, Account, ["kind", "owner", "shard"], id=new_id(), asset=asset, kind=kind, owner=owner,
        shard=shard, created_at=clock.now(),
    )  # fmt: skip
    opened = tx.scalars(query).one()
    if kind in WITH_BALANCE:
        zeros = {"credits": 0, "debits": 0, "held": 0, "unsettled": 0}
        _insert_once(tx, Balance, ["account_id"], account_id=opened, **zeros)
    return opened


def open_journal(
    tx: Session,
    kind: str,
    source: str,
    reason: str,
    *,
    actor_id: UUID | None = None,
    approver_id: UUID | None = None,
) -> UUID | None:
    """Opens the journal of an event, or says None when this event was booked before."""
    journal_id = new_id()
    opened = _insert_once(
        tx, Journal, ["kind", "source"], id=journal_id, kind=kind, source=source, reason=reason,
        actor_id=actor_id, approver_id=approver_id, created_at=clock.now(),
    )  # fmt: skip
    return journal_id if opened else None


def move(
    tx: Session,
    journal_id: UUID,
    asset: str,
    debit: UUID,
    credit: UUID,
    amount: int,
    *,
    state: str = "posted",
    pending_id: UUID | None = None,
) -> UUID:
    """Writes one transfer, in points or fen, and gives its id."""
    transfer_id = new_id()
    insert_row(
        tx, Transfer, id=transfer_id, journal_id=journal_id, asset=asset, debit_account_id=debit,
        credit_account_id=credit, amount=amount, state=state, pending_id=pending_id,
        pending_state="pending" if pending_id else None, created_at=clock.now(),
    )  # fmt: skip
    return transfer_id


def _insert_once(tx: Session, model: type[Base], unique: list[str], **values: object) -> bool:
    """Inserts unless the unique columns are taken; a rival that is still writing is waited for."""
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(model).values(**values).on_conflict_do_nothing(index_elements=unique)
    # The row itself tells: on PostgreSQL an INSERT's row count is -1, written or not.
    return tx.scalar(row.returning(literal(1))) is not None
