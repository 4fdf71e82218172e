"""What can go wrong with posts, appointments and leave."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class OutsideSubtree(Forbidden):
    code = "outside_subtree"
    title = Words("不在你管理的区域内", "Outside the regions that you administer")


class NetUnknown(Unprocessable):
    code = "net_unknown"
    title = Words("所选网不存在", "The chosen net does not exist")


class UnitUnknown(Unprocessable):
    code = "unit_unknown"
    title = Words("所选责任单位不存在", "The chosen unit does not exist")


class PostUnknown(Unprocessable):
    code = "post_unknown"
    title = Words("所选岗位不存在或已停用", "The chosen post does not exist or is out of use")


class PersonUnknown(Unprocessable):
    code = "person_unknown"
    title = Words("所选人员不存在", "The chosen person does not exist")


class StandInUnknown(Unprocessable):
    code = "stand_in_unknown"
    title = Words(
        "顶岗人员必须是本区县工作人员", "A stand-in must be a member of this district's staff"
    )


class StandInForbidden(Forbidden):
    code = "stand_in_forbidden"
    title = Words(
        "只能指定已在本区县担任同样角色的其他人员顶岗",
        "Choose another person who already holds the same roles in this district",
    )


class SharedAcrossDistricts(Forbidden):
    code = "shared_across_districts"
    title = Words(
        "其他区县正在使用，须由各相关区县的管理员修改",
        "Other districts use it: only an administrator of all of them may change it",
    )


class LevelWrong(Unprocessable):
    code = "level_wrong"
    title = Words("该岗位不设在这一级区域", "This post does not stand at this region's level")


class DaysWrong(Unprocessable):
    code = "days_wrong"
    title = Words("起止时间有误", "These days cannot be")


class PostInUse(Conflict):
    code = "post_in_use"
    title = Words(
        "已有人任职，不能更改岗位的角色", "Someone is appointed to it: its role cannot change"
    )


class SelfAppointment(Forbidden):
    code = "self_appointment"
    title = Words(
        "不能给自己任命尚未拥有的角色，请由其他管理员办理",
        "Nobody gives themselves a role they do not have; ask another administrator",
    )


class AppointmentNotFound(NotFound):
    code = "appointment_not_found"
    title = Words("没有这个任命", "No such appointment")


class AppointmentExists(Conflict):
    code = "appointment_exists"
    title = Words("此人已在该岗位任职", "This person already holds this post here")


class AppointmentEnded(Conflict):
    code = "appointment_ended"
    title = Words("任命已结束", "The appointment has ended")


class LeaveNotFound(NotFound):
    code = "leave_not_found"
    title = Words("没有这条请假记录", "No such leave")


class LeaveOverlaps(Conflict):
    code = "leave_overlaps"
    title = Words("与已有的请假时间重叠", "It overlaps another leave")


class LeaveOver(Conflict):
    code = "leave_over"
    title = Words("请假已结束或已取消", "The leave is over or was cancelled")
