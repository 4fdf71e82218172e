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

from app.cases import queries
from app.cases.models import Case, CaseEntry
from app.cases.schemas import CaseEventOut
from app.identity import queries as identity
from app.identity.access import Actor
from app.kit import clock
from app.kit.chain import link
from app.kit.columns import IdType
from app.kit.db import core, insert_row

# Kinds of entries that a reporter writes.
BY_REPORTER = frozenset({"rating", "asked", "joined", "left"})
# What names another case in the data of an entry.
OTHERS = ("number", "into", "out_of")
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


def events(tx: Session, case_id: UUID, actor: Actor | None = None) -> list[CaseEventOut]:
    """The whole history in its order, with the names of staff.

    Another case is named (`number`, `into`, `out_of` of a merge) to an actor who sees it and to
    nobody else: the hash is over the whole entry, what is shown of it is not.
    """
    query = select(CaseEntry).where(CaseEntry.case_id == case_id).order_by(CaseEntry.position)
    entries = list(tx.scalars(query))
    # A reporter acts too (withdraws, rates), and stays unnamed: staff see the case, not the person.
    named = {e.actor_id for e in entries if e.actor_id and not _by_reporter(e)}
    names = identity.names(tx, named)
    others = {number for entry in entries for number in _others(entry).values()}
    seen = queries.numbers_seen(tx, actor, others) if actor is not None and others else set()
    return [_event_out(entry, names, others - seen) for entry in entries]


def _others(entry: CaseEntry) -> dict[str, str]:
    return {name: entry.data[name] for name in OTHERS if name in entry.data}


def _by_reporter(entry: CaseEntry) -> bool:
    return entry.kind in BY_REPORTER or entry.data.get("move") == "withdraw"


def _event_out(entry: CaseEntry, names: dict[UUID, str], unseen: set[str]) -> CaseEventOut:
    hidden = {name for name, number in _others(entry).items() if number in unseen}
    data = {name: fact for name, fact in entry.data.items() if name not in hidden}
    actor = None if entry.actor_id is None or _by_reporter(entry) else names.get(entry.actor_id)
    return CaseEventOut(
        at=entry.created_at, position=entry.position, kind=entry.kind,
        version=data.pop("version", None), move=data.pop("move", None),
        from_status=data.pop("from", None), to_status=data.pop("to", None), actor=actor,
        note=entry.note, public_note=entry.public_note, data=data, hash=entry.hash,
    )  # fmt: skip
