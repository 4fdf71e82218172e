"""The port to other programs' addresses: signed messages out, a status back, and nothing else.

A host's name is looked up once and the call goes to the very address that was checked, so a name
that points elsewhere a moment later gains nothing. No redirect is followed, no proxy is taken from
the environment, and of the answer only the status is read. Secrets are opened here, at the last
moment; no log line, error or `repr` ever holds one.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

import httpx

from app.kit import clock
from app.kit.logs import hush_httpx
from app.kit.seal import Seal, SealBroken
from app.webhooks import rules
from app.webhooks.errors import AddressRefused
from app.webhooks.rules import Reach

# For the whole of a call: looking up, connecting, sending, and the first line of the answer.
TIMEOUT_S = 15.0
AGENT = "xinxin-ejia-webhooks"

# Addresses may hold secrets of their own.
hush_httpx()


@dataclass(frozen=True)
class Parcel:
    """One message for one address; `sealed` are the secrets that sign it, the newest first."""

    id: UUID
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    sealed: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """The status that came back, and why it is no success: see `DeliveryOut.last_error`."""

    status: int | None = None
    error: str | None = None


class Carrier:
    """Sends messages; safe for threads, and nothing of it stays open between two calls."""

    def __init__(self, seal: Seal, reach: Reach, timeout_s: float = TIMEOUT_S) -> None:
        self._seal = seal
        self._reach = reach
        self._timeout_s = timeout_s

    def carry(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Sends all of them side by side, so that a slow receiver keeps no other one waiting.

        Takes `timeout_s` at most, and raises nothing: each answer says what happened.
        """
        return asyncio.run(self._carry(parcels))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()

    async def _carry(self, parcels: Sequence[Parcel]) -> list[Answer]:
        client = httpx.AsyncClient(
            verify=self._tls, timeout=self._timeout_s, follow_redirects=False, trust_env=False
        )
        async with client:
            return await asyncio.gather(*(self._sent(client, parcel) for parcel in parcels))

    async def _sent(self, client: httpx.AsyncClient, parcel: Parcel) -> Answer:
        try:
            # A clock over everything: a receiver that sends a byte a second is slow, too.
            async with asyncio.timeout(self._timeout_s):
                return await self._post(client, parcel)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(error="timeout")
        except AddressRefused:
            return Answer(error="address_refused")
        except socket.gaierror:
            return Answer(error="unresolved")
        except SealBroken:
            return Answer(error="secret_broken")
        except (httpx.HTTPError, OSError, UnicodeError):
            return Answer(error="unreachable")

    async def _post(self, client: httpx.AsyncClient, parcel: Parcel) -> Answer:
        # Looked at again: the rules may have become stricter since it was written down.
        url = self._reach.parse(parcel.url)
        addresses = await self._addresses(url)
        headers = self._headers(parcel) | {"Host": url.netloc.decode()}
        for address in addresses:
            request = client.build_request(
                "POST", url.copy_with(host=address), content=parcel.body, headers=headers,
                # The certificate is the name's, whichever address answers.
                extensions={"sni_hostname": url.raw_host.decode()},
            )  # fmt: skip
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                # Nothing was sent yet, so the name's next address may be tried.
                continue
            await response.aclose()
            return _judged(response)
        return Answer(error="unreachable")

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Where a host lives, IPv4 first. Raises AddressRefused when one address may not be."""
        port = url.port or {"https": 443, "http": 80}[url.scheme]
        loop = asyncio.get_running_loop()
        host = url.raw_host.decode().strip("[]")
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = {str(where[0]): family for family, *_, where in found}
        if not all(self._reach.allows(address) for address in addresses):
            raise AddressRefused
        return sorted(addresses, key=lambda address: addresses[address] != socket.AF_INET)

    def _headers(self, parcel: Parcel) -> dict[str, str]:
        at = int(clock.now().timestamp())
        secrets = [self._seal.open(sealed) for sealed in parcel.sealed]
        return {
            "Content-Type": "application/json", "User-Agent": AGENT,
            "webhook-id": str(parcel.id), "webhook-timestamp": str(at),
            "webhook-signature": rules.signatures(secrets, str(parcel.id), at, parcel.body),
        }  # fmt: skip


def _judged(response: httpx.Response) -> Answer:
    if response.is_success:
        return Answer(response.status_code)
    return Answer(response.status_code, "redirected" if response.is_redirect else "status")
