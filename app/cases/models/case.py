"""The table of cases, its number series and what was merged into what."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.cases.models.states import OUTCOMES, STATUSES, SURELY_OPEN, among, partly
from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Real, Str
from app.kit.db import Base

_NEWEST = ("created_at", "id")
# What is asked of a neighbour, so that only the nearest are fetched.
_PLACE = ("lat", "lng", "id", "status", "category_code")


class Case(Base):
    """A case. `version` counts its moves and is its ETag; `region_code` decides who sees it."""

    __tablename__ = "cases"

    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[CodeStr] = mapped_column(unique=True)
    version: Mapped[Int]
    status: Mapped[CodeStr]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"))
    grid_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("grids.code"))
    routing: Mapped[Json]
    category_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("categories.code"))
    hazard: Mapped[Flag]
    description: Mapped[Str]
    address: Mapped[Str | None]
    lat: Mapped[Real | None]
    lng: Mapped[Real | None]
    # About 100 m of the map, for neighbours: see kit.cells.
    cell: Mapped[Int | None]
    source: Mapped[CodeStr] = mapped_column(server_default="report")
    net_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("nets.code"))
    # The region on the path whose level handles it (分级办理); None is the case's own.
    level_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"))
    # Either or both: a unit is given the case, one of its people signs for it.
    assignee_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    unit_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("units.code"))
    answers: Mapped[Json | None]
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("cases.id"))
    merged_into: Mapped[Id | None] = mapped_column(ForeignKey("cases.id"), index=True)
    review_at: Mapped[At | None]
    made_safe_at: Mapped[At | None]
    # Flags for staff: a suspicion is open, an order (督办) is open, something waits for approval.
    suspected: Mapped[Flag] = mapped_column(server_default=text("false"))
    supervised: Mapped[Flag] = mapped_column(server_default=text("false"))
    rerouted: Mapped[Flag] = mapped_column(server_default=text("false"))
    # How it starts, by its reporter's standing: to filing at once, or with a second look.
    lane: Mapped[CodeStr | None]
    outcome: Mapped[CodeStr | None]
    rework: Mapped[Int]
    returns: Mapped[Int]
    round: Mapped[Int] = mapped_column(server_default="0")
    accept_due_at: Mapped[At]
    safe_due_at: Mapped[At | None]
    handle_due_at: Mapped[At | None]
    check_due_at: Mapped[At | None]
    # The earliest deadline that is running, and when it is near.
    due_at: Mapped[At | None]
    warn_at: Mapped[At | None]
    clock_rule: Mapped[Json]
    # The history's length and the hash of its last entry: what `audit` counts and compares.
    entries: Mapped[Int] = mapped_column(server_default="0")
    chain: Mapped[CodeStr] = mapped_column(server_default="")
    created_at: Mapped[At]
    updated_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(among("status", STATUSES), name="status"),
        CheckConstraint(among("outcome", OUTCOMES), name="outcome"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="closed_outcome"),
        CheckConstraint(
            "status NOT IN ('dispatched', 'in_progress', 'resolved') OR"
            " ((assignee_id IS NOT NULL OR unit_code IS NOT NULL) AND handle_due_at IS NOT NULL"
            " AND category_code IS NOT NULL)",
            name="dispatched",
        ),
        CheckConstraint("version >= 1 AND rework >= 0 AND returns >= 0", name="counts"),
        CheckConstraint("round >= 0 AND entries >= 0", name="rounds"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged"),
        CheckConstraint("(status = 'suspended') = (review_at IS NOT NULL)", name="suspended"),
        CheckConstraint("lane IN ('fast', 'review')", name="lane"),
        CheckConstraint("source IN ('report', 'patrol', 'split')", name="source"),
        Index("ix_cases_region", "region_code", "created_at", "id"),
        Index("ix_cases_status", "status", "created_at", "id"),
        Index("ix_cases_assignee", "assignee_id", "created_at", "id"),
        Index("ix_cases_newest", "created_at", "id"),
        # Neighbours: those that changed lately, and every open one.
        Index("ix_cases_cell", "cell", "updated_at", *_PLACE),
        partly("ix_cases_cell_open", ("cell", *_PLACE), SURELY_OPEN),
        Index("ix_cases_unit", "unit_code", "created_at", "id"),
        Index("ix_cases_due", "due_at"),
        # Of parts only: SQLite's statistics of a column that is mostly NULL advise a scan.
        partly("ix_cases_parent_id", ("parent_id",), "parent_id IS NOT NULL"),
        # Of one person or unit: what is open, and what is suspected.
        partly("ix_cases_assignee_open", ("assignee_id", *_NEWEST, "due_at"), SURELY_OPEN),
        partly("ix_cases_unit_open", ("unit_code", *_NEWEST, "due_at"), SURELY_OPEN),
        partly("ix_cases_assignee_suspected", ("assignee_id", *_NEWEST), "suspected"),
        partly("ix_cases_unit_suspected", ("unit_code", *_NEWEST), "suspected"),
    )


class CaseReport(Base):
    """The reports behind a case; a report stands behind one case only."""

    __tablename__ = "case_reports"

    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    report_id: Mapped[Id] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    joined_at: Mapped[At]

    __table_args__ = (UniqueConstraint("report_id"),)


class CaseNumber(Base):
    """The last case number of a district on a day."""

    __tablename__ = "case_numbers"

    district: Mapped[CodeStr] = mapped_column(primary_key=True)
    day: Mapped[CodeStr] = mapped_column(primary_key=True)
    last: Mapped[Int]


class CaseMerge(Base):
    """That a case was merged into another (并案), with the reports it brought; can be undone."""

    __tablename__ = "case_merges"

    id: Mapped[Id] = mapped_column(primary_key=True)
    case_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    into_id: Mapped[Id] = mapped_column(ForeignKey("cases.id"), index=True)
    report_ids: Mapped[Json]
    merged_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    merged_at: Mapped[At]
    undone_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    undone_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("case_id <> into_id", name="another"),
        CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone"),
    )
