"""The sample district: Tongnan's regions and grids, a grid team, stations, goods, and a fund."""

import csv
from importlib.resources import as_file, files
from typing import Any

from sqlalchemy.orm import Session

from app.categories import service as categories
from app.grids import service as grids
from app.grids.imports import read_geojson
from app.grids.service import GridCache
from app.identity import queries as identity_queries
from app.identity import service as identity
from app.identity.access import Actor, Held
from app.identity.models import Person, Role
from app.kit import clock
from app.kit.ids import new_id
from app.ledger import funds
from app.ledger.models import Contributor, Fund
from app.ledger.schemas import ContributionDraft
from app.posts import appointments
from app.posts import service as posts
from app.posts.schemas import AppointmentDraft
from app.regions import imports as region_imports
from app.regions import queries as regions_queries
from app.regions import service as regions
from app.rewards import service as rewards
from app.routing import service as routing
from app.routing.schemas import RoutingRuleDraft, RuleSetDraft
from app.store import service as store
from app.store import stock

DATA = files("app.demo") / "data"
DISTRICT = "500152000000"
STATION = "TN002"
# Where the sample photo says it was taken (WGS-84).
SPOT = (30.1928, 105.8364)
# Known to everyone who reads this: such accounts exist in development only.
PASSWORD = "demo-only-password"  # noqa: S105
PHONE = "13800008000"
TILL, TILL_SECRET = "till-tn002", "demo-only-till-secret"
STAFF: dict[str, tuple[str, Role | None]] = {
    "wang": ("王网格", None),
    "zhao": ("赵网格长", None),
    "nong": ("农技员老田", None),
    "qian": ("钱派遣", Role.DISPATCHER),
    "sun": ("孙核查", Role.CHECKER),
    "li": ("李店主", Role.KEEPER),
    "ma": ("马经办", Role.FUND_MANAGER),
    "wu": ("吴审批", Role.FUND_APPROVER),
    "he": ("何管理", Role.ADMINISTRATOR),
}
GIFTS = (
    (Contributor.GOVERNMENT, "潼南区财政", 5_000_000),
    (Contributor.VILLAGE, "桂林街道莲花社区", 300_000),
    (Contributor.JOINT_VILLAGES, "大佛联村集体经济", 800_000),
    (Contributor.BENEFACTOR, "爱心企业家陈先生", 1_000_000),
    (Contributor.VILLAGER, "村民周大姐", 20_000),
)
GOODS = (
    ("soap", "香皂", "Soap", 5, 400),
    ("towel", "毛巾", "Towel", 8, 700),
    ("water", "矿泉水（箱）", "Case of water", 20, 1800),
    ("rice", "大米 5kg", "Rice 5 kg", 35, 3200),
    ("raincoat", "雨衣", "Raincoat", 15, 1300),
)


def load(tx: Session) -> bool:
    """Loads the sample district in one unit; False when it is there already."""
    if identity_queries.find_account(tx, "wang") is not None:
        return False
    load_map(tx)
    posts.load_seed(tx)
    categories.load_seed(tx)
    people = {name: _staff(tx, name) for name in STAFF}
    _team(tx, people, grid_of_spot(tx))
    fund = _fund(tx, people["ma"], people["wu"])
    rewards.add_rule(
        tx, code="verified_problem", event="report.filed",
        names=("上报核实的问题", "A verified problem"), points=10, caps=(45, 1350),
        validity_days=365, fund_id=fund.id,
    )  # fmt: skip
    _store(tx, people["li"])
    scopes = ["points:read", "points:hold"]
    identity.add_client(
        tx, TILL, "暖新驿站收银台", scopes, DISTRICT, development_secret=TILL_SECRET
    )
    return True


def load_map(tx: Session) -> None:
    """328 regions and 1,947 grids."""
    with as_file(DATA / "tongnan_regions.csv") as file:
        regions.import_regions(tx, region_imports.read_csv(file))
    with as_file(DATA / "tongnan_grids.geojson.gz") as file:
        grids.import_grids(tx, read_geojson(file).drafts)


def grid_of_spot(tx: Session) -> str:
    """The grid that owns the place where the story happens."""
    code = GridCache().current(tx).locate(*SPOT).grid
    assert code is not None, "the sample photo was taken in the sample district"
    return code


def _staff(tx: Session, name: str) -> Person:
    shown, role = STAFF[name]
    person = identity.add_staff(tx, name, PASSWORD, shown, development=True)
    if role is not None:
        identity.grant(tx, None, person.id, role, DISTRICT)
    return person


def _team(tx: Session, people: dict[str, Person], grid: str) -> None:
    """Appoints the grid's team and the town's agronomist, who gets what ails the fields."""
    town = regions_queries.get_region(tx, grid).path.split("/")[2]
    he = _as(people["he"], Role.ADMINISTRATOR)
    today = clock.business_day(clock.now()).isoformat()
    for name, post, region in (
        ("wang", "grid_staff_full", grid), ("zhao", "grid_head", grid),
        ("nong", "agronomist", town),
    ):  # fmt: skip
        draft = AppointmentDraft(
            person_id=people[name].id, post_code=post, region_code=region, starts_on=today,
            phone=PHONE,
        )  # fmt: skip
        appointments.appoint(tx, he, draft)
    rule = RoutingRuleDraft(
        name="农作物病虫害归镇街农技员", category_code="E06", post_code="agronomist"
    )
    routing.publish(tx, he, RuleSetDraft(region_code=DISTRICT, rules=[rule]))


def _fund(tx: Session, manager: Person, approver: Person) -> Fund:
    """A fund of one yuan a point, fed by all five kinds of givers, two persons each time."""
    fund = funds.add_fund(tx, "nuanxin", "暖新积分兑换资金池", "感谢新就业群体", DISTRICT, 100)
    tx.flush()
    for kind, contributor, fen in GIFTS:
        draft = ContributionDraft(kind=kind, contributor=contributor, fen=fen)
        given = funds.propose(tx, _as(manager, Role.FUND_MANAGER), fund.id, draft)
        funds.approve(tx, _as(approver, Role.FUND_APPROVER), fund.id, given.id)
    return fund


def _store(tx: Session, keeper: Person) -> None:
    with (DATA / "stations.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["id"].startswith("TN")]
    for row in rows:
        store.add_station(tx, **_station(row))
    store.add_keeper(tx, STATION, keeper.id)
    for code, name, name_en, points, cost_fen in GOODS:
        item = store.add_item(tx, code, (name, name_en), points, cost_fen)
        stock.restock(tx, (STATION, item.id), 500, source=f"opening-{code}", actor_id=keeper.id)


def _station(row: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row["id"], "name": row["name"], "kind": row["kind"],
        "region_code": row["community_code"] or DISTRICT,
        "lat": float(row["lat"]), "lng": float(row["lng"]),
        "hours": [span for span in row["hours"].split(";") if span],
        "services": [service for service in row["services"].split("|") if service],
    }  # fmt: skip


def _as(person: Person, role: Role) -> Actor:
    return Actor(person.id, new_id(), person.member_no, (Held(role, f"/{DISTRICT}/"),))
