"""Funds and the money given to them: proposed by one person, approved by another."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock, outbox
from app.kit.errors import Forbidden
from app.kit.ids import new_id
from app.ledger import book, pool, queries
from app.ledger.errors import ContributionApproved, SecondPersonNeeded
from app.ledger.models import Contribution, Fund
from app.ledger.schemas import ContributionDraft, ContributionOut
from app.regions.queries import get_region


def add_fund(
    tx: Session, code: str, name: str, purpose: str, region_code: str, rate_fen: int
) -> Fund:
    """Opens a fund whose points are worth `rate_fen` each."""
    fund = Fund(
        id=new_id(), code=code, name=name, purpose=purpose, region_code=region_code,
        rate_fen=rate_fen, shards=1, state="active", created_at=clock.now(),
    )  # fmt: skip
    tx.add(fund)
    tx.flush()
    actions.record(tx, None, "fund.added", "fund", fund.id, rate_fen=rate_fen)
    return fund


def propose(tx: Session, actor: Actor, fund_id: UUID, draft: ContributionDraft) -> ContributionOut:
    """Notes a promised contribution; nothing moves before another person approves it.

    Raises FundNotFound, Forbidden (the fund lies outside the actor's region).
    """
    _may(tx, actor, fund_id, Role.FUND_MANAGER)
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
    return queries.contribution_out(tx, contribution)


def approve(tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID) -> ContributionOut:
    """Brings the money into the pool. The approver is never the proposer.

    Raises ContributionNotFound, ContributionApproved, SecondPersonNeeded, Forbidden.
    """
    fund = _may(tx, actor, fund_id, Role.FUND_APPROVER)
    contribution = queries.get_contribution(tx, fund_id, contribution_id)
    if contribution.state != "proposed":
        raise ContributionApproved
    if contribution.proposed_by == actor.person_id:
        raise SecondPersonNeeded
    contribution.state, contribution.approved_by = "approved", actor.person_id
    contribution.approved_at = clock.now()
    tx.flush()
    journal = book.open_journal(
        tx, "contribute", str(contribution.id), contribution.kind,
        actor_id=contribution.proposed_by, approver_id=actor.person_id,
    )  # fmt: skip
    assert journal is not None, "the row lock and its state let this happen once"
    world = book.account(tx, "CNY", "world", book.SINGLE)
    for shard, fen in _spread(contribution.fen, fund.shards):
        account = book.account(tx, "CNY", "pool", str(fund_id), shard)
        book.move(tx, journal, "CNY", world, account, fen)
        pool.put(tx, fund_id, contribution.id, shard, fen)
    actions.record(
        tx, actor.person_id, "contribution.approved", "contribution", contribution.id,
        fen=contribution.fen,
    )  # fmt: skip
    outbox.enqueue(tx, "fund.fed", fund_id=fund_id)
    return queries.contribution_out(tx, contribution)


def _spread(fen: int, shards: int) -> list[tuple[int, int]]:
    each, rest = divmod(fen, shards)
    parts = [(shard, each + (shard < rest)) for shard in range(shards)]
    return [(shard, part) for shard, part in parts if part]


def _may(tx: Session, actor: Actor, fund_id: UUID, role: Role) -> Fund:
    fund = queries.get_fund(tx, actor, fund_id)
    if not actor.holds({role}, get_region(tx, fund.region_code).path):
        raise Forbidden
    return fund
