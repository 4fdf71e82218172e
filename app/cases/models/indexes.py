"""Tables that say again what a case says, so that queues and searches walk on an index."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.cases.models.states import WHILE_OPEN, partly
from app.kit.columns import At, CodeStr, Flag, Id, Int, Str
from app.kit.db import Base


class CaseScope(Base):
    """A case under each region above it, so that a page of anyone's queue is a walk on an index.

    What the queue is narrowed by stands here again, as `cases` says it.
    """

    __tablename__ = "case_scopes"

    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    region_code: Mapped[CodeStr] = mapped_column(primary_key=True)
    status: Mapped[CodeStr]
    created_at: Mapped[At]
    category_code: Mapped[CodeStr | None]
    net_code: Mapped[CodeStr | None]
    due_at: Mapped[At | None]
    warn_at: Mapped[At | None]
    suspected: Mapped[Flag] = mapped_column(server_default=text("false"))
    supervised: Mapped[Flag] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("ix_case_scopes_newest", "region_code", "created_at", "case_id"),
        Index("ix_case_scopes_status", "region_code", "status", "created_at", "case_id"),
        Index("ix_case_scopes_category", "region_code", "category_code", "created_at", "case_id"),
        Index("ix_case_scopes_net", "region_code", "net_code", "created_at", "case_id"),
        # A deadline or a flag in the index itself: rows that do not count are never fetched.
        partly(
            "ix_case_scopes_open",
            ("region_code", "created_at", "case_id", "due_at", "warn_at"),
            WHILE_OPEN,
        ),
        partly("ix_case_scopes_due", ("region_code", "due_at", "warn_at"), "due_at IS NOT NULL"),
        partly(
            "ix_case_scopes_suspected",
            ("region_code", "created_at", "case_id", "status"),
            "suspected",
        ),
        partly(
            "ix_case_scopes_supervised",
            ("region_code", "created_at", "case_id", "status"),
            "supervised",
        ),
    )


class CaseText(Base):
    """The words of a case for the full-text index, which migrations build on each engine."""

    __tablename__ = "case_texts"

    row: Mapped[Int] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), unique=True)
    words: Mapped[Str]
