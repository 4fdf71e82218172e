"""The client of WeChat's server API: one method a call, all of them within two seconds.

Each public method names its path and reads its own answer; `_ask` owns time, retries and transport
troubles for all of them, `_refusal` turns WeChat's error codes into ours.
"""

import asyncio
import logging
import random
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from app.kit.errors import AppError
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatTooOften,
    WechatUnavailable,
    WechatUserBlocked,
)

CONNECT_S = 0.5
TRY_S = 1.0
BUDGET_S = 1.9  # The caller is promised two seconds; the rest is for our own work around the call.
PAUSES_S = (0.05, 0.15)  # Before the second and the third try; jitter halves or adds half.

BUSY = -1

REFUSALS: dict[int, type[AppError]] = {
    BUSY: WechatUnavailable,
    40029: WechatCodeRefused,  # invalid or expired
    40163: WechatCodeRefused,  # used before
    41008: WechatCodeRefused,  # missing
    42003: WechatCodeRefused,  # expired
    40226: WechatUserBlocked,
    45011: WechatTooOften,
}

# What the operator reads in the log beside the number.
OPERATOR_HINTS = {
    40013: "the appid is wrong",
    40125: "the secret is wrong",
    40243: "the secret is frozen",
    41002: "the appid is missing",
    41004: "the secret is missing",
}

logger = logging.getLogger(__name__)

# WeChat wants the secret and the code in the query, and httpx logs every URL at INFO. The filter
# keeps those lines out even where somebody lowers the level again; filters are not inherited, so
# httpcore, which logs through child loggers and below INFO only, is silenced by its level.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class WechatIdentity:
    """Who WeChat says the user is; hidden from `repr`, so that no log line can tell."""

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


class _Answer(BaseModel):
    """What every call may answer; success has no `errcode`. Fields not named here are dropped."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    errcode: int = 0


AnswerT = TypeVar("AnswerT", bound=_Answer)


class _Session(_Answer):
    """The answer of code2Session; `session_key` is left out on purpose and never kept."""

    openid: str = ""
    unionid: str | None = None


class WechatClient:
    """Speaks to WeChat for one mini program; make one per event loop and close it at the end."""

    def __init__(
        self,
        appid: str,
        secret: str,
        base_url: str = "https://api.weixin.qq.com",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._appid = appid
        self._secret = secret
        # A proxy named in the environment would read the secret, hence trust_env=False.
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=httpx.Timeout(TRY_S, connect=CONNECT_S),
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def code2session(self, code: str) -> WechatIdentity:
        """Exchanges the one-time code of `wx.login` for the user's identity, within two seconds.

        Raises WechatCodeRefused, WechatTooOften, WechatUserBlocked, WechatUnavailable and
        WechatMisconfigured. After any of them the mini program calls `wx.login` again: the code
        may be used up. Source: WeChat, "code2Session" (小程序登录).
        """
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        session = await self._ask(_Session, "/sns/jscode2session", query)
        if session.errcode:
            raise _refusal(session.errcode)
        if not session.openid:
            raise _unavailable("an answer without openid")
        return WechatIdentity(session.openid, session.unionid or None)

    async def _ask(self, shape: type[AnswerT], path: str, query: dict[str, str]) -> AnswerT:
        """Asks up to three times, never longer than the budget; raises WechatUnavailable."""
        try:
            async with asyncio.timeout(BUDGET_S):
                return await self._ask_while_busy(shape, path, query)
        except TimeoutError:
            trouble = f"no answer within {BUDGET_S} s"
        raise _unavailable(trouble)

    async def _ask_while_busy(
        self, shape: type[AnswerT], path: str, query: dict[str, str]
    ) -> AnswerT:
        """Repeats only what cannot have used the code up.

        That is -1, which WeChat tells us to repeat, and a connection that never stood. Once a
        request is out, silence proves nothing: WeChat may have used the code and its answer got
        lost, so a second try would turn "no answer" into a misleading "code refused". Should a -1
        have used it after all, the refusal is right: the user signs in again either way.
        """
        for pause_s in PAUSES_S:
            answer = await self._try(shape, path, query)
            if answer.errcode != BUSY:
                return answer
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
        return await self._try(shape, path, query)

    async def _try(self, shape: type[AnswerT], path: str, query: dict[str, str]) -> AnswerT:
        """One request; a connection that never stood counts as busy."""
        try:
            # httpx limits each read, not their sum: without this a dripping answer would pass.
            async with asyncio.timeout(TRY_S):
                response = await self._http.get(path, params=query)
            response.raise_for_status()
            return shape.model_validate_json(response.content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            logger.warning("WeChat cannot be reached: %s", type(error).__name__)
            return shape(errcode=BUSY)
        except httpx.HTTPStatusError as error:
            trouble = f"HTTP {error.response.status_code}"
        except (httpx.HTTPError, ValidationError, TimeoutError) as error:
            trouble = type(error).__name__
        # Raised out here, since those errors carry the URL or the body: as `__context__` of ours
        # they would travel into whatever prints tracebacks.
        raise _unavailable(trouble)


def _refusal(errcode: int) -> AppError:
    """WeChat's error code as one of ours; what we do not know is for the operator to find out."""
    known = REFUSALS.get(errcode)
    if known:
        return known()
    hint = OPERATOR_HINTS.get(errcode, "an error code we do not know")
    logger.error("WeChat refuses us, check the settings: errcode %d (%s)", errcode, hint)
    return WechatMisconfigured()


def _unavailable(trouble: str) -> WechatUnavailable:
    logger.warning("WeChat is unavailable: %s", trouble)
    return WechatUnavailable()
