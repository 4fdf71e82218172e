"""The client of WeChat's server API: one method a call, all of them within two seconds.

Each public method names its call and reads its own answer; `line` owns transport and repeats,
`tokens` the access token, `codes` turns WeChat's error codes into our errors.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from app.wechat.answers import (
    CheckedAnswer,
    Delivery,
    PhoneAnswer,
    PictureAnswer,
    Scene,
    SessionAnswer,
    TrackedAnswer,
    Verdict,
    WechatIdentity,
    WechatPhone,
)  # fmt: skip
from app.wechat.codes import NOT_WANTED, PAGE_UNKNOWN, TOKEN_REFUSED, refusal
from app.wechat.errors import WechatOff, WechatPageUnknown, WechatUnavailable
from app.wechat.line import Answer, AnswerT, Call, Line, Repeat, unavailable, unreadable
from app.wechat.tokens import AccessTokens, Pocket, Shelf

BUDGET_S = 1.9  # The caller is promised two seconds; the rest is for our own work around the call.

CODE2SESSION = Call("code2session", "GET", "/sns/jscode2session", Repeat.UNDONE)
PHONE = Call("phone", "POST", "/wxa/business/getuserphonenumber", Repeat.UNDONE)
CHECK_TEXT = Call("check_text", "POST", "/wxa/msg_sec_check", Repeat.ALWAYS)
CHECK_IMAGE = Call("check_image", "POST", "/wxa/media_check_async", Repeat.UNDONE)
SEND = Call("send", "POST", "/cgi-bin/message/subscribe/send", Repeat.NEVER)
MAKE_CODE = Call("make_code", "POST", "/wxa/getwxacodeunlimit", Repeat.ALWAYS)
IMAGE = 2  # The media type of a picture; 1 is sound.


@dataclass(slots=True)
class _Trip:
    """Whether the call itself is on its way; while a token is fetched it is not."""

    out: bool = False


class WechatClient:
    """Speaks to WeChat for one mini program; make one per event loop and close it at the end.

    Every call raises WechatOff without a mini program, WechatUnavailable, WechatQuotaSpent and
    WechatMisconfigured; what else one raises stands at it.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        base_url: str = "https://api.weixin.qq.com",
        transport: httpx.AsyncBaseTransport | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._line = Line(base_url, transport)
        self._tokens = AccessTokens(self._line, appid, secret, shelf or Pocket())

    @property
    def is_on(self) -> bool:
        """Whether there is a mini program to speak for."""
        return bool(self._appid and self._secret)

    async def aclose(self) -> None:
        await self._line.http.aclose()

    async def code2session(self, code: str) -> WechatIdentity:
        """Exchanges the one-time code of `wx.login` for the user's identity, within two seconds.

        Raises WechatCodeRefused, WechatTooOften, WechatUserBlocked. After any of them the mini
        program calls `wx.login` again: the code may be used up. Source: WeChat, "code2Session"
        (小程序登录).
        """
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        session = _good(await self._ask(CODE2SESSION, SessionAnswer, query=query))
        if not session.openid:
            raise unreadable(CODE2SESSION, "an answer without openid")
        return WechatIdentity(session.openid, session.unionid or None)

    async def phone(self, code: str) -> WechatPhone:
        """The number behind the one-time code of the button `getPhoneNumber`; each costs a fee.

        Raises WechatCodeRefused. Source: WeChat, "getPhoneNumber" (手机号快速验证).
        """
        answer = _good(await self._ask(PHONE, PhoneAnswer, {"code": code}))
        info = answer.phone_info
        # The watermark says for whom the number was given out.
        if not info.number or info.watermark.appid != self._appid:
            raise unreadable(PHONE, "an answer without a number for us")
        return WechatPhone(info.number, info.country)

    async def check_text(self, openid: str, scene: Scene, content: str) -> Verdict:
        """Judges a text of at most 2,500 characters by a user of the last two hours.

        Raises WechatUserAway. Source: WeChat, "msgSecCheck" (文本内容安全识别), version 2.
        """
        body = {"version": 2, "openid": openid, "scene": int(scene), "content": content}
        result = _good(await self._ask(CHECK_TEXT, CheckedAnswer, body)).result
        if result is None:
            raise unreadable(CHECK_TEXT, "an answer without a verdict")
        return Verdict(result.suggest, result.label)

    async def check_image(self, openid: str, scene: Scene, url: str) -> str:
        """Asks for a picture to be judged and gives the trace id that the pushed verdict names.

        `url` is one that anyone can fetch, at most 10 MB; the verdict comes within half an hour.
        Raises WechatUserAway. Source: WeChat, "mediaCheckAsync" (音视频内容安全识别), version 2.
        """
        body = {"version": 2, "openid": openid, "scene": int(scene), "media_type": IMAGE}
        tracked = _good(await self._ask(CHECK_IMAGE, TrackedAnswer, {**body, "media_url": url}))
        if not tracked.trace_id:
            raise unreadable(CHECK_IMAGE, "an answer without a trace id")
        return tracked.trace_id

    async def send(
        self, openid: str, template: str, page: str, data: Mapping[str, str]
    ) -> Delivery:
        """Sends a subscribed message (订阅消息) once; after an error it may or may not have gone.

        `page` is opened by a tap; `data` gives each field of the template (a `thing` has at most
        20 characters). Source: WeChat, "sendMessage" (发送订阅消息).
        """
        fields = {name: {"value": value} for name, value in data.items()}
        body = {"touser": openid, "template_id": template, "page": page, "data": fields}
        answer = await self._ask(SEND, Answer, body)
        if answer.errcode in NOT_WANTED:
            return Delivery.NOT_WANTED
        _good(answer)
        return Delivery.SENT

    async def make_code(self, scene: str, page: str) -> bytes:
        """The picture of a mini-program code (小程序码) that opens `page` with `scene`.

        `scene` has at most 32 characters, `page` no query. Raises WechatPageUnknown. Source:
        WeChat, "getUnlimitedQRCode" (获取不限制的小程序码).
        """
        picture = await self._ask(MAKE_CODE, PictureAnswer, {"scene": scene, "page": page})
        if picture.errcode == PAGE_UNKNOWN:
            raise WechatPageUnknown
        if not _good(picture).image:
            raise unreadable(MAKE_CODE, "neither a picture nor an error")
        return picture.image

    async def _ask(
        self,
        call: Call,
        shape: type[AnswerT],
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, str] | None = None,
    ) -> AnswerT:
        """One call with all its tries, and the token's, within the budget."""
        if not self.is_on:
            raise WechatOff
        trip = _Trip(out=query is not None)
        try:
            async with asyncio.timeout(BUDGET_S):
                if query is not None:
                    return await self._line.ask(call, shape, query, body)
                return await self._ask_with_token(call, shape, body, trip)
        except WechatUnavailable as error:
            # The token's trouble: the call itself was never made, or refused at the door.
            error.undone = error.undone or not trip.out
            raise
        except TimeoutError:
            pass
        raise unavailable(call, f"no answer within {BUDGET_S} s", undone=not trip.out)

    async def _ask_with_token(
        self, call: Call, shape: type[AnswerT], body: dict[str, Any] | None, trip: _Trip
    ) -> AnswerT:
        token = await self._tokens.get()
        trip.out = True
        answer = await self._line.ask(call, shape, {"access_token": token}, body)
        if answer.errcode in TOKEN_REFUSED:
            # Refused at the door, so nothing was done: even a message may be sent again.
            trip.out = False
            token = await self._tokens.replace(token)
            trip.out = True
            answer = await self._line.ask(call, shape, {"access_token": token}, body)
        return answer


def _good(answer: AnswerT) -> AnswerT:
    """The answer, if it is a success. Raises what `refusal` gives."""
    if answer.errcode:
        raise refusal(answer.errcode)
    return answer
