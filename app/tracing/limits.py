"""How many wrong codes of receipts an address may try: nobody signs in here."""

from sqlalchemy.orm import Session

from app.kit import attempts
from app.kit.rates import network
from app.tracing.errors import TraceCodesTooOften

# In five minutes. Codes have 78 bits: this spares the database, the codes need no guard.
WRONG_CODES = 20


def check(tx: Session, address: str) -> None:
    """Raises TraceCodesTooOften."""
    if attempts.made(tx, _subject(address)) >= WRONG_CODES:
        raise TraceCodesTooOften(headers=attempts.retry_after(WRONG_CODES))


def count_wrong(tx: Session, address: str) -> None:
    attempts.add(tx, _subject(address))


def _subject(address: str) -> str:
    return f"trace:{network(address)}"
