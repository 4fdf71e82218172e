"""Tables of checks and of what was found; the verdict itself is pushed down to what it is about."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Str
from app.kit.db import Base
from app.media.models import Verdict


class ContentCheck(Base):
    """The check of one photo, or of one report's words; its id is the photo's or the report's."""

    __tablename__ = "content_checks"

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[CodeStr]
    report_id: Mapped[Id] = mapped_column(ForeignKey("reports.id"), index=True)
    state: Mapped[CodeStr]
    # What it is held or was hidden for: the finding's word.
    why: Mapped[CodeStr | None]
    # By which WeChat's pushed verdict names the photo.
    trace_id: Mapped[CodeStr | None] = mapped_column(unique=True)
    # Hidden words are evidence: they stand here and nowhere else any more.
    sealed_text: Mapped[Str | None]
    sealed_address: Mapped[Str | None]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("kind IN ('text', 'photo')", name="kind"),
        CheckConstraint("(kind = 'text') = (id = report_id)", name="subject"),
        CheckConstraint(f"state IN ({', '.join(repr(v.value) for v in Verdict)})", name="state"),
        CheckConstraint(
            "(sealed_text IS NOT NULL) = (kind = 'text' AND state = 'hidden')", name="sealed"
        ),
        CheckConstraint("sealed_address IS NULL OR sealed_text IS NOT NULL", name="address"),
        Index("ix_content_checks_queue", "state", "created_at", "id"),
    )


class ContentFinding(Base):
    """What WeChat, the service or a person found; rows are never changed.

    A verdict that comes before its trace id is known here has no check yet.
    """

    __tablename__ = "content_findings"

    id: Mapped[Id] = mapped_column(primary_key=True)
    check_id: Mapped[Id | None] = mapped_column(ForeignKey("content_checks.id"), index=True)
    source: Mapped[CodeStr]
    finding: Mapped[CodeStr]
    label: Mapped[Int | None]
    trace_id: Mapped[CodeStr | None] = mapped_column(index=True)
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    note: Mapped[Str | None]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("source IN ('wechat', 'service', 'person')", name="source"),
        CheckConstraint("(source = 'person') = (person_id IS NOT NULL)", name="person"),
        CheckConstraint("check_id IS NOT NULL OR trace_id IS NOT NULL", name="about"),
    )
