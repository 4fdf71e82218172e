"""The fake WeChat and WeCom: answer as the real servers do, for tests and the demo."""

import asyncio
import base64
import json
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.demo.wechat_codes import counted, error, first_wrong
from app.demo.wechat_services import CODE_LIFE, FakeServices, FakeTokens
from app.kit import clock as kit_clock

# What a robot takes of each message type, in bytes.
ROBOT_TAKES = {"text": 2048, "markdown": 4096}
# Each call's address; all but the first two are for whoever shows a token.
PATHS = {
    "code2session": "/sns/jscode2session",
    "stable_token": "/cgi-bin/stable_token",
    "phone": "/wxa/business/getuserphonenumber",
    "check_text": "/wxa/msg_sec_check",
    "check_image": "/wxa/media_check_async",
    "send": "/cgi-bin/message/subscribe/send",
    "make_code": "/wxa/getwxacodeunlimit",
}


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
        self.errcodes: defaultdict[str, list[int]] = defaultdict(list)  # of each call, in turn
        self.tokens = FakeTokens((appid, secret), clock)
        self.services = FakeServices(appid, clock)
        self._calls_per_minute = calls_per_minute
        self._clock = clock
        self._codes: dict[str, IssuedCode] = {}
        self._failures: defaultdict[str, deque[int]] = defaultdict(deque)
        self._lies: defaultdict[str, deque[tuple[int, str]]] = defaultdict(deque)
        self._delays_s: defaultdict[str, deque[float]] = defaultdict(deque)
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def issue_code(self, openid: str, unionid: str | None = None) -> str:
        """Plays `wx.login` of this user: a code for one use within five minutes."""
        code = secrets.token_hex(16)
        self._codes[code] = IssuedCode(openid, unionid, self._clock())
        return code

    def fail_next(self, errcode: int, times: int = 1, call: str = "code2session") -> None:
        """The next calls answer this error whatever they ask, and nothing is done."""
        self._failures[call].extend([errcode] * times)

    def slow_next(self, seconds: float, call: str = "code2session") -> None:
        """The next call is done at once but answered late, as when an answer is lost."""
        self._delays_s[call].append(seconds)

    def lie_next(
        self, body: str, status: int = 200, times: int = 1, call: str = "code2session"
    ) -> None:
        """The next calls are done, but this is what comes back."""
        self._lies[call].extend([(status, body)] * times)

    def take_delay_s(self, call: str) -> float:
        return self._delays_s[call].popleft() if self._delays_s[call] else 0.0

    def take_lie(self, call: str) -> tuple[int, str] | None:
        return self._lies[call].popleft() if self._lies[call] else None

    def answer(self, call: str, query: Mapping[str, str], body: Any) -> bytes | dict[str, Any]:
        """A picture, or the body of an answer; `errcodes` remembers how it went."""
        failure = self._failures[call].popleft() if self._failures[call] else 0
        if call not in {"code2session", "stable_token"}:
            failure = failure or self.tokens.refuses(query.get("access_token", ""))
        answer = error(failure) if failure else self._do(call, query, body)
        errcode = answer.get("errcode", 0) if isinstance(answer, dict) else 0
        self.errcodes[call].append(errcode)
        if call == "code2session":
            self.calls.append(Call(query.get("js_code", ""), errcode))
        return answer

    def _do(self, call: str, query: Mapping[str, str], body: Any) -> bytes | dict[str, Any]:
        if call == "code2session":
            wrong = self._verdict(query)
            return error(wrong) if wrong else self._session(self._codes[query["js_code"]])
        if call == "stable_token":
            return self.tokens.issue(body)
        done: bytes | dict[str, Any] = getattr(self.services, call)(body)
        return done

    def _verdict(self, query: Mapping[str, str]) -> int:
        """The first thing that is wrong, in WeChat's order: the app, the code, the user."""
        code = query.get("js_code", "")
        return first_wrong(
            (query.get("appid") != self.appid, 40013),
            (query.get("secret") != self.secret, 40125),
            (query.get("grant_type") != "authorization_code", 40002),
            (not code, 41008),
        ) or self._judge(code)

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
        return counted(self._recent[openid], self._clock()) > self._calls_per_minute

    def _session(self, issued: IssuedCode) -> dict[str, Any]:
        issued.used = True
        self.services.visit(issued.openid)
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
        return error(errcode)

    def _verdict(self, key: str, msgtype: str, content: str) -> int:
        if key not in self.keys:
            return 93000
        if counted(self._recent[key], self._clock()) > self._a_minute:
            return 45009
        if msgtype not in ROBOT_TAKES:
            return 40008
        if not content:
            return 44004
        return 40058 if len(content.encode()) > ROBOT_TAKES[msgtype] else 0


def create_wechat_server(fake: FakeWechat, robots: FakeRobots | None = None) -> Starlette:
    """Both fakes on HTTP: status 200 whatever happens, as the real ones.

    WeChat calls its JSON text/plain; WeCom calls it what it is.
    """
    groups = robots or FakeRobots()

    def route(call: str, path: str) -> Route:
        async def answered(request: Request) -> Response:
            content = await request.body()
            answer = fake.answer(call, request.query_params, json.loads(content or b"{}"))
            await asyncio.sleep(fake.take_delay_s(call))
            lie = fake.take_lie(call)
            if lie is not None:
                return Response(lie[1], lie[0])
            if isinstance(answer, bytes):
                return Response(answer, media_type="image/png")
            return Response(json.dumps(answer), headers={"content-type": "text/plain"})

        return Route(path, answered, methods=["GET" if call == "code2session" else "POST"])

    async def webhook_send(request: Request) -> JSONResponse:
        key = request.query_params.get("key", "")
        return JSONResponse(groups.send(key, await request.json()))

    routes = [route(call, path) for call, path in PATHS.items()]
    return Starlette(
        routes=[*routes, Route("/cgi-bin/webhook/send", webhook_send, methods=["POST"])]
    )
