"""Pure decisions of earning: which rule pays, what caps, places and campaigns leave of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import cos, floor, radians
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

METRES_PER_DEGREE = 111_320.0
# What anybody may earn by. A rule for another event would never pay, so it is refused.
BY_HAND, RATED = "manual.awarded", "rating.given"
# Two persons vouch for these: points that they choose up to the rule's, the hours of an activity
# (志愿活动) at the rule's points each, a suggestion (金点子) that was adopted.
HANDED = (BY_HAND, "activity.attended", "suggestion.adopted")
# What a single proposal of theirs may give.
MOST_BY_HAND = 100_000
# Of these a case is the source, and its outcome says whether they are paid in the end.
OF_CASES = ("report.filed", "report.joined", "patrol.found", "hazard.reported")
EVENTS = (*OF_CASES, RATED, *HANDED)
# What a rule pays for that names no outcomes of its own.
PAYING_OUTCOMES = frozenset({"fixed", "no_action_needed", "referred"})
# Awards that count against caps and budgets; what was taken back gave its share back.
COUNTED = frozenset({"granted", "capped", "waiting", "settled"})


class Vouched(NamedTuple):
    """What two persons vouch for; without `points` it is worth what the rule says."""

    event: str
    points: int | None = None
    hours: int | None = None


def periods(day: date) -> tuple[str, str]:
    """The names of the day and the month that an award counts in (Asia/Shanghai)."""
    return f"day:{day.isoformat()}", f"month:{day.isoformat()[:7]}"


def day_of(text: str) -> date:
    """A business day as awards write it."""
    return date.fromisoformat(text)


# What parts a source, which never holds it, from its round; and the character after that.
ROUND, AFTER_ROUND = "/", "0"


def in_round(source: str, round: int) -> str:  # noqa: A002 - the case's own word
    """The natural key of an award of a source: the source alone in round 0, else with its round."""
    return f"{source}{ROUND}{round}" if round else source


def source_of(key: str) -> str:
    """The source that an award is of, whatever its round."""
    return key.partition(ROUND)[0]


def within_caps(points: int, used_today: int, day_cap: int, used_month: int, month_cap: int) -> int:
    """What may be granted: the award is cut to what the tighter cap leaves, never below 0."""
    return max(0, min(points, day_cap - used_today, month_cap - used_month))


def pays(outcomes: Collection[str] | None, outcome: str | None) -> bool:
    """Whether a rule of these outcomes pays for what ended so; None: not ended, or no case."""
    return outcome is None or outcome in (PAYING_OUTCOMES if outcomes is None else outcomes)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was earned, and of which 小类; the point is WGS-84."""

    path: str
    category_code: str | None = None
    lat: float | None = None
    lng: float | None = None

    @property
    def region_code(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did that a rule may pay, whether or not one did.

    `end` is the outcome of a closed case, or the status in which it ended otherwise.
    """

    source: str
    person_id: UUID
    occupation: str
    spot: Spot
    reported_at: datetime
    filed_at: datetime
    ended_at: datetime
    end: str | None


def place(lat: float, lng: float, metres: int, day: date) -> str:
    """The square of so many metres that a point lies in, on a day: a place pays once a day."""
    row = floor((lat + 90) * METRES_PER_DEGREE / metres)
    # The row's own width of a degree, so that squares of one row join.
    middle = (row + 0.5) * metres / METRES_PER_DEGREE - 90
    column = floor((lng + 180) * METRES_PER_DEGREE * max(cos(radians(middle)), 0.01) / metres)
    return f"place:{metres}:{row}:{column}:{day.isoformat()}"


class Ranked(Protocol):
    """What decides between two rules that are in force for one event."""

    code: str
    version: int
    category_code: str | None
    occupation: str | None
    effective_from: datetime


R = TypeVar("R", bound=Ranked)


def rank(region_code: str, rule: Ranked, spot: Spot) -> tuple[int, int, bool]:
    """How special a rule is for a spot and for somebody whom it may pay: first the region of its
    fund (where), then its category (for what), then its occupation (whom)."""
    depth = spot.path.strip("/").split("/").index(region_code)
    category = 0 if rule.category_code is None else 1 + (rule.category_code == spot.category_code)
    return depth, category, rule.occupation is not None


def chosen(found: Iterable[tuple[R, str]], spot: Spot) -> R | None:
    """The rule that pays, of those in force on the spot's path, each with its fund's region.

    The smallest region comes first, then the rule of a 小类, of its 大类, of all; among those the
    rule of one occupation comes before the rule of everybody; then the newest. The width of a place
    limits what a rule pays and does not rank.
    """

    def order(one: tuple[R, str]) -> tuple[tuple[int, int, bool], datetime, int, str]:
        rule, region_code = one
        special = rank(region_code, rule, spot)
        return special, rule.effective_from, rule.version, rule.code

    return max(found, key=order, default=(None, ""))[0]


def extra(points: int, percent: int) -> int:
    """What a campaign of so many per cent adds to an award; parts of a point are dropped."""
    return points * (percent - 100) // 100


def reason(asked: int, points: int, bonus: int, room: int) -> str:
    """Why an award has the points that it has, when no place stood against it."""
    if points == 0:
        return "cap_reached"
    if points < asked:
        return "cut_to_cap" if points == room else "cut_to_budget"
    return "campaign" if bonus else "rule"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a rule gives: points, its caps, and the width of a place that pays once a day."""

    points: int
    day_cap: int
    month_cap: int
    place_m: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an award: granted, or (`back`) taken back again."""

    award_id: object
    person_id: object
    day: date
    lat: float | None = None
    lng: float | None = None
    campaign_id: object = None
    back: bool = False


def replay(
    offer: Offer, steps: Iterable[Step], campaigns: Mapping[object, tuple[int, int]]
) -> dict[object, tuple[object, int]]:
    """What a rule would have paid: award -> (person, points), in the order of what happened.

    `campaigns` are the per cent of each and the points of its budget that these awards share.
    """
    used: dict[tuple[object, str], int] = {}
    left = {key: budget for key, (_, budget) in campaigns.items()}
    paid: dict[object, tuple[object, int]] = {}
    undone: dict[object, tuple[list[str], int]] = {}
    for step in steps:
        if step.back:
            if step.award_id in undone:
                names, bonus = undone.pop(step.award_id)
                person, points = paid.pop(step.award_id)
                _count(used, person, names, -points)
                left[step.campaign_id] = left.get(step.campaign_id, 0) + bonus
            continue
        names = _counters(offer, step)
        points, bonus = _offered(offer, step, used, names, campaigns, left)
        if points:
            _count(used, step.person_id, names, points)
            left[step.campaign_id] = left.get(step.campaign_id, 0) - bonus
            paid[step.award_id], undone[step.award_id] = (step.person_id, points), (names, bonus)
    return paid


def _counters(offer: Offer, step: Step) -> list[str]:
    names = list(periods(step.day))
    if offer.place_m is not None and step.lat is not None and step.lng is not None:
        names.append(place(step.lat, step.lng, offer.place_m, step.day))
    return names


def _count(used: dict[tuple[object, str], int], person: object, names: list[str], by: int) -> None:
    for name in names:
        used[person, name] = used.get((person, name), 0) + by


def _offered(
    offer: Offer,
    step: Step,
    used: Mapping[tuple[object, str], int],
    names: list[str],
    campaigns: Mapping[object, tuple[int, int]],
    left: Mapping[object, int],
) -> tuple[int, int]:
    """Points and the campaign's part of them."""
    day, month, *places = (used.get((step.person_id, name), 0) for name in names)
    if any(places):
        return 0, 0
    room = within_caps(offer.month_cap, day, offer.day_cap, month, offer.month_cap)
    base = min(offer.points, room)
    percent, _ = campaigns.get(step.campaign_id, (100, 0))
    budget = left.get(step.campaign_id, 0)
    bonus = max(0, min(extra(offer.points, percent), room - base, budget))
    return base + bonus, bonus
