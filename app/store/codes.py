"""One-time codes: made from the redemption's id and a secret, so that none needs to be stored."""

import hashlib
import hmac
import io
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import segno

from app.kit.ids import readable

LENGTH = 10
# Slow enough that a list of hashes is no list of codes, quick enough for an old phone.
ROUNDS = 2_000


@dataclass(frozen=True)
class Codes:
    """Makes and recognises codes. `life` is how long held goods wait.

    `offline` is how long a counter without network has from its list until it must report.
    """

    secret: bytes
    life: timedelta
    offline: timedelta = timedelta(hours=24)

    def code(self, redemption_id: UUID) -> str:
        """Ten readable characters (49 bits); a replayed answer renders the same one again."""
        digest = hmac.digest(self.secret, b"code:" + redemption_id.bytes, hashlib.sha256)
        return readable(int.from_bytes(digest), LENGTH)

    def hashed(self, code: str) -> str:
        """How a code is stored: keyed, since 49 bits alone could be searched for."""
        return hmac.digest(self.secret, b"hash:" + code.encode(), hashlib.sha256).hex()


def slow(code: str, salt: bytes) -> str:
    """A code as a counter without network knows it: PBKDF2-HMAC-SHA256, 32 bytes in hex."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, ROUNDS).hex()


def qr_svg(code: str) -> bytes:
    """The code as a QR picture (SVG)."""
    picture = io.BytesIO()
    segno.make(code, error="m", micro=False).save(picture, kind="svg", scale=8, border=4)
    return picture.getvalue()
