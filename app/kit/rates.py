"""How fast a person, an address or an endpoint may be asked; counted here, or in Redis for all.

Floods only: what the business promises to the last one is counted in the database (`attempts`, and
the days' counters of `conduct`). A window begins with its first request and is as long as its limit
says. Where the counter cannot be reached everyone is let in: a limit must not become an outage.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from typing_extensions import override

from app.kit import clock
from app.kit.errors import TooMany, Words
from app.kit.logs import log

MEMORY = "memory://"
# Redis beside the server answers in a millisecond; one that does not is not waited for.
REDIS_S = 0.25
SWEEP_S = 60


class RateExceeded(TooMany):
    code = "rate_limited"
    title = Words("请求太频繁，请稍后再试", "Too many requests; slow down and try again")


class Tally(Storage):
    """Counts of this process. The library's own goes through all its keys after each request."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    @property
    @override
    def base_exceptions(self) -> type[Exception]:
        return LookupError

    @override
    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = clock.now().timestamp()
        if now >= self._sweep_at:
            self._windows = {k: w for k, w in self._windows.items() if w[1] > now}
            self._sweep_at = now + SWEEP_S
        count, ends = self._windows.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
        self._windows[key] = (count + amount, ends)
        return count + amount

    @override
    async def get(self, key: str) -> int:
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > clock.now().timestamp() else 0

    @override
    async def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, 0.0))[1]

    @override
    async def check(self) -> bool:
        return True

    @override
    async def reset(self) -> int | None:
        known = len(self._windows)
        self._windows.clear()
        return known

    @override
    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)


class Rates:
    """The limits of one server. Raises ValueError for a limit or an address that means nothing.

    Limits read like `300/minute`; an empty one does not limit. `endpoints` names exact paths
    (`POST /v1/photos`), counted for each person, or for each address where nobody is signed in.
    """

    def __init__(
        self,
        url: str = MEMORY,
        *,
        person: str = "",
        address: str = "",
        endpoints: Mapping[str, str] | None = None,
    ) -> None:
        self._person, self._address = _limit(person), _limit(address)
        self._endpoints = {name: _limit(text) for name, text in (endpoints or {}).items()}
        if strange := [name for name in self._endpoints if " /" not in name]:
            raise ValueError(f"no endpoint is called {strange[0]!r}: write `POST /v1/photos`")
        self._limiter = FixedWindowRateLimiter(_storage(url))

    async def of_address(self, address: str) -> None:
        """Counts a request before anything of it is believed. Raises RateExceeded."""
        await self._count("address", self._address, network(address))

    async def of_caller(self, subject: str | None, address: str, endpoint: str) -> None:
        """Counts a request of whom a verified token names, or of an address without one.

        Raises RateExceeded.
        """
        if subject is not None:
            await self._count("person", self._person, subject)
        if endpoint in self._endpoints:
            key = f"{endpoint} {subject or network(address)}"
            await self._count("endpoint", self._endpoints[endpoint], key)

    async def _count(self, policy: str, limit: RateLimitItem | None, key: str) -> None:
        if limit is None:
            return
        try:
            if await self._limiter.hit(limit, policy, key):
                return
            ends = (await self._limiter.get_window_stats(limit, policy, key)).reset_time
        except StorageError as error:
            log.warning("rates are not counted", error=type(error.storage_error).__name__)
            return
        left_s = math.ceil(ends - clock.now().timestamp())
        raise RateExceeded(headers=headers(policy, limit.amount, limit.get_expiry(), left_s))


def headers(policy: str, quota: int, window_s: int, left_s: int) -> dict[str, str]:
    """What a 429 says of the limit that was met: none remain, and in how many seconds they will.

    Source: RFC 9110 Retry-After; draft-ietf-httpapi-ratelimit-headers-10.
    """
    left_s = max(left_s, 1)
    return {
        "Retry-After": str(left_s),
        "RateLimit-Policy": f'"{policy}";q={quota};w={window_s}',
        "RateLimit": f'"{policy}";r=0;t={left_s}',
    }


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """An IPv6 caller has a whole /64 to choose addresses from, so that is what is counted."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return address
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))


def _limit(text: str) -> RateLimitItem | None:
    if not text:
        return None
    try:
        limit = parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no limit: write one like `300/minute`") from error
    if limit.amount < 1:
        raise ValueError(f"{text!r} would let nobody in; an empty text does not limit")
    return limit


def _storage(url: str) -> Storage:
    if url == MEMORY:
        return Tally()
    if not url.startswith(("redis://", "rediss://")):
        # Without the address itself: it may hold a password.
        raise ValueError("rates are counted in `memory://` or at a `redis://` address")
    try:
        found = storage_from_string(
            f"async+{url}", wrap_exceptions=True, implementation="redispy",
            socket_timeout=REDIS_S, socket_connect_timeout=REDIS_S,
        )  # fmt: skip
    except ConfigurationError as error:
        raise ValueError("counting rates in Redis needs the package `redis`, 5.2 on") from error
    assert isinstance(found, Storage)
    return found
