"""Bringing a file of categories, choices, keywords or a district's terms into the database."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.categories import files, imports, service
from app.categories.files import TABLES, Kind
from app.identity.access import Actor
from app.kit import drafts, sheets
from app.kit.drafts import Change, Line, Loading, Meaning
from app.kit.sheets import Sheet


def load(tx: Session, actor: Actor, kind: Kind, sheet: Sheet) -> Loading:
    """Adds and changes what the rows say, as `drafts.load`.

    Terms become a district's next version, and only where they differ from its newest.
    """
    table, known = TABLES[kind], files.current(tx, kind)
    meaning, write = WAYS[kind]
    lines, blame = drafts.read(table, sheet, meaning), drafts.blaming(table)
    return drafts.load(tx, lines, known, lambda line: write(tx, actor, line), blame)


def _put_choice(tx: Session, actor: Actor, line: Line) -> None:
    service.put_choice(tx, actor, line.key, line.draft)


def _put_keyword(tx: Session, actor: Actor, line: Line) -> None:
    service.put_keyword(tx, actor, line.of, line.draft)


def _set_terms(tx: Session, actor: Actor, line: Line) -> None:
    service.set_terms(tx, actor, line.of, line.draft)


WAYS: dict[Kind, tuple[Meaning, Callable[[Session, Actor, Line], None]]] = {
    "choices": (drafts.coded, _put_choice),
    "keywords": (files.of_keyword, _put_keyword),
    "terms": (files.of_category, _set_terms),
}


def load_categories(tx: Session, actor: Actor, sheet: Sheet) -> Loading:
    """As `load`, by the checks that categories have of their own."""
    # An XLSX becomes the CSV that the categories read, their own checks included.
    text = sheets.write_csv(sheet.rows, sheet.columns).decode("utf-8-sig")
    rows, findings = imports.read_csv(text)
    if findings:
        return Loading([], findings)
    try:
        done = service.apply(tx, actor.person_id, rows)
    except imports.CategoryFileInvalid as error:
        return Loading([], error.findings)
    changes = [Change(one.code, one.kind, dict.fromkeys(one.fields)) for one in done]
    return Loading(changes, [])
