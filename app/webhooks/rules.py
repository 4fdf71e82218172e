"""The rules of webhooks: how a message is signed, when it is tried again, whom it may reach.

Source: Standard Webhooks 1.0 (standard-webhooks specification): identifiers, signature scheme,
rotation, retry schedule, protection against requests to inner networks.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from app.webhooks.errors import AddressRefused

PREFIX, SECRET_BYTES = "whsec_", 32
# After the first attempt, which is made at once; the specification's example schedule.
WAITS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=5), timedelta(hours=10), timedelta(hours=14), timedelta(hours=20),
    timedelta(hours=24),
)  # fmt: skip
# Attempts in a row that nobody took: from here on the webhook is shown as failing.
FAILING_AFTER = 10
# How long the secret before is signed with too, so that receivers can change theirs at leisure.
OVERLAP = timedelta(hours=24)
GONE, LAST_PORT = 410, 65_535
# Addresses that carry an IPv4 address inside: NAT64, and those that `ipaddress` names itself.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def new_secret() -> str:
    """A secret in the form in which receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signatures(given: Iterable[str], message_id: str, at: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each secret, the newest first.

    `at` is in seconds since 1970.
    """
    content = f"{message_id}.{at}.".encode() + body
    return " ".join(f"v1,{_signature(secret, content)}" for secret in given)


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The message as it is sent and signed: `type`, `timestamp` and `data`, in this order."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data")}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts; None when it is given up."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


@dataclass(frozen=True)
class Reach:
    """Whom messages may reach. Plain http and inner networks are for development only."""

    plain: bool = False
    private: bool = False

    def parse(self, address: str) -> httpx.URL:
        """The address, by the very parser that will call it. Raises AddressRefused."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            raise AddressRefused from None
        schemes = {"https", "http"} if self.plain else {"https"}
        if url.scheme not in schemes or not url.host or url.userinfo or url.fragment:
            raise AddressRefused
        if not 0 < (url.port or 1) <= LAST_PORT:
            raise AddressRefused
        if not self.private and (_is_inner_name(url.host) or not self._is_open(url.host)):
            raise AddressRefused
        return url

    def _is_open(self, host: str) -> bool:
        """Whether a host is a name, or an address that may be reached."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return True
        return self.allows(host)

    def allows(self, address: str) -> bool:
        """Whether an IP address may be called: a public one, and none that hides another."""
        if self.private:
            return True
        ip = ipaddress.ip_address(address)
        if isinstance(ip, ipaddress.IPv6Address) and (
            ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in NAT64
        ):
            return False
        return ip.is_global and not ip.is_multicast


def _is_inner_name(host: str) -> bool:
    name = host.rstrip(".").lower()
    # A name without a dot is looked up in the machine's own domain.
    inner = name.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
    return inner or ("." not in name and ":" not in name)
