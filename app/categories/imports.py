"""Reading the seed of categories that ships with the service."""

import csv
from importlib.resources import files
from typing import Any

SEED = files("app.categories") / "seed"
NUMBERS = {"due_hours", "accept_hours", "duplicate_radius_m", "version", "position"}
FLAGS = {"hazard", "verified", "active"}


def read_seed(name: str) -> list[dict[str, Any]]:
    """The rows of `categories` or `choices`, typed as their tables are."""
    text = (SEED / f"{name}.csv").read_text(encoding="utf-8")
    return [_typed(row) for row in csv.DictReader(text.splitlines())]


def _typed(row: dict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(row)
    for key in row.keys() & NUMBERS:
        typed[key] = int(row[key])
    for key in row.keys() & FLAGS:
        typed[key] = row[key] == "1"
    if "parent_code" in row:
        typed["parent_code"] = row["parent_code"] or None
    return typed
