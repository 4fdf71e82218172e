"""What can go wrong with reports."""

from app.kit.errors import NotFound, Words


class ReportNotFound(NotFound):
    code = "report_not_found"
    title = Words("没有这条上报", "No such report")
