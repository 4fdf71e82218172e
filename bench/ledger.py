"""Whether points cost the same in a large ledger as in a small one: earn, redeem, fulfil, balance.

    python bench/ledger.py                          # 10,000 against 1,000,000 entries, SQLite
    python bench/ledger.py --engine postgresql --entries 10000000

An entry is a transfer. The small ledger grows into the large one by set-based copies of what the
services wrote for one member: journals, transfers, lots, uses and the money behind them, so every
index has the rows it would have. CPU is `process_time` around one unit, its commit included.
"""

import argparse
import gc
import itertools
import random
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from routing import database
from sqlalchemy import text

from app import tables
from app.identity import service as identity
from app.identity.models import Occupation
from app.kit import clock
from app.kit.db import Database, work
from app.kit.ids import new_id
from app.ledger import book, funds, queries, service
from app.ledger.models import Contribution, Fund
from app.regions import service as regions
from app.regions.schemas import RegionDraft

DISTRICT = "500152000000"
SMALL, TIMES, ROUNDS, MEMBERS = 10_000, 150, 5, 200
# A member of the template earned so often, and bought once after every fifth time.
EARNED, PER_REDEEM = 20, 5
COPIED = ("accounts", "balances", "journals", "transfers", "lots", "lot_uses", "backing")
_number = itertools.count(1)


def town(tx: Any) -> tuple[UUID, list[UUID]]:
    """A fund that will not end, and members."""
    regions.import_regions(tx, [RegionDraft(DISTRICT, "潼南区", "潼南区", 0, "区", None)])
    ma, wu = (identity.add_person(tx, name, Occupation.STAFF) for name in ("马", "吴"))
    fund = funds.add_fund(tx, "bench", "暖新基金", "感谢", DISTRICT, 100)
    given = Contribution(
        id=new_id(), fund_id=fund.id, kind="government", contributor="区财政", fen=10**13,
        state="approved", proposed_by=ma.id, proposed_at=clock.now(), approved_by=wu.id,
        approved_at=clock.now(),
    )  # fmt: skip
    tx.add(given)
    tx.flush()
    journal = book.open_journal(
        tx, "contribute", str(given.id), "government", by=book.Hands(ma.id, wu.id)
    )
    assert journal is not None
    world = book.account(tx, "CNY", "world", book.SINGLE)
    book.move(tx, journal, "CNY", world, book.account(tx, "CNY", "pool", str(fund.id)), given.fen)
    service.pool.put(tx, fund.id, given.id, 0, given.fen)
    people = [identity.add_person(tx, f"骑手{n}", Occupation.RIDER).id for n in range(MEMBERS)]
    return fund.id, people


def earn(tx: Any, fund_id: UUID, person_id: UUID, points: int = 10) -> None:
    source = f"bench-{next(_number)}"
    service.accrue(
        tx, source=source, person_id=person_id, fund=tx.get_one(Fund, fund_id), points=points,
        life=service.Life(365), reason="report.filed",
    )  # fmt: skip
    service.settle(tx, source=source, reason="report.filed")


def redeem(tx: Any, person_id: UUID, points: int = 10) -> str:
    source = f"bench-{next(_number)}"
    service.hold(tx, source=source, person_id=person_id, points=points, reason="redeem")
    return source


def fulfil(tx: Any, source: str) -> None:
    service.fulfil(tx, source=source, cost_fen=800, merchant="TN001", reason="fulfil")


def live(db: Database, fund_id: UUID, person_id: UUID) -> None:
    """The template's life."""
    for n in range(1, EARNED + 1):
        with work(db, write=True) as tx:
            earn(tx, fund_id, person_id)
        if n % PER_REDEEM == 0:
            with work(db, write=True) as tx:
                source = redeem(tx, person_id)
            with work(db, write=True) as tx:
                fulfil(tx, source)


def entries(db: Database) -> int:
    with db.reader.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM transfers")) or 0)


def grow(db: Database, wanted: int, member: UUID) -> None:
    """Copies one member's whole life for members who never were, until there is enough.

    Ids are new and random, as bad for an index as ids can be; the single accounts stay themselves.
    """
    with db.reader.connect() as connection:
        template = rows_of(connection, str(member))
    per_life = len(template["transfers"])
    with db.writer.connect() as connection:
        missing = max(0, (wanted - entries(db)) // per_life)
        for first in range(0, missing, 200):
            lives = range(first, min(missing, first + 200))
            with connection.begin():
                for name in COPIED:
                    rows = [row for life in lives for row in copied(template, name, life)]
                    connection.execute(tables.metadata.tables[name].insert(), rows)


def rows_of(connection: Any, owner: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of a member's ledger, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    where = {
        "accounts": f"kind = 'member' AND owner = '{owner}'",
        "balances": "account_id IN (SELECT id FROM accounts WHERE {accounts})",
        "lots": "account_id IN (SELECT id FROM accounts WHERE {accounts})",
        "backing": "lot_id IN (SELECT id FROM lots WHERE {lots})",
        "lot_uses": "lot_id IN (SELECT id FROM lots WHERE {lots})",
        "journals": "id IN (SELECT journal_id FROM backing WHERE {backing}) OR id IN"
        " (SELECT t.journal_id FROM transfers t JOIN accounts a ON a.id IN"
        " (t.debit_account_id, t.credit_account_id) WHERE a.{accounts})",
        "transfers": "journal_id IN (SELECT id FROM journals WHERE {journals})",
    }
    said: dict[str, str] = {}
    for name, condition in where.items():
        said[name] = condition.format(**said)
    for name in COPIED:
        table = tables.metadata.tables[name]
        query = table.select().where(text(said[name]))
        found[name] = [dict(row) for row in connection.execute(query).mappings()]
    # A pending transfer stands before what resolves it.
    found["transfers"].sort(key=lambda row: (row["pending_id"] is not None, row["id"]))
    found["lot_uses"].sort(key=lambda row: (row["taken_id"] is not None, row["id"]))
    return found


def copied(template: dict[str, list[dict[str, Any]]], name: str, life: int) -> list[dict[str, Any]]:
    """The rows of one table under other ids: the same for the same life, whatever the table."""
    own = {row["id"] for of in COPIED if of != "balances" for row in template[of]}

    def other(value: Any) -> Any:
        return (
            UUID(int=value.int ^ (hash((life, 0x5A)) & ((1 << 60) - 1))) if value in own else value
        )

    made = []
    for row in template[name]:
        new = {column: other(v) if isinstance(v, UUID) else v for column, v in row.items()}
        if name == "accounts":
            new["owner"] = str(UUID(int=UUID(row["owner"]).int ^ (life + 1)))
        if name == "journals":
            new["source"] = f"{row['source']}-{life}"
        made.append(new)
    return made


def measure(
    db: Database, fund_id: UUID, people: list[UUID]
) -> dict[str, list[tuple[float, float]]]:
    """CPU and wall milliseconds of units, in turn."""
    found: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("earn", "redeem", "fulfil", "balance")
    }

    def timed(name: str, run: Any, *, write: bool = True) -> Any:
        cpu, wall = process_time(), perf_counter()
        with work(db, write=write) as tx:
            result = run(tx)
        found[name].append(((process_time() - cpu) * 1e3, (perf_counter() - wall) * 1e3))
        return result

    for _ in range(TIMES):
        person = random.choice(people)
        timed("earn", lambda tx, who=person: earn(tx, fund_id, who))
        source = timed("redeem", lambda tx, who=person: redeem(tx, who))
        timed("fulfil", lambda tx, held=source: fulfil(tx, held))
        timed("balance", lambda tx, who=person: queries.points(tx, who, clock.now()), write=False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--entries", type=int, default=1_000_000)
    asked = parser.parse_args()
    with database(asked.engine) as small, database(asked.engine) as large:
        sides = []
        for db, wanted in ((small, SMALL), (large, asked.entries)):
            with work(db, write=True) as tx:
                fund_id, people = town(tx)
            live(db, fund_id, people[0])
            at = perf_counter()
            grow(db, wanted, people[0])
            if not db.is_sqlite:
                with db.writer.connect() as connection:
                    connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                        text("ANALYZE")
                    )
            print(f"{entries(db):,} entries in {perf_counter() - at:.0f} s")
            measure(db, fund_id, people[1:])
            sides.append((db, fund_id, people[1:]))
        gc.freeze()
        rounds = [[measure(*side) for side in sides] for _ in range(ROUNDS)]
    print(f"{'':10}{'cpu ms':>18}{'':>8}{'wall ms (median, p99)':>40}")
    for name in ("earn", "redeem", "fulfil", "balance"):
        both = [[m for turn in rounds for m in turn[side][name]] for side in (0, 1)]
        cpu = [median(m[0] for m in one) for one in both]
        wall = [median(m[1] for m in one) for one in both]
        late = [quantiles((m[1] for m in one), n=100)[98] for one in both]
        print(
            f"{name:10}{cpu[0]:>8.2f} {cpu[1]:>8.2f} x{cpu[1] / cpu[0]:.2f}"
            f"   {wall[0]:>8.2f} {wall[1]:>8.2f} x{wall[1] / wall[0]:.2f}"
            f"   p99 {late[0]:>8.2f} {late[1]:>8.2f} x{late[1] / late[0]:.2f}"
        )


if __name__ == "__main__":
    main()
