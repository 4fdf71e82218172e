"""Funds as those see them who work with money: what was given, stands behind points, was paid."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor
from app.kit.ids import tidy
from app.ledger import codes
from app.ledger.codes import TraceCodes
from app.ledger.errors import ContributionNotApproved, ContributionNotFound, FundNotFound
from app.ledger.models import (
    Contribution,
    Contributor,
    Fund,
    PoolPart,
)  # fmt: skip
from app.ledger.queries import FUND_READERS
from app.ledger.schemas import ContributionOut, CoverageOut, FundOut, GivenOut, ReceiptOut
from app.ledger.sums import RATE_DAYS, sums_of
from app.regions.models import Region
from app.regions.queries import under


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for funds: those who work with money see the funds of their regions."""
    region = select(Region.path).where(Region.code == Fund.region_code).scalar_subquery()
    return or_(false(), *(under(region, path) for path in actor.paths(FUND_READERS)))


def get_fund(tx: Session, actor: Actor, fund_id: UUID, *, lock: bool = False) -> Fund:
    """Raises FundNotFound, also for a fund outside the actor's regions.

    Locked, it gives out one receipt number after the other.
    """
    query = select(Fund).where(Fund.id == fund_id, visible_to(actor))
    if lock:
        query = query.with_for_update(key_share=True, of=Fund)
    fund = tx.scalar(query.execution_options(populate_existing=lock))
    if fund is None:
        raise FundNotFound
    return fund


def any_fund(tx: Session, fund_id: UUID) -> Fund:
    """A fund, whoever asks. Raises FundNotFound."""
    fund = tx.get(Fund, fund_id)
    if fund is None:
        raise FundNotFound
    return fund


def funds(tx: Session, actor: Actor) -> list[FundOut]:
    query = select(Fund).where(visible_to(actor)).order_by(Fund.code)
    return [fund_out(tx, fund) for fund in tx.scalars(query)]


def fund_out(tx: Session, fund: Fund) -> FundOut:
    """A fund with its sums in fen: contributed = available + reserved + paid + returned.

    `days_of_cover` counts what was drawn although some of it came back, and is rounded down.
    """
    # One statement, so one moment: points and money that move meanwhile are in both or in neither.
    sums = tx.execute(sums_of(fund.id)).one()
    given, available, paid = (int(fen or 0) for fen in (sums.given, sums.available, sums.paid))
    returned, drawn = int(sums.returned or 0), int(sums.drawn or 0)
    reserved = given - returned - available - paid
    points = int(sums.points or 0) + int(sums.held or 0)
    fen = int(sums.points_fen or 0) + int(sums.held_fen or 0)
    names = ("id", "code", "name", "purpose", "region_code", "rate_fen", "shards", "state")
    return FundOut(
        **{name: getattr(fund, name) for name in names}, contributed_fen=given,
        available_fen=available, reserved_fen=reserved, paid_fen=paid, returned_fen=returned,
        coverage=CoverageOut(
            points_out=points, points_fen=fen, reserved_fen=reserved,
            ratio=reserved / fen if fen else None,
        ),
        # A closed fund takes nothing on any more, whatever is left in it.
        headroom_points=available // fund.rate_fen if fund.state == "active" else 0,
        days_of_cover=available * RATE_DAYS // drawn if drawn else None,
        by_kind=by_kind(tx, fund.id),
    )  # fmt: skip


def by_kind(tx: Session, fund_id: UUID) -> list[GivenOut]:
    """What each of the five kinds of givers gave, approved contributions only."""
    query = (
        select(Contribution.kind, func.count().label("count"), func.sum(Contribution.fen))
        .where(Contribution.fund_id == fund_id, Contribution.state == "approved")
        .group_by(Contribution.kind)
    )
    found = {row.kind: (int(row[1]), int(row[2])) for row in tx.execute(query)}
    sums = ((kind, *found.get(kind, (0, 0))) for kind in Contributor)
    return [GivenOut(kind=kind, count=count, fen=fen) for kind, count, fen in sums]


def get_contribution(
    tx: Session, fund_id: UUID, contribution_id: UUID, *, lock: bool = False
) -> Contribution:
    """Raises ContributionNotFound."""
    query = select(Contribution).where(
        Contribution.id == contribution_id, Contribution.fund_id == fund_id
    )
    if lock:
        query = query.with_for_update(key_share=True)
    contribution = tx.scalar(query.execution_options(populate_existing=lock))
    if contribution is None:
        raise ContributionNotFound
    return contribution


def contributions(tx: Session, actor: Actor, fund_id: UUID) -> list[ContributionOut]:
    """Raises FundNotFound."""
    get_fund(tx, actor, fund_id)
    query = select(Contribution).where(Contribution.fund_id == fund_id)
    return _shown(tx, tx.scalars(query.order_by(Contribution.id)))


def contribution_out(tx: Session, contribution: Contribution) -> ContributionOut:
    (shown,) = _shown(tx, [contribution])
    return shown


def _shown(tx: Session, rows: Iterable[Contribution]) -> list[ContributionOut]:
    query = select(Contribution, _left()).where(Contribution.id.in_([row.id for row in rows]))
    names = ContributionOut.model_fields.keys() - {"available_fen", "withdrawn"}
    return [
        ContributionOut(
            **{name: getattr(row.Contribution, name) for name in names},
            withdrawn=row.Contribution.declined_by == row.Contribution.proposed_by,
            available_fen=int(row.left or 0),
        )
        for row in tx.execute(query.order_by(Contribution.id))
    ]  # fmt: skip


def _left() -> Any:
    left: ScalarSelect[Any] = (
        select(func.sum(PoolPart.available))
        .where(PoolPart.contribution_id == Contribution.id)
        .scalar_subquery()
    )
    return left.label("left")


def receipt(
    tx: Session, actor: Actor, made: TraceCodes, fund_id: UUID, contribution_id: UUID
) -> ReceiptOut:
    """Raises FundNotFound, ContributionNotFound, ContributionNotApproved."""
    fund = get_fund(tx, actor, fund_id)
    given = get_contribution(tx, fund_id, contribution_id)
    if given.receipt_no is None or given.approved_at is None or given.approved_by is None:
        raise ContributionNotApproved
    names = identity.names(tx, {given.proposed_by, given.approved_by})
    return ReceiptOut(
        receipt_no=given.receipt_no, fund_code=fund.code, fund_name=fund.name,
        purpose=fund.purpose, kind=Contributor(given.kind), contributor=given.contributor,
        fen=given.fen, note=given.note, received_at=given.approved_at,
        handled_by=names[given.proposed_by], approved_by=names[given.approved_by],
        trace_code=_trace_code(given, made),
    )  # fmt: skip


def _trace_code(given: Contribution, made: TraceCodes) -> str | None:
    """None after a change of the secret: the code on the first paper is the one that works."""
    code = made.code(given.id)
    known = given.trace_hash is None or given.trace_hash == codes.hashed(code)
    return codes.grouped(code) if known else None


def find_by_trace_code(tx: Session, typed: str) -> Contribution | None:
    """The contribution on whose receipt this code is printed."""
    by_hash = codes.hashed(tidy(typed))
    return tx.scalar(select(Contribution).where(Contribution.trace_hash == by_hash))
