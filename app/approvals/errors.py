"""What can go wrong with approvals."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class ApprovalNotFound(NotFound):
    code = "approval_not_found"
    title = Words("没有这项申请", "No such request")


class RequestForbidden(Forbidden):
    code = "request_forbidden"
    title = Words("只有案件的处置人员可以申请", "Only whoever handles the case may ask for this")


class RequestImpossible(Conflict):
    code = "request_impossible"
    title = Words("案件当前状态不能提出此申请", "The case does not allow this request now")


class RequestPending(Conflict):
    code = "request_pending"
    title = Words("已有同类申请待审批", "A request of this kind waits for its decision")


class ExtensionsExhausted(Conflict):
    code = "extensions_exhausted"
    title = Words("延期次数已达上限", "The case was extended as often as it may be")


class ReopenWindowOver(Conflict):
    code = "reopen_window_over"
    title = Words("已超过申请重新办理的期限", "It is too late to ask for this case again")


class AppealWindowOver(Conflict):
    code = "appeal_window_over"
    title = Words("已超过申诉期限", "It is too late to appeal")


class DecisionForbidden(Forbidden):
    code = "decision_forbidden"
    title = Words("您不能审批此申请", "You may not decide on this request")


class OwnRequest(Forbidden):
    code = "own_request"
    title = Words("不能审批自己的申请", "Nobody decides on their own request")


class DeciderIsHandler(Forbidden):
    code = "decider_is_handler"
    title = Words("处置人员不能审批自己的案件", "The handler does not decide on the case")


class OwnDecision(Forbidden):
    code = "own_decision"
    title = Words(
        "原决定人不能审批对其决定的申请", "Someone else looks at a decision that you made"
    )


class ApprovalDecided(Conflict):
    code = "approval_decided"
    title = Words("此申请已有结果", "The request has its answer already")


class ApprovalOvertaken(Conflict):
    code = "approval_overtaken"
    title = Words("案件情况已变化，申请已撤销", "The case moved on; the request was withdrawn")
