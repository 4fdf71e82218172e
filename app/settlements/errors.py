"""What can go wrong in settling with merchants."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class MerchantNotFound(NotFound):
    code = "merchant_not_found"
    title = Words("没有这个商户", "No such merchant")


class StatementNotFound(NotFound):
    code = "statement_not_found"
    title = Words("没有这张结算单", "No such statement")


class PeriodNotOver(Conflict):
    code = "period_not_over"
    title = Words("结算期尚未结束", "The period is not over yet")


class NothingToSettle(Conflict):
    code = "nothing_to_settle"
    title = Words("没有待结算的记录", "There is nothing left to settle")


class NothingOwed(Conflict):
    """What came back outweighs what was handed out, by `fen`; it counts in the next statement."""

    code = "nothing_owed"
    title = Words(
        "退回多于兑换，暂无应付，转入下期结算",
        "More came back than was handed out; it is carried into the next statement",
    )


class StatementNotDrawn(Conflict):
    code = "statement_not_drawn"
    title = Words("结算单不在待审批状态", "The statement does not wait for approval")


class StatementNotApproved(Conflict):
    code = "statement_not_approved"
    title = Words("结算单未经审批或已付款", "The statement is not approved, or is paid already")


class StatementEnded(Conflict):
    code = "statement_ended"
    title = Words("结算单已付款或已作废", "The statement is paid or dropped already")


class DrawerApproves(Forbidden):
    code = "drawer_approves"
    title = Words("制单人不能审批自己的结算单", "Someone else than who drew it must approve it")
