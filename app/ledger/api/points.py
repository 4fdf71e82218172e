"""Points over HTTP: what somebody has, and every change of it."""

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Reporter, Till
from app.identity.errors import PersonNotFound, PersonOnly, ScopeMissing
from app.kit import clock
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.ledger import queries
from app.ledger.schemas import EntryOut, MemberPointsOut, PointsOut

router = Router(prefix="/v1", tags=["ledger 积分账"])


@router.get("/points", responses=raises(PersonOnly))
@in_transaction
def get_points(tx: Session, actor: Reporter) -> PointsOut:
    """What the caller can spend, has on the way, and has held."""
    return queries.points(tx, actor.person_id, clock.now())


@router.get("/points/entries", responses=raises(PersonOnly))
@in_transaction
def list_entries(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[EntryOut]:
    """Every change of the caller's points, newest first."""
    return queries.entries(tx, actor.person_id, limit, cursor)


@router.get("/members/{member_no}/points", responses=raises(ScopeMissing, PersonNotFound))
@in_transaction
def get_member_points(tx: Session, _program: Till, member_no: Code) -> MemberPointsOut:
    """A member's spendable points, for a till with the scope `points:read`."""
    person = identity.find_by_member_no(tx, member_no)
    if person is None:
        raise PersonNotFound
    points = queries.points(tx, person.id, clock.now())
    return MemberPointsOut(member_no=member_no, spendable=points.spendable)
