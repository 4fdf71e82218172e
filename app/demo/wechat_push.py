"""How the fake WeChat pushes: requests with a signature, sealed or plain, as XML or JSON."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.kit import clock as kit_clock


class Posted(NamedTuple):
    """What WeChat sends: `client.post(url, params=.., content=.., headers=..)`."""

    params: dict[str, str]
    content: bytes
    headers: dict[str, str]


class FakePushes:
    """Pushes to one mini program's server."""

    def __init__(
        self,
        appid: str,
        token: str,
        aes_key: str,
        clock: Callable[[], datetime] = kit_clock.now,
    ) -> None:
        self.appid = appid
        self.token = token
        self.aes_key = aes_key
        self._clock = clock

    def greeting(self) -> dict[str, str]:
        """The query of the request that asks whether the address is ours."""
        return {**self._signed(), "echostr": str(secrets.randbelow(10**18))}

    def plain(self, fields: Mapping[str, Any], form: str = "xml") -> Posted:
        """明文模式: the signature says nothing of the body."""
        return Posted(self._signed(), written(fields, form), typed(form))

    def sealed(self, fields: Mapping[str, Any], form: str = "xml") -> Posted:
        """安全模式: what is said stands in `Encrypt`, and the signature covers it."""
        return self.enveloped(self.seal(written(fields, form)), form)

    def enveloped(self, sealed: str, form: str = "xml") -> Posted:
        params = self._signed()
        params["encrypt_type"] = "aes"
        params["msg_signature"] = self.sign(params["timestamp"], params["nonce"], sealed)
        body = written({"ToUserName": "gh_fake", "Encrypt": sealed}, form)
        return Posted(params, body, typed(form))

    def seal(self, message: bytes, appid: str | None = None) -> str:
        """AES-256-CBC over sixteen random bytes, the length, the message and the appid."""
        given = (self.appid if appid is None else appid).encode()
        inner = os.urandom(16) + len(message).to_bytes(4, "big") + message + given
        return self.encrypt(inner + bytes([32 - len(inner) % 32]) * (32 - len(inner) % 32))

    def encrypt(self, padded: bytes) -> str:
        key = base64.b64decode(self.aes_key + "=")
        cipher = Cipher(AES(key), CBC(key[:16])).encryptor()
        return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()

    def sign(self, *parts: str) -> str:
        signed = "".join(sorted((self.token, *parts)))
        return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()

    def _signed(self) -> dict[str, str]:
        timestamp = str(int(self._clock().timestamp()))
        nonce = str(secrets.randbelow(10**10))
        signature = self.sign(timestamp, nonce)
        return {"timestamp": timestamp, "nonce": nonce, "signature": signature}


def typed(form: str) -> dict[str, str]:
    return {"Content-Type": "text/xml" if form == "xml" else "application/json"}


def written(fields: Mapping[str, Any], form: str) -> bytes:
    text = f"<xml>{_xml(fields)}</xml>" if form == "xml" else json.dumps(fields, ensure_ascii=False)
    return text.encode()


def _xml(fields: Mapping[str, Any]) -> str:
    pairs = (
        (k, v)
        for k, given in fields.items()
        for v in (given if isinstance(given, list) else [given])
    )
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in pairs)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _xml(value)
    return str(value) if isinstance(value, int) else f"<![CDATA[{value}]]>"
