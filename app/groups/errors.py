"""What can go wrong with groups."""

from app.kit.errors import Conflict, Forbidden, NotFound, Unprocessable, Words


class GroupNotFound(NotFound):
    code = "group_not_found"
    title = Words("没有这个群", "No such group")


class GroupForbidden(Forbidden):
    code = "group_forbidden"
    title = Words("您不管理此群的全部网格", "You do not lead all grids of this group")


class GridUnknown(Unprocessable):
    code = "grid_unknown"
    title = Words("所选网格不存在", "A chosen grid does not exist")


class GridsApart(Unprocessable):
    code = "grids_apart"
    title = Words("一个群的网格须在同一区县", "The grids of a group lie in one district")


class RobotMissing(Conflict):
    code = "robot_missing"
    title = Words("此群已停用或没有机器人", "The group is inactive or has no robot")
