"""A decision without its traces: place, rules, people. It reads and writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

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

    One statement tells the setting of the place and the holders there; one more each for a place,
    rules or grids that are new here, a unit, a level or plain roles. Raises RegionNotFound for a
    chosen region.
    """
    place = locate.find(tx, grids, spot, at)
    setting = place.setting
    net = spot.net_code or setting.net_code
    version, listed = (0, trial) if trial is not None else _published(tx, place)
    own = frozenset(filter(None, (spot.category_code, setting.parent)))
    facts = Facts(own, net, frozenset(place.codes), spot.source, at)
    level_code = _handled_at(tx, place, spot.level_code)
    codes = place.codes[place.codes.index(level_code or place.code) :]
    same = place.path == setting.path
    holders = setting.holders if same else posts.holders(tx, place.path, at)
    found = Search(codes, holders, at)
    ladder.search(tx, found, rules.matching(listed, facts), setting.unit_code)
    return Decision(
        region_code=place.code, path=place.path, grid_code=place.hit.grid if place.hit else None,
        net_code=net, level_code=level_code, post_code=(found.post or {}).get("post"),
        unit_code=found.unit, person_ids=found.people,
        explained={
            "category_code": spot.category_code, "accuracy_m": spot.accuracy_m,
            **locate.explained(place), "rule_version": version, "net_code": net,
            "level_code": level_code, **ladder.explained(found),
        },
    )  # fmt: skip


def _published(tx: Session, place: Place) -> tuple[int, Sequence[Rule]]:
    """The district's newest rules and their version, which is 0 before the first."""
    version, at = place.setting.rule_version, place.setting.published_at
    if version is None or at is None:
        return 0, []
    return version, queries.published(tx, place.district, version, at)


def _handled_at(tx: Session, place: Place, code: str | None) -> str | None:
    """The region above that handles it (分级办理), or None for the region itself.

    `code` is the one that has it already; else the category's terms say which.
    """
    if code is None:
        if place.setting.level is None:
            return None
        code = queries.handled_at(tx, place.path, place.setting.level)
    return code if code != place.code else None
