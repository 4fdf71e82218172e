"""The code that a member shows to a till: made of their number and the time, stored nowhere.

As with payment codes, whoever photographs one has little time, and none once it was used. Source:
RFC 6238 for the steps, with HMAC-SHA256 and a readable alphabet in the place of digits.
"""

import hashlib
import hmac
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import segno

from app.kit.ids import readable

STEP_S = 60
# Shown in the last second of its step, a code still has this many steps to be scanned in.
GRACE = 1
# For so many steps more a till is told that a code was right and is too old.
REMEMBERED = 10
# 49 bits behind the member number.
LENGTH = 10


@dataclass(frozen=True)
class MemberCodes:
    """Makes and recognises codes."""

    secret: bytes

    def shown(self, person_id: UUID, member_no: str, at: datetime) -> str:
        """The code of this minute: the member number, then ten characters nobody can guess."""
        return f"{member_no}{self._proof(person_id, _step(at))}"

    def age(self, person_id: UUID, proof: str, at: datetime) -> int | None:
        """How many steps ago the member was shown this; None when they never, or long ago, were."""
        now = _step(at)
        right = [self._proof(person_id, now - age) for age in range(GRACE + REMEMBERED + 1)]
        return next((n for n, one in enumerate(right) if hmac.compare_digest(one, proof)), None)

    def hashed(self, code: str) -> str:
        """How a used code is remembered; keyed, since 49 bits alone could be searched for."""
        return hmac.digest(self.secret, b"member hash:" + code.encode(), hashlib.sha256).hex()

    def _proof(self, person_id: UUID, step: int) -> str:
        message = b"member code:" + person_id.bytes + step.to_bytes(8)
        return readable(int.from_bytes(hmac.digest(self.secret, message, hashlib.sha256)), LENGTH)


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def until(at: datetime) -> datetime:
    """When another code takes the place of this one on the member's screen."""
    return datetime.fromtimestamp((_step(at) + 1) * STEP_S, UTC)


def split(code: str) -> tuple[str, str]:
    """The member number in a tidy code, and what proves that the member showed it."""
    return code[:-LENGTH], code[-LENGTH:]


def qr_svg(code: str) -> bytes:
    """The code as a picture (SVG) for a scanner."""
    file = io.BytesIO()
    segno.make_qr(code, error="q").save(file, kind="svg", scale=8)
    return file.getvalue()
