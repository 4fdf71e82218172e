"""Journals as canonical bytes, read from their rows some hundreds at a time."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.kit.columns import IdType
from app.kit.db import core
from app.ledger.models import (
    Account,
    Backing,
    Debt,
    DebtPayment,
    Journal,
    Lot,
    LotUse,
    Transfer,
)  # fmt: skip
from app.proofs import canonical

_IDS = bindparam("ids", expanding=True, type_=IdType())
_OF_TRANSFERS = {"lots": Lot, "lot_uses": LotUse}
_OF_JOURNALS = {
    "transfers": Transfer, "backing": Backing, "debts": Debt, "debt_payments": DebtPayment,
}  # fmt: skip


def _rows(section: str, model: Any, column: str) -> Any:
    table = model.__table__.c
    return select(*(table[name] for name in canonical.SECTIONS[section])).where(
        table[column].in_(_IDS)
    )


_JOURNALS = _rows("journal", Journal, "id")
_ACCOUNTS = _rows("accounts", Account, "id")
_BY_JOURNAL = {name: _rows(name, model, "journal_id") for name, model in _OF_JOURNALS.items()}
_BY_TRANSFER = {name: _rows(name, model, "transfer_id") for name, model in _OF_TRANSFERS.items()}


def canonical_bytes(tx: Session, journal_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """The canonical bytes of these journals (some hundreds at most); absent ones are left out."""
    connection, ids = core(tx), list(journal_ids)
    facts: dict[UUID, dict[str, list[Any]]] = {
        row.id: defaultdict(list, journal=[row])
        for row in connection.execute(_JOURNALS, {"ids": ids})
    }
    for name, query in _BY_JOURNAL.items():
        for row in connection.execute(query, {"ids": ids}):
            facts[row.journal_id][name].append(row)
    moved = {row.id: row for of in facts.values() for row in of["transfers"]}
    for name, query in _BY_TRANSFER.items():
        for row in connection.execute(query, {"ids": list(moved)}):
            facts[moved[row.transfer_id].journal_id][name].append(row)
    used = {row.debit_account_id for row in moved.values()}
    used |= {row.credit_account_id for row in moved.values()}
    accounts = {row.id: row for row in connection.execute(_ACCOUNTS, {"ids": list(used)})}
    for of in facts.values():
        sides = {(t.debit_account_id, t.credit_account_id) for t in of["transfers"]}
        of["accounts"] = [accounts[a] for a in {a for pair in sides for a in pair} if a in accounts]
    return {journal_id: canonical.encode(of) for journal_id, of in facts.items()}
