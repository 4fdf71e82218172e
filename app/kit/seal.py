"""Sealing small secrets at rest: what the database holds opens only with the service's own key."""

import base64
import hashlib
import hmac
from contextlib import suppress
from typing import Annotated

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.kit.marks import FromApp

KEY_BYTES = 32


class SealBroken(Exception):
    """What was sealed was changed, or sealed with another secret."""


class Seal:
    """Seals text by Fernet (AES-128-CBC and HMAC-SHA256) under a key that HKDF-SHA256 derives.

    The key's id stands before what is sealed, so `previous` still opens while secrets are rotated,
    and it shows what is to be sealed anew. Sources: the Fernet specification; RFC 5869.
    """

    def __init__(self, secret: str, previous: str | None = None) -> None:
        secrets = [secret] if previous is None else [secret, previous]
        self._keys = {_key_id(one): _fernet(one) for one in secrets}
        self._current = _key_id(secret)
        # Keys of their own: a mark is shown to more eyes than what is sealed.
        self._markings = [_derived(one, b"xinxin mark") for one in secrets]

    def seal(self, text: str) -> str:
        """The sealed text; another one each time."""
        return f"{self._current}:{self._keys[self._current].encrypt(text.encode()).decode()}"

    def open(self, sealed: str) -> str:
        """Raises SealBroken."""
        named, _, token = sealed.rpartition(":")
        # What was sealed before keys had ids names none: any of them may open it.
        for name, key in self._keys.items():
            if named in {"", name}:
                with suppress(InvalidToken):
                    return key.decrypt(token.encode()).decode()
        raise SealBroken

    def is_current(self, sealed: str) -> bool:
        """Whether it is sealed with today's secret, and says so."""
        return sealed.startswith(f"{self._current}:")

    def mark(self, sealed: str) -> str:
        """A name for what is sealed, the same for the same text, that does not give it away.

        Raises SealBroken.
        """
        return self.marks(self.open(sealed))[0]

    def marks(self, text: str) -> list[str]:
        """The marks of a text: today's, then what it was under the previous secret."""
        return [
            hmac.new(marking, text.encode(), hashlib.sha256).hexdigest()[:32]
            for marking in self._markings
        ]


# The service's own seal, as an endpoint's parameter.
Sealing = Annotated[Seal, FromApp("seal")]


def _fernet(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(secret, b"xinxin seal")))


def _key_id(secret: str) -> str:
    return _derived(secret, b"xinxin seal id").hex()[:8]


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(secret.encode())
