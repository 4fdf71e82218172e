"""What can go wrong with categories."""

from app.kit.errors import NotFound, Unprocessable, Words


class CategoryUnknown(Unprocessable):
    code = "category_unknown"
    title = Words("没有这个类别", "No such category")


class CategoryNotFound(NotFound):
    code = "category_not_found"
    title = Words("没有这个类别", "No such category")


class RegionNotDistrict(Unprocessable):
    code = "region_not_district"
    title = Words("类别办理条件按区县设置", "A category's terms are set for a whole district")


class NetUnknown(Unprocessable):
    code = "net_unknown"
    title = Words("没有这张网", "No such net")


class UnitUnknown(Unprocessable):
    code = "unit_unknown"
    title = Words("本区县没有这个责任单位", "The district has no such responsible unit")


class LevelUnknown(Unprocessable):
    code = "level_unknown"
    title = Words("本区县没有这一级网格", "The district's tree has no such level")


class AnswersInvalid(Unprocessable):
    code = "answers_invalid"
    title = Words("类别附加问题的回答有误", "The answers to the category's questions are not right")
