"""The shelf: every change of a stock row is one conditional update and one row that tells of it."""

from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import CodeText, IdType, Whole
from app.kit.db import core, insert_for, insert_row
from app.kit.ids import new_id
from app.store.errors import StockExhausted
from app.store.models import Stock, StockMove

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


def change(
    tx: Session,
    kind: str,
    row: tuple[str, UUID],
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


def restock(
    tx: Session, row: tuple[str, UUID], quantity: int, *, source: str, actor_id: UUID | None
) -> None:
    """Puts pieces on a shelf; `source` is the delivery's number and counts once."""
    station_id, item_id = row
    empty = {"station_id": station_id, "item_id": item_id, "on_hand": 0, "reserved": 0}
    tx.execute(insert_for(tx, Stock).values(empty).on_conflict_do_nothing())
    change(tx, "restock", row, source, actor_id, on_hand=quantity)
