"""A decision without its traces: place, rules, people. It reads and writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.categories import queries as categories
from app.categories.queries import Terms
from app.grids.service import GridCache
from app.posts import queries as posts
from app.routing import ladder, locate, queries, rules
from app.routing.ladder import Search
from app.routing.locate import Place
from app.routing.rules import Facts, Rule
from app.routing.schemas import Decision, Spot


def make(
    tx: Session, grids: GridCache, spot: Spot, at: datetime, trial: Sequence[Rule] | None = None
) -> Decision:
    """A decision for an instant, by the published rules or by those of a trial.

    Four statements: version of the grids, place, terms, holders; one more for rules that are new
    here, a unit, a level or plain roles. Raises RegionNotFound for a chosen region.
    """
    place = locate.find(tx, grids, spot)
    code = spot.category_code
    terms = categories.find_terms(tx, code, place.district) if code else None
    net = spot.net_code or (terms.net_code if terms else None)
    version, listed = (0, trial) if trial is not None else _published(tx, place)
    own = frozenset(filter(None, (code, place.parent)))
    facts = Facts(own, net, frozenset(place.codes), spot.source, at)
    level_code = _handled_at(tx, place, terms)
    codes = place.codes[place.codes.index(level_code or place.code) :]
    found = Search(codes, posts.holders(tx, place.path, at), at)
    unit = terms.unit_code if terms else None
    ladder.search(tx, found, rules.matching(listed, facts), unit)
    return Decision(
        region_code=place.code, path=place.path, grid_code=place.hit.grid if place.hit else None,
        net_code=net, level_code=level_code, post_code=(found.post or {}).get("post"),
        unit_code=found.unit, person_ids=found.people,
        explained={
            **locate.explained(place), "rule_version": version, "net_code": net,
            "level_code": level_code, **ladder.explained(found),
        },
    )  # fmt: skip


def _published(tx: Session, place: Place) -> tuple[int, Sequence[Rule]]:
    """The district's newest rules and their version, which is 0 before the first."""
    if place.rules is None:
        return 0, []
    return place.rules[0], queries.published(tx, place.district, *place.rules)


def _handled_at(tx: Session, place: Place, terms: Terms | None) -> str | None:
    """The region above that handles this category (分级办理), or None for the region itself."""
    if terms is None or terms.level is None:
        return None
    code = queries.handled_at(tx, place.path, terms.level)
    return code if code != place.code else None
