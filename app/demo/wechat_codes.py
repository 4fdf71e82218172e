"""WeChat's and WeCom's error codes as the fakes answer them, and how they count a minute."""

import secrets
from collections import deque
from datetime import datetime, timedelta
from typing import Any

MINUTE = timedelta(minutes=1)

# The wording of the real server, before the ", rid: .." that it appends.
ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    40226: "code blocked",
    40243: "appsecret frozen",
    41001: "access_token missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    45002: "content size out of limit",
    45011: "api minute-quota reach limit",
    47003: "argument invalid!",
    61010: "code is expired",
    # WeCom's, for the robots of groups.
    40008: "invalid message type",
    40058: "invalid Request Parameter",
    44004: "empty content",
    45009: "api freq out of limit",
    93000: "invalid webhook url",
}


def error(errcode: int) -> dict[str, Any]:
    """The body of an answer with this error code; of 0, that of a plain success."""
    if errcode == 0:
        return {"errcode": 0, "errmsg": "ok"}
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return {"errcode": errcode, "errmsg": f"{ERRMSG.get(errcode, 'error')}, rid: {rid}"}


def first_wrong(*checks: tuple[bool, int]) -> int:
    """The error code of the first check that fails, else 0."""
    return next((errcode for is_wrong, errcode in checks if is_wrong), 0)


def counted(recent: deque[datetime], now: datetime) -> int:
    """Counts a call in and says how many there were in the last minute."""
    while recent and now - recent[0] >= MINUTE:
        recent.popleft()
    recent.append(now)
    return len(recent)
