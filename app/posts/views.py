"""Posts as people see them: masked phones, signed photos, the public duty board."""

from typing import Any

from sqlalchemy.orm import Session

from app.identity.texts import masked_phone
from app.kit import clock
from app.media.views import Signer
from app.posts import queries, roster
from app.posts.schemas import AppointmentOut, LeaveOut, ShiftOut, TeamMemberOut, TeamOut
from app.regions.models import Region


def _photo(row: Any, signer: Signer) -> str | None:
    return signer.url(row.photo_id, "thumb") if row.photo_id is not None else None


def appointment_out(row: Any, signer: Signer) -> AppointmentOut:
    shifts = [ShiftOut(**shift._asdict()) for shift in roster.read(row.shifts)]
    return AppointmentOut(
        id=row.id, person_id=row.person_id, name=row.name, post_code=row.post_code,
        region_code=row.region_code, grouping_code=row.grouping_code, unit_code=row.unit_code,
        starts_on=row.starts_on, ends_on=row.ends_on, phone=masked_phone(row.phone),
        photo_url=_photo(row, signer), created_at=row.created_at, ended_at=row.ended_at,
        shifts=sorted(shifts, key=lambda shift: (shift.weekday, shift.starts)),
    )  # fmt: skip


def leave_out(row: Any) -> LeaveOut:
    shown = {name: getattr(row, name) for name in LeaveOut.model_fields}
    return LeaveOut(**shown)


def team_out(tx: Session, region: Region, signer: Signer) -> TeamOut:
    """The duty board (上岗公示) of a region: its own people and those of the regions above it."""
    now = clock.now()
    moment = roster.moment(now)
    people = [
        TeamMemberOut(
            level=row.level, region_name=row.region_name, post=row.post_name,
            post_en=row.post_name_en, name=row.name, duties=row.duties,
            phone=masked_phone(row.phone),
            photo_url=_photo(row, signer), stand_in=row.stand_in_name,
            on_duty=row.leave_id is None and roster.is_on(roster.read(row.shifts), moment),
        )
        for row in queries.board(tx, region.path, now)
    ]  # fmt: skip
    return TeamOut(region_code=region.code, items=people)
