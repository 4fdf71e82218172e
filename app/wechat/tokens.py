"""The access token that most of WeChat's calls want: one for all processes, renewed ahead of time.

Source: WeChat, "获取稳定版接口调用凭据" (stable_token): valid for 7,200 s, the same for all who ask
until five minutes before its end; a forced refresh ends the old one, twenty times a day.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from app.kit import clock
from app.wechat.codes import refusal
from app.wechat.errors import WechatUnavailable
from app.wechat.line import Answer, Call, Line, Repeat, unreadable

T = TypeVar("T")
STABLE_TOKEN = Call("stable_token", "POST", "/cgi-bin/stable_token", Repeat.ALWAYS)
# From five minutes before the end on, WeChat gives the next token, and the old one goes on working.
EARLY = timedelta(minutes=5)
MOST_FORCED = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, hidden from `repr`, so that no log line can tell it."""

    value: str = field(repr=False)
    expires_at: datetime

    def lasts(self, for_: timedelta) -> bool:
        return clock.now() + for_ < self.expires_at


class Shelf(Protocol):
    """Where all processes keep the token. Called in threads, so it may wait for a database."""

    def read(self) -> Token | None: ...

    def write(self, token: Token) -> None: ...

    def take_force(self) -> bool:
        """Takes one of the twenty forced refreshes of this day; False when none is left."""


class Pocket:
    """A shelf for one process alone."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._forced = 0

    def read(self) -> Token | None:
        return self._token

    def write(self, token: Token) -> None:
        self._token = token

    def take_force(self) -> bool:
        self._forced += 1
        return self._forced <= MOST_FORCED


class _StableToken(Answer):
    access_token: str = ""
    expires_in: int = 0


class AccessTokens:
    """Gives the token that is valid now; of many callers at once one asks, the others wait.

    Processes may ask at once: WeChat gives all of them the same token, so no lock is needed there.
    """

    def __init__(self, line: Line, appid: str, secret: str, shelf: Shelf) -> None:
        self._line = line
        self._app = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        self._shelf = shelf
        self._token: Token | None = None
        self._turn = asyncio.Lock()

    async def get(self) -> str:
        """The token. Raises WechatUnavailable and what `refusal` gives."""
        if self._token is None or not self._token.lasts(EARLY):
            async with self._turn:
                await self._renew()
        assert self._token is not None
        return self._token.value

    async def replace(self, refused: str) -> str:
        """A token in the place of one that WeChat refused; forced only if nothing else helps.

        Raises WechatUnavailable and what `refusal` gives.
        """
        async with self._turn:
            if self._token is None or self._token.value == refused:
                # Another process may have met the same refusal before us.
                self._token = await self._hop(self._shelf.read)
            if self._token is None or self._token.value == refused:
                self._token = await self._fetch(force=False)
            if self._token.value == refused:
                await self._force()
            return self._token.value

    async def _renew(self) -> None:
        if self._token is None or not self._token.lasts(EARLY):
            self._token = await self._hop(self._shelf.read) or self._token
        old = self._token
        if old is not None and old.lasts(EARLY):
            return
        try:
            self._token = await self._fetch(force=False)
        except WechatUnavailable:
            # The old one is still good for some minutes: next time, then.
            if old is None or not old.lasts(timedelta()):
                raise

    async def _force(self) -> None:
        if not await self._hop(self._shelf.take_force):
            logger.error("WeChat refuses its own token, and today's forced refreshes are used up")
            raise WechatUnavailable
        logger.warning("WeChat refuses its own token: a new one is forced")
        self._token = await self._fetch(force=True)

    async def _fetch(self, *, force: bool) -> Token:
        body = {**self._app, "force_refresh": force}
        answer = await self._line.ask(STABLE_TOKEN, _StableToken, {}, body)
        if answer.errcode:
            raise refusal(answer.errcode)
        if not answer.access_token or answer.expires_in <= 0:
            raise unreadable(STABLE_TOKEN, "an answer without a token")
        life = timedelta(seconds=min(answer.expires_in, 7200))
        token = Token(answer.access_token, clock.now() + life)
        await self._hop(lambda: self._shelf.write(token))
        return token

    async def _hop(self, function: Callable[[], T]) -> T:
        return await asyncio.to_thread(function)
