"""What can go wrong with supervision orders."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class SupervisionNotFound(NotFound):
    code = "supervision_not_found"
    title = Words("没有这份督办单", "No such supervision order")


class SupervisionForbidden(Forbidden):
    code = "supervision_forbidden"
    title = Words("您不能督办此案件", "You may not order supervision of this case")


class CaseEnded(Conflict):
    code = "case_ended"
    title = Words("案件已办结，无需督办", "The case has ended; nothing is left to supervise")


class AnswerForbidden(Forbidden):
    code = "answer_forbidden"
    title = Words("您不能回复此督办单", "You may not answer this order")


class OwnOrder(Forbidden):
    code = "own_order"
    title = Words("督办人不能回复自己的督办单", "Whoever gave the order does not answer it")


class SupervisionAnswered(Conflict):
    code = "supervision_answered"
    title = Words("督办单已回复", "The order was answered already")
