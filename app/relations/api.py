"""What is near a spot; parts, links and merged cases; suspicions about photos, and redactions."""

from functools import partial
from typing import Annotated
from uuid import UUID

import anyio.to_thread
from fastapi import Query, Request
from sqlalchemy.orm import Session

from app.cases import queries as cases
from app.cases.errors import CaseNotFound, OwnReport
from app.categories.errors import CategoryUnknown
from app.grids.schemas import Crs
from app.grids.service import Grids, to_wgs84
from app.identity.access import Reporter, Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.ids import new_id
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Latitude, Longitude
from app.kit.unit import Prepared
from app.media import service as media
from app.media.errors import (
    BucketFull,
    BucketUnavailable,
    DecoderBusy,
    FacesUnavailable,
    PhotoNotFound,
    PhotoTooCostly,
    PhotoUsed,
)  # fmt: skip
from app.media.views import Signers
from app.relations import covering, nearby, queries, service, views
from app.relations.covering import Drawn
from app.relations.errors import (
    BoxOutside,
    CaseEnded,
    DecisionForbidden,
    LinkForbidden,
    LinkToItself,
    OwnPhoto,
    RedactionNotFound,
    SplitForbidden,
    SuspicionDecided,
    SuspicionNotFound,
)  # fmt: skip
from app.relations.schemas import (
    Box,
    ChildDraft,
    DecisionDraft,
    LinkDraft,
    Metres,
    NearbyList,
    RedactionDraft,
    RedactionOut,
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


async def draw(request: Request, photo_id: UUID, body: RedactionDraft) -> Prepared:
    """The slow part: the copies that others may see are drawn and kept."""
    look = partial(
        covering.coverable, claims=request.state.claims, photo_id=photo_id, boxes=body.boxes
    )
    await apart(request, look, write=False)
    bucket = request.app.state.bucket
    try:
        display = await anyio.to_thread.run_sync(bucket.read, media.key(photo_id, "display"))
    except FileNotFoundError as error:
        raise PhotoNotFound from error
    boxes = [(box.x, box.y, box.w, box.h) for box in body.boxes]
    *copies, faces = await request.app.state.coverer.cover(display, boxes, faces=body.faces)
    found = [Box(**dict(zip("xywh", face, strict=True))) for face in faces]
    drawn = Drawn(new_id(), found)
    await anyio.to_thread.run_sync(media.write_copy, bucket, drawn.copy_id, copies)

    async def undo() -> None:
        await anyio.to_thread.run_sync(media.delete_files, bucket, drawn.copy_id)

    given = {"photo_id": photo_id, "body": body, "drawn": drawn}
    return Prepared(given, await request.body(), undo)


@router.put(
    "/photos/{photo_id}/redactions",
    responses=raises(
        PersonOnly, StaffOnly, PhotoNotFound, BoxOutside, DecoderBusy, PhotoTooCostly,
        FacesUnavailable, BucketFull, BucketUnavailable,
    ),
    tags=["media 照片"],
)  # fmt: skip
@in_transaction(first=draw)
def redact_photo(
    tx: Session,
    actor: Staff,
    signer: Signers,
    photo_id: UUID,
    body: RedactionDraft,
    drawn: Drawn,
) -> RedactionOut:
    """Covers faces and plates in a case's photo; with this done others may see the copy.

    The answer tells which boxes the machine found besides: look at the copy, and draw it again
    where something was overlooked or is no face.
    """
    return covering.cover(tx, actor, photo_id, body, drawn, signer)


@router.get(
    "/photos/{photo_id}/redactions",
    responses=raises(PersonOnly, StaffOnly, PhotoNotFound, RedactionNotFound),
    tags=["media 照片"],
)
@in_transaction
def get_redaction(tx: Session, actor: Staff, signer: Signers, photo_id: UUID) -> RedactionOut:
    """What was covered in a photo of a case that the caller sees, and the copy."""
    return covering.get_redaction(tx, actor, photo_id, signer)
