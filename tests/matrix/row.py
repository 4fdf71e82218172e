"""What a row of the matrix is made of; each feature's rows stand in `rows_<feature>.py`."""

from dataclasses import dataclass, field
from typing import Any

from app.identity.models import Role

MARKER = "M4rk3r"
ABSENT = "0190f0f0-0000-7000-8000-00000000dead"
# People without a role, and programs: each is told what they are not.
REPORTERS, PROGRAM = ("liu_bo", "chen"), ("till",)
EVERY_ROLE = tuple(str(role) for role in Role)
NOT = {"staff_only": REPORTERS, "person_only": PROGRAM}


def but(*roles: Role) -> tuple[str, ...]:
    """One person of each role that is not among these."""
    return tuple(role for role in EVERY_ROLE if role not in roles)


@dataclass(frozen=True)
class Row:
    """What one operation answers to whom. Names in braces in `url` are objects of the world."""

    url: str
    public: int | None = None
    body: Any = None
    form: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    works: tuple[str, ...] = ()
    forbidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    absent: str | None = None
    wrong_state: tuple[tuple[str, str, Any, int, str], ...] = ()
    by: str = "liu_bo"
    malformed: tuple[Any, ...] = ()
    bad_urls: tuple[str, ...] = ()


ME = {"forbidden": {"person_only": PROGRAM}}
STAFF = {"forbidden": NOT}
PAGES = ("?limit=0", "?limit=101", f"?limit={MARKER}", f"?cursor={MARKER * 80}")
TEXTS = (None, [], MARKER, {MARKER: 1}, {"nothing": MARKER})
CASE_STRANGERS = ("zhao", "keeper", "elsewhere", "fund_manager", "handler")
