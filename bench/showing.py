"""What is shown over HTTP to whom it belongs, beside what the answers said."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from asking import Desk
from crowd import CUSTOMERS, FAMILY, GUESTS, Crowd
from errands import OFFLINE
from founding import OPENING
from told import Acknowledged

from app.demo import sample
from app.kit import clock

Finding = tuple[str, Any, Any]


def shown(crowd: Crowd, told: Acknowledged, grant: int) -> Iterator[Finding]:
    """Balances, stock, the fund, the till's days and the counter's exceptions."""
    for name in (*CUSTOMERS, *GUESTS):
        yield f"points of {name}", _points(crowd.desk, told, name, grant), _purse(crowd.desk, name)
    yield from _family(crowd.desk, told, grant)
    for station in (sample.STATION, OFFLINE):
        for item in crowd.desk.get("li", f"/v1/stations/{station}/stock")["items"]:
            is_ = item["on_hand"], item["reserved"]
            yield f"{item['code']} at {station}", _shelf(told, item, station), is_
    yield from _gifts(crowd, told)
    yield from _till(crowd.desk, told)
    yield from _counter(crowd.desk, told)


def _purse(desk: Desk, name: str) -> tuple[int, int]:
    points = desk.get(name, "/v1/points")
    return points["spendable"], points["held"]


def _points(desk: Desk, told: Acknowledged, name: str, grant: int) -> tuple[int, int]:
    """Spendable and held, by what the member and the tills were answered."""
    number, sums = desk.get(name, "/v1/me")["member_no"], Counter[str]()
    for intent in told.redeemed:
        if intent.who == name:
            sums[told.state(intent.answer["id"])] += intent.answer["points"]
    for hold_id, intent in told.holds.items():
        if intent.answer["member_no"] == number and hold_id not in told.refunds:
            sums[told.hold_state(hold_id)] += intent.answer["points"]
    return grant - sums["held"] - sums["fulfilled"], sums["held"]


def _family(desk: Desk, told: Acknowledged, grant: int) -> Iterator[Finding]:
    """Each has what they took along the last time; together they have what they did not spend."""
    purses = {name: _purse(desk, name) for name in FAMILY}
    for name, purse in purses.items():
        yield f"points of {name}", ([grant, *told.parts(name)][-1], 0), purse
    spent = sum(
        intent.answer["points"]
        for intent in told.redeemed
        if intent.who in FAMILY and told.state(intent.answer["id"]) == "fulfilled"
    )
    left = sum(spendable for spendable, _ in purses.values())
    yield "points of the family", len(FAMILY) * grant - spent, left


def _shelf(told: Acknowledged, item: dict[str, Any], station: str) -> tuple[int, int]:
    """On hand and reserved. A story ends with one piece of soap that was handed out."""
    pieces, name = Counter[str](), item["item_id"]
    for intent in told.restocked:
        if station in intent.path and intent.body["item_id"] == name:
            pieces["arrived"] += intent.body["quantity"]
    for intent in told.redeemed:
        line = intent.body["lines"][0]
        if intent.body["station_id"] == station and line["item_id"] == name:
            pieces[_whereabouts(told, intent.answer["id"])] += line["quantity"]
    if (station, item["code"]) == (sample.STATION, "soap"):
        pieces["fulfilled"] += told.stories
    return OPENING + pieces["arrived"] - pieces["fulfilled"], pieces["held"]


def _whereabouts(told: Acknowledged, redemption_id: str) -> str:
    """Goods that came back spoiled are gone as those that were handed out."""
    refund = told.refunds.get(redemption_id)
    if refund is None:
        return told.state(redemption_id)
    return "back" if refund["restock"] else "fulfilled"


def _gifts(crowd: Crowd, told: Acknowledged) -> Iterator[Finding]:
    given = {intent.answer["id"]: intent for intent in told.given}
    listed = crowd.desk.get("wu", f"/v1/funds/{crowd.fund_id}/contributions")["items"]
    there = {one["id"]: (one["state"], one["fen"]) for one in listed}
    for name, intent in given.items():
        state = "approved" if name in told.approved else "declined"
        yield f"gift {name}", (state, intent.body["fen"]), there.get(name)


def _till(desk: Desk, told: Acknowledged) -> Iterator[Finding]:
    """The store's own files of its days: each of its numbers once, ended as it was told."""
    days = {_day(intent.answer["created_at"]) for intent in told.holds.values()}
    there: dict[str, tuple[Any, ...]] = {}
    for day in sorted({*days, clock.business_day(clock.now())}):
        holds = desk.get(sample.TILL, f"/v1/till/reconciliation?day={day}")["holds"]
        names = [one["reference"] for one in holds]
        yield f"numbers of the till on {day}, each once", sorted(set(names)), sorted(names)
        there |= {
            one["reference"]: (one["hold_id"], one["state"], one["points"], one["cost_fen"])
            for one in holds
        }
    said = {
        intent.body["reference"]: (
            name, told.hold_state(name), intent.body["points"], intent.body["cost_fen"],
        )
        for name, intent in told.holds.items()
    }  # fmt: skip
    for reference in said.keys() | there.keys():
        yield f"hold {reference}", said.get(reference), there.get(reference)


def _day(instant: str) -> Any:
    return clock.business_day(datetime.fromisoformat(instant))


def _counter(desk: Desk, told: Acknowledged) -> Iterator[Finding]:
    """Sent twice, an acceptance had one outcome; what could not be posted is seen, once."""
    outcomes: dict[str, set[Any]] = {}
    for batch in told.batches:
        for one in batch.answer["items"]:
            outcomes.setdefault(one["acceptance"], set()).add((one["outcome"], one["why"]))
    for name, found in outcomes.items():
        yield f"outcomes of acceptance {name}", 1, len(found)
    done = sum(one["outcome"] == "fulfilled" for one in told.accepted.values())
    yield "codes taken without network and posted, each once", done, len(told.posted)
    said = sorted((n, one["why"], n in told.closed) for n, one in told.excepted.items())
    listed = desk.pages("he", f"/v1/stations/{OFFLINE}/exceptions")
    there = sorted((one["acceptance"], one["why"], one["closed_at"] is not None) for one in listed)
    yield "exceptions", said, there
