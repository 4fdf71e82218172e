"""Whether what was acknowledged is there, once: counted in the database and asked over HTTP."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from asking import Desk, Intent
from crowd import Crowd
from effects import added
from rigs import Rig
from showing import Finding, shown
from sqlalchemy import text
from told import Acknowledged

from app.cli.forks import Forked
from app.kit.db import Database, work

IDLE_S, AGAIN_AT_ONCE = 120, 4
TABLES = (
    "reports", "cases", "awards", "redemptions", "contributions", "photos", "stock_moves",
    "till_holds", "member_codes", "corrections", "households", "household_members",
    "household_invitations",
)  # fmt: skip
TOLD = "'report.closed', 'household.asked', 'redemption.refunded'"
BY_HAND = "'redemption.fulfilled', 'acceptances.sent', 'acceptance.excepted', 'exception.closed'"
COUNTS = {
    **{f"rows of {name}": f"SELECT '{name}', count(*) FROM {name}" for name in TABLES},  # noqa: S608
    "journals": "SELECT kind, count(*) FROM journals GROUP BY kind",
    "events": "SELECT kind, count(*) FROM (SELECT DISTINCT kind, source FROM journals) j"
    " GROUP BY kind",
    "moves of stock": "SELECT kind, count(*) FROM stock_moves GROUP BY kind",
    "moves of cases": "SELECT move, count(*) FROM case_moves WHERE actor_id IS NOT NULL"
    " GROUP BY move",
    "messages": f"SELECT kind, count(*) FROM messages WHERE kind IN ({TOLD})"  # noqa: S608
    " OR kind LIKE 'till.%' OR kind LIKE 'correction.%' GROUP BY kind",
    "actions of staff": f"SELECT action, count(*) FROM staff_actions WHERE action IN ({BY_HAND})"  # noqa: S608
    " OR action LIKE 'correction.%' OR action LIKE 'household.%' GROUP BY action",
    "exceptions": "SELECT why, count(*) FROM counter_exceptions GROUP BY why",
    "jobs that died": "SELECT kind || ' ' || error, count(*) FROM jobs WHERE state = 'dead'"
    " GROUP BY kind, error",
}


def counts(db: Database) -> dict[str, Counter[str]]:
    """How many there are of everything that a retry could double and a crash could lose."""
    with work(db, write=False) as tx:
        found = {what: tx.execute(text(query)).all() for what, query in COUNTS.items()}
    return {what: Counter(dict(tuple(row) for row in rows)) for what, rows in found.items()}


def reckon(
    rig: Rig, db: Database, crowd: Crowd, before: dict[str, Counter[str]], grant: int
) -> list[str]:
    """What is not as it was acknowledged; nothing, as it should be."""
    wait_idle(db)
    told, after = Acknowledged(crowd), counts(db)
    found: list[Finding] = [
        (what, before[what] + more, after[what]) for what, more in added(told, grant).items()
    ]
    found += _redemptions(db, told)
    found += shown(crowd, told, grant)
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
        "SELECT count(*) FROM jobs WHERE state = 'ready'"
        " AND kind NOT IN ('redemption.due', 'hold.due')"
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
