"""Why an entry is there: the award, the redemption or the correction behind it, and its lots."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.corrections.models import Correction
from app.identity.access import Actor
from app.identity.models import ApiClient, Person
from app.ledger import queries as ledger
from app.ledger.models import Fund, Journal, Lot, LotUse, Transfer
from app.rewards import views as rewards
from app.rewards.errors import AwardNotFound
from app.rewards.rules import HANDED
from app.rewards.schemas import WhyOut
from app.statements.errors import EntryNotFound
from app.statements.schemas import EntryDetailOut, LotPartOut, RedeemedItemOut, RedeemedOut
from app.store.models import Item, Redemption, RedemptionLine, Station
from app.till.models import TillHold

# What an award caused by itself, and what happened to the points of one award's lot.
OF_AWARD = frozenset({"accrue", "void", "reverse"})
OF_LOT = frozenset({"expire", "repay", "carry"})
OF_REDEMPTION = frozenset({"redeem", "fulfil", "cancel", "refund"})


def entry(tx: Session, actor: Actor, entry_id: UUID) -> EntryDetailOut:
    """One entry of the accounts that the caller may read. Raises EntryNotFound."""
    mine = ledger.accounts(tx, actor.person_id)
    query = select(Transfer, Journal).join(Journal, Journal.id == Transfer.journal_id)
    row = tx.execute(query.where(Transfer.id == entry_id, _on(mine))).first()
    if row is None:
        raise EntryNotFound
    transfer, journal = row.Transfer, row.Journal
    lots = _lots(tx, transfer.pending_id if transfer.state == "post" else transfer.id)
    award, source = _award(tx, actor, journal, lots), _id(journal.source)
    redeemed = journal.kind in OF_REDEMPTION and source is not None
    return EntryDetailOut(
        id=transfer.id, kind=journal.kind, points=_points(transfer, mine), reason=journal.reason,
        source=journal.source, created_at=transfer.created_at,
        award=award, lots=[_part(row) for row in lots],
        redemption=_redemption(tx, source) if redeemed and source else None,
        cause=_cause(tx, journal, award), answers_id=_answers(tx, transfer, journal, mine),
    )  # fmt: skip


def _on(mine: Sequence[UUID]) -> Any:
    return or_(Transfer.debit_account_id.in_(mine), Transfer.credit_account_id.in_(mine))


def _points(transfer: Transfer, mine: Sequence[UUID]) -> int:
    if transfer.state in {"post", "void"}:
        return transfer.amount if transfer.state == "void" else 0
    came, went = (a in mine for a in (transfer.credit_account_id, transfer.debit_account_id))
    return transfer.amount * (came - went)


def _id(source: str) -> UUID | None:
    try:
        return UUID(source)
    except ValueError:
        # A lot with how often it was used, or a stay in a household.
        return None


def _lots(tx: Session, transfer_id: UUID | None) -> Sequence[Row[Any]]:
    """The lots that a transfer made, took from or gave back to, with the accrual of each."""
    first, made = aliased(Lot), aliased(Transfer)
    names = (
        select(
            Lot.id, Lot.earner_id, Lot.settled_at, Lot.expires_at, Lot.origin_id,
            Fund.name.label("fund"), Person.name.label("earner"), Journal.source.label("award"),
            first.created_at.label("earned_at"),
        )
        .join(Fund, Fund.id == Lot.fund_id)
        .join(Person, Person.id == Lot.earner_id)
        .join(first, first.id == func.coalesce(Lot.origin_id, Lot.id))
        .join(made, made.id == first.transfer_id)
        .join(Journal, Journal.id == made.journal_id)
    )  # fmt: skip
    # What is carried takes from one lot and makes another: the new one is in the reader's purse.
    made_now = names.add_columns(Lot.amount).where(Lot.transfer_id == transfer_id)
    found = tx.execute(made_now).all()
    if found:
        return found
    used = names.add_columns(LotUse.amount).join(LotUse, LotUse.lot_id == Lot.id)
    return tx.execute(used.where(LotUse.transfer_id == transfer_id).order_by(Lot.id)).all()


def _part(row: Row[Any]) -> LotPartOut:
    return LotPartOut(
        points=row.amount, fund=row.fund, earner=row.earner, earned_at=row.earned_at,
        settled_at=row.settled_at, expires_at=row.expires_at, carried=row.origin_id is not None,
    )  # fmt: skip


def _award(tx: Session, actor: Actor, journal: Journal, lots: Iterable[Row[Any]]) -> WhyOut | None:
    """The caller's own award: what others of a household reported is not theirs to read."""
    if journal.kind not in OF_AWARD | OF_LOT:
        return None
    own = {row.award for row in lots if row.earner_id == actor.person_id}
    award_id = _id(own.pop()) if len(own) == 1 else None
    if award_id is None:
        return None
    try:
        return rewards.why(tx, actor, award_id)
    except AwardNotFound:
        return None


def _redemption(tx: Session, source: UUID) -> RedeemedOut | None:
    query = select(Redemption, Station.name).join(Station, Station.id == Redemption.station_id)
    row = tx.execute(query.where(Redemption.id == source)).first()
    if row is None:
        return _hold(tx, source)
    lines = (
        select(
            Item.name, Item.name_en, RedemptionLine.quantity, RedemptionLine.points_each
        )
        .join(Item, Item.id == RedemptionLine.item_id)
        .where(RedemptionLine.redemption_id == source)
    )  # fmt: skip
    items = [RedeemedItemOut.model_validate(line) for line in tx.execute(lines.order_by(Item.code))]
    return RedeemedOut(
        id=source, station_id=row.Redemption.station_id, store=row.name, reference=None,
        state=row.Redemption.state, points=row.Redemption.points, items=items,
    )  # fmt: skip


def _hold(tx: Session, source: UUID) -> RedeemedOut | None:
    query = select(TillHold, ApiClient.name).join(ApiClient, ApiClient.id == TillHold.client_id)
    row = tx.execute(query.where(TillHold.id == source)).first()
    if row is None:
        return None
    return RedeemedOut(
        id=source, station_id=None, store=row.name, reference=row.TillHold.reference,
        state=row.TillHold.state, points=row.TillHold.points, items=[],
    )  # fmt: skip


def _cause(tx: Session, journal: Journal, award: WhyOut | None) -> str | None:
    """What was said when it was given, taken back or refunded by hand."""
    query = select(Correction.cause).where(Correction.state == "approved")
    if award is not None and award.event in HANDED and journal.kind == "accrue":
        query = query.where(Correction.kind == "award", Correction.id == _id(award.source))
    elif journal.kind in {"reverse", "refund"}:
        query = query.where(Correction.kind == journal.kind, Correction.source == journal.source)
    else:
        return None
    return tx.scalars(query.order_by(Correction.decided_at.desc()).limit(1)).first()


def _answers(
    tx: Session, transfer: Transfer, journal: Journal, mine: Sequence[UUID]
) -> UUID | None:
    """The hold that a post or void ends; the accrual or hold whose journal this one reverses."""
    if transfer.pending_id is not None or journal.reverses_id is None:
        return transfer.pending_id
    query = select(Transfer.id, Transfer.pending_id).where(
        Transfer.journal_id == journal.reverses_id, Transfer.asset == "PTS", _on(mine)
    )
    row = tx.execute(query).first()
    return (row.pending_id or row.id) if row is not None else None
