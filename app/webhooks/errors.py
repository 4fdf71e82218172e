"""What can go wrong with webhooks."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class WebhookNotFound(NotFound):
    code = "webhook_not_found"
    title = Words("没有这个回调地址", "No such webhook")


class WebhookForbidden(Forbidden):
    code = "webhook_forbidden"
    title = Words("您不管理此区域", "You do not administer this region")


class WebhookPaused(Conflict):
    code = "webhook_paused"
    title = Words("此回调地址已暂停", "The webhook is paused")


class AddressRefused(Unprocessable):
    code = "address_refused"
    title = Words("回调地址须为公网 https 地址", "A webhook's address is https, and no private one")


class ClientUnknown(Unprocessable):
    code = "client_unknown"
    title = Words("所选应用不存在", "The chosen API client does not exist")


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    title = Words("没有这次投递", "No such delivery")


class DeliveryDone(Conflict):
    code = "delivery_done"
    title = Words("这次投递已经成功", "It was delivered already")
