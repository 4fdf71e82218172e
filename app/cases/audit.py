"""What must hold of cases at any moment, and whether their histories are whole."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.history import hashed
from app.cases.models import Case, CaseEntry

BATCH = 500
CHECKS = {
    "a case's version counts its moves": """
        SELECT c.number FROM cases c
        WHERE c.version <> (SELECT count(*) FROM case_moves m WHERE m.case_id = c.id)""",
    "a case's status is that of its last move": """
        SELECT c.number FROM cases c
        JOIN case_moves m ON m.case_id = c.id AND m.version = c.version
        WHERE m.to_status <> c.status""",
    "every move stands in the history": """
        SELECT c.number FROM cases c
        WHERE c.version <> (SELECT count(*) FROM case_entries e
                            WHERE e.case_id = c.id AND e.kind = 'move')""",
    "the queue's index knows every case by its status": """
        SELECT c.number FROM cases c
        WHERE NOT EXISTS (SELECT 1 FROM case_scopes s
                          WHERE s.case_id = c.id AND s.region_code = c.region_code
                          AND s.status = c.status)
        OR EXISTS (SELECT 1 FROM case_scopes s
                   WHERE s.case_id = c.id AND s.status <> c.status)""",
    "the queue's index says of a case what the case says": """
        SELECT c.number FROM cases c JOIN case_scopes s ON s.case_id = c.id
        WHERE s.category_code IS DISTINCT FROM c.category_code
        OR s.due_at IS DISTINCT FROM c.due_at OR s.warn_at IS DISTINCT FROM c.warn_at
        OR s.suspected <> c.suspected OR s.supervised <> c.supervised""",
    "who checked did not handle": """
        SELECT c.number FROM cases c
        JOIN case_moves m ON m.case_id = c.id AND m.move = 'close'
        JOIN case_moves h ON h.case_id = c.id AND h.actor_id = m.actor_id
        WHERE h.move IN ('accept', 'return', 'resolve', 'make_safe') AND h.version < m.version
        AND h.version > (SELECT max(d.version) FROM case_moves d
                         WHERE d.case_id = c.id AND d.move = 'dispatch'
                         AND d.version < m.version)""",
    "no case is closed over an open part": """
        SELECT c.number FROM cases c JOIN cases p ON p.parent_id = c.id
        WHERE c.status = 'closed'
        AND p.status NOT IN ('closed', 'rejected', 'merged', 'withdrawn')""",
    "no clock runs for a case that has ended": """
        SELECT c.number FROM cases c JOIN case_clocks k ON k.case_id = c.id
        WHERE c.status IN ('closed', 'rejected', 'merged', 'withdrawn')
        AND k.state IN ('running', 'paused')""",
    "the nearest deadline is the earliest that runs": """
        SELECT c.number FROM cases c
        WHERE c.due_at IS DISTINCT FROM (SELECT min(k.due_at) FROM case_clocks k
                           WHERE k.case_id = c.id AND k.state = 'running')""",
    "a report stands behind a case once it is routed": """
        SELECT r.case_number FROM reports r
        WHERE r.status NOT IN ('received', 'withdrawn')
        AND NOT EXISTS (SELECT 1 FROM case_reports b WHERE b.report_id = r.id)""",
    # One behind would give a number twice; one ahead says that the newest case is gone.
    "a day's counter says its highest case number": """
        SELECT g.series FROM (
          SELECT SUBSTR(number, 1, 15) AS series, MAX(CAST(SUBSTR(number, 17) AS INTEGER)) AS most
          FROM cases GROUP BY SUBSTR(number, 1, 15)) g
        LEFT JOIN case_numbers n ON SUBSTR(n.district, 1, 6) || '-' || n.day = g.series
        WHERE COALESCE(n.last, 0) <> g.most""",
}


def broken_histories(tx: Session) -> Iterator[str]:
    """What is wrong with the hash chains: each entry is hashed again, some cases at a time."""
    last: Any = None
    while batch := _batch(tx, last):
        chains: dict[Any, list[dict[str, Any]]] = {row.id: [] for row in batch}
        entries = select(CaseEntry.__table__).where(CaseEntry.case_id.in_(chains))
        for entry in tx.execute(entries.order_by(CaseEntry.position)).mappings():
            chains[entry["case_id"]].append(dict(entry))
        for row in batch:
            yield from _faults(row, chains[row.id])
        last = batch[-1].id


def _batch(tx: Session, last: Any) -> list[Any]:
    query = select(Case.id, Case.number, Case.entries, Case.chain).order_by(Case.id).limit(BATCH)
    return list(tx.execute(query.where(Case.id > last) if last else query))


def _faults(row: Any, entries: list[dict[str, Any]]) -> Iterator[str]:
    chain = ""
    for position, entry in enumerate(entries, start=1):
        if entry["position"] != position or entry["hash"] != hashed(chain, entry):
            yield f"broken: history of {row.number} at entry {entry['position']}"
        chain = entry["hash"]
    if (len(entries), chain) != (row.entries, row.chain):
        yield f"broken: history of {row.number} does not end where the case says"
