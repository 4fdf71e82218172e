"""What can go wrong with relations and suspicions."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class SplitForbidden(Forbidden):
    code = "split_forbidden"
    title = Words("您不能拆分此案件", "You may not split this case")


class CaseEnded(Conflict):
    code = "case_ended"
    title = Words("案件已办结，不能再拆分", "The case has ended and cannot be split")


class LinkForbidden(Forbidden):
    code = "link_forbidden"
    title = Words("您不能关联这两个案件", "You may not link these cases")


class LinkToItself(Conflict):
    code = "link_to_itself"
    title = Words("案件不能关联自身", "A case cannot be linked to itself")


class SuspicionNotFound(NotFound):
    code = "suspicion_not_found"
    title = Words("没有这条疑点", "No such suspicion")


class SuspicionDecided(Conflict):
    code = "suspicion_decided"
    title = Words("这条疑点已有结论", "The suspicion was decided already")


class DecisionForbidden(Forbidden):
    code = "decision_forbidden"
    title = Words("您不能对此疑点作出结论", "You may not decide on this suspicion")


class OwnPhoto(Forbidden):
    code = "own_photo"
    title = Words("不能对自己的照片作出结论", "Nobody decides on their own photo")


class BoxOutside(Unprocessable):
    """A box that covers nothing leaves open what it was drawn for."""

    code = "box_outside"
    title = Words("遮挡框超出照片范围", "A box lies outside of the photo")


class RedactionNotFound(NotFound):
    code = "redaction_not_found"
    title = Words("照片尚未遮挡处理", "The photo has not been looked at for redaction")
