"""What can go wrong when content is judged."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class HoldNotFound(NotFound):
    code = "hold_not_found"
    title = Words("没有这条待审内容", "No such content to be judged")


class HoldDecided(Conflict):
    code = "hold_decided"
    title = Words("该内容无需人工审核或已有结论", "Nobody is asked about it, or it was decided")


class OwnContent(Forbidden):
    code = "own_content"
    title = Words("不能审核自己上报的内容", "Nobody judges what they sent themselves")
