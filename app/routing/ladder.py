"""Who could be given a case: the rules' targets, the category's unit, then the ladder of posts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.posts import queries as posts
from app.posts.queries import Holder
from app.routing import queries
from app.routing.queries import TAKERS
from app.routing.rules import Rule

# 网格员 -> 副网格长 -> 网格长 -> 社区 -> 街道
RUNGS = range(1, 6)


@dataclass
class Search:
    """The way to the people, with every step written down."""

    # Regions where someone may be asked, the nearest first.
    codes: list[str]
    holders: list[Holder]
    at: datetime
    steps: list[dict[str, Any]] = field(default_factory=list)
    empty: list[Rule] = field(default_factory=list)
    rule: Rule | None = None
    post: dict[str, str] | None = None
    unit: str | None = None
    people: tuple[UUID, ...] = ()
    passed: list[str] = field(default_factory=list)

    def write(self, step: dict[str, Any], held: int, on_duty: int) -> None:
        self.steps.append({**step, "held": held, "on_duty": on_duty})


def search(tx: Session, found: Search, matching: Iterable[Rule], unit: str | None) -> None:
    """The first rule that points at somebody, else the category's own unit, else the ladder.

    Whom a rule or a unit names is asked wherever they are, whatever level handles the category.
    """
    for rule in matching:
        held = _aimed_at(tx, found, rule)
        if not held:
            found.empty.append(rule)
        step = {
            "rung": "rule", "position": rule.position, "post": rule.post_code,
            "unit": rule.unit_code,
        }  # fmt: skip
        on_duty = _ask(found, step, held, whole=rule.unit_code is not None)
        if held:
            found.rule = rule
            _take(tx, found, held, on_duty, rule.unit_code)
            return
    held = posts.members(tx, unit, found.at) if unit else []
    on_duty = _ask(found, {"rung": "unit", "unit": unit}, held, whole=True) if unit else []
    _take(tx, found, held, on_duty, unit)


def _aimed_at(tx: Session, found: Search, rule: Rule) -> list[Holder]:
    """Whom a rule points at: a unit's members, or who holds a post on the path."""
    if rule.unit_code is not None:
        return posts.members(tx, rule.unit_code, found.at)
    return [holder for holder in found.holders if holder.post_code == rule.post_code]


def _ask(
    found: Search, step: dict[str, Any], held: Sequence[Holder], *, whole: bool = False
) -> list[Holder]:
    """Asks region by region, or the whole at once, until someone is on duty; each is a step."""
    if whole or not held:
        on_duty = [holder for holder in held if holder.on_duty]
        found.write({"region_code": None, **step}, len(held), len(on_duty))
        return on_duty
    for code, near in groupby(held, key=lambda holder: holder.region_code):
        here = list(near)
        on_duty = [holder for holder in here if holder.on_duty]
        post = here[0].post_code
        found.write({**step, "post": post, "region_code": code}, len(here), len(on_duty))
        if on_duty:
            return on_duty
    return []


def _take(
    tx: Session, found: Search, held: Sequence[Holder], on_duty: Sequence[Holder], unit: str | None
) -> None:
    """Settles on those who are on duty; if none is, the ladder goes on from where they stand."""
    if on_duty:
        _settle(found, on_duty, unit)
        return
    places = {holder.region_code for holder in held}
    first = next((n for n, code in enumerate(found.codes) if code in places), 0)
    found.codes = found.codes[first:]
    _climb(tx, found)


def _settle(found: Search, on_duty: Sequence[Holder], unit: str | None) -> None:
    first = on_duty[0]
    found.unit = unit
    if unit is None:
        found.post = {
            "post": first.post_code, "role": first.role, "region_code": first.region_code,
        }  # fmt: skip
    # Someone may stand in for two, and is one person.
    found.people = tuple(dict.fromkeys(holder.person_id for holder in on_duty))


def _climb(tx: Session, found: Search) -> None:
    """The fallback ladder, rung by rung, then plain roles."""
    # People of a grouping (联村) stand at its lowest region on the path, so all have a place.
    within = [holder for holder in found.holders if holder.region_code in found.codes]
    for rung in RUNGS:
        held = [holder for holder in within if holder.rung == rung]
        on_duty = _ask(found, {"rung": rung, "post": None}, held)
        if on_duty:
            _settle(found, on_duty, None)
            _pass(found, on_duty[0].region_code)
            return
    _by_role(tx, found)


def _by_role(tx: Session, found: Search) -> None:
    """People with a role of the grid teams, the nearest first, as where nobody has such a post.

    Those whose post is no step of the ladder (a district's dispatcher) count while on duty.
    """
    people = [
        (row.person_id, row.role, row.region_code) for row in queries.by_role(tx, found.codes)
    ]
    people += [
        (holder.person_id, holder.role, holder.region_code)
        for holder in found.holders
        if holder.on_duty and holder.role in TAKERS and holder.region_code in found.codes
    ]
    people.sort(key=lambda one: (found.codes.index(one[2]), TAKERS.index(one[1]), one[0]))
    _, role, code = people[0] if people else (None, None, None)
    # As on the ladder: those of the nearest region alone.
    near = [person for person, _, region in people if region == code]
    found.write({"rung": "role", "post": role, "region_code": code}, len(near), len(near))
    if role is not None and code is not None:
        found.post = {"role": role, "region_code": code}
    found.people = tuple(dict.fromkeys(near))
    _pass(found, code)


def _pass(found: Search, chosen: str | None) -> None:
    """Names the regions below the chosen one (all, if none was) where nobody is on duty."""
    manned = {holder.region_code for holder in found.holders if holder.on_duty}
    below = found.codes[: found.codes.index(chosen)] if chosen else found.codes
    found.passed = [code for code in below if code not in manned]


def explained(found: Search) -> dict[str, Any]:
    """What is stored of it: counts of people and no names."""
    rule = found.rule
    return {
        "position": rule.position if rule else None, "rule_name": rule.name if rule else None,
        "steps": found.steps, "empty_posts": found.passed,
        "empty_rules": [
            {"position": r.position, "name": r.name, "post": r.post_code, "unit": r.unit_code}
            for r in found.empty
        ],
        "post": found.post, "unit": found.unit, "people": len(found.people),
        "nobody": not found.people, "at": found.at.astimezone(UTC).isoformat(),
    }  # fmt: skip
