"""Sealing anew what was sealed with an older secret, wherever the inventory says it lies."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.identity.models import Phone
from app.kit.seal import Seal
from app.privacy import queries
from app.privacy.inventory import TABLES


def reseal(tx: Session, seal: Seal) -> dict[str, int]:
    """Seals everything with today's secret and says how many by table; again changes nothing.

    What was changed meanwhile stays as it is. Raises SealBroken for what neither secret opens.
    """
    done = {
        name: sum(_column(tx, seal, name, column) for column in sheet.of("sealed"))
        for name, sheet in TABLES.items()
        if sheet.of("sealed")
    }
    for person_id, sealed, mark in tx.execute(select(Phone.person_id, Phone.sealed, Phone.mark)):
        # Equal numbers are found by marks, which are keyed too.
        if mark != (today := seal.mark(sealed)):
            same = Phone.person_id == person_id, Phone.mark == mark
            tx.execute(update(Phone).where(*same).values(mark=today))
    return done


def _column(tx: Session, seal: Seal, name: str, column: str) -> int:
    table = queries.table(name)
    keys, value = list(table.primary_key), table.c[column]
    rows = tx.execute(select(*keys, value.label("sealed_text")).where(value.is_not(None))).all()
    old = [row for row in rows if not seal.is_current(row.sealed_text)]
    for row in old:
        same = [key == row[i] for i, key in enumerate(keys)]
        anew = update(table).where(*same, value == row.sealed_text)
        tx.execute(anew.values({column: seal.seal(seal.open(row.sealed_text))}))
    return len(old)
