"""A case as one person sees it, and what the workflow needs to know of that; no database here."""

from dataclasses import dataclass
from typing import Any

from app.cases.guards import MOST_RETURNS, Situation
from app.identity.access import Actor


@dataclass(frozen=True)
class Seen:
    """A case as one person sees it: its columns, its region, and what they have to do with it."""

    case: Any
    path: str
    region_name: str
    reported: bool
    handled: bool
    in_unit: bool
    open_children: bool

    @property
    def level_path(self) -> str:
        """The path of the region whose level handles the case (分级办理)."""
        return path_to(self.path, self.case.level_code)

    def situation(self, actor: Actor) -> Situation:
        """What the workflow needs to know."""
        case, level = self.case, self.level_path
        return Situation(
            status=case.status,
            hazard=case.hazard,
            returns=case.returns,
            roles=frozenset(h.role for h in actor.held if level.startswith(h.path)),
            seen_as=frozenset(h.role for h in actor.held if self.path.startswith(h.path)),
            is_assignee=case.assignee_id == actor.person_id
            or (case.assignee_id is None and self.in_unit),
            is_reporter=self.reported,
            handled=self.handled,
            most_returns=(case.clock_rule or {}).get("most_returns", MOST_RETURNS),
            made_safe=case.made_safe_at is not None,
            rerouted=case.rerouted,
            lane=case.lane,
            at_bottom=level == self.path,
            open_children=self.open_children,
            at_top=level.count("/") <= 2,  # noqa: PLR2004 - "/district/"
        )


def path_to(path: str, code: str | None) -> str:
    """The path of the region with this code on a path; the whole path for None."""
    if code is None:
        return path
    upto = path.find(f"/{code}/")
    return path if upto < 0 else path[: upto + len(code) + 2]
