"""What can go wrong with personal data: too early, too often, or not yet settled."""

from app.kit.errors import Conflict, Forbidden, NotFound, TooMany, Words


class ExportNotFound(NotFound):
    code = "export_not_found"
    title = Words("没有这份数据副本", "No such copy of your data")


class ExportTooOften(TooMany):
    code = "export_too_often"
    title = Words("今天已申请过数据副本", "Copies were asked for often enough today")


class FileLinkInvalid(Forbidden):
    code = "file_link_invalid"
    title = Words("链接无效或已过期", "The link is not valid or has expired")


class FileGone(NotFound):
    code = "file_gone"
    title = Words("文件已删除", "The file is gone")


class RoleHeld(Conflict):
    code = "role_held"
    title = Words("请先由管理员解除工作人员身份", "An administrator ends your roles first")


class RedemptionHeld(Conflict):
    code = "redemption_held"
    title = Words("请先领取或取消待兑换的物品", "Fetch or cancel what is held for you first")


class HouseholdHeld(Conflict):
    code = "household_held"
    title = Words("请先退出家庭", "Leave your household first")


class PointsLeft(Conflict):
    code = "points_left"
    title = Words(
        "还有积分未使用，注销后将作废；请确认放弃",
        "Points are left and would lapse; say that they may",
    )


class VersionUnknown(Conflict):
    code = "version_unknown"
    title = Words("该版本的隐私政策已不再有效", "That version of the policy is not the current one")


class ReporterAnonymous(Conflict):
    code = "reporter_anonymous"
    title = Words("该举报为匿名，不显示身份", "The report is anonymous: nobody's identity is shown")


class LookForbidden(Forbidden):
    code = "look_forbidden"
    title = Words("无权查看个人信息", "You may not look at personal data here")
