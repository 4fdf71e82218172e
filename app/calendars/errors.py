"""What can go wrong with calendars."""

from app.kit.errors import Conflict, Forbidden, Unprocessable, Words


class NoWorkingTime(Conflict):
    code = "no_working_time"
    title = Words("工作日历里没有工作时间", "The calendar has no working time")


class DistrictNeeded(Unprocessable):
    code = "district_needed"
    title = Words("只有区县有自己的工作日历", "Only a district has a calendar of its own")


class DistrictNotHeld(Forbidden):
    code = "district_not_held"
    title = Words("您不是这个区县的管理员", "You do not administer this district")
