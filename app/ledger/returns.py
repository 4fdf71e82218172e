"""Money that goes back to its giver: proposed by one person, approved by another.

Only what stands behind no point yet can go. A closed fund's rest goes home the same way.
"""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.ids import new_id
from app.ledger import book, funds, parts, pool, views
from app.ledger.errors import (
    ContributionNotApproved,
    ReturnDecided,
    ReturnExceedsRest,
    ReturnNotFound,
    SecondPersonNeeded,
)  # fmt: skip
from app.ledger.lots import take_in_order
from app.ledger.models import Contribution, ContributionReturn, Fund, PoolPart
from app.ledger.schemas import ReturnDraft, ReturnList, ReturnOut


def of_contribution(tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID) -> ReturnList:
    """What went back of a contribution, or shall. Raises FundNotFound, ContributionNotFound."""
    views.get_fund(tx, actor, fund_id)
    given = views.get_contribution(tx, fund_id, contribution_id)
    query = select(ContributionReturn).where(ContributionReturn.contribution_id == given.id)
    rows = tx.scalars(query.order_by(ContributionReturn.id))
    return ReturnList(items=[ReturnOut.model_validate(row) for row in rows])


def propose(
    tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID, draft: ReturnDraft
) -> ReturnOut:
    """Notes that fen shall go back; nothing moves before another person approves it.

    Raises FundNotFound, Forbidden, ContributionNotFound, ContributionNotApproved,
    ReturnExceedsRest.
    """
    funds.may(tx, actor, fund_id, funds.MANAGERS)
    given = views.get_contribution(tx, fund_id, contribution_id)
    if given.state != "approved":
        raise ContributionNotApproved
    mine = select(func.sum(PoolPart.available)).where(PoolPart.contribution_id == given.id)
    if draft.fen > (tx.scalar(mine) or 0):
        raise ReturnExceedsRest
    back = ContributionReturn(
        id=new_id(), contribution_id=given.id, fen=draft.fen, reason=draft.reason,
        state="proposed", proposed_by=actor.person_id, proposed_at=clock.now(),
    )  # fmt: skip
    tx.add(back)
    tx.flush()
    _record(tx, actor, "proposed", back)
    return ReturnOut.model_validate(back)


def decline(
    tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID, return_id: UUID
) -> ReturnOut:
    """Ends a proposal; the money stays. Raises as `approve`, but ReturnExceedsRest."""
    funds.may(tx, actor, fund_id, funds.APPROVERS)
    back = _to_decide(tx, actor, views.get_contribution(tx, fund_id, contribution_id), return_id)
    return _decided(tx, actor, back, "declined")


def approve(
    tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID, return_id: UUID
) -> ReturnOut:
    """Takes the money out of the contribution's own parts and gives it back to the world.

    Raises FundNotFound, Forbidden, ContributionNotFound, ReturnNotFound, ReturnDecided,
    SecondPersonNeeded, ReturnExceedsRest.
    """
    fund = funds.may(tx, actor, fund_id, funds.APPROVERS)
    back = _to_decide(tx, actor, views.get_contribution(tx, fund_id, contribution_id), return_id)
    shown = _decided(tx, actor, back, "approved")
    by = book.Hands(back.proposed_by, actor.person_id)
    journal = book.open_journal(tx, "give_back", str(back.id), "returned", by=by)
    assert journal is not None, "the row lock and its state let this happen once"
    _give_back(tx, journal, fund, back)
    return shown


def _to_decide(
    tx: Session, actor: Actor, given: Contribution, return_id: UUID
) -> ContributionReturn:
    query = select(ContributionReturn).where(
        ContributionReturn.id == return_id, ContributionReturn.contribution_id == given.id
    )
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    back = tx.scalar(locked)
    if back is None:
        raise ReturnNotFound
    if back.state != "proposed":
        raise ReturnDecided
    if back.proposed_by == actor.person_id:
        raise SecondPersonNeeded
    return back


def _decided(tx: Session, actor: Actor, back: ContributionReturn, state: str) -> ReturnOut:
    back.state, back.decided_by, back.decided_at = state, actor.person_id, clock.now()
    tx.flush()
    _record(tx, actor, state, back)
    return ReturnOut.model_validate(back)


def _give_back(tx: Session, journal: UUID, fund: Fund, back: ContributionReturn) -> None:
    """Raises ReturnExceedsRest: who draws may have been first."""
    # All pools in the order of their ids, then the parts: who draws holds a pool when they
    # change a part of it, so what is read here stays true until the commit.
    pool.free(tx, fund)
    mine = (
        select(PoolPart.shard, PoolPart.available)
        .where(PoolPart.contribution_id == back.contribution_id, PoolPart.available > 0)
        .order_by(PoolPart.shard)
    )
    shares = take_in_order(tx.execute(mine), back.fen)
    if shares is None:
        raise ReturnExceedsRest
    world = book.account(tx, "CNY", "world", book.SINGLE)
    for share in shares:
        account = book.account(tx, "CNY", "pool", str(fund.id), share.source)
        book.change(tx, account, debits=share.amount)
        book.move(tx, journal, "CNY", account, world, share.amount)
        parts.change(tx, (back.contribution_id, share.source), -share.amount)


def _record(tx: Session, actor: Actor, verb: str, back: ContributionReturn) -> None:
    actions.record(
        tx, actor.person_id, f"return.{verb}", "contribution_return", back.id, fen=back.fen
    )
