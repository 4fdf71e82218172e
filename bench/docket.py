"""The staff's scenes: cases are verified, filed and closed; each takes what the one before left.

Filing pays: award, journal, transfers, lot and backing are in the unit of the move itself, and so
is the settling at the closing when the window for objections is 0. No worker has a part in either.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

from load import Exchange
from sqlalchemy import insert, select, update

from app.cases.models import Case, CaseScope
from app.clocks.models import Clock
from app.kit import clock
from app.kit.db import Database, work
from app.kit.ids import new_id
from app.ledger.models import Journal, Lot, Transfer
from app.rewards.models import Award

# What each move sends, and the version that a case has before it.
MOVES = {
    "move": (b'{"move":"verify"}', 1),
    "file": (b'{"move":"file","category_code":"C0101"}', 2),
    "close": (b'{"move":"close","outcome":"fixed"}', 3),
}
NEXT = {"move": "file", "file": "filed"}
BATCH = 500


@dataclass(frozen=True)
class Problem:
    """A case, the report behind it, whose that is; and the ids of what they were paid, if so."""

    case_id: UUID
    report_id: UUID
    number: str
    owner: int
    paid: tuple[UUID, ...] = ()


class Docket:
    """The cases by the scene that takes them next; `filed` ones wait until they are resolved."""

    def __init__(self, reported: deque[Problem], handler: UUID) -> None:
        self.lines: dict[str, deque[Problem]] = {
            "move": reported, "file": deque(), "filed": deque(), "close": deque(),
        }  # fmt: skip
        self._handler = handler
        self._known: dict[UUID, Problem] = {}

    def take(self, name: str) -> Iterator[Problem]:
        while self.lines[name]:
            problem = self.lines[name].popleft()
            self._known[problem.case_id] = problem
            yield problem

    def sent(self, name: str, exchanges: Sequence[Exchange], used: int) -> None:
        """The first `used` were moved; the others serve again."""
        ids = [head.split(b"/", 4)[3].decode() for ((head, _),) in exchanges]
        self._pass_on(name, ids, used)

    def copied(self, name: str, copies: Sequence[Mapping[str, str]], used: int) -> None:
        """The same for copies of a recorded move."""
        self._pass_on(name, [next(iter(known.values())) for known in copies], used)

    def _pass_on(self, name: str, ids: Sequence[str], used: int) -> None:
        for n, case_id in enumerate(ids):
            problem = self._known.pop(UUID(case_id))
            line = NEXT.get(name) if n < used else name
            if line is not None:
                self.lines[line].append(problem)

    def resolve(self, db: Database) -> None:
        """Brings filed cases to where a checker finds them, and learns what was paid for them.

        Written straight into the tables, as somebody's having been sent and done would leave them:
        closing reads nothing else of what dispatch, signature and resolution write.
        """
        while problems := list(islice(self.lines["filed"], BATCH)):
            with work(db, write=True) as tx:
                self._resolve(tx, [problem.case_id for problem in problems])
                paid = _paid(tx, [problem.number for problem in problems])
            for problem in problems:
                self.lines["filed"].popleft()
                self.lines["close"].append(replace(problem, paid=paid[problem.number]))

    def _resolve(self, tx: Any, ids: list[UUID]) -> None:
        now = clock.now()
        done = {"status": "resolved", "assignee_id": self._handler, "handle_due_at": now}
        tx.execute(update(Case).where(Case.id.in_(ids)).values(round=1, check_due_at=now, **done))
        tx.execute(update(CaseScope).where(CaseScope.case_id.in_(ids)).values(status="resolved"))
        table: Any = Clock.__table__
        rows = tx.execute(select(table).where(Clock.case_id.in_(ids))).mappings().all()
        tx.execute(update(Clock).where(Clock.case_id.in_(ids)).values(kind="handle"))
        tx.execute(insert(table), [{**row, "id": new_id(), "kind": "check"} for row in rows])


def _paid(tx: Any, numbers: list[str]) -> dict[str, tuple[UUID, ...]]:
    """Award, journal and lot of each case."""
    awards = select(Award.id, Award.source).where(Award.source.in_(numbers))
    by_award = {str(row.id): row.source for row in tx.execute(awards)}
    lots = (
        select(Journal.source, Journal.id.label("journal_id"), Lot.id)
        .join(Transfer, Transfer.journal_id == Journal.id)
        .join(Lot, Lot.transfer_id == Transfer.id)
        .where(Journal.kind == "accrue", Journal.source.in_(by_award))
    )
    return {
        by_award[row.source]: (UUID(row.source), row.journal_id, row.id) for row in tx.execute(lots)
    }
