"""What the fake WeChat does for whoever shows its token: phones, checks, messages, codes."""

import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.demo.wechat_codes import counted, error, first_wrong

CODE_LIFE = timedelta(minutes=5)
TOKEN_LIFE = timedelta(hours=2)
LAST_MINUTES = timedelta(minutes=5)
ACTIVE = timedelta(hours=2)
FORCED_A_DAY = 20
PNG = b"\x89PNG\r\n\x1a\nthe picture of a code"
LABELS = {"pass": 100, "review": 20001, "risky": 20006}

Clock = Callable[[], datetime]
Body = Mapping[str, Any]


class FakeTokens:
    """The stable token: the same for all who ask, until its last five minutes."""

    def __init__(self, app: tuple[str, str], clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._dies: dict[str, datetime] = {}
        self._current = ""
        self._spoilt: set[str] = set()
        self._forced: Counter[str] = Counter()

    def issue(self, body: Body) -> dict[str, Any]:
        wrong = first_wrong(
            (body.get("grant_type") != "client_credential", 40002),
            (body.get("appid") != self._app[0], 40013),
            (body.get("secret") != self._app[1], 40125),
        )
        if wrong:
            return error(wrong)
        now = self._clock()
        left = self._dies.get(self._current, now) - now
        if body.get("force_refresh"):
            self._forced[now.date().isoformat()] += 1
            if self._forced[now.date().isoformat()] > FORCED_A_DAY:
                return error(45009)
            self._renew(left=LAST_MINUTES)
        elif left <= LAST_MINUTES:
            self._renew(left=left)
        life = self._dies[self._current] - now
        return {"access_token": self._current, "expires_in": int(life.total_seconds())}

    def spoil(self) -> None:
        """From now on the token is refused, although it goes on being given out."""
        self._spoilt.add(self._current)

    def refuses(self, token: str) -> int:
        """The error code for a call with this token, 0 for a good one."""
        dies = self._dies.get(token)
        return first_wrong(
            (not token, 41001),
            (dies is None or token in self._spoilt, 40001),
            (dies is not None and dies <= self._clock(), 42001),
        )

    def _renew(self, *, left: timedelta) -> None:
        """A new token; the old one works for what is left of it, five minutes at most."""
        now = self._clock()
        if self._current in self._dies:
            self._dies[self._current] = min(self._dies[self._current], now + left)
        self._current = "token-" + secrets.token_hex(16)
        self._dies[self._current] = now + TOKEN_LIFE


class Sent(NamedTuple):
    """A message as a user read it."""

    openid: str
    template: str
    page: str
    data: dict[str, str]


@dataclass(slots=True)
class PhoneCode:
    """What the button `getPhoneNumber` hands to a mini program."""

    number: str
    issued_at: datetime
    used: bool = False


class FakeServices:
    """What a test tells the fake of users and templates, and what it remembers of the calls."""

    def __init__(self, appid: str, clock: Clock, *, a_minute: int = 4000) -> None:
        self.templates: dict[str, set[str]] = {}  # the fields of each
        self.pages = {"pages/index/index"}
        self.review_words: set[str] = set()
        self.risky_words: set[str] = set()
        self.sent: list[Sent] = []
        self.images: dict[str, tuple[str, str]] = {}  # openid and address by trace id
        self._appid = appid
        self._clock = clock
        self._a_minute = a_minute
        self._seen: dict[str, datetime] = {}
        self._grants: Counter[tuple[str, str]] = Counter()
        self._phones: dict[str, PhoneCode] = {}
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def visit(self, openid: str) -> None:
        """The user opens the mini program; for two hours WeChat judges what they send."""
        self._seen[openid] = self._clock()

    def grant(self, openid: str, template: str, times: int = 1) -> None:
        """The user accepts messages of this template, one for each time."""
        self._grants[openid, template] += times

    def issue_phone_code(self, number: str) -> str:
        """Plays the button: a code for one use within five minutes."""
        code = secrets.token_hex(16)
        self._phones[code] = PhoneCode(number, self._clock())
        return code

    def verdict(self, trace_id: str, suggest: str = "pass") -> dict[str, Any]:
        """The event that tells what became of a picture, to be pushed."""
        result = {"suggest": suggest, "label": LABELS[suggest]}
        return {
            "ToUserName": "gh_fake", "FromUserName": self.images[trace_id][0],
            "CreateTime": int(self._clock().timestamp()), "MsgType": "event",
            "Event": "wxa_media_check", "appid": self._appid, "trace_id": trace_id, "version": 2,
            "result": result, "detail": [{"strategy": "content_model", "errcode": 0, **result}],
            "errcode": 0, "errmsg": "ok",
        }  # fmt: skip

    def phone(self, body: Body) -> dict[str, Any]:
        issued = self._phones.get(str(body.get("code")))
        if issued is None or issued.used or self._clock() - issued.issued_at >= CODE_LIFE:
            return error(40029)
        issued.used = True
        stamp = {"timestamp": int(self._clock().timestamp()), "appid": self._appid}
        info = {"phoneNumber": "+86" + issued.number, "purePhoneNumber": issued.number}
        return {**error(0), "phone_info": {**info, "countryCode": "86", "watermark": stamp}}

    def check_text(self, body: Body) -> dict[str, Any]:
        content = str(body.get("content", ""))
        wrong = self._refuses_check("check_text", body) or 45002 * (len(content) > 2500)  # noqa: PLR2004
        if wrong:
            return error(wrong)
        suggest = "pass"
        for words, judged in ((self.review_words, "review"), (self.risky_words, "risky")):
            if any(word in content for word in words):
                suggest = judged
        result = {"suggest": suggest, "label": LABELS[suggest]}
        return {**error(0), "result": result, "trace_id": secrets.token_hex(8)}

    def check_image(self, body: Body) -> dict[str, Any]:
        wrong = self._refuses_check("check_image", body)
        if wrong or body.get("media_type") != 2:  # noqa: PLR2004
            return error(wrong or 40129)
        trace_id = secrets.token_hex(16)
        self.images[trace_id] = (str(body.get("openid")), str(body.get("media_url")))
        return {**error(0), "trace_id": trace_id}

    def _refuses_check(self, call: str, body: Body) -> int:
        now = self._clock()
        seen = self._seen.get(str(body.get("openid")))
        return first_wrong(
            (counted(self._recent[call], now) > self._a_minute, 45009),
            (body.get("version") != 2 or body.get("scene") not in {1, 2, 3, 4}, 40129),  # noqa: PLR2004
            (seen is None or now - seen >= ACTIVE, 61010),
        )

    def send(self, body: Body) -> dict[str, Any]:
        openid, template = str(body.get("touser")), str(body.get("template_id"))
        data = {name: str(given.get("value", "")) for name, given in body.get("data", {}).items()}
        page = str(body.get("page", ""))
        wrong = first_wrong(
            (template not in self.templates, 40037),
            (self.templates.get(template) != data.keys() or not _fits(data), 47003),
            (page.partition("?")[0] not in self.pages, 41030),
            (self._grants[openid, template] < 1, 43101),
        )
        if not wrong:
            self._grants[openid, template] -= 1
            self.sent.append(Sent(openid, template, page, data))
        return error(wrong)

    def make_code(self, body: Body) -> bytes | dict[str, Any]:
        scene = str(body.get("scene", ""))
        wrong = first_wrong(
            (counted(self._recent["make_code"], self._clock()) > self._a_minute, 45009),
            (not 1 <= len(scene) <= 32, 40169),  # noqa: PLR2004
            (body.get("page") not in self.pages, 41030),
        )
        return error(wrong) if wrong else PNG + scene.encode()


def _fits(data: Mapping[str, str]) -> bool:
    """Whether WeChat takes the fields: none empty, and twenty characters for a `thing`."""
    too_long = any(n.startswith("thing") and len(v) > 20 for n, v in data.items())  # noqa: PLR2004
    return all(data.values()) and not too_long
