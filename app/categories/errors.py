"""What can go wrong with categories."""

from app.kit.errors import Unprocessable, Words


class CategoryUnknown(Unprocessable):
    code = "category_unknown"
    title = Words("没有这个类别", "No such category")
