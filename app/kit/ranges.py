"""A whole file as an answer: known again by its ETag (304), or a part of it (206, 416)."""

import hashlib
import re

from fastapi import Request, Response

from app.kit.errors import RangeNotSatisfiable

# One range of bytes, RFC 9110 14.1.2; of several the whole file may be sent.
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
TAG_DIGITS = 32


def answer(request: Request, data: bytes, headers: dict[str, str], media_type: str) -> Response:
    """The file, or as much of it as was asked for; its ETag is made of what is in it.

    Raises RangeNotSatisfiable.
    """
    tag = f'"{hashlib.sha256(data).hexdigest()[:TAG_DIGITS]}"'
    headers = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    wanted = _range(request, tag, len(data))
    if wanted is None:
        return Response(data, media_type=media_type, headers=headers)
    if not wanted:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(data)}"
    part = data[wanted.start : wanted.stop]
    return Response(part, status_code=206, media_type=media_type, headers=headers)


def _knows(header: str, tag: str) -> bool:
    """Compared weakly, as RFC 9110 13.1.2 has it."""
    known = {one.strip().removeprefix("W/") for one in header.split(",")}
    return tag in known or "*" in known


def _range(request: Request, tag: str, size: int) -> range | None:
    """The bytes to send: None for all of them, empty where none of those asked for exist."""
    asked = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    # Whoever holds a part of another file wants the whole of this one.
    if asked is None or request.headers.get("if-range", tag) != tag:
        return None
    first, last = asked.groups()
    if first:
        if last and int(last) < int(first):
            return None
        return range(int(first), min(int(last) + 1, size) if last else size)
    if last:
        return range(max(size - int(last), 0), size)
    return None
