"""Reads of rules, of the regions they speak of, and of who holds what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import Session

from app.categories.models import Category
from app.identity.models import Grant, Person, Role
from app.kit.columns import CodeText
from app.kit.db import core
from app.posts.models import Appointment, Net, Post, Unit
from app.posts.queries import in_force, moment
from app.regions.models import GroupingRegion, Region
from app.regions.queries import under
from app.routing.models import RoutingDecision, RoutingRule, RuleSet
from app.routing.rules import Ground, Held, Rule
from app.routing.schemas import DecisionOut

# Who takes cases without a post, in the order in which they are asked.
TAKERS = (Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER)

_DISTRICT = bindparam("district", type_=CodeText)
_FIELDS = (
    RoutingRule.position, RoutingRule.name, RoutingRule.category_code, RoutingRule.net_code,
    RoutingRule.region_code, RoutingRule.source, RoutingRule.weekdays, RoutingRule.starts,
    RoutingRule.ends, RoutingRule.post_code, RoutingRule.unit_code,
)  # fmt: skip
_RULES = (
    select(*_FIELDS)
    .where(RoutingRule.district == _DISTRICT, RoutingRule.version == bindparam("wanted"))
    .order_by(RoutingRule.position)
)
# The last set of each district that was asked for. Sets are never changed, and the instant of
# publishing tells those of two databases apart, so what is found here is what would be read.
_last: dict[str, tuple[tuple[int, datetime], list[Rule]]] = {}


def published(tx: Session, district: str, version: int, published_at: datetime) -> list[Rule]:
    """The rules of a version in their order, read once in a process."""
    known = _last.get(district)
    if known is None or known[0] != (version, published_at):
        known = (version, published_at), of_version(tx, district, version)
        _last[district] = known
    return known[1]


def of_version(tx: Session, district: str, version: int) -> list[Rule]:
    """The rules of a version in their order; none when there is no such version."""
    rows = core(tx).execute(_RULES, {"district": district, "wanted": version})
    return [
        Rule(position, name, category, net, region, source, tuple(weekdays), *rest)
        for position, name, category, net, region, source, weekdays, *rest in rows
    ]


def find_set(tx: Session, district: str, version: int | None) -> RuleSet | None:
    """One version of a district's rule set, or the newest; None if there is none."""
    query = select(RuleSet).where(RuleSet.district == district)
    if version is not None:
        query = query.where(RuleSet.version == version)
    return tx.scalar(query.order_by(RuleSet.version.desc()).limit(1))


def handled_at(tx: Session, path: str, level: int) -> str:
    """The region on a path that has a level, or the nearest one above it where none has."""
    codes = path.strip("/").split("/")
    query = select(Region.code).where(Region.code.in_(codes), Region.level <= level)
    return tx.scalars(query.order_by(Region.level.desc()).limit(1)).one()


_CODES = bindparam("codes", expanding=True, type_=CodeText)
_BY_ROLE = (
    select(Grant.person_id, Grant.role, Grant.region_code)
    .join(Person, Person.id == Grant.person_id)
    .where(
        # A role that came with a post is that post's: its holder was asked on the ladder.
        Grant.appointment_id.is_(None), Grant.revoked_at.is_(None), Person.state == "active",
        Grant.role.in_(TAKERS), Grant.region_code.in_(_CODES),
    )
    .order_by(Person.id)
)  # fmt: skip


def by_role(tx: Session, codes: Sequence[str]) -> list[Any]:
    """People who hold a plain role in one of the regions: person, role, region."""
    return list(core(tx).execute(_BY_ROLE, {"codes": list(codes)}))


def ground(tx: Session, district: str, rules: Sequence[Rule], at: datetime) -> Ground:
    """What these rules are compared on, as posts are held at an instant."""
    codes = {rule.category_code for rule in rules if rule.category_code}
    regions = {rule.region_code for rule in rules if rule.region_code}
    parents = select(Category.code, Category.parent_code).where(Category.code.in_(codes))
    paths = select(Region.code, Region.path).where(Region.code.in_(regions))
    return Ground(district, _pairs(tx, parents), _pairs(tx, paths), _held(tx, district, at))


def _pairs(tx: Session, query: Any) -> dict[str, Any]:
    rows: Any = tx.execute(query)
    return dict(rows.all())


def _held(tx: Session, district: str, at: datetime) -> list[Held]:
    """Posts and units with the paths where they are held; a grouping's in each of its regions."""
    query = (
        select(Appointment.post_code, Appointment.unit_code, Region.path)
        .distinct()
        .join(Person, Person.id == Appointment.person_id)
        .outerjoin(GroupingRegion, GroupingRegion.grouping_code == Appointment.grouping_code)
        .join(
            Region,
            Region.code == func.coalesce(Appointment.region_code, GroupingRegion.region_code),
        )
        .where(under(Region.path, f"/{district}/"), Person.state == "active", in_force())
    )
    return [Held(*row) for row in tx.execute(query, moment(at))]


def target(tx: Session, rule: Rule) -> tuple[str, str]:
    """What a rule points at, in Chinese and in English."""
    if rule.unit_code is not None:
        name = tx.get_one(Unit, rule.unit_code).name
        return name, name
    post = tx.get_one(Post, rule.post_code)
    return post.name, post.name_en


def known(tx: Session, district: str) -> dict[str, set[str]]:
    """The codes that a district's rules may name, by the field that names them."""
    within = under(Region.path, f"/{district}/")
    units = select(Unit.code).join(Region, Region.code == Unit.region_code).where(within)
    return {
        "category_code": set(tx.scalars(select(Category.code).where(Category.active))),
        "net_code": set(tx.scalars(select(Net.code))),
        "region_code": set(tx.scalars(select(Region.code).where(within))),
        "post_code": set(tx.scalars(select(Post.code).where(Post.active))),
        "unit_code": set(tx.scalars(units.where(Unit.active))),
    }


_STORED = DecisionOut.model_fields.keys() - {"reason"}


def decisions(tx: Session, case_id: UUID) -> list[DecisionOut]:
    """Every decision on a case, the oldest first."""
    query = select(RoutingDecision.reason, RoutingDecision.explained)
    mine = query.where(RoutingDecision.case_id == case_id)
    return [
        DecisionOut(reason=reason, **{name: explained[name] for name in _STORED & explained.keys()})
        for reason, explained in tx.execute(
            mine.order_by(RoutingDecision.created_at, RoutingDecision.id)
        )
    ]
