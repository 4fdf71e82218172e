"""what the queue is narrowed by stands in its index; open cases are a word of the search

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from app.kit import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN = (
    "status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved',"
    " 'suspended')"
)
# As an expression: no planner may mistake it for the index of the statuses.
_SURELY_OPEN = _OPEN.replace("status", "status || ''", 1)
_PLACE = ("lat", "lng", "id", "status", "category_code")
_KEPT = ("category_code", "due_at", "warn_at", "suspected", "supervised")
_PARTIAL = (
    ("ix_cases_cell_open", "cases", ["cell", *_PLACE], _SURELY_OPEN),
    ("ix_cases_assignee_open", "cases", ["assignee_id", "created_at", "id", "due_at"], _SURELY_OPEN),
    ("ix_cases_unit_open", "cases", ["unit_code", "created_at", "id", "due_at"], _SURELY_OPEN),
    ("ix_cases_assignee_suspected", "cases", ["assignee_id", "created_at", "id"], "suspected"),
    ("ix_cases_unit_suspected", "cases", ["unit_code", "created_at", "id"], "suspected"),
    ("ix_case_scopes_due", "case_scopes", ["region_code", "due_at", "warn_at"],
     "due_at IS NOT NULL"),
    ("ix_case_scopes_suspected", "case_scopes",
     ["region_code", "created_at", "case_id", "status"], "suspected"),
    ("ix_case_scopes_supervised", "case_scopes", ["region_code", "status"], "supervised"),
)  # fmt: skip
_TEXTS = sa.table("case_texts", sa.column("case_id", columns.IdType()), sa.column("words"))
_SCOPES = sa.table(
    "case_scopes", sa.column("case_id", columns.IdType()), sa.column("region_code"),
    sa.column("status"),
)  # fmt: skip


def upgrade() -> None:
    op.add_column("case_scopes", sa.Column("category_code", columns.CodeText))
    for name in ("due_at", "warn_at"):
        op.add_column("case_scopes", sa.Column(name, columns.InstantType()))
    for name in ("suspected", "supervised"):
        flag = sa.Column(name, columns.FlagType(), nullable=False, server_default=sa.text("false"))
        op.add_column("case_scopes", flag)
    known = ", ".join(f"{name} = c.{name}" for name in _KEPT)
    op.execute(f"UPDATE case_scopes SET {known} FROM cases c WHERE c.id = case_scopes.case_id")
    for name, table, old, new in _CHANGED:
        _make(name, table, old, new)
    op.create_index(
        "ix_case_scopes_category", "case_scopes",
        ["region_code", "category_code", "created_at", "case_id"],
    )  # fmt: skip
    for name, table, names, where in _PARTIAL:
        _create(name, table, names, where)
    for case_id, codes in _open_cases():
        _reword(case_id, lambda words, codes=codes: [*codes, *words])
    # Searches page by the row, so rows follow the cases; twice, because numbers may not meet.
    for number in ("-n", "n"):
        op.execute(
            f'UPDATE case_texts SET "row" = {number} FROM (SELECT t.case_id AS this, ROW_NUMBER() OVER'
            " (ORDER BY c.created_at, c.id) AS n FROM case_texts t JOIN cases c ON c.id = t.case_id) o"
            " WHERE o.this = case_texts.case_id"
        )


# Name, table, and how it was and is: columns and condition.
_CHANGED = (
    ("ix_case_scopes_open", "case_scopes",
     (["region_code", "created_at", "case_id"], _OPEN),
     (["region_code", "created_at", "case_id", "due_at"], _OPEN)),
    ("ix_cases_cell", "cases", (["cell", "created_at"], None), (["cell", "updated_at", *_PLACE], None)),
    ("ix_cases_parent_id", "cases", (["parent_id"], None), (["parent_id"], "parent_id IS NOT NULL")),
    ("ix_cases_unit", "cases",
     (["unit_code", "status"], None), (["unit_code", "created_at", "id"], None)),
)  # fmt: skip
_Form = tuple[list[str], str | None]


def _make(name: str, table: str, _old: _Form, new: _Form) -> None:
    op.drop_index(name, table_name=table)
    _create(name, table, *new)


def _create(name: str, table: str, names: list[str], where: str | None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, names, sqlite_where=condition, postgresql_where=condition)


def _open_cases() -> Iterator[tuple[object, list[str]]]:
    """Each open case with the words that say where it is open."""
    bind = op.get_bind()
    query = sa.select(_SCOPES.c.case_id, _SCOPES.c.region_code).where(sa.text(_OPEN))
    found: dict[object, list[str]] = {}
    for case_id, code in bind.execute(query.order_by(_SCOPES.c.case_id, _SCOPES.c.region_code)):
        word = "o" + "".join(c for c in code.lower() if c.isalnum())
        found.setdefault(case_id, []).append(word)
    yield from found.items()


def _reword(case_id: object, change: object) -> None:
    bind = op.get_bind()
    this = _TEXTS.c.case_id == case_id
    words = bind.execute(sa.select(_TEXTS.c.words).where(this)).scalar()
    if words is not None:
        bind.execute(sa.update(_TEXTS).where(this).values(words=" ".join(change(words.split()))))


def downgrade() -> None:
    for case_id, codes in _open_cases():
        _reword(case_id, lambda words, codes=codes: [w for w in words if w not in codes])
    for name, table, _names, _where in _PARTIAL:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_case_scopes_category", table_name="case_scopes")
    for name, table, old, new in _CHANGED:
        _make(name, table, new, old)
    for name in _KEPT:
        op.drop_column("case_scopes", name)
