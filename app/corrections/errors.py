"""What can go wrong with corrections."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class CorrectionNotFound(NotFound):
    code = "correction_not_found"
    title = Words("没有这笔更正", "No such correction")


class CorrectionDecided(Conflict):
    code = "correction_decided"
    title = Words("这笔更正已经处理", "The correction is decided already")


class CorrectionPending(Conflict):
    """`correction` is the id of the other one."""

    code = "correction_pending"
    title = Words("同一事项已有待审批的更正", "A correction of the same thing waits for approval")


class OwnCorrection(Forbidden):
    code = "own_correction"
    title = Words("不能办理涉及本人的更正", "Not about one's own points or goods")


class OtherPersonNeeded(Forbidden):
    code = "other_person_needed"
    title = Words("提出人不能审批自己的更正", "Someone other than who proposed it must decide")


class CorrectionForbidden(Forbidden):
    code = "correction_forbidden"
    title = Words("该更正属于其他区域", "It belongs to a region outside yours")


class NotFulfilled(Conflict):
    code = "not_fulfilled"
    title = Words(
        "只有已核销且未退货的兑换可以退货",
        "Only goods that were handed out can be taken back, once",
    )
