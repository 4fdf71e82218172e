"""Writes of tills: an external store holds a member's points, takes them or gives them back.

Lock order: the hold (its reference, when it is new), the member's code, then as the ledger says.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor, Program
from app.identity.models import ApiClient, Person
from app.kit import attempts, clock, outbox
from app.kit.db import insert_for
from app.kit.ids import new_id, tidy
from app.ledger import queries as ledger_queries
from app.ledger import reversing
from app.ledger import service as ledger
from app.ledger.book import Hands
from app.ledger.errors import CostExceedsValue
from app.notify import service as notify
from app.regions.queries import get_region
from app.till import codes as till_codes
from app.till import queries
from app.till.codes import MemberCodes
from app.till.errors import (
    MemberCodeExpired,
    MemberCodesTooOften,
    MemberCodeUnknown,
    MemberCodeUsed,
    ReferenceReused,
    TillHoldLapsed,
    TillHoldResolved,
)  # fmt: skip
from app.till.models import MemberCode, TillHold
from app.till.schemas import BalanceOut, HoldDraft, HoldOut, MemberCodeOut
from app.webhooks import service as webhooks

# In five minutes; 49 bits behind each member number leave nobody a chance even without it.
WRONG_CODES = 20
# From the scan to the receipt; a store that lost its connection has time to come back.
LIFE = timedelta(minutes=30)


def show(actor: Actor, codes: MemberCodes) -> MemberCodeOut:
    """The caller's code of this minute."""
    now = clock.now()
    code = codes.shown(actor.person_id, actor.member_no, now)
    return MemberCodeOut(code=code, member_no=actor.member_no, expires_at=till_codes.until(now))


def balance(tx: Session, program: Program, codes: MemberCodes, typed: str) -> BalanceOut:
    """What the member who shows a code can spend; the code stays unused.

    Raises MemberCodeUnknown (counted), MemberCodeExpired, MemberCodesTooOften.
    """
    person = _member(tx, program, codes, tidy(typed))
    points = ledger_queries.points(tx, person.id, clock.now())
    return BalanceOut(member_no=person.member_no, spendable=points.spendable)


def _member(tx: Session, program: Program, codes: MemberCodes, code: str) -> Person:
    """The member who shows the code. A wrong one is counted against the client, not the member."""
    subject = f"till:{program.client_id}"
    if attempts.made(tx, subject) >= WRONG_CODES:
        raise MemberCodesTooOften(headers=attempts.retry_after(WRONG_CODES))
    member_no, proof = till_codes.split(code)
    person = identity.find_by_member_no(tx, member_no)
    age = None if person is None else codes.age(person.id, proof, clock.now())
    if person is None or age is None:
        raise MemberCodeUnknown(keep=lambda kept: _count(kept, subject))
    if age > till_codes.GRACE:
        raise MemberCodeExpired
    return person


def _count(tx: Session, subject: str) -> None:
    attempts.add(tx, subject)


def hold(tx: Session, program: Program, codes: MemberCodes, draft: HoldDraft) -> HoldOut:
    """Holds points against a member's code; the same reference and content again changes nothing.

    Raises ReferenceReused, MemberCodeUnknown (counted), MemberCodeExpired, MemberCodeUsed,
    MemberCodesTooOften, PointsInsufficient, CostExceedsValue.
    """
    code = tidy(draft.code)
    code_hash = codes.hashed(code)
    # Before the code is looked at: a till may ask again when the code has long changed.
    if queries.find_by_reference(tx, program, draft.reference) is not None:
        return _again(tx, program, draft, code_hash)
    person = _member(tx, program, codes, code)
    hold_id = _opened(tx, program, person.id, draft)
    if hold_id is None:
        return _again(tx, program, draft, code_hash)
    _use(tx, code_hash, hold_id)
    worth_fen = ledger.hold(
        tx, source=str(hold_id), person_id=person.id, points=draft.points, reason="till_hold"
    )
    if draft.cost_fen > worth_fen:
        # No hold is beyond fulfilling.
        raise CostExceedsValue
    outbox.enqueue(tx, "hold.due", delay=LIFE, hold_id=hold_id)
    held = queries.get_hold(tx, program, hold_id)
    _tell(tx, held, "till.held")
    return queries.hold_out(tx, held)


def _again(tx: Session, program: Program, draft: HoldDraft, code_hash: str) -> HoldOut:
    """The hold that this reference made, if it was asked for in the same words."""
    found = queries.find_by_reference(tx, program, draft.reference)
    if found is None:
        raise ReferenceReused
    before, paid_by = found
    if (before.points, before.cost_fen, paid_by) != (draft.points, draft.cost_fen, code_hash):
        raise ReferenceReused
    return queries.hold_out(tx, before)


def _opened(tx: Session, program: Program, person_id: UUID, draft: HoldDraft) -> UUID | None:
    """The row of a hold; None when a rival, who is waited for, took the reference."""
    now = clock.now()
    row = insert_for(tx, TillHold).values(
        id=new_id(), client_id=program.client_id, reference=draft.reference, person_id=person_id,
        points=draft.points, cost_fen=draft.cost_fen, state="held", created_at=now,
        expires_at=now + LIFE,
    )  # fmt: skip
    once = row.on_conflict_do_nothing(index_elements=["client_id", "reference"])
    opened: UUID | None = tx.scalar(once.returning(TillHold.id))
    return opened


def _use(tx: Session, code_hash: str, hold_id: UUID) -> None:
    """Each code pays once, whichever client it was shown to. Raises MemberCodeUsed."""
    row = insert_for(tx, MemberCode).values(
        code_hash=code_hash, hold_id=hold_id, used_at=clock.now()
    )
    once = row.on_conflict_do_nothing(index_elements=["code_hash"])
    if tx.scalar(once.returning(MemberCode.hold_id)) is None:
        raise MemberCodeUsed


def fulfil(tx: Session, program: Program, hold_id: UUID) -> HoldOut:
    """Takes the points; the store is owed what it asked for.

    Raises TillHoldNotFound, TillHoldResolved, TillHoldLapsed.
    """
    held = _living(tx, program, hold_id)
    if held.expires_at <= clock.now():
        raise TillHoldLapsed
    ledger.fulfil(
        tx, source=str(held.id), cost_fen=held.cost_fen, merchant=held.client_id,
        reason="till_fulfil",
    )  # fmt: skip
    _resolve(tx, held, "fulfilled", "till.fulfilled")
    return queries.hold_out(tx, held)


def cancel(tx: Session, program: Program, hold_id: UUID) -> HoldOut:
    """Gives the points back. Raises TillHoldNotFound, TillHoldResolved."""
    held = _living(tx, program, hold_id)
    ledger.cancel(tx, source=str(held.id), reason="till_cancel")
    _resolve(tx, held, "cancelled", "till.returned")
    return queries.hold_out(tx, held)


def time_out(tx: Session, hold_id: UUID) -> None:
    """Gives the points back when the store did not come back in time; no error otherwise."""
    held = tx.get_one(TillHold, hold_id, with_for_update={"key_share": True})
    if held.state == "held" and held.expires_at <= clock.now():
        ledger.cancel(tx, source=str(held.id), reason="till_expire")
        _resolve(tx, held, "expired", "till.returned")


def refund(tx: Session, held: TillHold, grace: timedelta, by: Hands) -> int:
    """Gives the points of a fulfilled hold, whose row is locked, back; says how many.

    Raises HoldResolved (not fulfilled, or refunded before), PoolExhausted.
    """
    points = reversing.refund(
        tx, source=str(held.id), merchant=held.client_id, reason="till_refund", grace=grace, by=by
    )
    _publish(tx, held, "refunded", clock.now())
    return points


def _living(tx: Session, program: Program, hold_id: UUID) -> TillHold:
    held = queries.get_hold(tx, program, hold_id, lock=True)
    if held.state != "held":
        # The till learns how it ended without asking again.
        raise TillHoldResolved(state=held.state)
    return held


def _resolve(tx: Session, held: TillHold, state: str, text: str) -> None:
    now = clock.now()
    held.state, held.resolved_at = state, now
    tx.flush()
    _tell(tx, held, text)
    _publish(tx, held, state, now)


def _publish(tx: Session, held: TillHold, state: str, at: datetime) -> None:
    client = tx.get_one(ApiClient, held.client_id)
    told = {
        "hold_id": str(held.id), "client_id": held.client_id, "reference": held.reference,
        "state": state, "points": held.points, "cost_fen": held.cost_fen,
        "resolved_at": at.isoformat(),
    }  # fmt: skip
    path = get_region(tx, client.region_code).path
    webhooks.publish(tx, f"hold.{state}", told, path, client_id=held.client_id)


def _tell(tx: Session, held: TillHold, text: str) -> None:
    store = tx.get_one(ApiClient, held.client_id).name
    notify.tell(tx, held.person_id, text, str(held.id), points=held.points, store=store)
