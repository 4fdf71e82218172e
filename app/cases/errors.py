"""What can go wrong with cases."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class CaseNotFound(NotFound):
    code = "case_not_found"
    title = Words("没有这个案件", "No such case")


class MoveForbidden(Forbidden):
    code = "move_forbidden"
    title = Words("您不能对此案件进行这项操作", "You may not make this move")


class MoveImpossible(Conflict):
    code = "move_impossible"
    title = Words("案件当前状态不允许此操作", "The case does not allow this move now")


class MoveIncomplete(Unprocessable):
    code = "move_incomplete"
    title = Words("此操作缺少必填内容", "The move lacks required fields")


class OwnReport(Forbidden):
    code = "own_report"
    title = Words("不能审核自己上报的案件", "Nobody passes a check on their own report")


class CheckerIsHandler(Forbidden):
    code = "checker_is_handler"
    title = Words("处置人员不能核查自己的案件", "The checker must not be the handler")


class FastLaneClosed(Conflict):
    code = "fast_lane_closed"
    title = Words("此案件须先核实再立案", "This case is verified before it is filed")


class ReturnsExhausted(Conflict):
    code = "returns_exhausted"
    title = Words("退单次数已达上限，须由上级决定", "Returned too often; the level above decides")


class AssigneeUnknown(Unprocessable):
    code = "assignee_unknown"
    title = Words("所选处置人员不能处理此区域", "The chosen person cannot handle this region")


class AlreadySafe(Conflict):
    code = "already_safe"
    title = Words("现场已做临时防护", "The spot is guarded already")


class Rerouted(Conflict):
    code = "already_rerouted"
    title = Words("案件已更正过一次", "The case was corrected once already")


class NoLevelAbove(Conflict):
    code = "no_level_above"
    title = Words("已是最高层级", "There is no level above")


class LevelUnknown(Unprocessable):
    code = "level_unknown"
    title = Words("所选层级不在本案件的区域路径上", "The chosen level is not on the case's path")


class UnitUnknown(Unprocessable):
    code = "unit_unknown"
    title = Words("所选责任单位不能处理此区域", "The chosen unit cannot handle this region")


class MergeTargetInvalid(Conflict):
    code = "merge_target_invalid"
    title = Words("不能并入所选案件", "The case cannot be merged into the chosen one")


class CaseUnknown(Unprocessable):
    code = "case_unknown"
    title = Words("所填案件不存在", "No case has this number")


class ReviewDateInvalid(Unprocessable):
    code = "review_date_invalid"
    title = Words("复核日期须在今天之后、一年之内", "The review date is not within a year from now")


class ChildrenOpen(Conflict):
    code = "children_open"
    title = Words("还有子案件未办结", "A case that was split off is still open")


class NotHandedUp(Conflict):
    code = "not_handed_up"
    title = Words("案件未提级，无须下派", "The case was not handed up")


class AnotherDistrict(Conflict):
    code = "another_district"
    title = Words("不能更正到其他区县", "A case cannot be moved to another district")
