"""What can go wrong with WeChat; no answer carries a secret, code, openid or session key."""

from typing import Any

from app.kit.errors import Conflict, Forbidden, TooMany, Unauthenticated, Unavailable, Words


class WechatCodeRefused(Unauthenticated):
    """The code of `wx.login` or of a phone number is wrong, too old, or was used before."""

    code = "wechat_code_refused"
    title = Words("微信凭证已失效，请重试", "The WeChat code is no longer valid; get another one")


class WechatTooOften(TooMany):
    """One user asked more than a hundred times in a minute (45011)."""

    code = "wechat_too_often"
    title = Words("操作太频繁，请一分钟后再试", "Too often for WeChat; try again in a minute")

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 60, **kw: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **kw)


class WechatUserBlocked(Forbidden):
    """WeChat itself holds this user back as a high risk (40226)."""

    code = "wechat_user_blocked"
    title = Words("微信限制了该账号登录", "WeChat does not let this account sign in")


class WechatUserAway(Conflict):
    """The user was not in the mini program for two hours (61010): WeChat judges nothing of theirs.

    It does not pass by asking again; a person decides in WeChat's place.
    """

    code = "wechat_user_away"
    title = Words(
        "用户两小时内未使用小程序，微信无法审核",
        "WeChat judges only what users of the last two hours sent",
    )


class WechatUnavailable(Unavailable):
    """WeChat was busy, slow, unreachable or unreadable; a fresh code may pass in a moment."""

    code = "wechat_unavailable"
    title = Words("微信暂时没有响应，请稍后重试", "WeChat does not answer; try again in a moment")
    # Whether the call certainly had no effect; otherwise it is only its answer that is missing.
    undone = False


class WechatQuotaSpent(Unavailable):
    """The mini program's quota for this call is used up (45009); the operator can see to it."""

    code = "wechat_quota_spent"
    title = Words("微信接口调用次数已用完", "WeChat's quota for this call is used up")

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 60, **kw: Any) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **kw)


class WechatMisconfigured(Unavailable):
    """WeChat refuses what we are or how we ask, or its code is unknown: the operator must look."""

    code = "wechat_misconfigured"
    title = Words("微信功能暂不可用，请联系管理员", "WeChat is out of order; tell the operator")
    # What WeChat said; 0 when it was not WeChat that said it.
    errcode = 0

    def __init__(self, detail: Words | None = None, *, retry_after_s: int = 60, **kw: Any) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **kw)


class WechatOff(Unavailable):
    """No mini program is configured here; only development starts without one."""

    code = "wechat_off"
    title = Words("本服务没有接入微信", "This service is not connected to WeChat")

    def __init__(
        self, detail: Words | None = None, *, retry_after_s: int = 3600, **kw: Any
    ) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **kw)


class WechatPageUnknown(Conflict):
    """The published mini program has no such page (41030)."""

    code = "wechat_page_unknown"
    title = Words("已发布的小程序没有这个页面", "The published mini program has no such page")


class PushRefused(Forbidden):
    """What came is no push of WeChat's for us; why is for our counters, never for the sender."""

    code = "push_refused"
    title = Words("不接受这条推送", "This push is not accepted")


class RobotUnavailable(Unavailable):
    """WeCom did not answer, or was busy (-1); the message may be tried again."""

    code = "robot_unavailable"
    title = Words("企业微信暂时没有响应", "WeCom does not answer")
