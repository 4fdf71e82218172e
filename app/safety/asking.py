"""Asking WeChat about a text or photo: the port, which speaks to the world and writes nothing."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from app.media.views import Signer
from app.safety import queries
from app.safety.queries import Asked
from app.safety.rules import Finding
from app.wechat.answers import Scene
from app.wechat.errands import Errands
from app.wechat.errors import (
    WechatMisconfigured,
    WechatOff,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
    WechatUserAway,
    WechatUserBlocked,
)  # fmt: skip

AWAY = Finding("service", "away")
# Nothing was found yet; asked again it can do no harm, at worst WeChat judges a photo twice.
LATER = Finding("service", "later")
NOT_NOW = (WechatUnavailable, WechatTooOften, WechatQuotaSpent, WechatMisconfigured)


@dataclass(frozen=True)
class Asker:
    """WeChat, and where in the world it finds our photos."""

    errands: Errands
    appid: str
    public_url: str
    signer: Signer

    def ask(self, connection: Connection, check_id: UUID) -> Finding | None:
        """What WeChat says now; for a photo only the trace id under which its verdict comes."""
        asked = queries.to_ask(connection, check_id, self.appid)
        # Nothing is read while WeChat is waited for.
        connection.close()
        if asked is None:
            return None
        try:
            return self._ask(asked, check_id)
        except (WechatUserAway, WechatUserBlocked, WechatOff):
            return AWAY
        except NOT_NOW:
            return LATER

    def _ask(self, asked: Asked, check_id: UUID) -> Finding:
        openid = asked.openid
        if openid is None:
            return AWAY
        if asked.kind == "photo":
            url = self.public_url + self.signer.url(check_id, "display")
            errand = self.errands.run(lambda w: w.check_image(openid, Scene.FORUM, url))
            return Finding("wechat", "asked", trace_id=errand)
        said = self.errands.run(lambda w: w.check_text(openid, Scene.FORUM, asked.content))
        return Finding("wechat", said.suggestion.value, said.label)
