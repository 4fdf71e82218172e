"""A district's routing rules as a file: its columns, and what is published."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit import drafts
from app.kit.drafts import CODE, Form, Meant, Table
from app.routing import queries
from app.routing.models import RuleSet
from app.routing.rules import Rule
from app.routing.schemas import RoutingRuleDraft

FORMS: dict[str, Form] = {"position": "whole", "weekdays": "numbers"}
# `region_code` is where a rule holds; `district` is whose rule it is.
TABLE = Table(
    RoutingRuleDraft,
    ("district", "position", "name"),
    (
        "category_code", "net_code", "region_code", "source", "weekdays", "starts", "ends",
        "post_code", "unit_code",
    ),
    FORMS,
)  # fmt: skip


def meant(words: dict[str, Any]) -> Meant:
    """A rule is the one at a position of a district's set."""
    district, position = str(words.pop("district", "")), words.pop("position", None)
    faults = [] if CODE.fullmatch(district) else ["district 缺失或格式不对 missing or malformed"]
    if not isinstance(position, int) or position < 1:
        faults.append("position 缺失或格式不对 missing or malformed")
    return Meant(f"{district} {position}", (district, position), faults)


def told(rules: Iterable[Any]) -> dict[str, str]:
    """The rules of a set, each in one cell, by where they stand in their order."""
    return {f"rule {n}": _text(rule) for n, rule in enumerate(rules, start=1)}


def _text(rule: Any) -> str:
    """A rule's name and all that it says, whether read from a file or from the database."""
    names = (name for name in Rule.__slots__ if name not in {"position", "name"})
    values = ((name, getattr(rule, name)) for name in names)
    words = [f"{name}={_word(value)}" for name, value in values if value]
    return f"{rule.name} ({', '.join(words)})"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else drafts.BAR.join(map(str, sorted(value)))


def current(tx: Session) -> dict[str, list[Rule]]:
    """The newest published rules of every district."""
    districts = tx.scalars(select(RuleSet.district).distinct().order_by(RuleSet.district))
    newest = (queries.find_set(tx, district, None) for district in districts)
    return {
        one.district: queries.of_version(tx, one.district, one.version)
        for one in newest
        if one is not None
    }


def rows(tx: Session) -> Iterator[dict[str, Any]]:
    """The rows of a file, in the order of the rules."""
    for district, rules in current(tx).items():
        for rule in rules:
            values = {name: getattr(rule, name) for name in Rule.__slots__}
            yield drafts.cells(TABLE, values | {"district": district})
