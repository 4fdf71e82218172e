"""The rules of supervision: who orders, who answers, and how far up a clock goes."""

from app.cases.guards import Situation
from app.cases.workflow import GRID, HEADS
from app.identity.models import Role
from app.kit.errors import Words

ORDERERS = HEADS | {Role.ADMINISTRATOR}
CLOCKS = {
    "accept": Words("接办", "accepting"),
    "made_safe": Words("临时防护", "guarding"),
    "handle": Words("处置", "handling"),
    "check": Words("核查", "checking"),
}


def may_order(at: Situation) -> bool:
    """Heads and administrators at the level that handles the case, or above it."""
    return bool(ORDERERS & at.roles)


def may_answer(at: Situation, *, in_unit: bool) -> bool:
    """Whoever has the case, anyone of its unit, and the grid staff of its region."""
    return at.is_assignee or in_unit or bool(GRID & at.roles)


def next_step(path: str, level_path: str, last: str | None) -> str | None:
    """The code of the region above: of the case's own level, or of the one told last.

    None above the district; a case that the district itself handles stays there, once.
    """
    codes = path.strip("/").split("/")
    own = level_path.count("/") - 2
    if last is None:
        return codes[max(own - 1, 0)]
    # A case that was handed up meanwhile goes on from where it is now.
    above = min(own, codes.index(last) if last in codes else own) - 1
    return codes[above] if above >= 0 else None
