"""Posts over HTTP: nets, units, posts, appointments, leave, groupings and the duty board."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.grids import queries as grids
from app.grids.errors import GridNotFound
from app.identity.access import Administrator, Staff
from app.identity.errors import PersonNotFound, PersonOnly, RoleMissing, StaffOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.media.errors import PhotoNotFound, PhotoUsed
from app.media.views import Signers
from app.posts import appointments, groupings, leaves, lists, service, views
from app.posts.errors import (
    AppointmentEnded,
    AppointmentExists,
    AppointmentNotFound,
    DaysWrong,
    LeaveNotFound,
    LeaveOver,
    LeaveOverlaps,
    LevelWrong,
    NetUnknown,
    OutsideSubtree,
    PersonUnknown,
    PostInUse,
    PostUnknown,
    SelfAppointment,
    SharedAcrossDistricts,
    StandInForbidden,
    StandInUnknown,
    UnitUnknown,
)  # fmt: skip
from app.posts.schemas import (
    AppointmentDraft,
    AppointmentEnd,
    AppointmentOut,
    LeaveDraft,
    LeaveOut,
    NetDraft,
    NetList,
    NetOut,
    PostDraft,
    PostList,
    PostOut,
    ShiftsDraft,
    TeamOut,
    UnitDraft,
    UnitList,
    UnitOut,
)  # fmt: skip
from app.regions import queries as regions
from app.regions.errors import GroupingUnknown, MemberOutside, RegionNotFound, RegionUnknown
from app.regions.schemas import GroupingDraft, GroupingList, GroupingOut

router = Router(prefix="/v1", tags=["posts 岗位"])
Inside = Annotated[Code | None, Query(description="Only of this region's subtree")]


@router.get("/grids/{code}/team", responses=raises(GridNotFound, RegionNotFound))
@in_transaction
def get_grid_team(tx: Session, signer: Signers, code: Code) -> TeamOut:
    """The duty board (上岗公示) of a grid; public."""
    grid = grids.get_grid(tx, code)
    return views.team_out(tx, regions.get_region(tx, grid.code), signer)


@router.get("/regions/{code}/team", responses=raises(RegionNotFound))
@in_transaction
def get_region_team(tx: Session, signer: Signers, code: Code) -> TeamOut:
    """The duty board (上岗公示) of a region and those above it; public."""
    return views.team_out(tx, regions.get_region(tx, code), signer)


@router.get("/nets")
@in_transaction
def list_nets(tx: Session) -> NetList:
    """The nets (四网); public."""
    return NetList(items=lists.nets(tx))


@router.put(
    "/nets/{code}",
    responses=raises(PersonOnly, RoleMissing, OutsideSubtree, SharedAcrossDistricts),
)
@in_transaction
def put_net(tx: Session, actor: Administrator, code: Code, body: NetDraft) -> NetOut:
    """Adds a net, or replaces one that no other district uses; by a district's administrator."""
    return NetOut.model_validate(service.put_net(tx, actor, code, body))


@router.get("/units", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_units(tx: Session, actor: Staff, region: Inside = None) -> UnitList:
    """The responsible units (责任单位) in the caller's regions."""
    return UnitList(items=lists.units(tx, actor, region))


@router.put(
    "/units/{code}", responses=raises(PersonOnly, RoleMissing, OutsideSubtree, RegionUnknown)
)
@in_transaction
def put_unit(tx: Session, actor: Administrator, code: Code, body: UnitDraft) -> UnitOut:
    """Adds or replaces a unit in the caller's regions."""
    return UnitOut.model_validate(service.put_unit(tx, actor, code, body))


@router.get("/posts")
@in_transaction
def list_posts(tx: Session) -> PostList:
    """The posts in use with their written duties; public."""
    return PostList(items=lists.posts(tx))


@router.put(
    "/posts/{code}",
    responses=raises(
        PersonOnly, RoleMissing, OutsideSubtree, SharedAcrossDistricts, NetUnknown, PostInUse
    ),
)
@in_transaction
def put_post(tx: Session, actor: Administrator, code: Code, body: PostDraft) -> PostOut:
    """Adds a post, or replaces one that no other district uses; by a district's administrator."""
    return PostOut.model_validate(service.put_post(tx, actor, code, body))


@router.get("/appointments", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_appointments(
    tx: Session, actor: Staff, signer: Signers, region: Inside = None, limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[AppointmentOut]:  # fmt: skip
    """The appointments in the caller's regions, ended ones too, newest first."""
    found = lists.appointments(tx, actor, region, limit, cursor)
    items = [views.appointment_out(row, signer) for row in found.rows]
    return Page[AppointmentOut](items=items, next_cursor=found.next_cursor)


@router.post(
    "/appointments",
    responses=raises(
        PersonOnly, RoleMissing, OutsideSubtree, RegionUnknown, GroupingUnknown, PostUnknown,
        LevelWrong, SelfAppointment, UnitUnknown, PersonUnknown, DaysWrong, AppointmentExists,
        PhotoNotFound, PhotoUsed,
    ),
)  # fmt: skip
@in_transaction(status=201)
def appoint(
    tx: Session, actor: Administrator, signer: Signers, body: AppointmentDraft
) -> AppointmentOut:
    """Appoints a person to a post; its role is theirs while the appointment is in force."""
    made = appointments.appoint(tx, actor, body)
    return views.appointment_out(lists.get_appointment(tx, actor, made), signer)


@router.post(
    "/appointments/{appointment_id}/end",
    responses=raises(
        PersonOnly, RoleMissing, AppointmentNotFound, OutsideSubtree, AppointmentEnded, DaysWrong
    ),
)
@in_transaction
def end_appointment(
    tx: Session, actor: Administrator, signer: Signers, appointment_id: UUID, body: AppointmentEnd
) -> AppointmentOut:
    """Ends an appointment at once or with a last day; its roles end with it."""
    appointments.end(tx, actor, appointment_id, body)
    return views.appointment_out(lists.get_appointment(tx, actor, appointment_id), signer)


@router.put(
    "/appointments/{appointment_id}/shifts",
    responses=raises(PersonOnly, StaffOnly, AppointmentNotFound, OutsideSubtree, AppointmentEnded),
)
@in_transaction
def put_shifts(
    tx: Session, actor: Staff, signer: Signers, appointment_id: UUID, body: ShiftsDraft
) -> AppointmentOut:
    """Replaces the duty roster (值班表) of an appointment; empty is always on duty."""
    appointments.put_shifts(tx, actor, appointment_id, body)
    return views.appointment_out(lists.get_appointment(tx, actor, appointment_id), signer)


@router.get("/leaves", responses=raises(PersonOnly, StaffOnly))
@in_transaction
def list_leaves(
    tx: Session, actor: Staff, region: Inside = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[LeaveOut]:
    """The caller's own leaves and those of the people whose roster they keep, newest first."""
    found = lists.leaves(tx, actor, region, limit, cursor)
    items = [views.leave_out(row) for row in found.rows]
    return Page[LeaveOut](items=items, next_cursor=found.next_cursor)


@router.post(
    "/leaves",
    responses=raises(
        PersonOnly, StaffOnly, PersonNotFound, OutsideSubtree, DaysWrong, StandInUnknown,
        StandInForbidden, LeaveOverlaps,
    ),
)  # fmt: skip
@in_transaction(status=201)
def take_leave(tx: Session, actor: Staff, body: LeaveDraft) -> LeaveOut:
    """Puts oneself, or somebody whose roster one keeps, on leave (请假), with a stand-in (顶岗)."""
    taken = leaves.take(tx, actor, body)
    return views.leave_out(lists.get_leave(tx, actor, taken))


@router.post(
    "/leaves/{leave_id}/cancel",
    responses=raises(
        PersonOnly, StaffOnly, PersonNotFound, LeaveNotFound, OutsideSubtree, LeaveOver
    ),
)
@in_transaction
def cancel_leave(tx: Session, actor: Staff, leave_id: UUID) -> LeaveOut:
    """Cancels a leave, also one that has begun."""
    leaves.cancel(tx, actor, leave_id)
    return views.leave_out(lists.get_leave(tx, actor, leave_id))


@router.get("/groupings")
@in_transaction
def list_groupings(
    tx: Session, district: Annotated[Code | None, Query(examples=["500152000000"])] = None
) -> GroupingList:
    """The groupings (联村) of a district, or all, with their regions; public."""
    return GroupingList(items=regions.groupings(tx, district))


@router.put(
    "/groupings/{code}",
    responses=raises(
        PersonOnly, RoleMissing, OutsideSubtree, RegionUnknown, MemberOutside, SelfAppointment
    ),
)
@in_transaction
def put_grouping(tx: Session, actor: Administrator, code: Code, body: GroupingDraft) -> GroupingOut:
    """Adds or replaces a grouping; who is appointed to it follows its regions."""
    groupings.put(tx, actor, code, body)
    return regions.groupings(tx, code=code)[0]
