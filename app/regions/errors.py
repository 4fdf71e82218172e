"""What can go wrong with regions."""

from app.kit.errors import NotFound, Unprocessable, Words


class RegionNotFound(NotFound):
    code = "region_not_found"
    title = Words("没有这个区域", "No such region")


class RegionUnknown(Unprocessable):
    code = "region_unknown"
    title = Words("所选区域不存在", "The chosen region does not exist")
