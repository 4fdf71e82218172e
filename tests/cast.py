"""The cast: people, two grids side by side, a fund, a station with goods; all by the services."""

from dataclasses import dataclass
from uuid import UUID

from shapely import box
from sqlalchemy.orm import Session

from app.categories import service as categories
from app.grids import service as grids
from app.grids.imports import GridDraft
from app.identity import service as identity
from app.identity.access import Actor, Held
from app.identity.models import Occupation, Person, Role
from app.kit.ids import new_id
from app.ledger import funds
from app.ledger.models import Contributor, Fund
from app.ledger.schemas import ContributionDraft
from app.regions import service as regions
from app.regions.schemas import RegionDraft
from app.rewards import service as rewards
from app.store import service as store
from app.store import stock
from app.store.models import Item

DISTRICT, STREET, VILLAGE = "500152000000", "500152001000", "500152001001"
GRID, OTHER_GRID = "500152001001001", "500152001001002"
# Two squares of about 100 m that share a border at 105.8410; inside the first lies the manhole.
INSIDE = {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}
INSIDE_OTHER = {"lat": 30.2055, "lng": 105.8415, "crs": "wgs84"}
OUTSIDE = {"lat": 30.30, "lng": 105.90, "crs": "wgs84"}
STATION, OTHER_STATION = "TN001", "TN002"
PASSWORD = "a long and honest password"


@dataclass(frozen=True)
class Cast:
    """Who is who."""

    liu_bo: Person  # rider, the reporter of the story
    chen: Person  # courier, another reporter
    wang: Person  # grid staff of GRID
    zhao: Person  # grid staff of OTHER_GRID
    qian: Person  # dispatcher of the district
    sun: Person  # checker and administrator of the district
    li: Person  # keeper of STATION
    zhou: Person  # keeper of OTHER_STATION
    ma: Person  # fund manager
    wu: Person  # fund approver
    fund: Fund
    soap: Item
    client_id: str
    client_secret: str


def make_cast(tx: Session) -> Cast:
    """Everyone and everything, in one unit."""
    make_map(tx)
    categories.load_seed(tx)
    people = {
        "liu_bo": identity.add_person(tx, "刘波", Occupation.RIDER),
        "chen": identity.add_person(tx, "陈快递", Occupation.COURIER),
        **{n: make_staff(tx, n) for n in ("wang", "zhao", "qian", "sun", "li", "zhou", "ma", "wu")},
    }
    for name, role, region in (
        ("wang", Role.GRID_STAFF, GRID), ("zhao", Role.GRID_STAFF, OTHER_GRID),
        ("qian", Role.DISPATCHER, DISTRICT), ("sun", Role.CHECKER, DISTRICT),
        ("sun", Role.ADMINISTRATOR, DISTRICT), ("li", Role.KEEPER, DISTRICT),
        ("zhou", Role.KEEPER, DISTRICT), ("ma", Role.FUND_MANAGER, DISTRICT),
        ("wu", Role.FUND_APPROVER, DISTRICT),
    ):  # fmt: skip
        identity.grant(tx, None, people[name].id, role, region)
    fund = make_fund(tx, people["ma"], people["wu"], fen=100_000)
    make_rule(tx, fund)
    soap = make_store(tx, people["li"], people["zhou"])
    secret = identity.add_client(tx, "till-1", "收银台", ["points:read"], DISTRICT)
    tx.flush()
    return Cast(**people, fund=fund, soap=soap, client_id="till-1", client_secret=secret)


def make_map(tx: Session) -> None:
    regions.import_regions(
        tx,
        [
            RegionDraft(DISTRICT, "潼南区", "潼南区", 0, "区", None),
            RegionDraft(STREET, "桂林街道", "桂林街道", 1, "街道", DISTRICT),
            RegionDraft(VILLAGE, "莲花社区", "莲花社区居民委员会", 2, "社区", STREET),
        ],
    )
    west, south, north = 105.8400, 30.2050, 30.2060
    squares = {GRID: (west, 105.8410), OTHER_GRID: (105.8410, 105.8420)}
    drafts = [
        GridDraft(
            code=code, name=f"莲花社区第{n}网格", level=3, parent=VILLAGE, net=n, town=STREET,
            shape=box(left, south, right, north),
        )
        for n, (code, (left, right)) in enumerate(squares.items(), start=1)
    ]  # fmt: skip
    grids.import_grids(tx, drafts)


def make_staff(tx: Session, name: str) -> Person:
    return identity.add_staff(tx, name, PASSWORD, name)


def make_fund(tx: Session, manager: Person, approver: Person, fen: int) -> Fund:
    """A fund of one yuan a point, with money that two persons brought in."""
    fund = funds.add_fund(tx, f"fund-{new_id().hex[-8:]}", "暖新基金", "感谢", DISTRICT, 100)
    if fen:
        contribute(tx, fund.id, manager, approver, fen)
    return fund


def contribute(tx: Session, fund_id: UUID, manager: Person, approver: Person, fen: int) -> UUID:
    draft = ContributionDraft(kind=Contributor.GOVERNMENT, contributor="潼南区", fen=fen)
    proposed = funds.propose(tx, actor(manager, Role.FUND_MANAGER), fund_id, draft)
    funds.approve(tx, actor(approver, Role.FUND_APPROVER), fund_id, proposed.id)
    return proposed.id


def make_rule(tx: Session, fund: Fund, points: int = 10) -> None:
    rewards.add_rule(
        tx, code="verified_problem", event="report.filed", names=("核实的问题", "Verified problem"),
        points=points, caps=(45, 1350), validity_days=365, fund_id=fund.id,
    )  # fmt: skip


def make_store(tx: Session, keeper: Person, other_keeper: Person) -> Item:
    for station_id, person in ((STATION, keeper), (OTHER_STATION, other_keeper)):
        store.add_station(
            tx, id=station_id, name=f"驿站{station_id}", kind="central", region_code=VILLAGE,
            lat=30.2055, lng=105.8410, hours=["00:00-24:00"], services=["饮水"],
        )  # fmt: skip
        store.add_keeper(tx, station_id, person.id)
    soap = store.add_item(tx, "soap", ("香皂", "Soap"), points=5, cost_fen=400)
    stock.restock(tx, (STATION, soap.id), 10, source="delivery-1", actor_id=keeper.id)
    return soap


def actor(person: Person, role: Role | None = None, path: str = f"/{DISTRICT}/") -> Actor:
    """A caller for services, without a session."""
    held = (Held(role, path),) if role else ()
    return Actor(person.id, new_id(), person.member_no, held)
