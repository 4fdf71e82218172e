"""The privacy policy in force, as data: its version, purposes, fields, and how long data stay."""

from datetime import timedelta
from pathlib import Path

from app.privacy.schemas import PolicyOut

POLICY = PolicyOut.model_validate_json(Path(__file__).with_suffix(".json").read_bytes())


def covers(version: str) -> bool:
    """Whether a consent to this version holds today: a new major version asks again."""
    return version.partition(".")[0] == POLICY.version.partition(".")[0]


def life(kind: str) -> timedelta:
    """How long data of a kind stay. Raises LookupError for one without an end."""
    days = {one.kind: one.days for one in POLICY.retention}[kind]
    if days is None:
        raise LookupError(kind)
    return timedelta(days=days)
