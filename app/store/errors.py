"""What can go wrong in the points store."""

from app.kit.errors import Conflict, Gone, NotFound, TooMany, Unprocessable, Words


class StationNotFound(NotFound):
    code = "station_not_found"
    title = Words("没有这个驿站", "No such station")


class ItemUnavailable(Conflict):
    code = "item_unavailable"
    title = Words("商品不存在或未上架", "The item is not offered")


class StockExhausted(Conflict):
    code = "stock_exhausted"
    title = Words("商品已兑完", "Out of stock")


class RedemptionNotFound(NotFound):
    code = "redemption_not_found"
    title = Words("没有这笔兑换", "No such redemption")


class RedemptionResolved(Conflict):
    code = "redemption_resolved"
    title = Words("这笔兑换已经完成或取消", "The redemption is already resolved")


class CodeUnknown(NotFound):
    code = "code_unknown"
    title = Words("兑换码不正确", "The code is not known here")


class CodeUsed(Conflict):
    code = "code_used"
    title = Words("兑换码已使用", "The code was used already")


class CodeExpired(Gone):
    code = "code_expired"
    title = Words("兑换码已失效", "The code is no longer valid")


class CodeChecksTooOften(TooMany):
    code = "code_checks_too_often"
    title = Words("错误的兑换码过多，请稍后再试", "Too many wrong codes; try again later")


class ItemTooCostly(Unprocessable):
    code = "item_too_costly"
    title = Words("商品成本高于所需积分的价值", "The item costs more than its points are worth")
