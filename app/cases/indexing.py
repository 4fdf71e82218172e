"""Where queue and search look for a case: its regions, what it is narrowed by, and its words."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseScope, CaseText
from app.cases.workflow import ENDED
from app.kit.bigrams import words
from app.kit.columns import FreeText, IdType
from app.kit.db import core, insert_row, insert_rows

# What `case_scopes` says again of a case.
KEPT = ("status", "category_code", "net_code", "due_at", "warn_at", "suspected", "supervised")
_SCOPES: Any = CaseScope.__table__
_CASES: Any = Case.__table__
_TEXTS: Any = CaseText.__table__
_THIS = bindparam("this", type_=IdType())
_KEEP = (
    update(_SCOPES)
    .where(_SCOPES.c.case_id == _THIS, _CASES.c.id == _SCOPES.c.case_id)
    .values({name: _CASES.c[name] for name in KEPT})
)
_CODES = select(_SCOPES.c.region_code).where(_SCOPES.c.case_id == _THIS)
_WORDS = select(_TEXTS.c.words).where(_TEXTS.c.case_id == _THIS)
_REWORD = (
    update(_TEXTS).where(_TEXTS.c.case_id == _THIS).values(words=bindparam("said", type_=FreeText))
)


def scope_word(code: str) -> str:
    """A region as a word of the full-text index: a case lies in it."""
    return "r" + _plain(code)


def open_word(code: str) -> str:
    """As `scope_word`: an open case lies in it."""
    return "o" + _plain(code)


def _plain(code: str) -> str:
    return "".join(c for c in code.lower() if c.isalnum())


def index(tx: Session, case: Case, path: str, row: int | None = None) -> None:
    """Puts a case under every region above it, and its words into the full-text index.

    Rows are numbered in the order of opening, by which searches page; `row` is the number it had.
    """
    codes = path.strip("/").split("/")
    same = {name: getattr(case, name) for name in KEPT}
    same |= {"case_id": case.id, "created_at": case.created_at}
    # Unset on a case that is not loaded from its table: then nothing is suspected.
    same |= {name: bool(same[name]) for name in ("suspected", "supervised")}
    insert_rows(tx, CaseScope, [{**same, "region_code": code} for code in codes])
    said = [
        *(map(open_word, codes) if case.status not in ENDED else ()),
        *map(scope_word, codes),
        *words(f"{case.number} {case.description} {case.address or ''}"),
    ]
    numbered = {} if row is None else {"row": row}
    insert_row(tx, CaseText, case_id=case.id, words=" ".join(said), **numbered)


def reindex(tx: Session, cases: Sequence[tuple[Case, str]]) -> None:
    """Indexes cases anew, each with the path of its region: the old places and words go."""
    ids = [case.id for case, _ in cases]
    numbers = select(CaseText.case_id, CaseText.row).where(CaseText.case_id.in_(ids))
    rows = {found.case_id: found.row for found in tx.execute(numbers)}
    for table in (CaseScope, CaseText):
        tx.execute(delete(table).where(table.case_id.in_(ids)))
    for case, path in cases:
        index(tx, case, path, rows.get(case.id))


def keep(tx: Session, case_id: UUID) -> None:
    """Tells the index what a case says now; called after every change of what it keeps."""
    core(tx).execute(_KEEP, {"this": case_id})


def keep_open(tx: Session, case_id: UUID, *, is_open: bool) -> None:
    """Tells the search that a case has ended, or is open again."""
    given = {"this": case_id}
    opens = [open_word(code) for code in core(tx).execute(_CODES, given).scalars()]
    said = core(tx).execute(_WORDS, given).scalar_one().split()
    rest = [word for word in said if word not in opens]
    core(tx).execute(_REWORD, {**given, "said": " ".join([*opens, *rest] if is_open else rest)})
