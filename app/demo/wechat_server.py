"""The fake WeChat and WeCom: answer as the real servers do, for tests and the demo."""

import asyncio
import base64
import json
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from app.kit import clock as kit_clock

CODE_LIFE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)

# The wording of the real server, before the ", rid: .." that it appends.
ERRMSG = {
    -1: "system error",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    40243: "appsecret frozen",
    41008: "missing code",
    45011: "api minute-quota reach limit",
    # WeCom's, for the robots of groups.
    40008: "invalid message type",
    40058: "invalid Request Parameter",
    44004: "empty content",
    45009: "api freq out of limit",
    93000: "invalid webhook url",
}
# What a robot takes of each message type, in bytes.
ROBOT_TAKES = {"text": 2048, "markdown": 4096}


class Call(NamedTuple):
    """One request as the server saw it; `errcode` is 0 when it answered with an openid."""

    code: str
    errcode: int


@dataclass(slots=True)
class IssuedCode:
    """What `wx.login` hands to a mini program, and what WeChat remembers of it."""

    openid: str
    unionid: str | None
    issued_at: datetime
    used: bool = False


class FakeWechat:
    """What the fake knows and what a test tells it; `create_wechat_server` puts it on HTTP."""

    def __init__(
        self,
        appid: str = "wx0000000000000000",
        secret: str = "not-a-real-secret",  # noqa: S107 - it opens nothing
        *,
        calls_per_minute: int = 100,
        clock: Callable[[], datetime] = kit_clock.now,
    ) -> None:
        self.appid = appid
        self.secret = secret
        self.calls: list[Call] = []
        self.blocked: set[str] = set()  # openids that get 40226
        self.session_keys: dict[str, str] = {}  # the newest by openid, as WeChat keeps it
        self._calls_per_minute = calls_per_minute
        self._clock = clock
        self._codes: dict[str, IssuedCode] = {}
        self._failures: deque[int] = deque()
        self._delays_s: deque[float] = deque()
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def issue_code(self, openid: str, unionid: str | None = None) -> str:
        """Plays `wx.login` of this user: a code for one use within five minutes."""
        code = secrets.token_hex(16)
        self._codes[code] = IssuedCode(openid, unionid, self._clock())
        return code

    def fail_next(self, errcode: int, times: int = 1) -> None:
        """The next calls answer this error whatever they ask, and use no code up."""
        self._failures.extend([errcode] * times)

    def slow_next(self, seconds: float) -> None:
        """The next call is done at once but answered late, as when an answer is lost."""
        self._delays_s.append(seconds)

    def take_delay_s(self) -> float:
        return self._delays_s.popleft() if self._delays_s else 0.0

    def code2session(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The answer's body: an identity, or `errcode` and `errmsg`."""
        code = query.get("js_code", "")
        errcode = self._failures.popleft() if self._failures else self._verdict(query)
        self.calls.append(Call(code, errcode))
        if errcode:
            return {"errcode": errcode, "errmsg": _errmsg(errcode)}
        return self._session(self._codes[code])

    def _verdict(self, query: Mapping[str, str]) -> int:
        """The first thing that is wrong, in WeChat's order: the app, the code, the user."""
        code = query.get("js_code", "")
        wrong = (
            (query.get("appid") != self.appid, 40013),
            (query.get("secret") != self.secret, 40125),
            (query.get("grant_type") != "authorization_code", 40002),
            (not code, 41008),
        )
        return next((errcode for is_wrong, errcode in wrong if is_wrong), 0) or self._judge(code)

    def _judge(self, code: str) -> int:
        issued = self._codes.get(code)
        if issued is None or self._clock() - issued.issued_at >= CODE_LIFE:
            return 40029
        if self._is_too_often(issued.openid):
            return 45011
        if issued.used:
            return 40163
        return 40226 if issued.openid in self.blocked else 0

    def _is_too_often(self, openid: str) -> bool:
        """Counts this call in; the real limit is a hundred a minute and user."""
        return _counted(self._recent[openid], self._clock()) > self._calls_per_minute

    def _session(self, issued: IssuedCode) -> dict[str, Any]:
        issued.used = True
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.session_keys[issued.openid] = session_key
        session = {"session_key": session_key, "openid": issued.openid}
        return session | ({"unionid": issued.unionid} if issued.unionid else {})


class Said(NamedTuple):
    """One message as a group read it."""

    key: str
    msgtype: str
    content: str


class FakeRobots:
    """The robots of WeCom groups: known keys, and twenty messages a minute for each of them."""

    def __init__(
        self, *, a_minute: int = 20, clock: Callable[[], datetime] = kit_clock.now
    ) -> None:
        self.keys: set[str] = set()
        self.said: list[Said] = []
        self.errcodes: list[int] = []  # of every call, 0 for those that a group read
        self._a_minute = a_minute
        self._clock = clock
        self._failures: deque[int] = deque()
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def fail_next(self, errcode: int, times: int = 1) -> None:
        """The next calls answer this error whatever they say."""
        self._failures.extend([errcode] * times)

    def send(self, key: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's body; a message that is taken stands in `said`."""
        msgtype = str(message.get("msgtype"))
        content = str((message.get(msgtype) or {}).get("content") or "")
        failure = self._failures.popleft() if self._failures else 0
        errcode = failure or self._verdict(key, msgtype, content)
        self.errcodes.append(errcode)
        if errcode == 0:
            self.said.append(Said(key, msgtype, content))
        return {"errcode": errcode, "errmsg": _errmsg(errcode) if errcode else "ok"}

    def _verdict(self, key: str, msgtype: str, content: str) -> int:
        if key not in self.keys:
            return 93000
        if _counted(self._recent[key], self._clock()) > self._a_minute:
            return 45009
        if msgtype not in ROBOT_TAKES:
            return 40008
        if not content:
            return 44004
        return 40058 if len(content.encode()) > ROBOT_TAKES[msgtype] else 0


def _counted(recent: deque[datetime], now: datetime) -> int:
    """Counts a call in and says how many there were in the last minute."""
    while recent and now - recent[0] >= MINUTE:
        recent.popleft()
    recent.append(now)
    return len(recent)


def _errmsg(errcode: int) -> str:
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return f"{ERRMSG.get(errcode, 'error')}, rid: {rid}"


def create_wechat_server(fake: FakeWechat, robots: FakeRobots | None = None) -> Starlette:
    """Both fakes on HTTP: status 200 whatever happens, as the real ones.

    WeChat calls its JSON text/plain; WeCom calls it what it is.
    """
    groups = robots or FakeRobots()

    async def jscode2session(request: Request) -> PlainTextResponse:
        answer = fake.code2session(request.query_params)
        await asyncio.sleep(fake.take_delay_s())
        return PlainTextResponse(json.dumps(answer), headers={"content-type": "text/plain"})

    async def webhook_send(request: Request) -> JSONResponse:
        key = request.query_params.get("key", "")
        return JSONResponse(groups.send(key, await request.json()))

    return Starlette(
        routes=[
            Route("/sns/jscode2session", jscode2session, methods=["GET"]),
            Route("/cgi-bin/webhook/send", webhook_send, methods=["POST"]),
        ]
    )
