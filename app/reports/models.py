"""Tables of reports. Status, case number and grid are pushed down by `cases`; nothing here asks."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Real, Str
from app.kit.db import Base
from app.media.models import VERDICTS, Verdict


class ReportStatus(StrEnum):
    """What the reporter sees; the words of the case's workflow, and `received` before routing."""

    RECEIVED = "received"  # 已收到，待分派
    REPORTED = "reported"
    VERIFYING = "verifying"
    FILED = "filed"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Report(Base):
    """One report. The place is WGS-84 beside the raw pair as it was sent."""

    __tablename__ = "reports"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    description: Mapped[Str]
    choice: Mapped[CodeStr | None] = mapped_column(ForeignKey("plain_choices.code"))
    anonymous: Mapped[Flag]
    lat: Mapped[Real | None]
    lng: Mapped[Real | None]
    raw_lat: Mapped[Real | None]
    raw_lng: Mapped[Real | None]
    crs: Mapped[CodeStr | None]
    accuracy_m: Mapped[Real | None]
    place_source: Mapped[CodeStr | None]
    address: Mapped[Str | None]
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    status: Mapped[CodeStr]
    case_number: Mapped[CodeStr | None]
    grid_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    outcome: Mapped[CodeStr | None]
    public_note: Mapped[Str | None]
    # The case that the reporter says this is: joined when it may be, never refused.
    joins: Mapped[CodeStr | None]
    # The worst of its text and its photos; until it passes nothing of it is settled.
    verdict: Mapped[CodeStr] = mapped_column(server_default=Verdict.PASSED.value)
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(
            f"status IN ({', '.join(repr(s.value) for s in ReportStatus)})", name="status"
        ),
        CheckConstraint(
            "(lat IS NULL) = (lng IS NULL) AND (lat IS NULL) = (crs IS NULL)"
            " AND (lat IS NULL) = (raw_lat IS NULL) AND (lat IS NULL) = (raw_lng IS NULL)",
            name="place",
        ),
        CheckConstraint("lat IS NOT NULL OR address IS NOT NULL", name="somewhere"),
        CheckConstraint("crs IN ('wgs84', 'gcj02')", name="crs"),
        CheckConstraint(VERDICTS, name="verdict"),
        Index("ix_reports_mine", "person_id", "created_at", "id"),
    )


class ReportPhoto(Base):
    """A photo of a report; UNIQUE, because a photo is evidence once."""

    __tablename__ = "report_photos"

    report_id: Mapped[Id] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    position: Mapped[Int] = mapped_column(primary_key=True)
    photo_id: Mapped[Id] = mapped_column(ForeignKey("photos.id"))

    __table_args__ = (
        UniqueConstraint("photo_id"),
        CheckConstraint("position BETWEEN 1 AND 9", name="position"),
    )
