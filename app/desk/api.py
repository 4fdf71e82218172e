"""The staff's desk: the queue, counters, bulk dispatch, saved filters, export, the print sheet."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.orm import Session

from app.cases.errors import CaseNotFound
from app.cases.schemas import CaseBrief, Status
from app.cases.service import Means, Objection
from app.desk import counters, exports, printing, queue, service, sheet, views
from app.desk.errors import FilterNotFound, FiltersFull
from app.desk.exports import Format
from app.desk.queue import Filters
from app.desk.schemas import (
    CountersOut,
    DispatchDraft,
    DispatchOut,
    SavedFilterDraft,
    SavedFilterList,
    SavedFilterOut,
)  # fmt: skip
from app.grids.service import Grids
from app.identity.access import Staff, find_staff
from app.identity.errors import PersonOnly, StaffOnly
from app.kit import actions, filing
from app.kit.filing import gives_file
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code, Name
from app.kit.unit import Prepared
from app.media import service as media
from app.media.errors import BucketUnavailable

router = Router(prefix="/v1", tags=["desk 工作台"])
Region = Annotated[Code | None, Query(description="Code; its whole subtree")]
FilterName = Annotated[Name, Path(examples=["今天要签收的"])]


Statuses = Annotated[tuple[Status, ...], Query(max_length=11, description="Any of these")]
Category = Annotated[Code | None, Query()]
Net = Annotated[Code | None, Query(description="Of this net (四网)")]
Mine = Annotated[bool, Query(description="Given to me")]
Overdue = Annotated[bool, Query()]
DueSoon = Annotated[bool, Query(description="Warned of, and not overdue yet")]
Open = Annotated[bool, Query(description="Not ended yet")]
Suspected = Annotated[bool, Query(description="A photo was seen before")]
Supervised = Annotated[bool, Query(description="Open, and an order (督办) waits")]
Searched = Annotated[str | None, Query(max_length=100, description="Words in number and text")]


@router.get("/cases", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_cases(
    tx: Session,
    actor: Staff,
    status: Statuses = (),
    region: Region = None,
    category: Category = None,
    net: Net = None,
    mine: Mine = False,
    overdue: Overdue = False,
    due_soon: DueSoon = False,
    open: Open = False,  # noqa: A002
    suspected: Suspected = False,
    supervised: Supervised = False,
    q: Searched = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[CaseBrief]:
    """The cases of the caller's regions, newest first, each with the moves the caller may make."""
    wanted = Filters(
        status, region, category, net, mine, overdue, due_soon, open, suspected, supervised, q
    )
    return views.queue_out(actor, queue.queue(tx, actor, wanted, limit, cursor))


@router.get("/desk/counters", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def get_counters(tx: Session, actor: Staff, region: Region = None) -> CountersOut:
    """How many open cases wait for what: of the caller's regions, and given to them elsewhere."""
    return counters.counters(tx, actor, region)


@router.post("/desk/dispatches", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def dispatch_cases(
    tx: Session, actor: Staff, objection: Objection, grids: Grids, body: DispatchDraft
) -> DispatchOut:
    """Gives up to fifty filed cases to one person or unit; each answers for itself."""
    return service.dispatch(tx, actor, body, Means(objection, grids))


@router.get("/desk/filters", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_filters(tx: Session, actor: Staff) -> SavedFilterList:
    """The caller's own saved filters, in their order."""
    return views.saved_list(tx, actor)


@router.put("/desk/filters/{name}", responses=raises(PersonOnly, StaffOnly, FiltersFull))
@in_transaction
def save_filter(
    tx: Session, actor: Staff, name: FilterName, body: SavedFilterDraft
) -> SavedFilterOut:
    """Saves a filter of the queue under a name, in the place of the one before."""
    return service.save_filter(tx, actor, name, body)


@router.delete("/desk/filters/{name}", responses=raises(PersonOnly, StaffOnly, FilterNotFound))
@in_transaction
def delete_filter(tx: Session, actor: Staff, name: FilterName) -> SavedFilterList:
    """Deletes one of the caller's own filters; the answer is those that are left."""
    return service.delete_filter(tx, actor, name)


async def _table(
    request: Request,
    format: Annotated[Format, Query()],  # noqa: A002
    status: Statuses = (),
    region: Region = None,
    category: Category = None,
    net: Net = None,
    mine: Mine = False,
    overdue: Overdue = False,
    due_soon: DueSoon = False,
    open: Open = False,  # noqa: A002
    suspected: Suspected = False,
    supervised: Supervised = False,
    q: Searched = None,
) -> Prepared:
    """The slow part: walks the queue in a reading unit, then makes the file in none."""
    wanted = Filters(
        status, region, category, net, mine, overdue, due_soon, open, suspected, supervised, q
    )
    made = await filing.read_as(
        request, find_staff, lambda tx, actor: exports.table(tx, actor, wanted)
    )
    data = await filing.slowly(request, partial(exports.file, made, format))
    return Prepared(
        {"kind": format, "data": data, "count": made.count, "truncated": made.truncated}
    )


@router.get(
    "/desk/export",
    responses=gives_file(("xlsx", "csv"), PersonOnly, StaffOnly),
    response_class=Response,
)
@in_transaction(write=True, first=_table)
def export_cases(
    tx: Session, actor: Staff, kind: Format, data: bytes, count: int, truncated: bool
) -> Response:
    """The queue as a file, up to 20,000 rows; `X-Truncated: true` says that there were more."""
    actions.record(tx, actor.person_id, "cases.exported", "case", "queue", count=count, format=kind)
    file = filing.answer(kind, "cases", data)
    if truncated:
        file.headers["X-Truncated"] = "true"
    return file


async def _print(request: Request, case_id: UUID) -> Prepared:
    """The slow part: reads the case in a unit, its photos and the PDF outside of any."""
    facts = await filing.read_as(
        request, find_staff, lambda tx, actor: sheet.read(tx, actor, case_id)
    )
    bucket = request.app.state.bucket

    def read_photo(photo_id: UUID) -> bytes:
        data: bytes = bucket.read(media.key(photo_id, "display"))
        return data

    pdf = await filing.slowly(request, partial(printing.render, facts, read_photo))
    return Prepared({"case_id": case_id, "number": facts.number, "pdf": pdf})


@router.get(
    "/cases/{case_id}/sheet",
    responses=gives_file(("pdf",), PersonOnly, StaffOnly, CaseNotFound, BucketUnavailable),
    response_class=Response,
)
@in_transaction(write=True, first=_print)
def print_case(tx: Session, actor: Staff, case_id: UUID, number: str, pdf: bytes) -> Response:
    """One case on paper (A4): facts, routing, clocks, photos before and after, its history."""
    actions.record(tx, actor.person_id, "case.printed", "case", case_id)
    return filing.answer("pdf", f"case-{number}", pdf, "inline")
