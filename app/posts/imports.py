"""Reading the nets and posts that ship with the service."""

import csv
from importlib.resources import files

from app.posts.schemas import NetDraft, PostDraft

SEED = files("app.posts") / "seed"


def _rows(name: str) -> list[dict[str, str]]:
    text = (SEED / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def seed_nets() -> dict[str, NetDraft]:
    """The nets (四网) by code."""
    return {
        row["code"]: NetDraft(
            name=row["name"], name_en=row["name_en"], position=int(row["position"])
        )
        for row in _rows("nets")
    }


def seed_posts() -> dict[str, PostDraft]:
    """The posts by code, their duties parted at `|`; checked as an administrator's would be."""
    return {row["code"]: _post(row) for row in _rows("posts")}


def _post(row: dict[str, str]) -> PostDraft:
    return PostDraft.model_validate(
        {
            "name": row["name"], "name_en": row["name_en"], "net_code": row["net_code"] or None,
            "level": int(row["level"]) if row["level"] else None, "role": row["role"],
            "rung": int(row["rung"]) if row["rung"] else None,
            "on_board": row["on_board"] == "1", "position": int(row["position"]),
            "duties": row["duties"].split("|"),
        }
    )  # fmt: skip
