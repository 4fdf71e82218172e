"""Texts about who may do what: for administrators and auditors."""

from app.kit.errors import Words

TEXTS: dict[str, tuple[Words, Words]] = {
    "glass.broken": (
        Words("有人紧急启用角色", "Somebody broke the glass"),
        Words(
            "{name} 在 {region} 紧急启用“{role}”角色至 {until}：{reason}",
            "{name} took the role of {role} in {region} until {until}: {reason}",
        ),
    ),
}
