"""The shelf of WeChat's access token: one sealed row for all processes."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import case, or_, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.db import insert_for
from app.kit.seal import Seal, SealBroken
from app.mini.models import WechatToken
from app.wechat.tokens import MOST_FORCED, Token

T = TypeVar("T")


class Run(Protocol):
    """A small unit of its own: nobody who asks WeChat holds a transaction meanwhile."""

    def __call__(self, function: Callable[[Session], T], *, write: bool) -> T: ...


class SharedShelf:
    """What `app.wechat.tokens.Shelf` asks for, in the database; safe for threads."""

    def __init__(self, appid: str, seal: Seal, run: Run) -> None:
        self._appid = appid
        self._seal = seal
        self._run = run

    def read(self) -> Token | None:
        """The token; None without one, and when the secret that sealed it is another one now."""
        row = self._run(lambda tx: tx.get(WechatToken, self._appid), write=False)
        if row is None:
            return None
        try:
            return Token(self._seal.open(row.token), row.expires_at)
        except SealBroken:
            return None

    def write(self, token: Token) -> None:
        kept = {"token": self._seal.seal(token.value), "expires_at": token.expires_at}
        self._run(lambda tx: _keep(tx, self._appid, kept), write=True)

    def take_force(self) -> bool:
        return self._run(lambda tx: _take_force(tx, self._appid), write=True)


def _keep(tx: Session, appid: str, kept: dict[str, object]) -> None:
    first = insert_for(tx, WechatToken).values(appid=appid, forced=0, **kept)
    tx.execute(first.on_conflict_do_update(index_elements=["appid"], set_=kept))


def _take_force(tx: Session, appid: str) -> bool:
    """Counts one, if there is one left: two processes at once never take the same one."""
    today = clock.business_day(clock.now()).isoformat()
    new_day = WechatToken.forced_on.is_distinct_from(today)
    left = update(WechatToken).where(
        WechatToken.appid == appid, or_(new_day, WechatToken.forced < MOST_FORCED)
    )
    counted = left.values(forced=case((new_day, 1), else_=WechatToken.forced + 1), forced_on=today)
    return tx.execute(counted.returning(WechatToken.appid)).first() is not None
