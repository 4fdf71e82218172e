"""What people see: a contribution's way to goods, a fund in public, the awards in its line."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.texts import masked_name
from app.kit import clock
from app.kit.page import Slice
from app.ledger import sums
from app.ledger import views as ledger
from app.ledger.models import Contribution, Contributor, Fund, Journal
from app.rewards import waiting
from app.tracing import queries, rules
from app.tracing.schemas import (
    BoughtOut,
    HandOutOut,
    PublicFundOut,
    PublicGivenOut,
    PublicWaitingOut,
    TracedLineOut,
    TraceOut,
    WaitingAwardOut,
    WaitingOut,
)  # fmt: skip

# Of so many days a fund tells in public what it bought: its page must not read every year.
GOODS_DAYS = 30
Lines = list[Any]
Paid = dict[UUID, int]


def trace(
    tx: Session, actor: Actor, fund_id: UUID, contribution_id: UUID, limit: int, cursor: str | None
) -> TraceOut:
    """What a contribution became, down to the goods. Raises FundNotFound, ContributionNotFound."""
    fund = ledger.get_fund(tx, actor, fund_id)
    return _traced(tx, fund, ledger.get_contribution(tx, fund_id, contribution_id), limit, cursor)


def find_traced(tx: Session, code: str) -> UUID | None:
    """The contribution on whose receipt a code stands."""
    given = ledger.find_by_trace_code(tx, code)
    return given.id if given is not None else None


def trace_of(tx: Session, contribution_id: UUID, limit: int, cursor: str | None) -> TraceOut:
    """The same for its giver, without an external store's own words. Raises nothing."""
    given = tx.get_one(Contribution, contribution_id)
    shown = _traced(tx, tx.get_one(Fund, given.fund_id), given, limit, cursor)
    for item in shown.items:
        item.reference = None
    return shown


def _traced(
    tx: Session, fund: Fund, given: Contribution, limit: int, cursor: str | None
) -> TraceOut:
    available, reserved, paid, returned = sums.became_of(tx, given)
    found = queries.events(tx, given.id, limit, cursor)
    return TraceOut(
        fund_id=fund.id, contribution_id=given.id, kind=Contributor(given.kind),
        contributor=given.contributor, state=_state(given), receipt_no=given.receipt_no,
        contributed_fen=given.fen if given.state == "approved" else 0, available_fen=available,
        reserved_fen=reserved, reserved_points=reserved // fund.rate_fen, paid_fen=paid,
        returned_fen=returned,
        items=_hand_outs(tx, given.id, [row.Journal for row in found.rows]),
        next_cursor=found.next_cursor,
    )  # fmt: skip


def _state(given: Contribution) -> Literal["proposed", "approved", "declined"]:
    return cast("Literal['proposed', 'approved', 'declined']", given.state)


def _hand_outs(
    tx: Session, contribution_id: UUID, journals: Collection[Journal]
) -> list[HandOutOut]:
    sources = {journal.id: _id(journal.source) for journal in journals}
    known = {source for source in sources.values() if source is not None}
    paid = queries.paid(tx, sources.keys())
    goods, stores = queries.lines(tx, known), queries.external(tx, known)
    shown = []
    for journal in journals:
        source = sources[journal.id]
        lines = goods.get(source, []) if source is not None else []
        store = stores.get(source) if source is not None else None
        shown.append(_hand_out(contribution_id, journal, paid[journal.id], lines, store))
    return shown


def _id(source: str) -> UUID | None:
    try:
        return UUID(source)
    except ValueError:
        return None


def _hand_out(
    contribution_id: UUID, journal: Journal, paid: Paid, lines: Lines, store: Any
) -> HandOutOut:
    sign = -1 if journal.kind == "refund" else 1
    place = lines[0].station if lines else store.name if store is not None else "-"
    return HandOutOut(
        kind="handed_out" if sign > 0 else "came_back", place=place,
        day=clock.business_day(journal.created_at), at=journal.created_at,
        reference=store.reference if store is not None else None,
        fen=sign * paid[contribution_id],
        lines=[
            TracedLineOut(
                item_id=line.item_id, code=line.code, name=line.name, name_en=line.name_en,
                pieces=sign * line.quantity, cost_fen=sign * line.cost_fen, fen=sign * fen,
            )
            for line, fen in zip(lines, _part(paid, lines, {contribution_id}), strict=True)
            if fen
        ],
    )  # fmt: skip


def _part(paid: Paid, lines: Lines, whose: Collection[UUID]) -> list[int]:
    """What some of those who paid for these lines paid of each."""
    if not lines:
        return []
    rows = rules.shares(list(paid.values()), [line.cost_fen for line in lines])
    mine = (row for who, row in zip(paid, rows, strict=True) if who in whose)
    return [sum(parts) for parts in zip(*mine, strict=True)]


def public(tx: Session, fund_id: UUID, limit: int, cursor: str | None) -> PublicFundOut:
    """A fund as everybody may read it; no villager is named. Raises FundNotFound."""
    fund = ledger.any_fund(tx, fund_id)
    found = queries.given(tx, fund.id, limit, cursor)
    whole = ledger.fund_out(tx, fund)
    first = clock.business_day(clock.now()) - timedelta(days=GOODS_DAYS - 1)
    since = clock.day_start(first)
    own = PublicFundOut.model_fields.keys() & type(whole).model_fields.keys()
    return PublicFundOut(
        **{name: getattr(whole, name) for name in own}, goods_since=first,
        goods=_bought(tx, fund, since), external_fen=queries.external_fen(tx, fund, since),
        waiting=_in_line(tx, fund), items=_given(found), next_cursor=found.next_cursor,
    )  # fmt: skip


def _in_line(tx: Session, fund: Fund) -> PublicWaitingOut:
    waits = waiting.line(tx, fund.id, 0)
    since = clock.business_day(waits.since) if waits.since else None
    return PublicWaitingOut(count=waits.count, points=waits.points, since=since)


def _given(found: Slice) -> list[PublicGivenOut]:
    return [
        PublicGivenOut(
            kind=c.kind, fen=c.fen, day=clock.business_day(c.approved_at), receipt_no=c.receipt_no,
            contributor=masked_name(c.contributor) if c.kind == "villager" else c.contributor,
        )
        for c in (row.Contribution for row in found.rows)
    ]  # fmt: skip


def _bought(tx: Session, fund: Fund, since: datetime) -> list[BoughtOut]:
    """Goods by item, dearest first; where two funds paid together, this one's part of the fen."""
    pieces, fen, names = Counter[str](), Counter[str](), {}
    for row in queries.bought_alone(tx, fund, since):
        names[row.code] = row
        pieces[row.code] += int(row.pieces)
        fen[row.code] += int(row.fen)
    together = queries.bought_together(tx, fund, since)
    paid, goods = queries.paid(tx, together.keys()), queries.lines(tx, together.values())
    for journal_id, redemption_id in together.items():
        mine = queries.of_fund(tx, fund, paid[journal_id].keys())
        lines = goods[redemption_id]
        for line, part in zip(lines, _part(paid[journal_id], lines, mine), strict=True):
            if part:
                names[line.code] = line
                pieces[line.code] += line.quantity
                fen[line.code] += part
    return [
        BoughtOut(
            code=code, name=names[code].name, name_en=names[code].name_en, pieces=pieces[code],
            fen=fen[code],
        )
        for code in sorted(names, key=lambda code: (-fen[code], code))
    ]  # fmt: skip


def line(tx: Session, actor: Actor, fund_id: UUID, limit: int) -> WaitingOut:
    """What waits for a fund's money, for those who read funds. Raises FundNotFound."""
    fund = ledger.get_fund(tx, actor, fund_id)
    waits = waiting.line(tx, fund.id, limit)
    today = clock.business_day(clock.now())
    days = [(today - clock.business_day(row.created_at)).days for row in waits.first]
    return WaitingOut(
        fund_id=fund.id, count=waits.count, points=waits.points, fen=waits.points * fund.rate_fen,
        available_fen=ledger.fund_out(tx, fund).available_fen,
        days=(today - clock.business_day(waits.since)).days if waits.since else None,
        items=[
            WaitingAwardOut(id=row.id, event=row.event, points=row.points, days=since)
            for row, since in zip(waits.first, days, strict=True)
        ],
    )  # fmt: skip
