"""What can go wrong at the desk."""

from app.kit.errors import Conflict, NotFound, Words


class FilterNotFound(NotFound):
    code = "filter_not_found"
    title = Words("没有这个筛选方案", "No such saved filter")


class FiltersFull(Conflict):
    code = "filters_full"
    title = Words("筛选方案最多三十个", "At most thirty filters can be saved")
