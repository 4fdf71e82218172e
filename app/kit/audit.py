"""Running the audit: each rule is a query that gives the rows which break it."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

# The first of what breaks a rule, by the first column; the database keeps the others to itself.
MOST = 3


def broken(tx: Session, checks: Mapping[str, str]) -> list[str]:
    """What is broken: the rule and the first rows that break it; empty when all is well."""
    findings = []
    for rule, query in checks.items():
        first = f"SELECT * FROM ({query}) AS found ORDER BY 1 LIMIT {MOST}"  # noqa: S608
        rows = tx.execute(text(first)).all()
        if rows:
            findings.append(f"broken: {rule}: {', '.join(str(row[0]) for row in rows)}")
    return findings
