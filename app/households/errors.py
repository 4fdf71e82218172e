"""What can go wrong with households."""

from app.kit.errors import Conflict, Forbidden, NotFound, Words


class HouseholdNotFound(NotFound):
    code = "household_not_found"
    title = Words("您还没有加入家庭户", "You belong to no household")


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    title = Words("没有这个邀请", "No such invitation")


class HouseholdJoined(Conflict):
    code = "household_joined"
    title = Words("已经属于一个家庭户", "Already a member of a household")


class HouseholdFull(Conflict):
    code = "household_full"
    title = Words("家庭户人数已满", "The household has no more room")


class InvitationDecided(Conflict):
    code = "invitation_decided"
    title = Words("这个邀请已经处理", "This invitation was answered already")


class HeadOnly(Forbidden):
    code = "head_only"
    title = Words("仅限户主", "For the head of the household only")
