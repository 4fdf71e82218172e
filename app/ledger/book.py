"""The book: accounts, journals and transfers, the three rows that every event is made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, bindparam, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import CodeText, IdType, Whole
from app.kit.db import Base, core, insert_row
from app.kit.ids import new_id
from app.ledger.models import Account, Balance, Journal, Purse, Transfer

# The owner of accounts of which there is one.
SINGLE = "-"
WITH_BALANCE = frozenset({"member", "household", "pool"})


@dataclass(frozen=True, slots=True)
class Hands:
    """The two persons of a movement by hand: who proposed it, and who approved it."""

    actor_id: UUID
    approver_id: UUID


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


_PURSE = select(Purse.account_id).where(Purse.person_id == bindparam("person", type_=IdType()))


def purse(tx: Session, person_id: UUID) -> UUID:
    """The account that a person earns into and spends from: their own, or their household's."""
    shared: UUID | None = core(tx).execute(_PURSE, {"person": person_id}).scalar()
    return shared or account(tx, "PTS", "member", str(person_id))


def locked_purse(tx: Session, person_id: UUID) -> UUID:
    """The purse of a person, its mutex taken.

    Whoever joins or leaves a household holds their own account, so the purse is read under it.
    """
    own = account(tx, "PTS", "member", str(person_id))
    lock(tx, own)
    shared: UUID | None = core(tx).execute(_PURSE, {"person": person_id}).scalar()
    if shared is None:
        return own
    lock(tx, shared)
    return shared


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


def lock_account(tx: Session, account_id: UUID) -> None:
    """The mutex of an account without a balance row: two payments do not count one debt."""
    row = select(Account.id).where(Account.id == account_id)
    core(tx).execute(row.with_for_update(key_share=True))


_SEVERAL = (
    select(Balance.account_id)
    .join(Account, Account.id == Balance.account_id)
    .where(Balance.account_id.in_(bindparam("these", type_=IdType(), expanding=True)))
    # Members before households, each by id.
    .order_by(Account.kind.desc(), Balance.account_id)
    .with_for_update(key_share=True, of=Balance)
)
_MEMBERS = _SEVERAL.where(Account.kind == "member")


def lock_all(tx: Session, account_ids: Iterable[UUID]) -> None:
    """Takes several mutexes: members' before households', each in the order of their ids."""
    _lock_several(tx, _SEVERAL, set(account_ids))


def lock_purses(tx: Session, people: Iterable[UUID], accounts: Iterable[UUID] = ()) -> None:
    """Takes the mutexes of these people's purses and of more accounts, in the order of `lock_all`.

    None of these people joins or leaves a household until the end of this transaction.
    """
    people, more = list(people), set(accounts)
    own = {account(tx, "PTS", "member", str(person)) for person in people}
    _lock_several(tx, _MEMBERS, own | more)
    shared = {purse(tx, person) for person in people}
    _lock_several(tx, _SEVERAL, (shared | more) - own)


def _lock_several(tx: Session, query: Select[UUID], account_ids: set[UUID]) -> None:
    if account_ids:
        core(tx).execute(query, {"these": sorted(account_ids)})


def open_journal(
    tx: Session,
    kind: str,
    source: str,
    reason: str,
    *,
    by: Hands | None = None,
    reverses_id: UUID | None = None,
) -> UUID | None:
    """Opens the journal of an event, or says None when this event was booked before."""
    journal_id = new_id()
    opened = _insert_once(
        tx, Journal, ("kind", "source"), id=journal_id, kind=kind, source=source, reason=reason,
        actor_id=by.actor_id if by else None, approver_id=by.approver_id if by else None,
        reverses_id=reverses_id, created_at=clock.now(),
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
