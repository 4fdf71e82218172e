"""Cases by the thousand over the sample district, written straight into the tables."""

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.cases.indexing import KEPT, open_word, scope_word
from app.cases.models import Case, CaseMove, CaseReport, CaseScope, CaseText
from app.categories import service as categories
from app.clocks.models import Clock
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.grids.cells import cell
from app.identity.access import Actor, Held
from app.identity.models import Occupation, Person, Role
from app.kit import bigrams, clock
from app.kit.db import Database, insert_rows, work
from app.kit.ids import new_id
from app.posts import service as posts
from app.regions import imports as region_imports
from app.regions import service as regions
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


@dataclass(frozen=True)
class Town:
    """What cases are made of, and who asks."""

    spots: list[tuple[str, str, float, float]]  # grid, path, lat, lng
    people: list[UUID]
    dispatcher: Actor
    grid_staff: Actor


def town(tx: Session) -> Town:
    """The sample district with a hundred people."""
    regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv"))
    drafts = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz").drafts
    grids.import_grids(tx, drafts)
    posts.load_seed(tx)
    categories.load_seed(tx)
    tx.flush()
    paths: dict[str, str] = dict(tx.execute(text("SELECT code, path FROM regions")).all())
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
