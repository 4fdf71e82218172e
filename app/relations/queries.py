"""Reads of relations and suspicions; which cases are seen is the rule of `cases.queries`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, literal, select
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseReport
from app.cases.queries import asking, visible_to
from app.identity.access import Actor
from app.kit.db import core
from app.kit.page import Slice, cut
from app.media.models import Photo
from app.media.views import SHOWN
from app.regions.models import Region
from app.relations.models import CaseLink, Suspicion
from app.relations.schemas import LinkOut, RelatedOut, RelationsOut
from app.reports.models import ReportPhoto

MOST = 200
_RELATED = select(
    Case.id, Case.number, Case.status, Case.region_code, Case.category_code, Case.description,
    Case.created_at,
).join(Region, Region.code == Case.region_code)  # fmt: skip


def relations(tx: Session, actor: Actor, case: Any) -> RelationsOut:
    """What a case has to do with others, as far as the actor sees those; 200 of each at most."""
    parent = _related(tx, actor, Case.id == case.parent_id) if case.parent_id else []
    into = _related(tx, actor, Case.id == case.merged_into) if case.merged_into else []
    return RelationsOut(
        parent=next(iter(parent), None), children=_related(tx, actor, Case.parent_id == case.id),
        links=_links(tx, actor, case.id), merged_into=next(iter(into), None),
        merged=_related(tx, actor, Case.merged_into == case.id),
    )  # fmt: skip


def _related(tx: Session, actor: Actor, which: ColumnElement[bool]) -> list[RelatedOut]:
    return [RelatedOut.model_validate(row) for row in _visible(tx, actor, _RELATED.where(which))]


def _links(tx: Session, actor: Actor, case_id: UUID) -> list[LinkOut]:
    # The pair lies the smaller id first: this case may be either of the two.
    sides = ((CaseLink.case_id, CaseLink.other_id), (CaseLink.other_id, CaseLink.case_id))
    found: list[LinkOut] = []
    for mine, others in sides:
        query = _RELATED.add_columns(CaseLink.note, CaseLink.created_at.label("linked_at"))
        linked = query.join(CaseLink, others == Case.id).where(mine == case_id)
        found += [LinkOut.model_validate(row) for row in _visible(tx, actor, linked)]
    return sorted(found, key=lambda link: (link.linked_at, link.number))


def _visible(tx: Session, actor: Actor, query: Any) -> Sequence[Row[Any]]:
    held, given = asking(actor)
    shown = query.where(visible_to(held)).order_by(Case.created_at, Case.id).limit(MOST)
    return core(tx).execute(shown, given).all()


def suspicions(tx: Session, case_id: UUID) -> Sequence[Suspicion]:
    """The suspicions of a case, the open ones first, then the newest."""
    is_open = Suspicion.state == "open"
    query = select(Suspicion).where(Suspicion.case_id == case_id)
    return tx.scalars(
        query.order_by(is_open.desc(), Suspicion.created_at.desc(), Suspicion.id)
    ).all()


def suspicions_seen(tx: Session, actor: Actor, state: str, limit: int, cursor: str | None) -> Slice:
    """A page of the suspicions in a state, of the cases that the actor sees, the newest first."""
    held, given = asking(actor)
    query = (
        select(Suspicion)
        .join(Case, Case.id == Suspicion.case_id)
        .join(Region, Region.code == Case.region_code)
        .where(Suspicion.state == state, visible_to(held))
    )
    keys = (Suspicion.created_at, Suspicion.id)
    filters = (actor.person_id, state)
    found = cut(tx, query, keys, limit=limit, cursor=cursor, filters=filters, given=given)
    return replace(found, rows=[row.Suspicion for row in found.rows])


def photos(tx: Session, photo_ids: set[UUID]) -> dict[UUID, Any]:
    """What can be shown of these photos."""
    rows = core(tx).execute(select(*SHOWN).where(Photo.id.in_(photo_ids)))
    return {row.id: row for row in rows}


def photos_seen(tx: Session, actor: Actor, photo_ids: set[UUID]) -> set[UUID]:
    """Which of these photos belong to a case that the actor sees."""
    held, given = asking(actor)
    behind = (
        select(ReportPhoto.photo_id)
        .join(CaseReport, CaseReport.report_id == ReportPhoto.report_id)
        .join(Case, Case.id == CaseReport.case_id)
        .join(Region, Region.code == Case.region_code)
        .where(ReportPhoto.photo_id.in_(photo_ids), visible_to(held))
    )
    moved = (
        select(CaseMovePhoto.photo_id)
        .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
        .join(Case, Case.id == CaseMove.case_id)
        .join(Region, Region.code == Case.region_code)
        .where(CaseMovePhoto.photo_id.in_(photo_ids), visible_to(held))
    )
    return {i for query in (behind, moved) for i in core(tx).execute(query, given).scalars()}


def owns(tx: Session, person_id: UUID, photo_id: UUID) -> bool:
    """Whether a photo is this person's."""
    query = select(literal(1)).where(Photo.id == photo_id, Photo.owner_id == person_id)
    return tx.scalar(query) is not None


def any_open(tx: Session, case_id: UUID) -> bool:
    """Whether a suspicion of the case waits for a decision."""
    return bool(
        tx.scalar(select(exists().where(Suspicion.case_id == case_id, Suspicion.state == "open")))
    )


def link_between(one: UUID, other: UUID) -> ColumnElement[bool]:
    """The link of two cases, whichever is named first."""
    low, high = sorted((one, other))
    return (CaseLink.case_id == low) & (CaseLink.other_id == high)
