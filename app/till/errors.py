"""What can go wrong at a till."""

from app.kit.errors import Conflict, Gone, NotFound, TooMany, Words


class MemberCodeUnknown(NotFound):
    code = "member_code_unknown"
    title = Words("会员码不正确", "The member's code is not known")


class MemberCodeExpired(Gone):
    code = "member_code_expired"
    title = Words("会员码已过期，请刷新后再出示", "The member's code is too old; show a new one")


class MemberCodeUsed(Conflict):
    code = "member_code_used"
    title = Words("会员码已使用，请刷新后再出示", "The member's code was used; show a new one")


class MemberCodesTooOften(TooMany):
    code = "member_codes_too_often"
    title = Words("错误的会员码过多，请稍后再试", "Too many wrong codes; try again later")


class ReferenceReused(Conflict):
    code = "reference_reused"
    title = Words("同一单号用于不同的内容", "This reference was used for another hold")


class TillHoldNotFound(NotFound):
    code = "till_hold_not_found"
    title = Words("没有这笔积分冻结", "No such hold")


class TillHoldResolved(Conflict):
    code = "till_hold_resolved"
    title = Words("这笔积分冻结已经完成或取消", "The hold is already resolved")


class TillHoldLapsed(Gone):
    code = "till_hold_lapsed"
    title = Words("这笔积分冻结已超时", "The hold's time is over")
