"""What people are told of content that is looked at: never why, and never by whom."""

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "report.held": (
        Words("内容审核中", "Being looked at"),
        Words(
            "您 {date} 上报的内容正在审核，不影响问题处置。",
            "What you reported on {date} is being looked at; the work on it goes on.",
        ),
    ),
    "report.cleared": (
        Words("内容审核完成", "Looked at"),
        Words(
            "您 {date} 上报的内容已审核完成。",
            "What you reported on {date} has been looked at.",
        ),
    ),
    "report.hidden": (
        Words("内容未予展示", "Not shown"),
        Words(
            "您 {date} 上报的部分内容不予展示，不计积分。如有疑问，请联系所在社区。",
            "A part of what you reported on {date} is not shown and earns no points."
            " Please ask your community if you have questions.",
        ),
    ),
    "case.content_hidden": (
        Words("上报内容已屏蔽", "Report hidden"),
        Words(
            "案件 {number} 的部分上报内容未通过审核，已屏蔽，请核实案件。",
            "A part of what was reported for case {number} is hidden; please look at the case.",
        ),
    ),
}
