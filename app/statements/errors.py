"""What can go wrong in statements."""

from app.kit.errors import Invalid, NotFound, Words


class PeriodInvalid(Invalid):
    code = "period_invalid"
    title = Words(
        "起止日期有误，或超过 366 天",
        "The period ends before it begins, or is longer than 366 days",
    )


class EntryNotFound(NotFound):
    code = "entry_not_found"
    title = Words("没有这条积分明细", "No such entry")
