"""What can go wrong with WeChat; no answer carries a secret, code, openid or session key."""

from typing import Any

from app.kit.errors import Forbidden, TooMany, Unauthenticated, Unavailable, Words


class WechatCodeRefused(Unauthenticated):
    """The code from `wx.login` is wrong, older than five minutes, or was used before."""

    code = "wechat_code_refused"
    title = Words(
        "微信登录凭证已失效，请重新登录", "The WeChat code is no longer valid; sign in again"
    )


class WechatTooOften(TooMany):
    """One user signed in more than a hundred times in a minute (45011)."""

    code = "wechat_too_often"
    title = Words("登录太频繁，请一分钟后再试", "Too many sign-ins; try again in a minute")

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 60, **kw: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **kw)


class WechatUserBlocked(Forbidden):
    """WeChat itself holds this user back as a high risk (40226)."""

    code = "wechat_user_blocked"
    title = Words("微信限制了该账号登录", "WeChat does not let this account sign in")


class WechatUnavailable(Unavailable):
    """WeChat was busy, slow, unreachable or unreadable; a fresh code may pass in a moment."""

    code = "wechat_unavailable"
    title = Words(
        "微信暂时没有响应，请稍后重新登录", "WeChat does not answer; sign in again in a moment"
    )


class WechatMisconfigured(Unavailable):
    """Our appid or secret is refused, or the error code is unknown: the operator must look."""

    code = "wechat_misconfigured"
    title = Words(
        "微信登录暂不可用，请联系管理员", "WeChat sign-in is out of order; tell the operator"
    )

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 60, **kw: Any) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **kw)


class RobotUnavailable(Unavailable):
    """WeCom did not answer, or was busy (-1); the message may be tried again."""

    code = "robot_unavailable"
    title = Words("企业微信暂时没有响应", "WeCom does not answer")
