"""The book: accounts, journals and transfers, the three rows that every event is made of."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Update, bindparam, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import CodeText, IdType, Whole
from app.kit.db import Base, core, insert_row
from app.kit.ids import new_id
from app.ledger.models import Account, Balance, Journal, Transfer

# The owner of accounts of which there is one.
SINGLE = "-"
WITH_BALANCE = frozenset({"member", "pool"})


_ACCOUNT = select(Account.id).where(
    Account.kind == bindparam("kind", type_=CodeText),
    Account.owner == bindparam("owner", type_=CodeText),
    Account.shard == bindparam("shard", type_=Whole),
)


def account(tx: Session, asset: str, kind: str, owner: str, shard: int = 0) -> UUID:
    """The id of an account, opened on first use; members and pools get their balance row."""
    same = {"kind": kind, "owner": owner, "shard": shard}
    found: UUID | None = core(tx).execute(_ACCOUNT, same).scalar()
    if found is not None:
        return found
    _insert_once(
        tx, Account, ("kind", "owner", "shard"), id=new_id(), asset=asset, created_at=clock.now(),
        **same,
    )  # fmt: skip
    opened: UUID = core(tx).execute(_ACCOUNT, same).scalar_one()
    if kind in WITH_BALANCE:
        zeros = {"credits": 0, "debits": 0, "held": 0, "unsettled": 0}
        _insert_once(tx, Balance, ("account_id",), account_id=opened, **zeros)
    return opened


def change(tx: Session, account_id: UUID, *, needed: int | None = None, **by: int) -> bool:
    """Adds to the sums of a balance: `change(tx, member, needed=5, held=5)`.

    One conditional UPDATE: False when less than `needed` is free to spend. What would overdraw the
    account without being asked for here is refused by the table's CHECK.
    """
    values = {f"by_{name}": amount for name, amount in by.items()}
    given = {"this": account_id, "needed": needed, **values}
    if needed is None:
        del given["needed"]
    changed = core(tx).execute(_change(tuple(by), guarded=needed is not None), given)
    return changed.rowcount == 1


@cache
def _change(names: tuple[str, ...], *, guarded: bool) -> Update:
    sums = Balance.__table__.c
    free = sums.credits - sums.debits - sums.held - sums.unsettled
    changed = update(Balance.__table__).where(sums.account_id == bindparam("this", type_=IdType()))  # type: ignore[arg-type]
    if guarded:
        changed = changed.where(free >= bindparam("needed", type_=Whole))
    return changed.values({n: sums[n] + bindparam(f"by_{n}", type_=Whole) for n in names})


_LOCK = (
    select(Balance.account_id)
    .where(Balance.account_id == bindparam("this", type_=IdType()))
    .with_for_update(key_share=True)
)


def lock(tx: Session, account_id: UUID) -> None:
    """Takes an account's mutex: whoever changes a member's lots holds their balance row."""
    core(tx).execute(_LOCK, {"this": account_id})


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
        tx, Journal, ("kind", "source"), id=journal_id, kind=kind, source=source, reason=reason,
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


def _insert_once(tx: Session, model: type[Base], unique: tuple[str, ...], **row: object) -> bool:
    """Inserts unless the unique columns are taken; a rival that is still writing is waited for."""
    connection = core(tx)
    statement = _once(connection.dialect.name, model, unique)
    # The row itself tells: on PostgreSQL an INSERT's row count is -1, written or not.
    return connection.execute(statement, row).scalar() is not None


@cache
def _once(engine: str, model: type[Base], unique: tuple[str, ...]) -> Any:
    dialect: Any = postgresql if engine == "postgresql" else sqlite
    row = dialect.insert(model.__table__).on_conflict_do_nothing(index_elements=list(unique))
    return row.returning(literal(1))
