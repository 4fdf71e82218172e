"""What stands on paper is in Chinese: the words for kinds and states."""

KINDS = {
    "accrue": "获得（公示中）", "void": "撤销", "reverse": "收回", "redeem": "兑换冻结",
    "fulfil": "兑换核销", "cancel": "兑换取消退回", "refund": "退货退回", "expire": "到期清零",
    "repay": "抵扣欠分", "carry": "家庭账户转入转出",
}  # fmt: skip
FLOWS = {
    "opened": "新下单", "handed_out": "已核销", "cancelled": "已取消", "expired": "已超时",
    "refunded": "已退货",
}  # fmt: skip
GIVERS = {
    "government": "政府", "village": "村（社区）", "joint_villages": "联村集体经济",
    "benefactor": "成功人士", "villager": "村民个人",
}  # fmt: skip
WHY = {"used": "已核销过", "cancelled": "已取消", "expired": "已失效", "unknown": "无此兑换码"}
