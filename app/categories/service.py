"""Writes to the category tables."""

from sqlalchemy.orm import Session

from app.categories import imports
from app.categories.models import Category, PlainChoice
from app.kit import clock


def load_seed(tx: Session) -> int:
    """Adds the categories and choices that are absent; a district's own edits are left alone."""
    added = 0
    for row in imports.read_seed("categories"):
        if tx.get(Category, row["code"]) is None:
            tx.add(Category(**row, updated_at=clock.now()))
            added += 1
    tx.flush()
    for row in imports.read_seed("choices"):
        if tx.get(PlainChoice, row["code"]) is None:
            tx.add(PlainChoice(**row))
            added += 1
    tx.flush()
    return added
