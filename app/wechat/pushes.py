"""What WeChat pushes to us: signatures, the sealed envelope, and which push is which.

Source: WeChat, "消息推送" (server push) and its 加解密 (encryption) technical plan.
"""

import base64
import hashlib
import hmac
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from prometheus_client import Counter

from app.kit import clock
from app.wechat import reading
from app.wechat.errors import PushRefused

# A retry comes within seconds; a clock may be wrong by minutes.
WINDOW = timedelta(minutes=5)
MOST_BYTES = 64 * 1024
# In bytes: of the padding, of AES, of the noise and the length in front of a message.
BLOCK, CIPHER_BLOCK, NOISE, LENGTH = 32, 16, 16, 4
EVENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")

PUSHES = Counter("xinxin_wechat_pushes_total", "What came to the push address", ["outcome"])


@dataclass(frozen=True, slots=True)
class Query:
    """What stands in the address of a push."""

    timestamp: str
    nonce: str
    signature: str
    msg_signature: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """One push. `event` is WeChat's name of the event, or the type of a message ("text").

    `key` is the same for the same push however often it comes, and gives nothing of it away.
    """

    key: str
    event: str
    fields: dict[str, Any] = field(repr=False)


class Postbox:
    """Opens what is for us and refuses all else alike; safe for threads."""

    def __init__(self, appid: str, token: str, aes_key: str) -> None:
        self._appid = appid.encode()
        self._token = token
        # WeChat's forty-three characters are thirty-two bytes without base64's last sign.
        self._key = base64.b64decode(aes_key + "=") if aes_key else b""

    def greet(self, query: Query, echo: str) -> str:
        """The word that WeChat wants back before it pushes anything. Raises PushRefused."""
        self._check(query.signature, query)
        return echo

    def open(self, query: Query, body: bytes) -> Push:
        """The push in a request: sealed if we have a key, else plain. Raises PushRefused.

        With a key nothing plain is taken: its signature does not cover the body, so that whoever
        read one address in a log could say what they like.
        """
        if len(body) > MOST_BYTES:
            raise _refused("too_long")
        try:
            if not self._key:
                self._check(query.signature, query)
                return _push(reading.read(body))
            sealed = str(reading.read(body).get("Encrypt", ""))
            self._check(query.msg_signature, query, sealed)
            return _push(reading.read(self._unsealed(sealed)))
        except reading.NotReadable:
            pass
        raise _refused("unreadable")

    def _check(self, signature: str, query: Query, *more: str) -> None:
        if not self._token:
            raise _refused("off")
        signed = "".join(sorted([self._token, query.timestamp, query.nonce, *more]))
        wanted = hashlib.sha1(signed.encode(errors="replace"), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise _refused("signature")
        if abs(clock.now() - _instant(query.timestamp)) > WINDOW:
            raise _refused("old")

    def _unsealed(self, sealed: str) -> bytes:
        """The message in an envelope whose signature was good, so no padding can be probed."""
        box = b""
        # What is no base64 stays the empty box, which is refused below.
        with suppress(ValueError):
            box = base64.b64decode(sealed, validate=True)
        if not box or len(box) % CIPHER_BLOCK:
            raise _refused("envelope")
        cipher = Cipher(AES256(self._key), CBC(self._key[:16])).decryptor()
        return self._taken_out(cipher.update(box) + cipher.finalize())

    def _taken_out(self, padded: bytes) -> bytes:
        pad = padded[-1]
        if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise _refused("envelope")
        inner = padded[NOISE:-pad]
        end = LENGTH + int.from_bytes(inner[:LENGTH], "big")
        message, appid = inner[LENGTH:end], inner[end:]
        if len(inner) < end or not hmac.compare_digest(appid, self._appid):
            raise _refused("appid")
        return message


def _instant(timestamp: str) -> datetime:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):  # noqa: PLR2004
        raise _refused("old")
    return datetime.fromtimestamp(int(timestamp), UTC)


def _push(fields: dict[str, Any]) -> Push:
    kind = str(fields.get("MsgType", ""))
    event = str(fields.get("Event", "")) if kind == "event" else kind
    if not EVENT.fullmatch(event):
        raise _refused("unreadable")
    return Push(_key(event, fields), event, fields)


def _key(event: str, fields: dict[str, Any]) -> str:
    """A message has its id, a verdict its trace id; another event is told by all that it says.

    WeChat names the sender, the second and the event for these, but two messages that reach one
    user in one second differ in nothing but the list within.
    """
    told_by = next(({n: fields[n]} for n in ("MsgId", "trace_id") if fields.get(n)), fields)
    return hashlib.sha256(json.dumps([event, told_by], sort_keys=True).encode()).hexdigest()


def _refused(why: str) -> PushRefused:
    PUSHES.labels(f"refused_{why}").inc()
    return PushRefused()
