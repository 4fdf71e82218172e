"""Which rule holds for a spot, and which rule another one always comes before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.kit.clock import SHANGHAI
from app.routing.schemas import RoutingRuleDraft, RuleFindingOut, Source

DAY = 24 * 60
WEEK = 7 * DAY
ALWAYS = (1 << WEEK) - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold (None: whatever), and the post or unit that then gets it."""

    position: int
    name: str
    category_code: str | None
    net_code: str | None
    region_code: str | None
    source: str | None
    weekdays: tuple[int, ...]
    starts: str | None
    ends: str | None
    post_code: str | None
    unit_code: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules ask about: the category with its 大类, net, codes on the path, source, instant."""

    categories: frozenset[str]
    net: str | None
    regions: frozenset[str]
    source: Source
    at: datetime


def drafted(drafts: Sequence[RoutingRuleDraft]) -> list[Rule]:
    """Rules as they would be published: positions count from 1."""
    return [
        Rule(
            position=position, name=draft.name, category_code=draft.category_code,
            net_code=draft.net_code, region_code=draft.region_code, source=draft.source,
            weekdays=tuple(sorted(draft.weekdays)), starts=draft.starts, ends=draft.ends,
            post_code=draft.post_code, unit_code=draft.unit_code,
        )
        for position, draft in enumerate(drafts, start=1)
    ]  # fmt: skip


def matching(rules: Sequence[Rule], facts: Facts) -> list[Rule]:
    """The rules that hold, in their order."""
    return [rule for rule in rules if holds(rule, facts)]


def holds(rule: Rule, facts: Facts) -> bool:
    """Whether all conditions of a rule are true."""
    return (
        (rule.category_code is None or rule.category_code in facts.categories)
        and (rule.net_code is None or rule.net_code == facts.net)
        and (rule.region_code is None or rule.region_code in facts.regions)
        and (rule.source is None or rule.source == facts.source)
        and ((rule.starts is None and not rule.weekdays) or _in_time(rule, facts.at))
    )


def _in_time(rule: Rule, at: datetime) -> bool:
    local = at.astimezone(SHANGHAI)
    minute = local.weekday() * DAY + local.hour * 60 + local.minute
    return bool(times(rule.weekdays, rule.starts, rule.ends) >> minute & 1)


@lru_cache(maxsize=1024)
def times(weekdays: tuple[int, ...], starts: str | None, ends: str | None) -> int:
    """The minutes of a week, one bit each from Monday 00:00, Asia/Shanghai.

    Hours that end at or before they start end on the next day, which need not be one of the
    weekdays: the night of Sunday lasts into Monday.
    """
    first = _minute(starts) if starts else 0
    last = _minute(ends) if ends else DAY
    if last <= first:
        last += DAY
    span = ((1 << (last - first)) - 1) << first
    found = 0
    for day in weekdays or range(1, 8):
        found |= span << (day - 1) * DAY
    return (found | found >> WEEK) & ALWAYS


def _minute(text: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    return int(text[:2]) * 60 + int(text[3:])


@dataclass(frozen=True, slots=True)
class Held:
    """A post or a place in a unit that somebody holds, and the path of its region."""

    post_code: str
    unit_code: str | None
    path: str


@dataclass(frozen=True)
class Ground:
    """What rules are compared on: 大类 of categories, paths of regions, who holds what."""

    district: str
    parents: dict[str, str | None]
    paths: dict[str, str]
    held: Sequence[Held]

    def path(self, rule: Rule) -> str:
        """The subtree that a rule speaks of."""
        return self.paths[rule.region_code] if rule.region_code else f"/{self.district}/"

    def people(self) -> "People":
        """Who holds what, read once: appointments are many more than rules."""
        at = {(held.post_code, held.path) for held in self.held}
        above = {(post, step) for post, path in at for step in _steps(path)}
        return People({held.unit_code for held in self.held}, at, above)


@dataclass(frozen=True)
class People:
    """Units with people, posts with the paths where they are held, and with those from there up."""

    units: set[str | None]
    at: set[tuple[str, str]]
    above: set[tuple[str, str]]

    def everywhere(self, rule: Rule, path: str) -> bool:
        """Whether a rule finds somebody in every region of a subtree."""
        if rule.unit_code is not None:
            return rule.unit_code in self.units
        return any((rule.post_code, step) in self.at for step in _steps(path))

    def somewhere(self, rule: Rule, path: str) -> bool:
        """Whether a rule finds somebody in a subtree or above it."""
        return self.everywhere(rule, path) or (rule.post_code, path) in self.above


def _steps(path: str) -> list[str]:
    """A path and those above it: `/d/`, `/d/s/`, .."""
    return [path[: i + 1] for i, sign in enumerate(path) if sign == "/" and i]


def covers(earlier: Rule, later: Rule, ground: Ground) -> bool:
    """Whether the earlier rule holds wherever and whenever the later one does."""
    category = later.category_code
    return (
        ground.path(later).startswith(ground.path(earlier))
        and earlier.category_code in {None, category, ground.parents.get(category or "")}
        and earlier.net_code in {None, later.net_code}
        and earlier.source in {None, later.source}
        and _times(later) & ~_times(earlier) == 0
    )


def _times(rule: Rule) -> int:
    return times(rule.weekdays, rule.starts, rule.ends)


def findings(rules: Sequence[Rule], ground: Ground) -> list[RuleFindingOut]:
    """Rules that point at nobody, and rules that an earlier one never lets be reached."""
    people, found = ground.people(), []
    for number, rule in enumerate(rules):
        path = ground.path(rule)
        if not people.somewhere(rule, path):
            found.append(_nobody(rule))
        # An empty rule hands on, so only one that finds people everywhere there comes before.
        first = next(
            (e for e in rules[:number] if covers(e, rule, ground) and people.everywhere(e, path)),
            None,
        )
        if first is not None:
            found.append(_never(rule, first))
    return found


def _nobody(rule: Rule) -> RuleFindingOut:
    return RuleFindingOut(
        position=rule.position, kind="points_at_nobody", by=None,
        zh=f"第{rule.position}条“{rule.name}”指向的岗位或单位现在无人",
        en=f"Rule {rule.position} points at a post or unit that nobody holds now",
    )  # fmt: skip


def _never(rule: Rule, first: Rule) -> RuleFindingOut:
    return RuleFindingOut(
        position=rule.position, kind="never_reached", by=first.position,
        zh=f"第{rule.position}条“{rule.name}”总在第{first.position}条之后，永远轮不到",
        en=f"Rule {rule.position} is never reached: rule {first.position} always comes first",
    )  # fmt: skip
