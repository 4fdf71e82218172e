"""Where photos are kept: a port, its local disk, and the signature of a link to a photo."""

import base64
import errno
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from app.media import errors

# No segment may be "." or "..", nor may one be empty: a key never leaves its root.
KEY = re.compile(r"(?!\.{1,2}(/|\Z))[A-Za-z0-9._-]+(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._-]+)*")
MAX_KEY_LENGTH = 200
# What a killed `put` leaves behind; `keys_older_than` lists it, so that a sweep finds it.
UNFINISHED = ".part-"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
SIGNATURE_BYTES = 16


class Bucket(Protocol):
    """Keys are like `display/2026/11/0193.jpg`; each method raises ValueError for any other.

    All of them block, and all may raise BucketUnavailable.
    """

    def put(self, key: str, data: bytes) -> None:
        """Lasts through a loss of power once it returns; also raises BucketFull."""
        ...

    def read(self, key: str) -> bytes:
        """Raises FileNotFoundError if there is no such key."""
        ...

    def size(self, key: str) -> int:
        """In bytes; raises FileNotFoundError if there is no such key."""
        ...

    async def link(self, key: str, life_s: int) -> str | None:
        """Where the store itself gives the file to anyone for some seconds; None if it does not."""
        ...

    def delete(self, key: str) -> None:
        """An absent key is no error: deletions are repeated."""
        ...

    def keys_older_than(self, prefix: str, at: datetime) -> Iterator[str]:
        """Keys that begin with `prefix` and were last put before `at` (aware)."""
        ...


class LocalBucket:
    """A folder on a local disk; files are readable by the server's own user only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        target = self._file(key)
        unfinished = target.with_name(UNFINISHED + secrets.token_hex(8))
        with _bucket_errors():
            _make_folder(target.parent)
            try:
                _write(unfinished, data)
                unfinished.replace(target)
            except BaseException:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)
                raise
            # The new name lives in the folder, which is a file of its own to the disk.
            _sync_folder(target.parent)

    def read(self, key: str) -> bytes:
        if (file := self._found(key)) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        with _bucket_errors():
            return file.read_bytes()

    def size(self, key: str) -> int:
        if (file := self._found(key)) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)
        with _bucket_errors():
            return file.stat().st_size

    def _found(self, key: str) -> Path | None:
        file = self._file(key)
        with _bucket_errors():
            return file if file.is_file() else None

    async def link(self, key: str, life_s: int) -> str | None:  # noqa: ARG002 - a port's
        self._file(key)
        return None

    def delete(self, key: str) -> None:
        file = self._file(key)
        with _bucket_errors():
            file.unlink(missing_ok=True)

    def keys_older_than(self, prefix: str, at: datetime) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        start = self._file(folder) if folder else self._root
        for parent, _, names in os.walk(start):
            for name in names:
                file = Path(parent, name)
                key = file.relative_to(self._root).as_posix()
                if key.startswith(prefix) and _put_before(file, at):
                    yield key

    def _file(self, key: str) -> Path:
        if len(key) > MAX_KEY_LENGTH or not KEY.fullmatch(key):
            raise ValueError(key)
        return self._root / key


def sign(secret: bytes, key: str, expires: int) -> str:
    """The signature of a link to `key` that is good until `expires` (Unix seconds)."""
    text = f"media-link:{expires}:{key}".encode()
    digest = hmac.digest(secret, text, hashlib.sha256)[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verify(secret: bytes, key: str, expires: int, signature: str, *, now: int) -> bool:
    """Whether a link is ours and not yet over; takes the same time for every wrong signature."""
    ours = hmac.compare_digest(
        sign(secret, key, expires).encode(), signature.encode(errors="replace")
    )
    return ours and now < expires


@contextmanager
def _bucket_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise errors.BucketFull from error
        raise errors.BucketUnavailable from error


def _write(file: Path, data: bytes) -> None:
    with open(file, "xb", opener=_private) as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_before(file: Path, at: datetime) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_mtime < at.timestamp()
    return False
