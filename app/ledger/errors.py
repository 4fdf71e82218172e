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


class SecondPersonNeeded(Forbidden):
    code = "second_person_needed"
    title = Words("经办人不能审批自己的注资", "Someone else must approve it")
