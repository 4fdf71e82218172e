"""Running the audit: each rule is a query that gives the rows which break it."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session


def broken(tx: Session, checks: Mapping[str, str]) -> list[str]:
    """What is broken: the rule and the first rows that break it; empty when all is well."""
    findings = []
    for rule, query in checks.items():
        rows = tx.execute(text(query)).fetchmany(3)
        if rows:
            findings.append(f"broken: {rule}: {', '.join(str(row[0]) for row in rows)}")
    return findings
