"""WeChat's error codes: which of our errors each one is, and what the operator reads beside it."""

import logging

from app.kit.errors import AppError
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
    WechatUserAway,
    WechatUserBlocked,
)  # fmt: skip

BUSY = -1
# The token is unknown, malformed or expired: a new one helps, and nothing was done with the old.
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
# No grant is left, or the user is none of ours: a message to them is never tried again.
NOT_WANTED = frozenset({43101, 40003})
# The published mini program has no such page.
PAGE_UNKNOWN = 41030
# The template, a field of it or its page is wrong: no message of it goes before it is put right.
TEMPLATE_WRONG = frozenset({40037, PAGE_UNKNOWN, 47003})

REFUSALS: dict[int, type[AppError]] = {
    BUSY: WechatUnavailable,
    40029: WechatCodeRefused,  # invalid or expired
    40163: WechatCodeRefused,  # used before
    41008: WechatCodeRefused,  # missing
    42003: WechatCodeRefused,  # expired
    40226: WechatUserBlocked,
    45009: WechatQuotaSpent,
    45011: WechatTooOften,
    61010: WechatUserAway,
}

# What the operator reads in the log beside the number.
OPERATOR_HINTS = {
    40001: "the secret is wrong, or new tokens are refused",
    40013: "the appid is wrong",
    40014: "new tokens are refused",
    40037: "no such message template",
    40125: "the secret is wrong",
    40164: "this server's address is not on WeChat's allow-list",
    40169: "the scene of a mini-program code is too long or odd",
    40243: "the secret is frozen",
    41002: "the appid is missing",
    41004: "the secret is missing",
    PAGE_UNKNOWN: "no such page in the published mini program",
    42001: "new tokens are refused",
    43104: "the openid is another mini program's",
    45002: "the text is too long to be checked",
    47003: "a field of the message does not fit its template",
    48001: "the mini program has no right to this call",
}
KNOWN = frozenset({0}) | REFUSALS.keys() | OPERATOR_HINTS.keys() | NOT_WANTED

logger = logging.getLogger(__name__)


def refusal(errcode: int) -> AppError:
    """WeChat's error code as one of ours; what we do not know is for the operator to find out."""
    known = REFUSALS.get(errcode)
    if known:
        return known()
    hint = OPERATOR_HINTS.get(errcode, "an error code we do not know")
    logger.error("WeChat refuses us, check the settings: errcode %d (%s)", errcode, hint)
    error = WechatMisconfigured()
    error.errcode = errcode
    return error
