"""What is near a spot; parts, links and merged cases of a case; and suspicions about photos."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.errors import CaseNotFound, OwnReport
from app.categories.errors import CategoryUnknown
from app.grids.schemas import Crs
from app.grids.service import Grids, to_wgs84
from app.identity.access import Reporter, Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Latitude, Longitude
from app.media.errors import PhotoNotFound, PhotoUsed
from app.media.views import Signers
from app.relations import nearby, queries, service, views
from app.relations.errors import (
    CaseEnded,
    DecisionForbidden,
    LinkForbidden,
    LinkToItself,
    OwnPhoto,
    SplitForbidden,
    SuspicionDecided,
    SuspicionNotFound,
)  # fmt: skip
from app.relations.schemas import (
    ChildDraft,
    DecisionDraft,
    LinkDraft,
    Metres,
    NearbyList,
    RelatedOut,
    RelationsOut,
    SuspicionList,
    SuspicionOut,
    SuspicionState,
)  # fmt: skip

router = Router(prefix="/v1", tags=["relations 案件关联"])


@router.get(
    "/reports/nearby", responses=raises(PersonOnly, CategoryUnknown), tags=["reports 随手拍"]
)
@in_transaction
def list_nearby(
    tx: Session,
    actor: Reporter,  # noqa: ARG001 - anyone who is signed in, and the same for all
    grids: Grids,
    signer: Signers,
    lat: Annotated[Latitude, Query(examples=[30.205552])],
    lng: Annotated[Longitude, Query(examples=[105.841065])],
    crs: Annotated[Crs, Query(description="Which system the pair is in; there is no default")],
    radius_m: Annotated[Metres | None, Query(description="Else the category's own, or 50")] = None,
    category: Annotated[Code | None, Query(description="A plain choice's code")] = None,
) -> NearbyList:
    """Open and lately closed cases around a spot: perhaps it is known already: then join it."""
    spot = nearby.Around(*to_wgs84(lat, lng, crs), radius_m, category)
    return nearby.find(tx, grids, spot, signer)


@router.get("/cases/{case_id}/relations", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def get_relations(tx: Session, actor: Staff, case_id: UUID) -> RelationsOut:
    """Parent, children, links and merged cases, as far as the caller sees those."""
    return queries.relations(tx, actor, cases.get_case(tx, actor, case_id).case)


@router.post(
    "/cases/{case_id}/children",
    responses=raises(
        PersonOnly, StaffOnly, CaseNotFound, SplitForbidden, CaseEnded, CategoryUnknown,
        PhotoNotFound, PhotoUsed,
    ),
)  # fmt: skip
@in_transaction(status=201)
def split_case(
    tx: Session, actor: Staff, grids: Grids, case_id: UUID, body: ChildDraft
) -> RelatedOut:
    """Splits a part off an open case: a case at the same place that must end before its parent."""
    return RelatedOut.model_validate(service.split(tx, grids, actor, case_id, body))


@router.put(
    "/cases/{case_id}/links/{other_id}",
    responses=raises(PersonOnly, StaffOnly, CaseNotFound, LinkForbidden, LinkToItself),
)
@in_transaction
def link_cases(
    tx: Session, actor: Staff, case_id: UUID, other_id: UUID, body: LinkDraft
) -> RelationsOut:
    """Links two cases that the caller sees and works on one of; both histories say so."""
    service.link(tx, actor, case_id, other_id, body.note)
    return queries.relations(tx, actor, cases.get_case(tx, actor, case_id).case)


@router.delete(
    "/cases/{case_id}/links/{other_id}",
    responses=raises(PersonOnly, StaffOnly, CaseNotFound, LinkForbidden, LinkToItself),
)
@in_transaction
def unlink_cases(tx: Session, actor: Staff, case_id: UUID, other_id: UUID) -> RelationsOut:
    """Takes the link of two cases away; without one, nothing happens."""
    service.unlink(tx, actor, case_id, other_id)
    return queries.relations(tx, actor, cases.get_case(tx, actor, case_id).case)


@router.get("/cases/{case_id}/suspicions", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_suspicions(tx: Session, actor: Staff, signer: Signers, case_id: UUID) -> SuspicionList:
    """Photos of the case that were seen before, with the evidence."""
    cases.get_case(tx, actor, case_id)
    found = queries.suspicions(tx, case_id)
    return SuspicionList(items=views.suspicions_out(tx, actor, found, signer))


@router.get("/suspicions", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_all_suspicions(
    tx: Session,
    actor: Staff,
    signer: Signers,
    state: Annotated[SuspicionState, Query()] = "open",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[SuspicionOut]:
    """Suspicions of every case that the caller sees, those that wait unless told otherwise."""
    found = queries.suspicions_seen(tx, actor, state, limit, cursor)
    shown = views.suspicions_out(tx, actor, found.rows, signer)
    return Page(items=shown, next_cursor=found.next_cursor)


@router.post(
    "/suspicions/{suspicion_id}/decision",
    responses=raises(
        PersonOnly, StaffOnly, SuspicionNotFound, DecisionForbidden, OwnReport, OwnPhoto,
        SuspicionDecided,
    ),
)  # fmt: skip
@in_transaction
def decide_suspicion(
    tx: Session, actor: Staff, signer: Signers, suspicion_id: UUID, body: DecisionDraft
) -> SuspicionOut:
    """Confirms or dismisses a suspicion; with none open, the case's flag is gone."""
    decided = service.decide(tx, actor, suspicion_id, body)
    return views.suspicions_out(tx, actor, [decided], signer)[0]
