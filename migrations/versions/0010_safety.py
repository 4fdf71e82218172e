"""what may not be shown: texts and photos that are checked

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

VERDICTS = "verdict IN ('passed', 'waiting', 'held', 'hidden')"
JUDGED = ("photos", "reports")


def upgrade() -> None:
    for name in JUDGED:
        with rebuild.table(name) as batch:
            # What was shown until today was seen by people and stays as it is.
            batch.add_column(
                sa.Column("verdict", columns.CodeText, server_default="passed", nullable=False)
            )
            batch.create_check_constraint(op.f(f"ck_{name}_verdict"), VERDICTS)
    _checks()
    _findings()


def _checks() -> None:
    op.create_table(
        "content_checks",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("report_id", columns.IdType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("why", columns.CodeText, nullable=True),
        sa.Column("trace_id", columns.CodeText, nullable=True),
        sa.Column("sealed_text", columns.FreeText, nullable=True),
        sa.Column("sealed_address", columns.FreeText, nullable=True),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'photo')", name=op.f("ck_content_checks_kind")),
        sa.CheckConstraint(
            "(kind = 'text') = (id = report_id)", name=op.f("ck_content_checks_subject")
        ),
        sa.CheckConstraint(
            "state IN ('passed', 'waiting', 'held', 'hidden')", name=op.f("ck_content_checks_state")
        ),
        sa.CheckConstraint(
            "(sealed_text IS NOT NULL) = (kind = 'text' AND state = 'hidden')",
            name=op.f("ck_content_checks_sealed"),
        ),
        sa.CheckConstraint(
            "sealed_address IS NULL OR sealed_text IS NOT NULL",
            name=op.f("ck_content_checks_address"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_content_checks_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_content_checks_decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_checks")),
        sa.UniqueConstraint("trace_id", name=op.f("uq_content_checks_trace_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_content_checks_queue", "content_checks", ["state", "created_at", "id"])
    op.create_index(op.f("ix_content_checks_report_id"), "content_checks", ["report_id"])


def _findings() -> None:
    op.create_table(
        "content_findings",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("check_id", columns.IdType(), nullable=True),
        sa.Column("source", columns.CodeText, nullable=False),
        sa.Column("finding", columns.CodeText, nullable=False),
        sa.Column("label", columns.Whole, nullable=True),
        sa.Column("trace_id", columns.CodeText, nullable=True),
        sa.Column("person_id", columns.IdType(), nullable=True),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "source IN ('wechat', 'service', 'person')", name=op.f("ck_content_findings_source")
        ),
        sa.CheckConstraint(
            "(source = 'person') = (person_id IS NOT NULL)", name=op.f("ck_content_findings_person")
        ),
        sa.CheckConstraint(
            "check_id IS NOT NULL OR trace_id IS NOT NULL", name=op.f("ck_content_findings_about")
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["content_checks.id"],
            name=op.f("fk_content_findings_check_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_content_findings_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_findings")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_content_findings_check_id"), "content_findings", ["check_id"])
    op.create_index(op.f("ix_content_findings_trace_id"), "content_findings", ["trace_id"])
    guards.append_only("content_findings")


def downgrade() -> None:
    guards.lift("content_findings")
    op.drop_index(op.f("ix_content_findings_trace_id"), table_name="content_findings")
    op.drop_index(op.f("ix_content_findings_check_id"), table_name="content_findings")
    op.drop_table("content_findings")
    op.drop_index(op.f("ix_content_checks_report_id"), table_name="content_checks")
    op.drop_index("ix_content_checks_queue", table_name="content_checks")
    op.drop_table("content_checks")
    for name in reversed(JUDGED):
        with rebuild.table(name, without={f"ck_{name}_verdict"}) as batch:
            batch.drop_column("verdict")
