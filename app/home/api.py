"""One call for the home page."""

from sqlalchemy.orm import Session

from app.home import queries
from app.home.schemas import SummaryOut
from app.identity.access import Reporter
from app.identity.errors import PersonOnly
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router

router = Router(prefix="/v1/me", tags=["home 首页"])


@router.get("/summary", responses=raises(PersonOnly))
@in_transaction
def get_summary(tx: Session, actor: Reporter) -> SummaryOut:
    """Points, open reports, held goods and unread messages in one answer."""
    return queries.summary(tx, actor)
