"""Trace codes: printed on a receipt, and with them its giver follows the money without an account.

Made of the contribution's id and a secret, so that a receipt can be printed again though no code
is stored.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from app.kit.ids import readable

# 78 bits: nobody guesses one, and nobody finds one by its hash.
LENGTH = 16
GROUP = 4


@dataclass(frozen=True)
class TraceCodes:
    """Makes codes."""

    secret: bytes

    def code(self, contribution_id: UUID) -> str:
        """Sixteen readable characters; the same ones whenever the receipt is printed."""
        message = b"trace code:" + contribution_id.bytes
        return readable(int.from_bytes(hmac.digest(self.secret, message, hashlib.sha256)), LENGTH)


def hashed(code: str) -> str:
    """How a code is remembered: without the secret, so that paper outlives a change of it."""
    return hashlib.sha256(b"trace:" + code.encode()).hexdigest()


def grouped(code: str) -> str:
    """A code as people read it: ABCD-EFGH-JKMN-PQRS."""
    return "-".join(code[n : n + GROUP] for n in range(0, len(code), GROUP))
