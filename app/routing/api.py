"""Routing rules and trials over HTTP."""

from typing import Annotated

from fastapi import Path, Query
from sqlalchemy.orm import Session

from app.categories.errors import CategoryUnknown
from app.grids.service import Grids
from app.identity.access import Actor, Administrator, Staff, holding
from app.identity.errors import PersonOnly, RoleMissing, StaffOnly
from app.kit.http import in_transaction
from app.kit.marks import Resolver
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.posts.errors import OutsideSubtree
from app.regions.errors import RegionNotFound
from app.routing import service
from app.routing.errors import RuleSetNotFound, RulesInvalid
from app.routing.schemas import RuleSetDraft, RuleSetOut, TrialDraft, TrialOut

router = Router(prefix="/v1/routing", tags=["routing 分派规则"])
Trier = Annotated[Actor, Resolver(holding(*service.TRIERS))]
Region = Annotated[Code, Query(description="A region; its district's rules are meant")]
Version = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("/rules", responses=raises(PersonOnly, StaffOnly, RegionNotFound))
@in_transaction
def get_current_rules(tx: Session, actor: Staff, region: Region) -> RuleSetOut:
    """The rules that hold in a region's district, in their order."""
    return service.rule_set(tx, actor, region, None)


@router.put(
    "/rules",
    responses=raises(PersonOnly, RoleMissing, RegionNotFound, OutsideSubtree, RulesInvalid),
)
@in_transaction
def publish_rules(tx: Session, actor: Administrator, body: RuleSetDraft) -> RuleSetOut:
    """Publishes a district's rules as its next version, and says what is wrong with them now."""
    return service.publish(tx, actor, body)


@router.get(
    "/rules/{version}",
    responses=raises(PersonOnly, StaffOnly, RegionNotFound, RuleSetNotFound),
)
@in_transaction
def get_rules_of_version(tx: Session, actor: Staff, version: Version, region: Region) -> RuleSetOut:
    """One version of the rules; what is wrong with it is judged as posts are held now."""
    return service.rule_set(tx, actor, region, version)


@router.post(
    "/trial",
    responses=raises(
        PersonOnly, RoleMissing, OutsideSubtree, RegionNotFound, CategoryUnknown, RulesInvalid
    ),
)
@in_transaction(write=False)
def try_routing(tx: Session, actor: Trier, grids: Grids, body: TrialDraft) -> TrialOut:
    """What would happen to a spot, who would get it, and why; nothing is written."""
    return service.try_out(tx, grids, actor, body)
