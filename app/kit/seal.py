"""Sealing small secrets at rest: what the database holds opens only with the service's own key."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


class SealBroken(Exception):
    """What was sealed was changed, or sealed with another secret."""


class Seal:
    """Seals text by Fernet (AES-128-CBC and HMAC-SHA256) under a key that HKDF-SHA256 derives.

    Sources: the Fernet specification; RFC 5869.
    """

    def __init__(self, secret: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(_derived(secret, b"xinxin seal")))
        # A key of its own: a mark is shown to more eyes than what is sealed.
        self._marking = _derived(secret, b"xinxin mark")

    def seal(self, text: str) -> str:
        """The sealed text; another one each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises SealBroken."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            pass
        raise SealBroken

    def mark(self, sealed: str) -> str:
        """A name for what is sealed, the same for the same text, that does not give it away.

        Raises SealBroken.
        """
        text = self.open(sealed).encode()
        return hmac.new(self._marking, text, hashlib.sha256).hexdigest()[:32]


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(secret.encode())
