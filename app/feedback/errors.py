"""What can go wrong with ratings, follow-up calls, templates and updates."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class RatingNotFound(NotFound):
    code = "rating_not_found"
    title = Words("您还没有评价这条上报", "You have not rated this report")


class AlreadyRated(Conflict):
    code = "already_rated"
    title = Words("您已经评价过这个案件", "You have rated this case already")


class RatingByHandler(Forbidden):
    code = "rating_by_handler"
    title = Words("处置人员不能评价自己的案件", "Whoever handled the case does not rate it")


class CaseNotClosed(Conflict):
    code = "case_not_closed"
    title = Words("结案后才能评价", "A report is rated once its case is closed")


class RatingWindowOver(Conflict):
    code = "rating_window_over"
    title = Words("已超过评价期限", "It is too late to rate this case")


class FollowUpForbidden(Forbidden):
    code = "follow_up_forbidden"
    title = Words("您不能回访此案件", "You may not follow this case up")


class FollowUpByHandler(Forbidden):
    code = "follow_up_by_handler"
    title = Words("处置人员不能回访自己的案件", "Whoever handled the case does not follow it up")


class CaseNotEnded(Conflict):
    code = "case_not_ended"
    title = Words("结案或不予立案后才能回访", "Only a closed or rejected case is followed up")


class PeriodInvalid(Unprocessable):
    code = "period_invalid"
    title = Words("起止日期有误或超过 400 天", "The days are not in order, or more than 400")


class UpdateForbidden(Forbidden):
    code = "update_forbidden"
    title = Words("您不能公布此案件的进展", "You may not publish news of this case")


class CaseEnded(Conflict):
    code = "case_ended"
    title = Words("案件已办结", "The case has ended")


class TemplateNotFound(NotFound):
    code = "template_not_found"
    title = Words("没有这个答复模板", "No such template")


class TemplateForbidden(Forbidden):
    code = "template_forbidden"
    title = Words("您不能修改此区域的答复模板", "You may not change the templates of this region")


class TemplateRetired(Conflict):
    code = "template_retired"
    title = Words("答复模板已停用", "The template is no longer in use")


class PlaceholderUnknown(Unprocessable):
    code = "placeholder_unknown"
    title = Words(
        "答复模板只能使用 {number}、{category}、{grid}",
        "A template knows {number}, {category} and {grid} only",
    )


class ReasonUnknown(Unprocessable):
    code = "reason_unknown"
    title = Words("此操作没有这个原因或结果", "The move has no such reason or outcome")
