"""Whether points cost the same in a large ledger as in a small one.

    python bench/ledger.py                          # 10,000 against 1,000,000 entries, SQLite
    python bench/ledger.py --engine postgresql --entries 10000000

An entry is a transfer. Both ledgers are filled by `lives.py`; the same number of members, who stand
far apart in the large one, then earn and spend in turn: one here, one there. CPU is that of
this process and of PostgreSQL's process for our connection together, commit included; what its
background processes write later is in neither. The first round meets members whose rows
nobody has read since they were written, and is printed apart.
"""

import argparse
import gc
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from os import getloadavg
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from lives import Lives, fill
from sqlalchemy import text
from twins import accrue, databases, fulfil, live, redeem, settle, town

from app.kit import clock
from app.kit.audit import broken
from app.kit.db import Database, work
from app.ledger import audit, book, queries, service
from app.statements import rules
from app.statements.queries import points as statements

SMALL, ROUNDS, MEMBERS = 10_000, 5, 150


@dataclass(frozen=True)
class Side:
    """One of the two ledgers, who serves us in PostgreSQL, and who is active in it."""

    db: Database
    fund_id: UUID
    people: list[UUID]
    backends: list[Path]

    def server_ms(self) -> float:
        """The CPU of these processes so far; 0 for SQLite, which has none."""
        return sum(int(file.read_text().split()[0]) for file in self.backends) / 1e6


def prepare(db: Database, wanted: int) -> Side:
    """A ledger of so many entries, and members who stand evenly far apart in it."""
    with work(db, write=True) as tx:
        fund_id, member = town(tx)
    live(db, fund_id, member)
    at = perf_counter()
    with db.writer.connect() as connection:
        lives = Lives(connection, member, wanted)
    fill(db, lives)
    with db.reader.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM transfers"))
    print(f"{count:,} entries in {perf_counter() - at:.0f} s", flush=True)
    people = [lives.person(1 + n * lives.count // MEMBERS) for n in range(MEMBERS)]
    return Side(db, fund_id, people, [] if db.is_sqlite else list(_backends(db)))


def _backends(db: Database) -> Iterator[Path]:
    """Who serves the only connection of either engine; Linux tells their CPU in nanoseconds."""
    for engine in (db.writer, db.reader):
        with engine.connect() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        yield Path(f"/proc/{pid}/schedstat")


Cost = tuple[float, float]


def measure(side: Side, who: UUID, found: dict[str, list[Cost]]) -> None:
    """CPU and wall milliseconds of units in which a member earns, spends and looks."""

    def timed(name: str, run: Callable[[Any], Any], *, write: bool = True) -> Any:
        server, cpu, wall = side.server_ms(), process_time(), perf_counter()
        with work(side.db, write=write) as tx:
            result = run(tx)
        spent = process_time() - cpu, perf_counter() - wall
        found[name].append((spent[0] * 1e3 + side.server_ms() - server, spent[1] * 1e3))
        return result

    today = clock.business_day(clock.now())
    month = rules.period(today - timedelta(days=30), today)
    source = timed("accrue", lambda tx: accrue(tx, side.fund_id, who))
    timed("settle", lambda tx: settle(tx, source))
    bought = timed("redeem", lambda tx: redeem(tx, who))
    timed("fulfil", lambda tx: fulfil(tx, bought))
    purse = _gone(side, who)
    timed("expire", lambda tx: service.expire(tx, purse))
    timed("balance", lambda tx: queries.points(tx, who, clock.now()), write=False)
    timed("entries", lambda tx: queries.entries(tx, who, 20, None), write=False)
    timed("statement", lambda tx: statements.statement(tx, who, month), write=False)


Found = list[dict[str, list[Cost]]]


def compare(title: str, sides: list[Side], rounds: int) -> None:
    """Member by member: here, there; there, here. What slows a second slows both."""
    found: Found = [defaultdict(list) for _ in sides]
    pairs = list(zip(*(side.people for side in sides), strict=True))
    for turn in range(rounds):
        for number, pair in enumerate(pairs):
            for n in (0, 1) if (turn + number) % 2 else (1, 0):
                measure(sides[n], pair[n], found[n])
    show(title, *found)


def _gone(side: Side, person_id: UUID) -> UUID:
    """Gives somebody points that are past their expiry at once; says their purse."""
    with work(side.db, write=True) as tx:
        source = accrue(tx, side.fund_id, person_id, days=0)
    with work(side.db, write=True) as tx:
        settle(tx, source)
        return book.purse(tx, person_id)


def show(title: str, small: dict[str, list[Cost]], large: dict[str, list[Cost]]) -> None:
    print(f"\n{title:12}{'CPU ms (median)':>24}{'wall ms (median)':>28}{'wall ms (p99)':>28}")
    for name in small:
        line = f"{name:12}"
        for part in (0, 1):
            line += _pair(*(median(cost[part] for cost in of[name]) for of in (small, large)))
        late = (quantiles([cost[1] for cost in of[name]], n=100)[98] for of in (small, large))
        print(line + _pair(*late), flush=True)


def _pair(small: float, large: float) -> str:
    return f"{small:>10.2f} {large:>8.2f}  x{large / small:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--audit", action="store_true", help="recompute both ledgers at the end")
    asked = parser.parse_args()
    with databases(asked.engine) as (small, large):
        sides = [prepare(small, SMALL), prepare(large, asked.entries)]
        gc.freeze()
        print(f"{len(sides[0].people)} active members in each; load {getloadavg()[0]:.1f}")
        compare("first touch", sides, 1)
        compare(f"{asked.rounds} rounds", sides, asked.rounds)
        print(f"load {getloadavg()[0]:.1f}")
        return sum(_broken(side.db) for side in sides) if asked.audit else 0


def _broken(db: Database) -> bool:
    with work(db, write=False) as tx:
        found = broken(tx, audit.CHECKS)
    print("\n".join(found) or "audit: clean", flush=True)
    return bool(found)


def _stop(_number: int, _frame: Any) -> None:
    sys.exit(130)


if __name__ == "__main__":
    # A polite end, so that nothing of the databases is left.
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
