"""A case, its moves, history and notes; and taking back one's own report."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.cases import history, queries, service, views
from app.cases.errors import (
    AlreadySafe,
    AnotherDistrict,
    AssigneeUnknown,
    CaseNotFound,
    CaseUnknown,
    CheckerIsHandler,
    ChildrenOpen,
    FastLaneClosed,
    LevelUnknown,
    MergeTargetInvalid,
    MoveForbidden,
    MoveImpossible,
    MoveIncomplete,
    NoLevelAbove,
    NotHandedUp,
    OwnReport,
    Rerouted,
    ReturnsExhausted,
    ReviewDateInvalid,
    UnitUnknown,
)  # fmt: skip
from app.cases.schemas import (
    AssigneeList,
    CaseEventList,
    CaseMoveDraft,
    CaseOut,
    NoteDraft,
    WithdrawDraft,
)  # fmt: skip
from app.cases.service import Means, Objection
from app.categories.errors import AnswersInvalid, CategoryUnknown
from app.clocks import queries as clocks
from app.clocks.schemas import ClockList, ClockOut
from app.grids.service import Grids
from app.identity.access import Reporter, Staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit.errors import MissingPrecondition, Stale
from app.kit.http import IfMatch, in_transaction, version_of
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Sealing
from app.media.errors import PhotoNotFound, PhotoSame, PhotoUsed
from app.media.views import Signers
from app.regions.errors import RegionNotFound
from app.reports import queries as reports
from app.reports.errors import ReportNotFound
from app.reports.schemas import ReportOut
from app.routing import queries as routing
from app.routing.schemas import DecisionList

router = Router(prefix="/v1", tags=["cases 案件"])
WORKFLOW = (
    MoveForbidden, MoveImpossible, MoveIncomplete, OwnReport, CheckerIsHandler, FastLaneClosed,
    ReturnsExhausted, AssigneeUnknown, CategoryUnknown, PhotoNotFound, PhotoUsed, PhotoSame,
    AlreadySafe, AnotherDistrict, CaseUnknown, ChildrenOpen, LevelUnknown, MergeTargetInvalid,
    NoLevelAbove, NotHandedUp, Rerouted, ReviewDateInvalid, UnitUnknown, AnswersInvalid,
    RegionNotFound,
)  # fmt: skip


@router.get("/cases/{case_id}", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def get_case(tx: Session, actor: Staff, signer: Signers, case_id: UUID) -> CaseOut:
    """One case with its photos, routing and moves; its version is the ETag."""
    return views.case_out(tx, actor, queries.get_case(tx, actor, case_id), signer)


@router.post(
    "/cases/{case_id}/moves",
    responses=raises(PersonOnly, StaffOnly, CaseNotFound, Stale, MissingPrecondition, *WORKFLOW),
)
@in_transaction
def move_case(
    tx: Session,
    actor: Staff,
    signer: Signers,
    objection: Objection,
    grids: Grids,
    case_id: UUID,
    body: CaseMoveDraft,
    if_match: IfMatch = None,
) -> CaseOut:
    """Makes a move on the version that was read (If-Match); the answer is the case after it."""
    means = Means(objection, grids)
    after = service.move(tx, actor, case_id, body, version_of(if_match), means)
    return views.case_out(tx, actor, after, signer)


@router.get("/cases/{case_id}/events", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_case_events(tx: Session, actor: Staff, case_id: UUID) -> CaseEventList:
    """The history: every move and note, in order."""
    queries.get_case(tx, actor, case_id)
    return CaseEventList(items=history.events(tx, case_id, actor))


@router.get("/cases/{case_id}/clocks", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_case_clocks(tx: Session, actor: Staff, case_id: UUID) -> ClockList:
    """Every clock that ran for the case, with the rule it was frozen with."""
    queries.get_case(tx, actor, case_id)
    rows = clocks.of_case(tx, case_id)
    return ClockList(items=[ClockOut.model_validate(row) for row in rows])


@router.get("/cases/{case_id}/routing", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_case_decisions(tx: Session, actor: Staff, case_id: UUID) -> DecisionList:
    """Each decision on where the case belongs and whose it is, with every step; oldest first."""
    queries.get_case(tx, actor, case_id)
    return DecisionList(items=routing.decisions(tx, case_id))


@router.post(
    "/cases/{case_id}/notes", responses=raises(PersonOnly, StaffOnly, CaseNotFound, MoveForbidden)
)
@in_transaction(status=201)
def add_case_note(tx: Session, actor: Staff, case_id: UUID, body: NoteDraft) -> CaseEventList:
    """Adds an internal note; reporters never see it."""
    service.add_note(tx, actor, case_id, body.text)
    return CaseEventList(items=history.events(tx, case_id, actor))


@router.get("/cases/{case_id}/assignees", responses=raises(PersonOnly, StaffOnly, CaseNotFound))
@in_transaction
def list_assignees(tx: Session, actor: Staff, grids: Grids, case_id: UUID) -> AssigneeList:
    """Who can be given the case: whom routing proposes now, then the nearest post."""
    return views.assignees_out(tx, grids, queries.get_case(tx, actor, case_id))


@router.post(
    "/reports/{report_id}/withdraw",
    responses=raises(PersonOnly, ReportNotFound, MoveImpossible, MoveForbidden, ChildrenOpen),
    tags=["reports 随手拍"],
)
@in_transaction
def withdraw_report(
    tx: Session,
    actor: Reporter,
    seal: Sealing,
    signer: Signers,
    report_id: UUID,
    body: WithdrawDraft,
) -> ReportOut:
    """Takes back one's own report while nobody has been sent."""
    service.withdraw(tx, seal, actor, report_id, body.note)
    return reports.get_report(tx, actor, report_id, signer)
