"""Reads of corrections: those who work with money see those of their regions."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session, aliased

from app.corrections.errors import CorrectionNotFound
from app.corrections.models import Correction
from app.corrections.schemas import CorrectionOut
from app.identity.access import Actor
from app.identity.models import ApiClient, Person
from app.kit.errors import AppError
from app.kit.page import Page, page
from app.ledger import queries as ledger
from app.ledger.queries import FUND_READERS
from app.regions.models import Region
from app.regions.queries import under
from app.store.errors import RedemptionNotFound
from app.store.models import Redemption, Station
from app.till.errors import TillHoldNotFound
from app.till.models import TillHold

T = TypeVar("T")
_Proposer, _Decider = aliased(Person), aliased(Person)
_SHOWN = (
    select(
        Correction, Person.member_no, _Proposer.name.label("proposer"),
        _Decider.name.label("decider"), Region.path,
    )
    .join(Person, Person.id == Correction.person_id)
    .join(_Proposer, _Proposer.id == Correction.proposed_by)
    .outerjoin(_Decider, _Decider.id == Correction.decided_by)
    .join(Region, Region.code == Correction.region_code)
)  # fmt: skip


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """THE rule for corrections: the region of the money or the station."""
    return or_(false(), *(under(Region.path, path) for path in actor.paths(FUND_READERS)))


def get_correction(
    tx: Session, actor: Actor, correction_id: UUID, *, lock: bool = False
) -> tuple[Correction, str]:
    """A correction and the path of its region. Raises CorrectionNotFound."""
    query = (
        select(Correction, Region.path)
        .join(Region, Region.code == Correction.region_code)
        .where(Correction.id == correction_id, visible_to(actor))
    )
    if lock:
        query = query.with_for_update(key_share=True, of=Correction)
    row = tx.execute(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise CorrectionNotFound
    return row.Correction, row.path


def correction_out(tx: Session, actor: Actor, correction_id: UUID) -> CorrectionOut:
    """Raises CorrectionNotFound."""
    one = _SHOWN.where(Correction.id == correction_id, visible_to(actor))
    row = tx.execute(one).first()
    if row is None:
        raise CorrectionNotFound
    return _correction_out(row)


def corrections(
    tx: Session, actor: Actor, state: str | None, limit: int, cursor: str | None
) -> Page[CorrectionOut]:
    """The newest first."""
    query = _SHOWN.where(visible_to(actor))
    if state is not None:
        query = query.where(Correction.state == state)
    keys = (Correction.proposed_at, Correction.id)
    filters = (actor.person_id, state)
    return page(tx, query, keys, limit=limit, cursor=cursor, filters=filters, build=_correction_out)


def _correction_out(row: Any) -> CorrectionOut:
    one: Correction = row.Correction
    own = CorrectionOut.model_fields.keys() - {"person", "source", "proposed_by", "decided_by"}
    return CorrectionOut(
        **{name: getattr(one, name) for name in own}, person=row.member_no,
        source=UUID(one.source) if one.source else None, proposed_by=row.proposer,
        decided_by=row.decider,
    )  # fmt: skip


def find_open(tx: Session, kind: str, source: str) -> UUID | None:
    """The correction of an award, redemption or hold, whose row is locked, that waits."""
    same = Correction.kind == kind, Correction.source == source, Correction.state == "proposed"
    return tx.scalar(select(Correction.id).where(*same).limit(1))


def get_redemption(tx: Session, redemption_id: UUID) -> tuple[Redemption, Region]:
    """A redemption, locked, and its station's region. Raises RedemptionNotFound.

    Who may, the caller asks.
    """
    query = (
        select(Redemption, Region)
        .join(Station, Station.id == Redemption.station_id)
        .join(Region, Region.code == Station.region_code)
        .where(Redemption.id == redemption_id)
    )
    return _locked(tx, query, Redemption, RedemptionNotFound)


def get_hold(tx: Session, hold_id: UUID) -> tuple[TillHold, Region]:
    """A hold of an external store, locked, and its client's region. Raises TillHoldNotFound.

    Who may, the caller asks.
    """
    query = (
        select(TillHold, Region)
        .join(ApiClient, ApiClient.id == TillHold.client_id)
        .join(Region, Region.code == ApiClient.region_code)
        .where(TillHold.id == hold_id)
    )
    return _locked(tx, query, TillHold, TillHoldNotFound)


def _locked(
    tx: Session, query: Select[T, Region], model: type[T], missing: type[AppError]
) -> tuple[T, Region]:
    locked = query.with_for_update(key_share=True, of=model)
    row = tx.execute(locked.execution_options(populate_existing=True)).first()
    if row is None:
        raise missing
    return row[0], row[1]


def is_refunded(tx: Session, hold: TillHold) -> bool:
    """Whether a hold's goods came back; its state stays what the till brought it to."""
    return ledger.find_journal(tx, "refund", str(hold.id)) is not None
