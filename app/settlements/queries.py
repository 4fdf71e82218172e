"""Reads of settling: who a merchant is, what is not settled yet, and statements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import ApiClient, Role
from app.kit.page import Slice, cut
from app.ledger.models import Account, Journal, Transfer
from app.regions.models import Region
from app.regions.queries import under
from app.settlements.errors import MerchantNotFound, StatementNotFound
from app.settlements.models import MerchantLine, MerchantStatement
from app.store.models import Station, StationKeeper

READERS = (Role.FUND_MANAGER, Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Merchant:
    """A station, or a program that runs an external store, and the region it belongs to."""

    id: str
    region_code: str
    path: str


def get_merchant(tx: Session, actor: Actor, merchant: str) -> Merchant:
    """Raises MerchantNotFound, also for one outside the regions in which the actor reads money."""
    for model in (Station, ApiClient):
        query = select(model.id, model.region_code, Region.path)
        found = query.join(Region, Region.code == model.region_code).where(model.id == merchant)
        row = tx.execute(found).first()
        if row is not None and actor.holds(READERS, row.path):
            return Merchant(row.id, row.region_code, row.path)
    raise MerchantNotFound


def find_payable(tx: Session, merchant: str) -> UUID | None:
    """The account on which a merchant is owed; None until the first thing was handed out."""
    same = Account.kind == "payable", Account.owner == merchant, Account.shard == 0
    return tx.scalar(select(Account.id).where(*same))


def unsettled(tx: Session, payable: UUID, before: datetime) -> list[tuple[UUID, int]]:
    """The transfers of a merchant's account that no living statement covers, with their fen.

    Goods handed out count up, goods taken back count down. All of one event go together: its
    journal's instant decides, `before` excluded.
    """
    covered = exists().where(MerchantLine.transfer_id == Transfer.id)
    found: list[tuple[UUID, int]] = []
    for side, sign in ((Transfer.credit_account_id, 1), (Transfer.debit_account_id, -1)):
        query = (
            select(Transfer.id, Transfer.amount)
            .join(Journal, Journal.id == Transfer.journal_id)
            .where(
                side == payable, Journal.kind != "pay_out", Journal.created_at < before, ~covered
            )
            .order_by(Transfer.id)
        )
        found += [(row.id, sign * row.amount) for row in tx.execute(query)]
    return found


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for statements: who works with money sees those of their regions, and a keeper
    those of the stations that they keep."""
    kept = exists().where(
        StationKeeper.station_id == MerchantStatement.merchant,
        StationKeeper.person_id == actor.person_id,
    )
    keeping = or_(false(), *(under(Region.path, path) for path in actor.paths({Role.KEEPER})))
    reading = (under(Region.path, path) for path in actor.paths(READERS))
    return or_(false(), *reading, and_(keeping, kept))


def _statements(actor: Actor) -> Select[Any, Any]:
    query: Select[Any, Any] = select(MerchantStatement, Region.path)
    return query.join(Region, Region.code == MerchantStatement.region_code).where(visible_to(actor))


def get_statement(
    tx: Session, actor: Actor, statement_id: UUID, *, lock: bool = False
) -> tuple[MerchantStatement, str]:
    """A statement and its region's path. Raises StatementNotFound, also when not visible."""
    query = _statements(actor).where(MerchantStatement.id == statement_id)
    if lock:
        query = query.with_for_update(key_share=True, of=MerchantStatement)
    row = tx.execute(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise StatementNotFound
    return row.MerchantStatement, row.path


def statements(
    tx: Session, actor: Actor, wanted: tuple[str | None, str | None], limit: int, cursor: str | None
) -> Slice:
    """A page of the statements that the actor sees, the newest first; `wanted` is a merchant and
    a state, either or none."""
    merchant, state = wanted
    query = _statements(actor)
    if merchant is not None:
        query = query.where(MerchantStatement.merchant == merchant)
    if state is not None:
        query = query.where(MerchantStatement.state == state)
    keys = (MerchantStatement.drawn_at, MerchantStatement.id)
    filters = (actor.person_id, *wanted)
    return cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters)


def lines(tx: Session, statement_id: UUID) -> list[Any]:
    """What a statement covers, one row for each event, the oldest first."""
    fen = func.sum(MerchantLine.fen).label("fen")
    query = (
        select(Journal.id, Journal.kind, Journal.source, Journal.created_at, fen)
        .join(Transfer, Transfer.id == MerchantLine.transfer_id)
        .join(Journal, Journal.id == Transfer.journal_id)
        .where(MerchantLine.statement_id == statement_id)
        .group_by(Journal.id, Journal.kind, Journal.source, Journal.created_at)
    )
    return list(tx.execute(query.order_by(Journal.created_at, Journal.id)))


def last_number(tx: Session, start: str) -> int:
    """The highest running number behind `start` (6 digits), 0 when there is none."""
    digits = func.max(MerchantStatement.number)
    # '.' follows '-' in ASCII, so this range is what begins with `start`, on the unique index.
    after = start.removesuffix("-") + "."
    query = select(digits).where(MerchantStatement.number > start, MerchantStatement.number < after)
    last = tx.scalar(query)
    return int(last.removeprefix(start)) if last is not None else 0


def kept_by(tx: Session, station_id: str) -> list[UUID]:
    """The keepers of a station, by id; nobody where it is none."""
    query = select(StationKeeper.person_id).where(StationKeeper.station_id == station_id)
    return list(tx.scalars(query.order_by(StationKeeper.person_id)))
