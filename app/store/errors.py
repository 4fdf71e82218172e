"""What can go wrong in the points store."""

from app.kit.errors import Conflict, Forbidden, Gone, NotFound, TooMany, Unprocessable, Words


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


class ItemNotFound(NotFound):
    code = "item_not_found"
    title = Words("没有这个商品", "No such item")


class ItemProhibited(Unprocessable):
    """Cash, alcohol, tobacco and what can be turned into them; `reason` says which."""

    code = "item_prohibited"
    title = Words("积分超市不得兑换此类商品", "Goods of this kind may not be swapped for points")


class PersonLimitReached(Conflict):
    """`left` says how many more the person may take now."""

    code = "person_limit_reached"
    title = Words("已达每人限兑数量", "You have taken as many of this item as one person may")


class KeeperRoleMissing(Conflict):
    code = "keeper_role_missing"
    title = Words(
        "该用户在本区域没有店主角色", "The person does not hold the keeper's role for this region"
    )


class KeeperNotFound(NotFound):
    code = "keeper_not_found"
    title = Words("该用户不是本站店主", "The person does not keep this station")


class NotOfStation(Forbidden):
    code = "not_of_station"
    title = Words(
        "只有本站店主或本区域的相关人员可以操作",
        "For the keepers of this station and those in charge of its region",
    )


class DeliveryBooked(Conflict):
    code = "delivery_booked"
    title = Words(
        "该送货单号已登记过不同的数量", "This delivery number was booked with another quantity"
    )


class CountBelowReserved(Conflict):
    """`reserved` pieces wait for their codes: cancel these redemptions first."""

    code = "count_below_reserved"
    title = Words(
        "盘点数量少于已被预留的数量", "Fewer pieces were counted than redemptions wait for"
    )


class TransferBooked(Conflict):
    code = "transfer_booked"
    title = Words("该调拨单号已登记过其他调拨", "This number was booked for another transfer")


class TransferToItself(Unprocessable):
    code = "transfer_to_itself"
    title = Words("不能调拨到本站", "A transfer goes to another station")


class ItemInStock(Conflict):
    code = "item_in_stock"
    title = Words("商品有货，可以直接兑换", "The item is on the shelf; take it now")


class WaitNotFound(NotFound):
    code = "wait_not_found"
    title = Words("没有这个到货提醒", "You do not wait for this item")


class WaitsFull(Conflict):
    code = "waits_full"
    title = Words("到货提醒过多，请先取消一些", "You wait for too many items; give some up first")


class AcceptanceReused(Conflict):
    code = "acceptance_reused"
    title = Words(
        "该收码编号已用于另一个兑换码", "This acceptance number was used for another code"
    )


class ExceptionNotFound(NotFound):
    code = "exception_not_found"
    title = Words("没有这条异常记录", "No such exception")


class ExceptionClosed(Conflict):
    code = "exception_closed"
    title = Words("异常已处理", "The exception is closed already")


class ExceptionOfKeeper(Forbidden):
    code = "exception_of_keeper"
    title = Words(
        "本站店主不能处理本站的异常", "A keeper of the station may not close its exceptions"
    )
