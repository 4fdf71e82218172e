"""The categories, public: the mini-program shows them before anyone signs in."""

from sqlalchemy.orm import Session

from app.categories import queries
from app.categories.schemas import CategoryList
from app.kit.http import in_transaction
from app.kit.router import Router

router = Router(prefix="/v1/categories", tags=["categories 类别"])


@router.get("")
@in_transaction
def list_categories(tx: Session) -> CategoryList:
    """What a reporter chooses from, and what staff file under."""
    return queries.catalogue(tx)
