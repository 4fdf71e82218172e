"""Requests of people who are signed in."""

import time

from load import Request
from stock import Member, Stock

from app.kit.ids import new_id

TOKEN_S = 300


class Badges:
    """Access tokens, made anew before they run out."""

    def __init__(self, stock: Stock) -> None:
        self._keys = stock.keys
        self._made: dict[str, tuple[str, float]] = {}

    def of(self, member: Member) -> str:
        token, until = self._made.get(member.sign_in, ("", 0.0))
        if time.monotonic() >= until:
            token = self._keys.issue(str(member.person_id), sid=member.sign_in)
            self._made[member.sign_in] = token, time.monotonic() + TOKEN_S
        return token


def request(
    method: str, path: str, token: str, body: bytes = b"", kind: str = "", **more: str
) -> Request:
    """One rendered request; a body comes with a fresh idempotency key."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"authorization: Bearer {token}"]
    if body:
        lines += [
            f"content-type: {kind or 'application/json'}", f"content-length: {len(body)}",
            f"idempotency-key: {new_id()}",
        ]  # fmt: skip
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode(), body
