"""Which answer templates fit a case, the most specific one first; reads no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Template:
    """An answer template as far as its place in the order needs it."""

    id: UUID
    region_code: str
    category_code: str | None
    move: str
    reason_code: str | None
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is about to be answered. `path` are the codes of the case's regions from the root."""

    move: str
    reason: str | None
    category: str | None
    main_category: str | None
    path: tuple[str, ...]


def fits(template: Template, at: Occasion) -> bool:
    """Whether all that the template was narrowed to is so."""
    return (
        template.move == at.move
        and template.region_code in at.path
        and template.reason_code in {None, at.reason}
        and template.category_code in {None, at.category, at.main_category}
    )


def specificity(template: Template, at: Occasion) -> tuple[int, int, int]:
    """The reason counts before the category (小类 before 大类), that before the nearer region."""
    if template.category_code is None:
        category = 0
    else:
        category = 2 if template.category_code == at.category else 1
    return int(template.reason_code is not None), category, at.path.index(template.region_code)


def ranked(templates: Iterable[Template], at: Occasion) -> list[Template]:
    """The templates that fit, the most specific first; equals in the order of name and id."""
    fitting = sorted((t for t in templates if fits(t, at)), key=lambda t: (t.name, t.id))
    return sorted(fitting, key=lambda t: specificity(t, at), reverse=True)
