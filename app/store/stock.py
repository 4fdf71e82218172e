"""The shelf: every change of a stock row is one conditional update and one row that tells of it."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, literal, select, update
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.columns import CodeText, IdType, Whole
from app.kit.db import core, insert_for, insert_row
from app.kit.ids import new_id
from app.store.errors import StockExhausted
from app.store.models import Stock, StockMove, Wait

Row = tuple[str, UUID]

_ROW = Stock.__table__.c
_BY = {name: bindparam(f"by_{name}", type_=Whole) for name in ("on_hand", "reserved")}
_CHANGE = (
    update(Stock.__table__)  # type: ignore[arg-type]
    .where(
        _ROW.station_id == bindparam("station", type_=CodeText),
        _ROW.item_id == bindparam("item", type_=IdType()),
        _ROW.on_hand + _BY["on_hand"] >= _ROW.reserved + _BY["reserved"],
    )
    .values({name: _ROW[name] + by for name, by in _BY.items()})
)

_STATION, _ITEM = bindparam("station", type_=CodeText), bindparam("item", type_=IdType())
_LOCK = (
    select(Stock.on_hand, Stock.reserved)
    .where(Stock.station_id == _STATION, Stock.item_id == _ITEM)
    .with_for_update(key_share=True)
)
_WAITED = (
    select(literal(1))
    .where(Wait.station_id == _STATION, Wait.item_id == _ITEM, Wait.told_at.is_(None))
    .limit(1)
)


class Pieces(NamedTuple):
    """What a stock row says."""

    on_hand: int
    reserved: int

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


def change(
    tx: Session,
    kind: str,
    row: Row,
    source: UUID | str,
    actor_id: UUID | None,
    *,
    on_hand: int = 0,
    reserved: int = 0,
) -> None:
    """Changes the stock of (station, item), so that the last piece goes to one buyer.

    (kind, source) happens once for each row. Raises StockExhausted.
    """
    station_id, item_id = row
    given = {"station": station_id, "item": item_id, "by_on_hand": on_hand, "by_reserved": reserved}
    if core(tx).execute(_CHANGE, given).rowcount != 1:
        raise StockExhausted
    insert_row(
        tx, StockMove, id=new_id(), station_id=station_id, item_id=item_id, kind=kind,
        on_hand_change=on_hand, reserved_change=reserved, source=str(source), actor_id=actor_id,
        created_at=clock.now(),
    )  # fmt: skip
    # After the row was changed: whoever begins to wait locks it first, so none is overlooked.
    if on_hand > reserved and core(tx).execute(_WAITED, given).first() is not None:
        outbox.enqueue(tx, "shelf.filled", station_id=station_id, item_id=item_id)


def find(tx: Session, row: Row) -> Pieces | None:
    """A row of the shelf, locked; None where the station never had the item."""
    found = core(tx).execute(_LOCK, {"station": row[0], "item": row[1]}).first()
    return Pieces(*found) if found is not None else None


def lock(tx: Session, rows: Iterable[Row]) -> dict[Row, Pieces]:
    """Locks rows of the shelf in their order everywhere, opening those that are not there."""
    pieces = {}
    for row in sorted(rows):
        open_row(tx, row)
        found = find(tx, row)
        assert found is not None, "rows of the shelf are never deleted"
        pieces[row] = found
    return pieces


def open_row(tx: Session, row: Row) -> None:
    empty = {"station_id": row[0], "item_id": row[1], "on_hand": 0, "reserved": 0}
    tx.execute(insert_for(tx, Stock).values(empty).on_conflict_do_nothing())


def restock(tx: Session, row: Row, quantity: int, *, source: str, actor_id: UUID | None) -> None:
    """Puts pieces on a shelf; `source` is the delivery's number and counts once."""
    open_row(tx, row)
    change(tx, "restock", row, source, actor_id, on_hand=quantity)
