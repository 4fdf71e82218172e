"""What can go wrong with patrols."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class PlanNotFound(NotFound):
    code = "patrol_plan_not_found"
    title = Words("没有这个巡查计划", "No such patrol plan")


class PlanForbidden(Forbidden):
    code = "patrol_plan_forbidden"
    title = Words("您不能安排此区域的巡查", "You may not plan patrols in this region")


class PlanEnded(Conflict):
    code = "patrol_plan_ended"
    title = Words("巡查计划已经终止", "The patrol plan has ended")


class WalkerUnfit(Unprocessable):
    code = "patrol_walker_unfit"
    title = Words("所选人员不负责此区域", "The chosen person holds no post in this region")


class PatrolNotFound(NotFound):
    code = "patrol_not_found"
    title = Words("没有这次巡查", "No such patrol")


class PatrolForbidden(Forbidden):
    code = "patrol_forbidden"
    title = Words("您不能在此区域巡查", "You may not patrol in this region")


class PatrolForeign(Forbidden):
    code = "patrol_foreign"
    title = Words("这是他人的巡查", "This patrol is somebody else's")


class PatrolNotPlanned(Conflict):
    code = "patrol_not_planned"
    title = Words("这次巡查已开始、已结束或已错过", "The patrol was begun, ended or missed")


class PatrolNotStarted(Conflict):
    code = "patrol_not_started"
    title = Words("这次巡查不在进行中", "The patrol is not under way")


class PatrolFull(Conflict):
    code = "patrol_full"
    title = Words("这次巡查的轨迹点已达上限", "The patrol has as many points as it may have")


class DaysInvalid(Unprocessable):
    code = "patrol_days_invalid"
    title = Words("起止日期有误或超过 100 天", "The days are not in order, or more than 100")


class StopUnknown(Unprocessable):
    code = "patrol_stop_unknown"
    title = Words("计划中没有这个点位", "The plan has no such stop")


class StopTooFar(Conflict):
    code = "patrol_stop_too_far"
    title = Words("离点位太远，不能打卡", "Too far from the stop to check in")


class TrackImpossible(Unprocessable):
    code = "patrol_track_impossible"
    title = Words(
        "轨迹点早于开始时间、晚于现在或顺序不对",
        "A point of the track is before the start, in the future, or out of order",
    )
