"""The words of the workflow as the tables know them, and how conditions are spelt on them."""

from sqlalchemy import Index, text

STATUSES = (
    "reported", "verifying", "filed", "dispatched", "in_progress", "resolved",
    "closed", "rejected", "merged", "suspended", "withdrawn",
)  # fmt: skip
WHILE_OPEN = (
    "status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved',"
    " 'suspended')"
)
# The same as an expression, for an index that no planner may mistake for that of the statuses.
SURELY_OPEN = WHILE_OPEN.replace("status", "status || ''", 1)
OUTCOMES = ("fixed", "no_action_needed", "not_responsible", "unable", "referred")


def among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def partly(name: str, columns: tuple[str, ...], where: str) -> Index:
    """An index of the rows that a condition names; a query must spell it as it stands here."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
