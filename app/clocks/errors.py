"""What can go wrong with clocks."""

from app.kit.errors import Conflict, Words


class ClockNotLive(Conflict):
    code = "clock_not_live"
    title = Words("这个时限没有在计时", "This clock is neither running nor paused")
