"""Redeeming: goods and points are held together, handed out together, or given back together.

Lock order: the redemption, the member's points, the fund's pool, stock rows by item. The pool
comes before stock because points that expire on touch give their money back before goods are held.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import actions, attempts, clock, outbox
from app.kit.db import insert_row, insert_rows
from app.kit.ids import new_id, tidy
from app.ledger import service as ledger
from app.ledger import sums
from app.ledger.errors import CostExceedsValue
from app.store import queries, rules, stock
from app.store.codes import Codes
from app.store.errors import (
    CodeChecksTooOften,
    CodeExpired,
    CodeUnknown,
    CodeUsed,
    ItemProhibited,
    ItemTooCostly,
    ItemUnavailable,
    PersonLimitReached,
    RedemptionResolved,
)  # fmt: skip
from app.store.models import (
    Item,
    Redemption,
    RedemptionLine,
    Station,
    StationKeeper,
)  # fmt: skip
from app.store.schemas import LineDraft, RedemptionDraft, RedemptionOut
from app.webhooks import service as webhooks
from app.webhooks.models import Event

WRONG_CODES = 10


def redeem(tx: Session, actor: Actor, draft: RedemptionDraft, codes: Codes) -> RedemptionOut:
    """Holds goods and points until the code is shown.

    Raises StationNotFound, ItemUnavailable, PointsInsufficient, CostExceedsValue (these points are
    worth less than the goods cost), PersonLimitReached, StockExhausted.
    """
    station = queries.get_station(tx, draft.station_id)
    wanted = sorted(draft.lines, key=lambda line: line.item_id)
    redemption_id, now = new_id(), clock.now()
    items = queries.on_sale(tx, [line.item_id for line in wanted], now)
    if len(items) != len(wanted):
        raise ItemUnavailable
    points = sum(items[line.item_id].points * line.quantity for line in wanted)
    cost_fen = sum(items[line.item_id].cost_fen * line.quantity for line in wanted)
    worth_fen = ledger.hold(
        tx, source=str(redemption_id), person_id=actor.person_id, points=points, reason="redeem"
    )
    if cost_fen > worth_fen:
        # A fund of a lower rate came after the item: what is held can always be handed out.
        raise CostExceedsValue
    # Counted under the lock that the hold took: two redemptions at once see each other's pieces.
    _refuse_over_limit(tx, actor, wanted, items, now)
    insert_row(
        tx, Redemption, id=redemption_id, person_id=actor.person_id, station_id=station.id,
        state="held", points=points, cost_fen=cost_fen, created_at=now,
        code_hash=codes.hashed(codes.code(redemption_id)), expires_at=now + codes.life,
    )  # fmt: skip
    _reserve(tx, actor, station.id, redemption_id, wanted, items)
    outbox.enqueue(tx, "redemption.due", delay=codes.life, redemption_id=redemption_id)
    return with_code(tx, queries.get_mine(tx, actor, redemption_id), codes)


def _refuse_over_limit(
    tx: Session,
    actor: Actor,
    wanted: Sequence[LineDraft],
    items: dict[UUID, Item],
    now: datetime,
) -> None:
    for line in wanted:
        item = items[line.item_id]
        if item.person_limit is None or item.limit_days is None:
            continue
        since = rules.limit_since(item.limit_days, now)
        left = item.person_limit - queries.taken(tx, actor.person_id, item.id, since)
        if line.quantity > left:
            raise PersonLimitReached(item_id=str(item.id), left=max(left, 0))


def _reserve(
    tx: Session,
    actor: Actor,
    station_id: str,
    redemption_id: UUID,
    wanted: Sequence[LineDraft],
    items: dict[UUID, Item],
) -> None:
    rows = []
    for line in wanted:
        row = station_id, line.item_id
        stock.change(tx, "reserve", row, redemption_id, actor.person_id, reserved=line.quantity)
        item = items[line.item_id]
        rows.append(
            {
                "redemption_id": redemption_id, "item_id": item.id, "quantity": line.quantity,
                "points_each": item.points, "cost_fen_each": item.cost_fen,
            }
        )  # fmt: skip
    insert_rows(tx, RedemptionLine, rows)


def with_code(tx: Session, redemption: Redemption, codes: Codes) -> RedemptionOut:
    """A redemption as its owner sees it: with the code while it is held."""
    shown = queries.redemptions_out(tx, [redemption])[0]
    if redemption.state == "held" and redemption.expires_at > clock.now():
        shown.code = codes.code(redemption.id)
    return shown


def replay(_tx: Session, _actor: Actor, stored: str, codes: Codes) -> RedemptionOut:
    """The first answer again, with the code that was not stored."""
    shown = RedemptionOut.model_validate_json(stored)
    shown.code = codes.code(shown.id)
    return shown


def cancel(tx: Session, actor: Actor, redemption_id: UUID) -> RedemptionOut:
    """Gives points and goods back. Raises RedemptionNotFound, RedemptionResolved."""
    redemption = queries.get_mine(tx, actor, redemption_id, lock=True)
    if redemption.state != "held":
        raise RedemptionResolved
    _release(tx, redemption, "cancelled", actor.person_id)
    return queries.redemptions_out(tx, [redemption])[0]


def time_out(tx: Session, redemption_id: UUID, now: datetime) -> None:
    """Gives points and goods back when nobody showed the code in time; no error otherwise."""
    redemption = tx.get_one(Redemption, redemption_id, with_for_update={"key_share": True})
    if redemption.state != "held" or redemption.expires_at > now:
        return
    if redemption.offline_until is None or redemption.offline_until <= now:
        _release(tx, redemption, "expired", None)
        return
    # A counter without network may have handed the goods out and not said so yet.
    later = redemption.offline_until - now
    outbox.enqueue(tx, "redemption.due", delay=later, redemption_id=redemption.id)


def _release(tx: Session, redemption: Redemption, state: str, actor_id: UUID | None) -> None:
    ledger.cancel(tx, source=str(redemption.id), reason=state)
    redemption.state, redemption.resolved_at = state, clock.now()
    tx.flush()
    for line in queries.lines(tx, redemption.id):
        row = redemption.station_id, line.item_id
        stock.change(tx, "release", row, redemption.id, actor_id, reserved=-line.quantity)


def fulfil(tx: Session, keeper: Actor, typed: str, codes: Codes) -> RedemptionOut:
    """Hands the goods out against a code (核销), at one of the keeper's own stations.

    Raises CodeUnknown (counted), CodeChecksTooOften, CodeUsed, CodeExpired.
    """
    subject = f"code:{keeper.person_id}"
    if attempts.made(tx, subject) >= WRONG_CODES:
        raise CodeChecksTooOften(headers=attempts.retry_after(WRONG_CODES))
    try:
        redemption = queries.get_by_code(tx, keeper, codes.hashed(tidy(typed)))
    except CodeUnknown:
        raise CodeUnknown(keep=lambda kept: _count_wrong(kept, subject)) from None
    if redemption.state in {"fulfilled", "refunded"}:
        raise CodeUsed
    if redemption.state != "held" or redemption.expires_at <= clock.now():
        raise CodeExpired
    hand_out(tx, keeper, redemption)
    return queries.redemptions_out(tx, [redemption])[0]


def _count_wrong(tx: Session, subject: str) -> None:
    attempts.add(tx, subject)


def hand_out(
    tx: Session, keeper: Actor, redemption: Redemption, acceptance: str | None = None
) -> None:
    """Posts a held redemption that is locked. Raises CostExceedsValue."""
    redemption.acceptance = acceptance
    redemption.state, redemption.resolved_at = "fulfilled", clock.now()
    redemption.keeper_id = keeper.person_id
    tx.flush()
    station, cost = redemption.station_id, redemption.cost_fen
    ledger.fulfil(tx, source=str(redemption.id), cost_fen=cost, merchant=station, reason="fulfil")
    for line in queries.lines(tx, redemption.id):
        out = -line.quantity
        row = station, line.item_id
        stock.change(tx, "fulfil", row, redemption.id, keeper.person_id, on_hand=out, reserved=out)
    actions.record(tx, keeper.person_id, "redemption.fulfilled", "redemption", redemption.id)
    told = {"redemption_id": str(redemption.id), "station_id": station, "points": redemption.points}
    _, path = queries.any_station(tx, station)
    webhooks.publish(tx, Event.REDEMPTION_FULFILLED, told, path)


def add_station(tx: Session, **values: Any) -> None:
    """Opens a station, or leaves the one with this id as it is."""
    if tx.get(Station, values["id"]) is None:
        tx.add(Station(**values, open=True, created_at=clock.now()))
        tx.flush()


def add_keeper(tx: Session, station_id: str, person_id: UUID) -> None:
    tx.add(StationKeeper(station_id=station_id, person_id=person_id, since=clock.now()))
    actions.record(tx, None, "keeper.added", "station", station_id, person=str(person_id))


def refuse_unfit(tx: Session, kind: str, texts: Iterable[str], points: int, cost_fen: int) -> None:
    """Raises ItemProhibited, and ItemTooCostly when the points would not pay for the item."""
    found = rules.prohibited(kind, texts)
    if found is not None:
        raise ItemProhibited(found.title, reason=found.reason)
    if cost_fen > points * sums.lowest_rate(tx):
        raise ItemTooCostly


def add_item(tx: Session, code: str, names: tuple[str, str], points: int, cost_fen: int) -> Item:
    """Publishes an item. Raises ItemProhibited, ItemTooCostly."""
    refuse_unfit(tx, "daily", names, points, cost_fen)
    item = Item(
        id=new_id(), code=code, name=names[0], name_en=names[1], points=points,
        cost_fen=cost_fen, kind="daily", published=True, version=1, created_at=clock.now(),
    )  # fmt: skip
    tx.add(item)
    tx.flush()
    return item
