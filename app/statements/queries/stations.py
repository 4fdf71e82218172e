"""A station's day: what was handed out, by whom, and what moved on the shelf."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.corrections.models import Correction
from app.identity import queries as identity
from app.kit import clock
from app.statements.rules import Period
from app.statements.schemas import DayReportOut, FlowOut, ItemDayOut, KeeperDayOut, ShelfDayOut
from app.statements.schemas.stations import Flow
from app.store import lists
from app.store.models import (
    CounterException,
    Item,
    Redemption,
    RedemptionLine,
    Station,
    Stock,
    StockMove,
)  # fmt: skip

# More ids than this in one statement is more than an engine may take.
BATCH = 500
# Which moves on the shelf say what happened to a redemption; a release says how it ended.
MOVES = {"reserve": "opened", "fulfil": "handed_out"}
SHELF = {
    "restock": "restocked", "transfer": "transferred", "adjust": "adjusted",
    "fulfil": "handed_out", "refund": "returned",
}  # fmt: skip


@dataclass(frozen=True)
class _Redeemed:
    """A redemption with its lines, without whose it is."""

    state: str
    keeper_id: UUID | None
    lines: list[Any]

    def sums(self) -> dict[str, int]:
        return {
            "count": 1,
            "pieces": sum(line.quantity for line in self.lines),
            "points": sum(line.quantity * line.points_each for line in self.lines),
            "fen": sum(line.quantity * line.cost_fen_each for line in self.lines),
        }


def day_report(tx: Session, station: Station, day: date) -> DayReportOut:
    """What happened at a station on a business day (Asia/Shanghai); no member is named."""
    of_day = Period(day, day)
    moves = _moves(tx, station.id, of_day)
    flows = _flows(tx, station.id, of_day, moves)
    handed = flows["handed_out"]
    taken = select(CounterException).where(
        CounterException.station_id == station.id,
        CounterException.created_at >= of_day.start, CounterException.created_at < of_day.end,
    )  # fmt: skip
    oldest = taken.order_by(CounterException.created_at, CounterException.id)
    return DayReportOut(
        station_id=station.id, station_name=station.name, day=day,
        final=clock.now() >= of_day.end,
        redemptions=[FlowOut(what=what, **_sum(found)) for what, found in flows.items()],
        keepers=_keepers(tx, handed), items=_items(tx, flows),
        shelf=_shelf(tx, station.id, of_day, moves),
        exceptions=lists.exceptions_out(tx, tx.scalars(oldest).all()),
    )  # fmt: skip


def _moves(tx: Session, station_id: str, of_day: Period) -> Sequence[StockMove]:
    query = select(StockMove).where(
        StockMove.station_id == station_id,
        # So that the index of a row's moves serves: it begins with station and item.
        StockMove.item_id.in_(select(Stock.item_id).where(Stock.station_id == station_id)),
        StockMove.created_at >= of_day.start, StockMove.created_at < of_day.end,
    )  # fmt: skip
    return tx.scalars(query.order_by(StockMove.created_at, StockMove.id)).all()


def _flows(
    tx: Session, station_id: str, of_day: Period, moves: Iterable[StockMove]
) -> dict[Flow, list[_Redeemed]]:
    by_kind: dict[str, set[UUID]] = defaultdict(set)
    for move in moves:
        if move.kind in {*MOVES, "release"}:
            by_kind[move.kind].add(UUID(move.source))
    refunded = _refunded(tx, of_day)
    redeemed = _redeemed(tx, station_id, set().union(*by_kind.values(), refunded))
    flows: dict[Flow, list[_Redeemed]] = {what: [] for what in get_args(Flow)}
    for kind, what in MOVES.items():
        flows[what] = [redeemed[one] for one in by_kind[kind]]  # type: ignore[index]
    for one in by_kind["release"]:
        flows[redeemed[one].state].append(redeemed[one])  # type: ignore[index]
    flows["refunded"] = [redeemed[one] for one in refunded if one in redeemed]
    return flows


def _refunded(tx: Session, of_day: Period) -> set[UUID]:
    """What was refunded on a day, anywhere: goods that are thrown away move on no shelf."""
    query = select(Correction.source).where(
        Correction.kind == "refund", Correction.state == "approved",
        Correction.decided_at >= of_day.start, Correction.decided_at < of_day.end,
    )  # fmt: skip
    return {UUID(source) for source in tx.scalars(query) if source is not None}


def _redeemed(tx: Session, station_id: str, ids: Collection[UUID]) -> dict[UUID, _Redeemed]:
    found: dict[UUID, _Redeemed] = {}
    wanted = sorted(ids)
    for first in range(0, len(wanted), BATCH):
        some = wanted[first : first + BATCH]
        heads = select(Redemption.id, Redemption.state, Redemption.keeper_id).where(
            Redemption.id.in_(some), Redemption.station_id == station_id
        )
        found |= {row.id: _Redeemed(row.state, row.keeper_id, []) for row in tx.execute(heads)}
        for line in tx.scalars(
            select(RedemptionLine).where(RedemptionLine.redemption_id.in_(some))
        ):
            if line.redemption_id in found:
                found[line.redemption_id].lines.append(line)
    return found


def _sum(found: Iterable[_Redeemed]) -> dict[str, int]:
    sums = dict.fromkeys(("count", "pieces", "points", "fen"), 0)
    for one in found:
        sums = {name: total + one.sums()[name] for name, total in sums.items()}
    return sums


def _keepers(tx: Session, handed: Sequence[_Redeemed]) -> list[KeeperDayOut]:
    by_keeper: dict[UUID, list[_Redeemed]] = defaultdict(list)
    for one in handed:
        assert one.keeper_id is not None, "what was handed out was handed out by somebody"
        by_keeper[one.keeper_id].append(one)
    names = identity.names(tx, set(by_keeper))
    shown = [
        KeeperDayOut(person_id=keeper, name=names[keeper], **_sum(found))
        for keeper, found in by_keeper.items()
    ]
    return sorted(shown, key=lambda keeper: (-keeper.count, str(keeper.person_id)))


def _items(tx: Session, flows: dict[Flow, list[_Redeemed]]) -> list[ItemDayOut]:
    sums: dict[UUID, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys((*flows, "points", "fen"), 0)
    )
    for what, found in flows.items():
        for line in (line for one in found for line in one.lines):
            sums[line.item_id][what] += line.quantity
            if what == "handed_out":
                sums[line.item_id]["points"] += line.quantity * line.points_each
                sums[line.item_id]["fen"] += line.quantity * line.cost_fen_each
    query = select(Item.id, Item.code, Item.name, Item.name_en).where(Item.id.in_(sums))
    return [
        ItemDayOut(item_id=i.id, code=i.code, name=i.name, name_en=i.name_en, **sums[i.id])
        for i in tx.execute(query.order_by(Item.code))
    ]


def _shelf(
    tx: Session, station_id: str, of_day: Period, moves: Iterable[StockMove]
) -> list[ShelfDayOut]:
    by_item: dict[UUID, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SHELF.values(), 0))
    for move in moves:
        if move.kind in SHELF:
            by_item[move.item_id][SHELF[move.kind]] += move.on_hand_change
    reserved = defaultdict(int, _sums(tx, station_id, StockMove.reserved_change, of_day.end))
    opening = defaultdict(int, _sums(tx, station_id, StockMove.on_hand_change, of_day.start))
    query = select(Item.id, Item.code, Item.name).join(Stock, Stock.item_id == Item.id)
    return [
        ShelfDayOut(
            item_id=item.id, code=item.code, name=item.name, opening=opening[item.id],
            **by_item[item.id], reserved=reserved[item.id],
            closing=opening[item.id] + sum(by_item[item.id].values()),
        )
        for item in tx.execute(query.where(Stock.station_id == station_id).order_by(Item.code))
    ]  # fmt: skip


def _sums(tx: Session, station_id: str, change: Any, before: Any) -> dict[UUID, int]:
    """Pieces on or reserved from each row of a shelf at an instant, from all that moved."""
    query = (
        select(StockMove.item_id, func.sum(change).label("pieces"))
        .where(StockMove.station_id == station_id, StockMove.created_at < before)
        .group_by(StockMove.item_id)
    )
    return {row.item_id: int(row.pieces) for row in tx.execute(query)}
