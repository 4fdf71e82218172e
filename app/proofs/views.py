"""What people see of a notice: the public list with masked names, and the proof of one entry."""

import base64
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.texts import masked_name
from app.kit.page import Page, cut
from app.ledger.models import Account
from app.proofs import hashes, merkle, queries
from app.proofs.errors import ProofNotReady
from app.proofs.models import Notice, NoticeEntry
from app.proofs.schemas import NoticeEntryOut, ProofOut

HOUSEHOLD = "户*"


def entries(tx: Session, period: str, limit: int, cursor: str | None) -> Page[NoticeEntryOut]:
    """The lines of a notice, those who earned most first. Raises NoticeNotFound."""
    notice = queries.get_notice(tx, period)
    query = (
        select(NoticeEntry.earned, NoticeEntry.redeemed, Account.kind, Account.owner)
        .join(Account, Account.id == NoticeEntry.account_id)
        .where(NoticeEntry.notice_id == notice.id)
    )
    keys = (NoticeEntry.created_at, NoticeEntry.id)
    found = cut(tx, query, keys, limit=limit, cursor=cursor, filters=(notice.id,))
    people = {UUID(row.owner) for row in found.rows if row.kind == "member"}
    names = identity.names(tx, people)
    lines = [
        NoticeEntryOut(name=_masked(row, names), earned=row.earned, redeemed=row.redeemed)
        for row in found.rows
    ]
    return Page(items=lines, next_cursor=found.next_cursor)


def _masked(row: Row[Any], names: dict[UUID, str]) -> str:
    """The first character of a name and no more; of a household not even that."""
    if row.kind != "member":
        return HOUSEHOLD
    return masked_name(names.get(UUID(row.owner), ""))


def proof(tx: Session, person_id: UUID, entry_id: UUID) -> ProofOut:
    """That an entry of this person's is in a published notice.

    It is made from the rows as they are now: had one been changed since, the checker would say so.
    Raises EntryNotFound, ProofNotReady.
    """
    journal_id = queries.entry_journal(tx, person_id, entry_id)
    seal = queries.find_seal(tx, journal_id)
    notice = None if seal is None else queries.notice_at(tx, seal.position)
    if seal is None or notice is None:
        raise ProofNotReady
    index = seal.position - notice.first_position
    data = hashes.canonical_bytes(tx, [journal_id])[journal_id]
    return ProofOut(
        entry_id=entry_id, notice_id=notice.id, period=notice.period,
        first_position=notice.first_position, last_position=notice.last_position,
        chain=notice.chain, leaf_index=index, journal=base64.b64encode(data).decode(),
        path=[sibling.hex() for sibling in _path(tx, notice, index)], root=notice.root,
    )  # fmt: skip


def _path(tx: Session, notice: Notice, index: int) -> list[bytes]:
    """Up through the leaf's own block, then through the roots of all blocks."""
    block, inside = divmod(index, merkle.BLOCK)
    first = notice.first_position + block * merkle.BLOCK
    last = min(first + merkle.BLOCK - 1, notice.last_position)
    leaves = [bytes.fromhex(row.leaf) for row in queries.seals(tx, first, last)]
    roots = [bytes.fromhex(root) for root in notice.blocks]
    return merkle.path(leaves, inside) + merkle.path(roots, block)
