"""What people are told of their own conduct."""

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "conduct.blocked": (
        Words("上报功能已暂停", "Reporting is paused"),
        Words(
            "因{reason}，您的上报功能已暂停至{until}。{note} 积分、兑换和查询不受影响。",
            "Your reporting is paused until {until}: {reason}. {note} Points, the store and all"
            " that you have reported stay yours.",
        ),
    ),
    "conduct.lifted": (
        Words("上报功能已恢复", "Reporting is open again"),
        Words(
            "您的上报功能已恢复，感谢理解。", "You may report again. Thank you for your patience."
        ),
    ),
}
