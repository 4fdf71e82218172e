"""Rules and awards over HTTP: why these points."""

from sqlalchemy.orm import Session

from app.identity.access import Reporter
from app.identity.errors import PersonOnly
from app.kit import clock
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.rewards import queries
from app.rewards.schemas import AwardOut, RuleList

router = Router(prefix="/v1/points", tags=["rewards 奖励"])


@router.get("/rules")
@in_transaction
def list_rules(tx: Session) -> RuleList:
    """The rules of earning in force, public."""
    return RuleList(items=queries.rules(tx, clock.now()))


@router.get("/awards", responses=raises(PersonOnly))
@in_transaction
def list_awards(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[AwardOut]:
    """Why the caller has these points: each award with its rule, caps and state."""
    return queries.mine(tx, actor.person_id, limit, cursor)
