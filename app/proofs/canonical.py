"""The canonical bytes of a journal, version 1: the same facts are the same bytes, for ever.

README.md beside it is the description; `checker.py` reads what is written here and shares no code
with it, so that a slip in one of them is seen by the other.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

VERSION = b"\x01"
NULL = b"\xff\xff\xff\xff"
Facts = Mapping[str, Sequence[Any]]

# The columns of each section in their order. Only facts: what is state (a lot's remainder, a debt's
# rest) changes for good reasons and is held against the facts by the ledger's own audit.
SECTIONS: dict[str, tuple[str, ...]] = {
    "journal": (
        "id", "kind", "source", "reason", "actor_id", "approver_id", "reverses_id", "created_at",
    ),
    "accounts": ("id", "asset", "kind", "owner", "shard"),
    "transfers": (
        "id", "journal_id", "asset", "debit_account_id", "credit_account_id", "amount", "state",
        "pending_id", "pending_state", "created_at",
    ),
    "lots": (
        "id", "account_id", "earner_id", "fund_id", "rate_fen", "transfer_id", "amount",
        "validity_days", "expiry_day", "origin_id", "created_at",
    ),
    "lot_uses": (
        "id", "lot_id", "transfer_id", "kind", "amount", "taken_id", "taken_kind", "created_at",
    ),
    "backing": (
        "id", "journal_id", "lot_id", "contribution_id", "shard", "kind", "fen", "created_at",
    ),
    "debts": ("id", "person_id", "journal_id", "points", "created_at"),
    "debt_payments": ("debt_id", "journal_id", "points", "created_at"),
}  # fmt: skip


def encode(facts: Facts) -> bytes:
    """The bytes of one journal from its rows (anything with the columns as attributes).

    Rows are put into the order of their first column, so the order in which they were read does
    not matter.
    """
    parts = [VERSION]
    for section, names in SECTIONS.items():
        rows = facts.get(section, ())
        parts.append(len(rows).to_bytes(4, "big"))
        parts.extend(sorted(b"".join(_field(getattr(row, n)) for n in names) for row in rows))
    return b"".join(parts)


def _field(value: Any) -> bytes:
    """A length in four bytes and the value as text; ids, the first of each row, are all as long."""
    if value is None:
        return NULL
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    data = str(value).encode()
    return len(data).to_bytes(4, "big") + data
