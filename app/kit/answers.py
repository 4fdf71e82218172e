"""Taking words back out of stored answers, which a retry of somebody's would read again."""

import json
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import bindparam, or_, select, tuple_, update
from sqlalchemy.orm import Session

from app.kit.columns import CodeText
from app.kit.db import core
from app.kit.idempotency import StoredAnswer

# SQLite nests a chain of OR no deeper than a thousand; and an answer is read as a whole.
WORDS, ROWS = 50, 200
# The field's name and its text; what becomes of the text.
Change = Callable[[str, str], str]


def whole(text: str) -> str:
    """How an answer's body tells a field's whole text."""
    return f":{json.dumps(text, ensure_ascii=False)}"


def part(text: str) -> str:
    """How an answer's body tells a text within another one."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def rewrite(tx: Session, told: Collection[str], change: Change) -> None:
    """Changes the texts of the stored answers in whose bodies one of `told` stands.

    Fields are read and written as JSON, so that no text, however it was chosen, breaks an answer.
    """
    words = sorted(told)
    for start in range(0, len(words), WORDS):
        some = words[start : start + WORDS]
        _rewrite(
            tx, or_(*(StoredAnswer.body.contains(one, autoescape=True) for one in some)), change
        )


_KEYS = StoredAnswer.caller, StoredAnswer.key
_UPDATE = (
    update(StoredAnswer.__table__)  # type: ignore[arg-type]
    .where(
        StoredAnswer.caller == bindparam("of", type_=CodeText),
        StoredAnswer.key == bindparam("under", type_=CodeText),
    )
    .values(body=bindparam("after"))
)


def _rewrite(tx: Session, told: Any, change: Change) -> None:
    query = select(*_KEYS, StoredAnswer.body).where(told, StoredAnswer.body.startswith("{"))
    query = query.order_by(*_KEYS).limit(ROWS)
    rows = core(tx).execute(query).all()
    while rows:
        after = [(row, _body(changed(json.loads(row.body), change))) for row in rows]
        new = [{"of": row.caller, "under": row.key, "after": body} for row, body in after
               if body != row.body]  # fmt: skip
        if new:
            core(tx).execute(_UPDATE, new)
        last = tuple_(*_KEYS) > (rows[-1].caller, rows[-1].key)
        rows = core(tx).execute(query.where(last)).all()


def _body(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def changed(value: Any, change: Change, field: str = "") -> Any:
    """A JSON value with each of its texts changed; a list's texts bear the list's name."""
    if isinstance(value, str):
        return change(field, value)
    if isinstance(value, list):
        return [changed(one, change, field) for one in value]
    if isinstance(value, dict):
        return {name: changed(one, change, name) for name, one in value.items()}
    return value
