"""Whether what was acknowledged is there, once: counted in the database and asked over HTTP."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from crowd import Crowd, Desk, Intent
from mortals import Forked
from rigs import Rig
from sqlalchemy import text

from app.demo import sample
from app.kit.db import Database, work

Finding = tuple[str, Any, Any]
IDLE_S, AGAIN_AT_ONCE = 120, 4
# Moves that a told story makes, each once.
MOVES = ("file", "dispatch", "accept", "make_safe", "resolve", "close")
TABLES = ("reports", "cases", "awards", "redemptions", "contributions", "photos", "stock_moves")
COUNTS = {
    **{f"rows of {name}": f"SELECT '{name}', count(*) FROM {name}" for name in TABLES},  # noqa: S608
    "journals": "SELECT kind, count(*) FROM journals GROUP BY kind",
    "events": "SELECT kind, count(*) FROM (SELECT DISTINCT kind, source FROM journals) j"
    " GROUP BY kind",
    "moves of stock": "SELECT kind, count(*) FROM stock_moves GROUP BY kind",
    "moves of cases": "SELECT move, count(*) FROM case_moves WHERE actor_id IS NOT NULL"
    " GROUP BY move",
    "closings told": "SELECT 'told', count(*) FROM messages WHERE kind = 'report.closed'",
    "jobs that died": "SELECT kind || ' ' || error, count(*) FROM jobs WHERE state = 'dead'"
    " GROUP BY kind, error",
}


def counts(db: Database) -> dict[str, Counter[str]]:
    """How many there are of everything that a retry could double and a crash could lose."""
    with work(db, write=False) as tx:
        found = {what: tx.execute(text(query)).all() for what, query in COUNTS.items()}
    return {what: Counter(dict(tuple(row) for row in rows)) for what, rows in found.items()}


class Acknowledged:
    """What clients were told, by kind of request."""

    def __init__(self, crowd: Crowd) -> None:
        self.stories = len(crowd.stories)
        intents = crowd.desk.intents
        self.redeemed = [i for i in intents if i.path == "/v1/redemptions"]
        self.fulfilled = {i.answer["id"] for i in intents if i.path.endswith("/fulfil")}
        self.cancelled = {i.answer["id"] for i in intents if i.path.endswith("/cancel")}
        self.restocked = [i for i in intents if i.path.endswith("/restocks")]
        self.given = [i for i in intents if i.path.endswith("/contributions")]
        self.approved = {i.answer["id"] for i in intents if i.path.endswith("/approve")}

    def state(self, redemption_id: str) -> str:
        if redemption_id in self.fulfilled:
            return "fulfilled"
        return "cancelled" if redemption_id in self.cancelled else "held"

    def added(self) -> dict[str, Counter[str]]:
        """What these answers put into the database, as `counts` counts."""
        told, restocks = self.stories, len(self.restocked)
        redeemed, done = len(self.redeemed) + told, len(self.fulfilled) + told
        journals = {
            "accrue": told, "settle": told, "redeem": redeemed, "fulfil": done,
            "cancel": len(self.cancelled), "contribute": len(self.approved),
        }  # fmt: skip
        stock = {
            "reserve": redeemed, "fulfil": done, "release": len(self.cancelled),
            "restock": restocks,
        }  # fmt: skip
        rows = {
            "reports": told, "cases": told, "awards": told, "redemptions": redeemed,
            "contributions": len(self.given), "photos": 2 * told,
            "stock_moves": sum(stock.values()),
        }  # fmt: skip
        return {
            **{f"rows of {name}": Counter({name: n}) for name, n in rows.items()},
            "journals": Counter(journals), "events": Counter(journals),
            "moves of stock": Counter(stock),
            "moves of cases": Counter(dict.fromkeys(MOVES, told)),
            "closings told": Counter(told=told), "jobs that died": Counter(),
        }  # fmt: skip


def reckon(
    rig: Rig, db: Database, crowd: Crowd, before: dict[str, Counter[str]], grant: int
) -> list[str]:
    """What is not as it was acknowledged; nothing, as it should be."""
    wait_idle(db)
    told, after = Acknowledged(crowd), counts(db)
    found: list[Finding] = [
        (what, before[what] + added, after[what]) for what, added in told.added().items()
    ]
    found += _redemptions(db, told)
    found += _over_http(crowd, told, grant)
    wrong = [
        f"{what}: {said} acknowledged, {is_} there" for what, said, is_ in found if said != is_
    ]
    return wrong + _replays(crowd.desk) + _audit(rig)


def _redemptions(db: Database, told: Acknowledged) -> Iterator[Finding]:
    query = text("SELECT CAST(id AS TEXT), state FROM redemptions")
    with work(db, write=False) as tx:
        states = {_plain(row[0]): row[1] for row in tx.execute(query)}
    for intent in told.redeemed:
        name = intent.answer["id"]
        yield f"redemption {name}", told.state(name), states.get(_plain(name))


def _plain(name: str) -> str:
    return name.replace("-", "").lower()


def _over_http(crowd: Crowd, told: Acknowledged, grant: int) -> Iterator[Finding]:
    """Balances, stock and the fund, as each is shown to whom it belongs."""
    for name in crowd.customers:
        mine = [i for i in told.redeemed if i.who == name]
        held = sum(i.answer["points"] for i in mine if told.state(i.answer["id"]) == "held")
        gone = sum(i.answer["points"] for i in mine if told.state(i.answer["id"]) == "fulfilled")
        points = crowd.desk.get(name, "/v1/points")
        yield (
            f"points of {name}",
            (grant - held - gone, held),
            (points["spendable"], points["held"]),
        )
    shelf = crowd.desk.get("li", f"/v1/stations/{sample.STATION}/stock")["items"]
    for item in shelf:
        yield f"stock of {item['code']}", _shelf(told, item), (item["on_hand"], item["reserved"])
    path = f"/v1/funds/{crowd.fund_id}/contributions"
    given = {i.answer["id"]: i for i in told.given}
    for one in crowd.desk.get("wu", path)["items"]:
        if one["id"] in given:
            state = "approved" if one["id"] in told.approved else "declined"
            intent = given[one["id"]]
            yield f"gift {one['id']}", (state, intent.body["fen"]), (one["state"], one["fen"])


def _shelf(told: Acknowledged, item: dict[str, Any]) -> tuple[int, int]:
    """On hand and reserved. A story ends with one piece of soap that was handed out."""
    arrived = sum(
        i.body["quantity"] for i in told.restocked if i.body["item_id"] == item["item_id"]
    )
    pieces: Counter[str] = Counter()
    for intent in told.redeemed:
        line = intent.body["lines"][0]
        if line["item_id"] == item["item_id"]:
            pieces[told.state(intent.answer["id"])] += line["quantity"]
    out = pieces["fulfilled"] + (told.stories if item["code"] == "soap" else 0)
    return OPENING + arrived - out, pieces["held"]


# What lies on the shelf before the doors open.
OPENING = 100_500


def _replays(desk: Desk) -> list[str]:
    """Every key once more: the same answer, and it says that it is not a new one."""

    def again(intent: Intent) -> str | None:
        answer = desk.insist(intent)
        same = answer.status_code == intent.status and answer.json() == intent.answer
        if same and answer.headers.get("Idempotency-Replayed") == "true":
            return None
        return f"{intent.path} {intent.key}: {answer.status_code} {answer.text} when sent again"

    with ThreadPoolExecutor(AGAIN_AT_ONCE) as pool:
        return [text for text in pool.map(again, list(desk.intents)) if text is not None]


def wait_idle(db: Database) -> None:
    """Waits until the worker has done what is due. Raises RuntimeError."""
    # An outside job whose worker was killed is claimed again after five minutes (outbox.CLAIM).
    due = text(
        "SELECT count(*) FROM jobs WHERE state = 'ready' AND kind <> 'redemption.due'"
        " AND (attempts = 0 OR error IS NOT NULL)"
    )
    until = time.monotonic() + IDLE_S
    while time.monotonic() < until:
        with work(db, write=False) as tx:
            if not tx.scalar(due):
                return
        time.sleep(0.2)
    raise RuntimeError("jobs are left")


def _audit(rig: Rig) -> list[str]:
    """`xinxin audit`, as an operator runs it."""
    log = rig.folder / "audit.log"
    audit = Forked(["audit"], rig.environment, log)
    audit.wait()
    said = log.read_text()
    return [] if audit.poll() == 0 and "audit: clean" in said else [f"audit: {said}"]
