"""What can go wrong with what people send, and with blocks."""

from app.kit.errors import Conflict, Forbidden, NotFound, TooMany, Words


class Blocked(Forbidden):
    """Carries `until`; null is until somebody lifts it."""

    code = "blocked"
    title = Words("您的上报功能已暂停", "Reporting is paused for you")


class ReportsSpent(TooMany):
    code = "reports_spent"
    title = Words("今日上报次数已达上限，请明天再试", "No more reports today; try again tomorrow")


class PhotosSpent(TooMany):
    code = "photos_spent"
    title = Words("今日照片流量已达上限，请明天再试", "No more photos today; try again tomorrow")


class BlockNotFound(NotFound):
    code = "block_not_found"
    title = Words("没有这条暂停记录", "No such block")


class BlockForbidden(Forbidden):
    code = "block_forbidden"
    title = Words("仅限本区管理员或派遣员", "For administrators and dispatchers of the district")


class BlockOver(Conflict):
    code = "block_over"
    title = Words("暂停已经结束", "The block has ended")


class AlreadyBlocked(Conflict):
    code = "already_blocked"
    title = Words("该用户已被暂停上报", "Reporting is already paused for this person")


class StaffNotBlocked(Conflict):
    code = "staff_not_blocked"
    title = Words("工作人员请通过角色管理", "Staff are not blocked; take back their roles")


class UntilPassed(Conflict):
    code = "until_passed"
    title = Words("结束时间须晚于现在", "The block would end before it begins")
