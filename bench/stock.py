"""Fills a database: the district's 1,947 grids, people, funds, goods, photos and cases.

All of it is made by the services; then rows of reports, cases and photos are multiplied, because
thousands of submissions one by one would take longer than the measurement.
"""

import csv
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import rows
from docket import Problem
from servers import ROOT
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.categories import service as categories
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.grids.service import GridCache
from app.identity import service as identity
from app.identity.access import Actor, Held
from app.identity.models import Occupation, Person, Role
from app.identity.tokens import TokenKeys
from app.kit import outbox
from app.kit.db import Database, work
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.ledger import funds
from app.ledger import service as ledger
from app.ledger.models import Account, Contributor, Fund, Lot
from app.ledger.schemas import ContributionDraft
from app.ledger.service import Life
from app.media import service as media
from app.media.bucket import LocalBucket
from app.media.pixels import Developed
from app.media.views import Signer
from app.regions import imports as region_imports
from app.regions import service as regions
from app.reports import service as reports
from app.reports.schemas import PlaceDraft, ReportDraft
from app.rewards import service as rewards
from app.store import service as store
from app.store import stock as shelf
from app.worker import Tools, make_handlers

DATA = ROOT / "app" / "demo" / "data"
DISTRICT = "500152000000"
MODELS, STAFF, STATIONS, LOTS, LOT_POINTS = 24, 8, 8, 4, 100
RULE_POINTS, UNCAPPED = 10, 10**9
SIGNER = Signer(b"bench" * 8, timedelta(minutes=30))


@dataclass
class Member:
    """Someone who is signed in; `lots` and `account` are a reporter's points."""

    person_id: UUID
    sign_in: str
    account: UUID | None = None
    lots: list[UUID] = field(default_factory=list)


@dataclass
class Stock:
    """What scenes draw from. Each photo (with its owner's number) and case serves once."""

    keys: TokenKeys
    reporters: list[Member] = field(default_factory=list)
    movers: list[Member] = field(default_factory=list)
    checkers: list[Member] = field(default_factory=list)
    keepers: list[Member] = field(default_factory=list)
    stations: list[str] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)
    item: str = ""
    photos: deque[tuple[int, UUID]] = field(default_factory=deque)
    cases: deque[Problem] = field(default_factory=deque)


@dataclass(frozen=True)
class Sizes:
    reporters: int
    photos: int
    cases: int


def fill(db: Database, keys: TokenKeys, sizes: Sizes) -> Stock:
    """Everything, in a few units of work."""
    stock = Stock(keys)
    with work(db, write=True) as tx:
        _map(tx, stock)
        categories.load_seed(tx)
        stock.movers = [_staff(tx, keys, n, Role.DISPATCHER) for n in range(STAFF)]
        stock.checkers = [_staff(tx, keys, n, Role.CHECKER) for n in range(STAFF)]
        stock.keepers = [_staff(tx, keys, n, Role.KEEPER) for n in range(STATIONS)]
        stock.reporters = [_reporter(tx, keys, n) for n in range(sizes.reporters)]
        fund = _fund(tx, sizes.reporters * LOTS * LOT_POINTS + sizes.cases * RULE_POINTS)
        rewards.add_rule(
            tx, code="bench", event="report.filed", names=("上报", "Report"), points=RULE_POINTS,
            caps=(UNCAPPED, UNCAPPED), validity_days=365, fund_id=fund.id,
        )  # fmt: skip
        _store(tx, stock)
    for reporter in stock.reporters:
        with work(db, write=True) as tx:
            _points(tx, reporter, fund)
    models = _models(db, stock)
    # Foreign keys are checked by cached plans, which had best know that tables are not empty.
    _settle(db)
    owners = [reporter.person_id for reporter in stock.reporters]
    stock.cases.extend(rows.cases(db, models, owners, sizes.cases))
    stock.photos.extend(rows.photos(db, models[0], owners, sizes.photos))
    _settle(db)
    return stock


def _settle(db: Database) -> None:
    with db.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        if not db.is_sqlite:
            connection.execute(text("CHECKPOINT"))


def _map(tx: Session, stock: Stock) -> None:
    regions.import_regions(tx, region_imports.read_csv(DATA / "tongnan_regions.csv"))
    reading = grid_imports.read_geojson(DATA / "tongnan_grids.geojson.gz")
    drafts = [draft for draft in reading.drafts if draft.level == 3]
    grids.import_grids(tx, drafts)
    points = [draft.shape.representative_point() for draft in drafts]
    stock.places = [(point.y, point.x) for point in points]
    random.Random(1).shuffle(stock.places)


SEAL = Seal("bench")


def _member(keys: TokenKeys, person_id: UUID, token: str) -> Member:
    return Member(person_id, keys.verify(token)["sid"])


def _staff(tx: Session, keys: TokenKeys, number: int, role: Role) -> Member:
    person = identity.add_person(tx, f"{role} {number}", Occupation.STAFF)
    identity.grant(tx, None, person.id, role, DISTRICT)
    signed = identity.sign_in_with_password(tx, keys, person.id)
    return _member(keys, person.id, signed.access_token)


def _reporter(tx: Session, keys: TokenKeys, number: int) -> Member:
    # Any seal will do: it finds blocks of whoever comes back, and nobody does.
    signed = identity.sign_in_with_wechat(tx, keys, SEAL, "wx", f"bench-{number}", None)
    return _member(keys, signed.person.id, signed.access_token)


def _actor(person: Person, role: Role) -> Actor:
    return Actor(person.id, new_id(), person.member_no, (Held(role, f"/{DISTRICT}/"),))


def _fund(tx: Session, points: int) -> Fund:
    fund = funds.add_fund(tx, "bench", "暖新基金", "感谢", DISTRICT, 100)
    manager, approver = (
        identity.add_person(tx, name, Occupation.STAFF) for name in ("manager", "approver")
    )
    draft = ContributionDraft(
        kind=Contributor.GOVERNMENT, contributor="潼南区", fen=points * fund.rate_fen
    )
    proposed = funds.propose(tx, _actor(manager, Role.FUND_MANAGER), fund.id, draft)
    funds.approve(tx, _actor(approver, Role.FUND_APPROVER), fund.id, proposed.id)
    return fund


def _store(tx: Session, stock: Stock) -> None:
    with (DATA / "stations.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))[:STATIONS]
    item = store.add_item(tx, "soap", ("香皂", "Soap"), points=5, cost_fen=400)
    stock.item, stock.stations = str(item.id), [row["id"] for row in rows]
    for row, keeper in zip(rows, stock.keepers, strict=True):
        store.add_station(
            tx, id=row["id"], name=row["name"], kind=row["kind"],
            region_code=row["community_code"], lat=float(row["lat"]), lng=float(row["lng"]),
            hours=[row["hours"]], services=row["services"].split("|"),
        )  # fmt: skip
        store.add_keeper(tx, row["id"], keeper.person_id)
        shelf.restock(
            tx, (row["id"], item.id), 1_000_000, source=f"bench-{row['id']}",
            actor_id=keeper.person_id,
        )  # fmt: skip


def _points(tx: Session, reporter: Member, fund: Fund) -> None:
    for _ in range(LOTS):
        source = str(new_id())
        ledger.accrue(
            tx, source=source, person_id=reporter.person_id, fund=fund, points=LOT_POINTS,
            life=Life(365), reason="bench",
        )  # fmt: skip
        ledger.settle(tx, source=source, reason="bench")
    owner = Account.kind == "member", Account.owner == str(reporter.person_id)
    reporter.account = tx.scalars(select(Account.id).where(*owner)).one()
    lots = select(Lot.id).where(Lot.account_id == reporter.account)
    reporter.lots = list(tx.scalars(lots.order_by(Lot.id)))


def _models(db: Database, stock: Stock) -> list[UUID]:
    """A few reports, submitted and routed by the services; the rest are copies of these."""
    made = []
    for number in range(MODELS):
        reporter = stock.reporters[number % len(stock.reporters)]
        actor = Actor(reporter.person_id, UUID(reporter.sign_in), "", ())
        lat, lng = stock.places[number]
        with work(db, write=True) as tx:
            photo = media.keep(tx, actor.person_id, new_id(), 300_000, _developed(), SIGNER)
            draft = ReportDraft(
                description="人行道上的井盖破损，一踩就晃，很危险", category="manhole",
                photo_ids=[photo.id], place=PlaceDraft(lat=lat, lng=lng, crs="wgs84"),
            )  # fmt: skip
            made.append(reports.submit(tx, actor, draft, SIGNER).id)
    handlers = make_handlers(Tools(db, LocalBucket(ROOT / "var" / "bench" / "none"), GridCache()))
    while outbox.run_one(db, handlers):
        pass
    return made


def _developed() -> Developed:
    return Developed(
        content_type="image/jpeg", width=1080, height=1440, taken_at=None, lat=None, lng=None,
        sha256=new_id().hex * 2, dhash="0" * 16, display=b"", thumb=b"",
    )  # fmt: skip
