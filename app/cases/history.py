"""The history of a case (办理记录): append-only entries, each chained to the one before.

Every entry is written under the lock of the case's row, so positions have no gaps and the case's
own `entries` and `chain` always name the last one; `xinxin audit` recomputes all of it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseEntry
from app.cases.schemas import CaseEventOut
from app.identity import queries as identity
from app.kit import clock
from app.kit.chain import link
from app.kit.columns import IdType
from app.kit.db import core, insert_row

# Kinds of entries that a reporter writes.
BY_REPORTER = frozenset({"rating", "asked", "joined", "left"})
_THIS = bindparam("this", type_=IdType())
_LAST = select(Case.entries, Case.chain).where(Case.id == _THIS).with_for_update(key_share=True)
_SAVE = (
    update(Case.__table__)  # type: ignore[arg-type]
    .where(Case.id == _THIS)
    .values(entries=bindparam("entries"), chain=bindparam("chain"))
)


def add(tx: Session, case: Any, kind: str, *, actor_id: UUID | None, **words: Any) -> None:
    """Adds an entry to a case that is locked and will be saved by the caller: `note`,
    `public_note`, `data` (JSON values only). `case` gets its new `entries` and `chain`."""
    now, position = clock.now(), case.entries + 1
    row = {
        "note": None, "public_note": None, "data": {}, **words, "case_id": case.id,
        "position": position, "kind": kind, "actor_id": actor_id, "created_at": now,
    }  # fmt: skip
    row["hash"] = hashed(case.chain, row)
    insert_row(tx, CaseEntry, **row)
    case.entries, case.chain = position, row["hash"]


def record(tx: Session, case_id: UUID, kind: str, *, actor_id: UUID | None, **words: Any) -> None:
    """Adds an entry to a case by its id, locks it and leaves its version alone; as `add`."""
    found = core(tx).execute(_LAST, {"this": case_id}).one()
    case = Case(id=case_id, entries=found.entries, chain=found.chain)
    add(tx, case, kind, actor_id=actor_id, **words)
    given = {"this": case_id, "entries": case.entries, "chain": case.chain}
    core(tx).execute(_SAVE, given)


def hashed(before: str, row: Mapping[str, Any]) -> str:
    """The hash of an entry over all that it says and the hash of the entry before."""
    at: datetime = row["created_at"]
    actor = row["actor_id"]
    facts = {
        "case": str(row["case_id"]), "position": row["position"], "kind": row["kind"],
        "actor": str(actor) if actor else None, "note": row["note"],
        "public_note": row["public_note"], "data": row["data"],
        "at": at.astimezone(UTC).isoformat(),
    }  # fmt: skip
    return link(before, facts)


def events(tx: Session, case_id: UUID) -> list[CaseEventOut]:
    """The whole history in its order, with the names of staff."""
    query = select(CaseEntry).where(CaseEntry.case_id == case_id).order_by(CaseEntry.position)
    entries = list(tx.scalars(query))
    # A reporter acts too (withdraws, rates), and stays unnamed: staff see the case, not the person.
    named = {e.actor_id for e in entries if e.actor_id and not _by_reporter(e)}
    names = identity.names(tx, named)
    return [_event_out(entry, names) for entry in entries]


def _by_reporter(entry: CaseEntry) -> bool:
    return entry.kind in BY_REPORTER or entry.data.get("move") == "withdraw"


def _event_out(entry: CaseEntry, names: dict[UUID, str]) -> CaseEventOut:
    data = dict(entry.data)
    actor = None if entry.actor_id is None or _by_reporter(entry) else names.get(entry.actor_id)
    return CaseEventOut(
        at=entry.created_at, position=entry.position, kind=entry.kind,
        version=data.pop("version", None), move=data.pop("move", None),
        from_status=data.pop("from", None), to_status=data.pop("to", None), actor=actor,
        note=entry.note, public_note=entry.public_note, data=data, hash=entry.hash,
    )  # fmt: skip
