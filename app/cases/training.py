"""Teaching the suggestion of categories from a district's own closed cases."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.categories import service as categories
from app.regions import queries as regions
from app.regions.models import Region
from app.regions.queries import under

# The newest ones: how people write changes, and a model needs no more.
MOST_CASES = 20_000


def train_all(tx: Session) -> None:
    """Trains one model for each district, from the texts and categories of its closed cases."""
    for district in regions.roots(tx):
        path = regions.get_region(tx, district).path
        query = (
            select(Case.description, Case.category_code)
            .join(Region, Region.code == Case.region_code)
            .where(Case.status == "closed", Case.category_code.is_not(None))
            .where(under(Region.path, path))
            .order_by(Case.created_at.desc())
            .limit(MOST_CASES)
        )
        pairs = [(row.description, row.category_code or "") for row in tx.execute(query)]
        categories.train(tx, district, pairs)
