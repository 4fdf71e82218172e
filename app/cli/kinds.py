"""The kinds of files that hold master data: what stands in each, and how it is brought in."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

from sqlalchemy.orm import Session

from app.categories import files as category_files
from app.categories import imports as category_imports
from app.categories import loading as category_loading
from app.groups import files as group_files
from app.groups import loading as group_loading
from app.identity.access import Actor
from app.kit import sheets
from app.kit.drafts import Loading
from app.kit.seal import Seal
from app.kit.sheets import Sheet
from app.posts import exports as post_exports
from app.posts import files as post_files
from app.posts import loading as post_loading
from app.routing import files as rule_files
from app.routing import loading as rule_loading
from app.settings import Settings

# In the order in which a new installation takes them: later ones name what earlier ones bring.
TableKind = Literal[
    "nets", "units", "posts", "categories", "choices", "keywords", "terms", "groupings",
    "appointments", "shifts", "leaves", "rules", "groups",
]  # fmt: skip


class Kind(NamedTuple):
    """A kind of file: its columns, its rows as they stand, and what brings others in.

    `signed` kinds say who made each object: somebody must answer for them.
    """

    columns: tuple[str, ...]
    rows: Callable[[Session], Iterable[Mapping[str, Any]]]
    load: Callable[[Session, Actor, Sheet], Loading]
    signed: bool = False


def _of_posts(kind: post_files.Kind) -> Kind:
    def load(tx: Session, actor: Actor, sheet: Sheet) -> Loading:
        return post_loading.load(tx, actor, kind, sheet)

    columns, rows = post_files.TABLES[kind].columns, partial(post_exports.rows, kind=kind)
    return Kind(columns, rows, load, signed=kind == "leaves")


def _of_categories(kind: category_files.Kind) -> Kind:
    def load(tx: Session, actor: Actor, sheet: Sheet) -> Loading:
        return category_loading.load(tx, actor, kind, sheet)

    return Kind(category_files.TABLES[kind].columns, partial(category_files.rows, kind=kind), load)


def _categories(tx: Session) -> list[dict[str, str]]:
    return sheets.read(category_imports.export_csv(tx).encode(), "categories.csv").rows


def _load_groups(tx: Session, actor: Actor, sheet: Sheet) -> Loading:
    seal = Seal(*Settings().seal_secrets)
    return group_loading.load(tx, actor, seal, sheet)


KINDS: dict[TableKind, Kind] = {
    **{kind: _of_posts(kind) for kind in post_files.TABLES},
    **{kind: _of_categories(kind) for kind in category_files.TABLES},
    "categories": Kind(category_imports.COLUMNS, _categories, category_loading.load_categories),
    "rules": Kind(rule_files.TABLE.columns, rule_files.rows, rule_loading.load),
    "groups": Kind(group_files.TABLE.columns, group_files.rows, _load_groups, signed=True),
}
