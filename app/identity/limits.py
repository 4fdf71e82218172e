"""How often somebody may try to sign in, counted before anything is verified."""

from sqlalchemy.orm import Session

from app.identity.errors import SignInTooOften
from app.kit import attempts
from app.kit.rates import network

LIMIT_ACCOUNT_AT_ADDRESS = 10
LIMIT_ADDRESS = 50


def count_attempt(tx: Session, account: str, address: str) -> None:
    """Counts a sign-in attempt before anything is verified. Raises SignInTooOften.

    Ten in five minutes for one account from one address, so that a stranger's attempts elsewhere
    do not lock the owner out; and a wider limit for the address, whatever accounts it tries.
    """
    address = network(address)
    limits = {
        f"at:{account}|{address}": LIMIT_ACCOUNT_AT_ADDRESS,
        f"address:{address}": LIMIT_ADDRESS,
    }
    for subject, limit in limits.items():
        if attempts.add(tx, f"sign_in:{subject}") > limit:
            raise SignInTooOften(headers=attempts.retry_after(limit))
