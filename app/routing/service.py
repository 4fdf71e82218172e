"""What happens with rules: they decide, their decisions are stored, and they are published."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.categories.errors import CategoryUnknown
from app.grids import service as grid_service
from app.grids.service import GridCache
from app.identity import queries as identity
from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock, outbox
from app.kit.db import insert_row, insert_rows
from app.kit.fields import field_error
from app.kit.ids import new_id
from app.posts.errors import OutsideSubtree
from app.regions import queries as regions
from app.regions.errors import RegionNotFound
from app.regions.models import Region
from app.routing import plan, queries, rules
from app.routing.errors import RuleSetNotFound, RulesInvalid
from app.routing.models import RoutingDecision, RoutingRule, RuleSet
from app.routing.rules import Rule
from app.routing.schemas import (
    Decision,
    RoutingRuleOut,
    RuleSetDraft,
    RuleSetOut,
    Spot,
    TrialDraft,
    TrialOut,
    TrialPersonOut,
)  # fmt: skip

# Who may try what would happen, in the regions they hold.
TRIERS = (Role.ADMINISTRATOR, Role.DISPATCHER, Role.GRID_HEAD)


def decide(tx: Session, grids: GridCache, spot: Spot, at: datetime | None = None) -> Decision:
    """Where a spot belongs and who could be given it at an instant (now when None), and why.

    A rule that points at nobody becomes a job, once for each version of the rules, so that the
    district's administrators are told. Raises RegionNotFound for a chosen region.
    """
    decision = plan.make(tx, grids, spot, at or clock.now())
    why = decision.explained
    for empty in why["empty_rules"]:
        rule = f"{why['district']}:{why['rule_version']}:{empty['position']}"
        outbox.enqueue(
            tx, "rule.found_empty", unique=f"rule.found_empty:{rule}",
            district=why["district"], version=str(why["rule_version"]),
            position=str(empty["position"]),
        )  # fmt: skip
    return decision


def record(tx: Session, case_id: UUID, reason: str, decision: Decision) -> None:
    """Stores why a case went where it went; `reason`: opened, filed, corrected."""
    insert_row(
        tx, RoutingDecision, id=new_id(), case_id=case_id, reason=reason,
        explained=decision.explained, created_at=clock.now(),
    )  # fmt: skip


def publish(tx: Session, actor: Actor, draft: RuleSetDraft) -> RuleSetOut:
    """Publishes a district's rules as its next version; no older one is ever changed.

    Raises RegionNotFound, OutsideSubtree, RulesInvalid.
    """
    region = _seen(tx, actor, draft.region_code)
    if not actor.holds({Role.ADMINISTRATOR}, region.path):
        raise OutsideSubtree
    if region.level != 0:
        raise RulesInvalid(fields=[field_error("not_a_district", "region_code")])
    made = rules.drafted(draft.rules)
    _refuse_unknown(tx, region.code, made)
    # One publisher at a time in a district: the versions count without a gap.
    tx.scalar(select(Region).where(Region.code == region.code).with_for_update(key_share=True))
    last = queries.find_set(tx, region.code, None)
    version = last.version + 1 if last else 1
    insert_row(
        tx, RuleSet, district=region.code, version=version, note=draft.note,
        published_by=actor.person_id, published_at=clock.now(),
    )  # fmt: skip
    key = {"district": region.code, "version": version}
    rows = [key | {name: getattr(rule, name) for name in Rule.__slots__} for rule in made]
    if rows:
        insert_rows(tx, RoutingRule, rows)
    actions.record(tx, actor.person_id, "rules.published", "district", region.code, version=version)
    return rule_set(tx, actor, region.code, version)


def rule_set(tx: Session, actor: Actor, code: str, version: int | None) -> RuleSetOut:
    """A version of the rules of a region's district, or the newest, with what is wrong with them.

    Raises RegionNotFound, RuleSetNotFound.
    """
    district = regions.root_of(_seen(tx, actor, code).path)
    found = queries.find_set(tx, district, version)
    if found is None and version is not None:
        raise RuleSetNotFound
    listed = queries.of_version(tx, district, found.version) if found else []
    names = identity.names(tx, {found.published_by} if found and found.published_by else set())
    ground = queries.ground(tx, district, listed, clock.now())
    return RuleSetOut(
        region_code=district, version=found.version if found else 0,
        note=found.note if found else None, published_by=next(iter(names.values()), None),
        published_at=found.published_at if found else None,
        rules=[RoutingRuleOut.model_validate(rule) for rule in listed],
        findings=rules.findings(listed, ground),
    )  # fmt: skip


def try_out(tx: Session, grids: GridCache, actor: Actor, draft: TrialDraft) -> TrialOut:
    """What would happen to a spot, and why; nothing is written.

    Raises RegionNotFound, CategoryUnknown, RulesInvalid, OutsideSubtree.
    """
    lat = lng = None
    if draft.place is not None:
        lat, lng = grid_service.to_wgs84(draft.place.lat, draft.place.lng, draft.place.crs)
    spot = Spot(
        lat=lat, lng=lng, accuracy_m=draft.place.accuracy_m if draft.place else None,
        region_code=draft.region_code, category_code=draft.category_code,
        net_code=draft.net_code, source=draft.source,
    )  # fmt: skip
    if draft.category_code and categories.find_category(tx, draft.category_code) is None:
        raise CategoryUnknown
    trial = rules.drafted(draft.rules) if draft.rules is not None else None
    decision = plan.make(tx, grids, spot, draft.at or clock.now(), trial)
    if not actor.holds(TRIERS, decision.path):
        raise OutsideSubtree
    _refuse_unknown(tx, decision.explained["district"], trial or [])
    names = identity.names(tx, set(decision.person_ids))
    return TrialOut(
        region_code=decision.region_code, grid_code=decision.grid_code,
        net_code=decision.net_code, level_code=decision.level_code,
        post_code=decision.post_code, unit_code=decision.unit_code,
        people=[TrialPersonOut(id=i, name=names[i]) for i in decision.person_ids],
        explained=decision.explained,
    )  # fmt: skip


def _seen(tx: Session, actor: Actor, code: str) -> Region:
    """A region of a district where the actor works. Raises RegionNotFound."""
    region = regions.get_region(tx, code)
    district = f"/{regions.root_of(region.path)}/"
    if not any(held.path.startswith(district) for held in actor.held):
        raise RegionNotFound
    return region


def _refuse_unknown(tx: Session, district: str, made: Sequence[Rule]) -> None:
    """Every code must exist: in the district, where it belongs to one. Raises RulesInvalid."""
    known = queries.known(tx, district) if made else {}
    unknown = [
        field_error("unknown", "rules", rule.position - 1, name)
        for rule in made
        for name, codes in known.items()
        if getattr(rule, name) is not None and getattr(rule, name) not in codes
    ]
    if unknown:
        raise RulesInvalid(fields=unknown[:20])
