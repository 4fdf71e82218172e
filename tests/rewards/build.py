"""Rules, campaigns and awards for tests of earning; each test takes an event of its own."""

import itertools
from datetime import timedelta

import pytest
from cast import DISTRICT, actor
from ledger.build import broken

from app.identity.models import Role
from app.kit import clock
from app.kit.ids import new_id
from app.ledger import funds
from app.ledger.models import Contributor
from app.ledger.schemas import ContributionDraft
from app.regions.queries import get_region
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.rewards import service
from app.rewards.models import Award, Campaign, CapCounter, Rule
from app.rewards.rules import Spot

FAR = "500231000000"
HERE, THERE = Spot(f"/{DISTRICT}/"), Spot(f"/{FAR}/")
_number = itertools.count(1)


def event() -> str:
    """An event that no other test knows."""
    return f"test.{next(_number)}"


def rule(tx, fund, of, points=10, *, caps=(45, 1350), **more):
    """A rule that has been in force for a year."""
    made = Rule(
        id=new_id(), code=more.pop("code", f"rule-{next(_number)}"), version=1, event=of,
        name="规则", name_en="Rule", points=points, day_cap=caps[0], month_cap=caps[1],
        fund_id=fund.id, effective_from=clock.now() - timedelta(days=365), **more,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    return made


def campaign(tx, fund, of, *, percent=150, budget=1000, days=(-1, 1)):
    begins, ends = (clock.now() + timedelta(days=day) for day in days)
    made = Campaign(
        id=new_id(), code=f"campaign-{next(_number)}", name="活动", name_en="Campaign", event=of,
        fund_id=fund.id, percent=percent, budget=budget, used=0, begins_at=begins, ends_at=ends,
        created_at=clock.now(),
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    return made


def grant(tx, person, of, spot=HERE, *, at=None, source=None):
    """Asks for an award and gives it, or None."""
    source = source or f"case-{next(_number)}"
    service.grant(
        tx, event=of, source=source, person_id=person.id, reported_at=at or clock.now(), spot=spot
    )
    return tx.query(Award).filter_by(event=of, source=source).one_or_none()


def announce(tx, award, hours=72):
    """Its case was closed: it is announced for so many hours, or settled at once."""
    service.close(
        tx, event=award.event, source=award.source, after=timedelta(hours=hours)
    )  # fmt: skip


def used(tx, person, code):
    """What is counted, by the kind of period."""
    rows = tx.query(CapCounter).filter_by(person_id=person.id, rule_code=code)
    return {row.period.partition(":")[0]: row.used for row in rows}


def far_fund(tx, cast, fen=100_000):
    """A second district with a fund of its own."""
    import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
    return fund_of(tx, cast, FAR, fen)


def fund_of(tx, cast, region, fen=100_000):
    """A fund of a region, with money that two persons of that region brought in."""
    path = get_region(tx, region).path
    fund = funds.add_fund(tx, f"fund-{new_id().hex[-8:]}", "基金", "感谢", region, 100)
    draft = ContributionDraft(kind=Contributor.GOVERNMENT, contributor="政府", fen=fen)
    given = funds.propose(tx, actor(cast.ma, Role.FUND_MANAGER, path), fund.id, draft)
    funds.approve(tx, actor(cast.wu, Role.FUND_APPROVER, path), fund.id, given.id)
    return fund


@pytest.fixture(scope="module", autouse=True)
def _clean(db):
    yield
    found = broken(db)
    assert found == [], found
