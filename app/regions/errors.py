"""What can go wrong with regions."""

from app.kit.errors import NotFound, Unprocessable, Words


class RegionNotFound(NotFound):
    code = "region_not_found"
    title = Words("没有这个区域", "No such region")


class RegionUnknown(Unprocessable):
    code = "region_unknown"
    title = Words("所选区域不存在", "The chosen region does not exist")


class GroupingUnknown(Unprocessable):
    code = "grouping_unknown"
    title = Words("所选联村不存在", "The chosen grouping does not exist")


class MemberOutside(Unprocessable):
    code = "member_outside"
    title = Words("联村成员必须在所属区县内", "A member must lie in the grouping's district")
