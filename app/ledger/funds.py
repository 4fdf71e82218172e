"""Funds and the money given to them: proposed by one person, approved by another."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock, outbox
from app.kit.db import insert_for
from app.kit.errors import Forbidden
from app.kit.ids import new_id
from app.ledger import book, codes, pool, views
from app.ledger.codes import TraceCodes
from app.ledger.errors import (
    ContributionApproved,
    ContributionDeclined,
    FundClosed,
    FundCodeTaken,
    SecondPersonNeeded,
    ShardsOnlyGrow,
)  # fmt: skip
from app.ledger.lots import take_in_order
from app.ledger.models import Contribution, Fund
from app.ledger.schemas import ContributionDraft, ContributionOut, FundChange, FundDraft, FundOut
from app.regions.queries import get_region

KEEPERS = frozenset({Role.FUND_MANAGER, Role.ADMINISTRATOR})
MANAGERS, APPROVERS = frozenset({Role.FUND_MANAGER}), frozenset({Role.FUND_APPROVER})


def add_fund(
    tx: Session, code: str, name: str, purpose: str, region_code: str, rate_fen: int,
    *, shards: int = 1, actor_id: UUID | None = None,
) -> Fund:  # fmt: skip
    """Opens a fund whose points are worth `rate_fen` each. Raises FundCodeTaken."""
    row = insert_for(tx, Fund).values(
        id=new_id(), code=code, name=name, purpose=purpose, region_code=region_code,
        rate_fen=rate_fen, shards=shards, state="active", created_at=clock.now(),
    )  # fmt: skip
    once = row.on_conflict_do_nothing(index_elements=["code"])
    fund_id: UUID | None = tx.scalar(once.returning(Fund.id))
    if fund_id is None:
        raise FundCodeTaken
    actions.record(tx, actor_id, "fund.added", "fund", fund_id, rate_fen=rate_fen)
    return tx.get_one(Fund, fund_id)


def open_fund(tx: Session, actor: Actor, draft: FundDraft) -> FundOut:
    """Opens a fund in a region of the actor's. Raises RegionNotFound, Forbidden, FundCodeTaken."""
    if not actor.holds(KEEPERS, get_region(tx, draft.region_code).path):
        raise Forbidden
    fund = add_fund(
        tx, draft.code, draft.name, draft.purpose, draft.region_code, draft.rate_fen,
        shards=draft.shards, actor_id=actor.person_id,
    )  # fmt: skip
    return views.fund_out(tx, fund)


def change_fund(tx: Session, actor: Actor, fund_id: UUID, draft: FundChange) -> FundOut:
    """Renames a fund, closes or opens it, or cuts its pool into more shards.

    Raises FundNotFound, Forbidden, ShardsOnlyGrow.
    """
    fund = may(tx, actor, fund_id, KEEPERS)
    # What was drawn from a shard goes back there, however late: none may ever be left out.
    if draft.shards < fund.shards:
        raise ShardsOnlyGrow
    reopened = fund.state == "closed" and draft.state == "active"
    fund.name, fund.purpose = draft.name, draft.purpose
    fund.state, fund.shards = draft.state, draft.shards
    tx.flush()
    actions.record(
        tx, actor.person_id, "fund.changed", "fund", fund.id, state=fund.state, shards=fund.shards
    )
    if reopened:
        outbox.enqueue(tx, "fund.fed", fund_id=fund_id)
    return views.fund_out(tx, fund)


def propose(tx: Session, actor: Actor, fund_id: UUID, draft: ContributionDraft) -> ContributionOut:
    """Notes a promised contribution; nothing moves before another person approves it.

    Raises FundNotFound, Forbidden (the fund lies outside the actor's region), FundClosed.
    """
    fund = may(tx, actor, fund_id, MANAGERS)
    if fund.state == "closed":
        raise FundClosed
    contribution = Contribution(
        id=new_id(), fund_id=fund_id, kind=draft.kind, contributor=draft.contributor,
        fen=draft.fen, note=draft.note, state="proposed", proposed_by=actor.person_id,
        proposed_at=clock.now(),
    )  # fmt: skip
    tx.add(contribution)
    tx.flush()
    actions.record(
        tx, actor.person_id, "contribution.proposed", "contribution", contribution.id, fen=draft.fen
    )
    return views.contribution_out(tx, contribution)


def decline(tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID) -> ContributionOut:
    """Ends a proposal without money: an approver sends it back, or its proposer withdraws it.

    Raises FundNotFound, ContributionNotFound, ContributionApproved, ContributionDeclined, Forbidden
    (neither its proposer nor an approver of the fund).
    """
    fund = views.get_fund(tx, actor, fund_id, lock=True)
    contribution = views.get_contribution(tx, fund_id, contribution_id, lock=True)
    mine = contribution.proposed_by == actor.person_id
    if not actor.holds(MANAGERS if mine else APPROVERS, get_region(tx, fund.region_code).path):
        raise Forbidden
    _undecided(contribution)
    contribution.state, contribution.declined_by = "declined", actor.person_id
    contribution.declined_at = clock.now()
    tx.flush()
    action = "contribution.withdrawn" if mine else "contribution.declined"
    actions.record(tx, actor.person_id, action, "contribution", contribution.id)
    return views.contribution_out(tx, contribution)


def approve(tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID) -> ContributionOut:
    """Brings the money into the pool, with a receipt. The approver is never the proposer.

    Raises FundNotFound, ContributionNotFound, ContributionApproved, ContributionDeclined,
    SecondPersonNeeded, FundClosed, Forbidden.
    """
    fund = may(tx, actor, fund_id, APPROVERS)
    contribution = views.get_contribution(tx, fund_id, contribution_id, lock=True)
    _undecided(contribution)
    if contribution.proposed_by == actor.person_id:
        raise SecondPersonNeeded
    if fund.state == "closed":
        raise FundClosed
    contribution.state, contribution.approved_by = "approved", actor.person_id
    contribution.approved_at = clock.now()
    contribution.receipt_no = _next_receipt(tx, fund)
    tx.flush()
    journal = book.open_journal(
        tx, "contribute", str(contribution.id), contribution.kind,
        by=book.Hands(contribution.proposed_by, actor.person_id),
    )  # fmt: skip
    assert journal is not None, "the row lock and its state let this happen once"
    world = book.account(tx, "CNY", "world", book.SINGLE)
    parts = _spread(contribution.fen, fund.shards)
    pools = [book.account(tx, "CNY", "pool", str(fund_id), shard) for shard, _ in parts]
    # Each credit locks a pool: in the order of their ids, as everywhere.
    for account, (shard, fen) in sorted(zip(pools, parts, strict=True)):
        book.move(tx, journal, "CNY", world, account, fen)
        pool.put(tx, fund_id, contribution.id, shard, fen)
    actions.record(
        tx, actor.person_id, "contribution.approved", "contribution", contribution.id,
        fen=contribution.fen,
    )  # fmt: skip
    outbox.enqueue(tx, "fund.fed", fund_id=fund_id)
    outbox.enqueue(tx, "receipts.coded")
    return views.contribution_out(tx, contribution)


def code_receipts(tx: Session, made: TraceCodes) -> None:
    """Notes the trace codes of received contributions that have none yet."""
    query = select(Contribution).where(
        Contribution.trace_hash.is_(None), Contribution.state == "approved"
    )
    for received in tx.scalars(query.order_by(Contribution.id).with_for_update(key_share=True)):
        received.trace_hash = codes.hashed(made.code(received.id))


def rebalance(tx: Session, fund_id: UUID, source: str) -> int:
    """Evens the shards of a fund when one has less than half of its part; says how many fen moved.

    `source` names the turn. Idempotent by it, and nothing is left to do for the next one.
    """
    fund = tx.get_one(Fund, fund_id)
    left = pool.free(tx, fund)
    even = _spread(sum(fen for _, fen in left), fund.shards)
    wanted = dict.fromkeys(range(fund.shards), 0) | dict(even)
    if all(2 * fen >= wanted[shard] for shard, fen in left):
        return 0
    journal = book.open_journal(tx, "rebalance", source, "shards")
    if journal is None:
        return 0
    over = [(shard, fen - wanted[shard]) for shard, fen in left if fen > wanted[shard]]
    for shard, fen in left:
        for share in take_in_order(over, max(wanted[shard] - fen, 0)) or []:
            pool.shift(tx, journal, fund, (share.source, shard), share.amount)
            over = [(s, rest - share.amount * (s == share.source)) for s, rest in over]
    return sum(max(wanted[shard] - fen, 0) for shard, fen in left)


def _spread(fen: int, shards: int) -> list[tuple[int, int]]:
    each, rest = divmod(fen, shards)
    parts = [(shard, each + (shard < rest)) for shard in range(shards)]
    return [(shard, part) for shard, part in parts if part]


def _next_receipt(tx: Session, fund: Fund) -> str:
    """The next number of a fund and year; the fund's lock makes one wait for the other.

    There is no gap: whoever is rolled back leaves its number to the next.
    """
    begins = f"{fund.code}-{clock.business_day(clock.now()).year}-"
    # '.' follows '-' in ASCII: a range, because a code may hold what LIKE takes for a pattern.
    given = select(func.count()).where(
        Contribution.fund_id == fund.id, Contribution.receipt_no > begins,
        Contribution.receipt_no < begins.removesuffix("-") + ".",
    )  # fmt: skip
    return f"{begins}{int(tx.scalar(given) or 0) + 1:06}"


def _undecided(contribution: Contribution) -> None:
    if contribution.state == "approved":
        raise ContributionApproved
    if contribution.state == "declined":
        raise ContributionDeclined


def may(tx: Session, actor: Actor, fund_id: UUID, roles: Collection[str]) -> Fund:
    """The fund, locked, for who has one of the roles in its region. FundNotFound, Forbidden."""
    fund = views.get_fund(tx, actor, fund_id, lock=True)
    if not actor.holds(roles, get_region(tx, fund.region_code).path):
        raise Forbidden
    return fund
