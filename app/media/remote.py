"""Photos in an object store (S3, COS, OSS, OBS) instead of a folder, by way of opendal."""

import asyncio
import importlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.media import errors
from app.media.bucket import KEY, MAX_KEY_LENGTH

# Per attempt; with both retries an operation ends within ten seconds, whatever the store does.
TIMEOUT_S = 3.0
RETRIES = 2
PAUSE_S, MOST_PAUSE_S = 0.1, 0.5
BATCH = 500
# How each service calls the two halves of a key.
KEY_NAMES = {
    "s3": ("access_key_id", "secret_access_key"),
    "cos": ("secret_id", "secret_key"),
    "oss": ("access_key_id", "access_key_secret"),
    "obs": ("access_key_id", "secret_access_key"),
}
DEFAULT_REGION = {"s3": "us-east-1"}
# Only the operator's own settings count, never what lies about on the machine.
STRICT = {
    "s3": {"disable_config_load": "true", "disable_ec2_metadata": "true"},
    "cos": {"disable_config_load": "true"},
}
NO_SPACE = re.compile(r"\bstatus: 507\b")


@dataclass(frozen=True)
class Place:
    """An object store's bucket and the key to it."""

    service: str
    bucket: str
    endpoint: str
    region: str
    root: str
    key: str
    secret: str = field(repr=False)


def place_of(url: str, key: str, secret: str) -> Place:
    """`s3://bucket/folder?endpoint=https://..&region=..` as a place; raises ValueError."""
    parts = urlsplit(url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    endpoint = given.pop("endpoint", "").rstrip("/")
    region = given.pop("region", DEFAULT_REGION.get(parts.scheme, ""))
    right = parts.scheme in KEY_NAMES and parts.netloc and not given
    if not right or urlsplit(endpoint).scheme not in {"http", "https"} or not (key and secret):
        raise ValueError(
            "XINXIN_BUCKET_URL is s3|cos|oss|obs://bucket[/folder]?endpoint=https://..[&region=..],"
            " with XINXIN_BUCKET_KEY and XINXIN_BUCKET_SECRET"
        )
    root = parts.path.strip("/")
    return Place(parts.scheme, parts.netloc, endpoint, region, root, key, secret)


class RemoteBucket:
    """A bucket of an object store; what is `put` is whole, or it is not there."""

    def __init__(
        self, place: Place, *, direct_reads: bool = False, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._opendal = _opendal()
        self._failures = tuple(e for e in vars(self._opendal.exceptions).values() if _raised(e))
        self._direct_reads = direct_reads
        layers = self._opendal.layers
        self._store = (
            self._opendal.Operator(place.service, **_options(place))
            .layer(layers.TimeoutLayer(timeout=timeout_s, io_timeout=timeout_s))
            .layer(
                layers.RetryLayer(
                    max_times=RETRIES, min_delay=PAUSE_S, max_delay=MOST_PAUSE_S, jitter=True
                )
            )
        )
        self._apart = self._store.to_async_operator()

    def put(self, key: str, data: bytes) -> None:
        _check(key)
        with self._errors():
            # Only derivatives are ever shown, and those are JPEGs.
            self._store.write(key, data, content_type="image/jpeg")

    def read(self, key: str) -> bytes:
        _check(key)
        with self._errors():
            return bytes(self._store.read(key))

    def size(self, key: str) -> int:
        _check(key)
        with self._errors():
            return int(self._store.stat(key).content_length)

    async def link(self, key: str, life_s: int) -> str | None:
        _check(key)
        if not self._direct_reads:
            return None
        with self._errors():
            return str((await self._apart.presign_read(key, life_s)).url)

    def delete(self, key: str) -> None:
        _check(key)
        with self._errors():
            self._store.delete(key)

    def keys_older_than(self, prefix: str, at: datetime) -> Iterator[str]:
        # The blocking lister keeps the interpreter's lock while it waits for the store, and with
        # it every other thread of the server; the asynchronous one does not.
        with asyncio.Runner() as runner:
            entries = runner.run(self._listed(prefix))
            while some := runner.run(self._some(entries)):
                yield from (
                    entry.path
                    for entry in some
                    if entry.metadata.last_modified < at and not entry.path.endswith("/")
                )

    async def _listed(self, prefix: str) -> AsyncIterator[Any]:
        with self._errors():
            entries: AsyncIterator[Any] = await self._apart.list(prefix, recursive=True)
            return entries

    async def _some(self, entries: AsyncIterator[Any]) -> list[Any]:
        some: list[Any] = []
        with self._errors():
            async for entry in entries:
                some.append(entry)
                if len(some) == BATCH:
                    break
        return some

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._opendal.exceptions.NotFound as error:
            raise FileNotFoundError from error
        except self._failures as error:
            if NO_SPACE.search(str(error)):
                raise errors.BucketFull from error
            raise errors.BucketUnavailable from error


def _opendal() -> Any:
    """Loaded only where a store is set: most installations keep photos in a folder."""
    try:
        return importlib.import_module("opendal")
    except ImportError as error:
        raise RuntimeError(
            "XINXIN_BUCKET_URL needs opendal: pip install 'xinxin-ejia[bucket]'"
        ) from error


def _options(place: Place) -> dict[str, str]:
    key_name, secret_name = KEY_NAMES[place.service]
    return {
        "bucket": place.bucket, "endpoint": place.endpoint, "root": f"/{place.root}",
        key_name: place.key, secret_name: place.secret,
        **({"region": place.region} if place.service == "s3" else {}),
        **STRICT.get(place.service, {}),
    }  # fmt: skip


def _raised(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Exception)


def _check(key: str) -> None:
    if len(key) > MAX_KEY_LENGTH or not KEY.fullmatch(key):
        raise ValueError(key)
