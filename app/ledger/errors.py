"""What can go wrong in the ledger."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class PointsInsufficient(Conflict):
    code = "points_insufficient"
    title = Words("可用积分不足", "Not enough points to spend")


class PoolExhausted(Conflict):
    code = "pool_exhausted"
    title = Words("资金池余额不足", "The fund's pool is empty")


class HoldResolved(Conflict):
    code = "hold_resolved"
    title = Words("这笔积分冻结已经处理", "This hold is already resolved")


class CostExceedsValue(Conflict):
    code = "cost_exceeds_value"
    title = Words("商品成本高于积分价值", "The goods cost more than the points are worth")


class FundNotFound(NotFound):
    code = "fund_not_found"
    title = Words("没有这个资金池", "No such fund")


class ContributionNotFound(NotFound):
    code = "contribution_not_found"
    title = Words("没有这笔注资", "No such contribution")


class ContributionApproved(Conflict):
    code = "contribution_approved"
    title = Words("这笔注资已经审批", "The contribution is already approved")


class ContributionDeclined(Conflict):
    code = "contribution_declined"
    title = Words("这笔注资已经退回或撤回", "The contribution was declined or withdrawn")


class ContributionNotApproved(Conflict):
    code = "contribution_not_approved"
    title = Words("这笔注资尚未到账", "The contribution was not approved yet")


class ReturnNotFound(NotFound):
    code = "return_not_found"
    title = Words("没有这笔退款", "Nobody proposed to give this back")


class ReturnDecided(Conflict):
    code = "return_decided"
    title = Words("这笔退款已经审批或退回", "This was already given back or declined")


class ReturnExceedsRest(Conflict):
    code = "return_exceeds_rest"
    title = Words(
        "退款超过这笔注资尚未使用的金额", "That is more than what is left of the contribution"
    )


class FundClosed(Conflict):
    code = "fund_closed"
    title = Words("这个资金池已经停用", "The fund is closed")


class FundCodeTaken(Conflict):
    code = "fund_code_taken"
    title = Words("已有相同编码的资金池", "A fund with this code exists already")


class ShardsOnlyGrow(Conflict):
    code = "shards_only_grow"
    title = Words(
        "分片数只能增加：已有资金和积分仍在原分片上",
        "A pool is never cut into fewer shards: money and points stand in those that there are",
    )


class SecondPersonNeeded(Forbidden):
    code = "second_person_needed"
    title = Words("经办人不能审批自己提出的注资或退款", "Someone else must approve it")


class PaymentExceedsDebt(Conflict):
    code = "payment_exceeds_debt"
    title = Words("付款超过应付商户的金额", "The payment is more than the merchant is owed")
