"""What can go wrong with messages."""

from app.kit.errors import NotFound, Words


class MessageNotFound(NotFound):
    code = "message_not_found"
    title = Words("没有这条消息", "No such message")
