"""blocks, and how far a reporter is trusted

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations.guards import on_sqlite

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

REASONS = "'false_reports', 'flooding', 'abuse', 'fraud', 'other'"


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("reason", columns.CodeText, nullable=False),
        sa.Column("note", columns.FreeText, nullable=False),
        sa.Column("until", columns.InstantType(), nullable=True),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("lifted_by", columns.IdType(), nullable=True),
        sa.Column("lifted_at", columns.InstantType(), nullable=True),
        sa.Column("mark", columns.CodeText, nullable=True),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_blocks_reason")),
        sa.CheckConstraint("until > created_at", name=op.f("ck_blocks_until")),
        sa.CheckConstraint(
            "(lifted_by IS NULL) = (lifted_at IS NULL)", name=op.f("ck_blocks_lifted")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_blocks_person_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_blocks_region_code")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_blocks_created_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["people.id"], name=op.f("fk_blocks_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        sqlite_strict=True,
    )
    op.create_index("ix_blocks_person", "blocks", ["person_id", "created_at"])
    op.create_index("ix_blocks_region", "blocks", ["region_code", "created_at", "id"])
    op.create_index(op.f("ix_blocks_mark"), "blocks", ["mark"])
    op.create_table(
        "daily_uses",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("day", columns.CodeText, nullable=False),
        sa.Column("used", columns.Whole, nullable=False),
        sa.CheckConstraint("kind IN ('reports', 'photo_bytes')", name=op.f("ck_daily_uses_kind")),
        sa.CheckConstraint("used > 0", name=op.f("ck_daily_uses_used")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_daily_uses_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", "day", name=op.f("pk_daily_uses")),
        sqlite_strict=True,
    )
    op.create_index("ix_daily_uses_day", "daily_uses", ["day"])
    op.create_table(
        "standings",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("verified", columns.Whole, nullable=False),
        sa.Column("false_reports", columns.Whole, nullable=False),
        sa.Column("level", columns.CodeText, nullable=False),
        sa.Column("counted_at", columns.InstantType(), nullable=False),
        sa.Column("renew_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "level IN ('new', 'trusted', 'watched')", name=op.f("ck_standings_level")
        ),
        sa.CheckConstraint(
            "verified >= 0 AND false_reports >= 0", name=op.f("ck_standings_counts")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_standings_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_standings")),
        sqlite_strict=True,
    )
    op.create_index("ix_standings_renew_at", "standings", ["renew_at"])
    op.create_index("ix_standings_level", "standings", ["level", "counted_at", "person_id"])
    # Not rebuilt: SQLite adds a column with its own CHECK at once, to a million cases too.
    kind = "TEXT" if on_sqlite() else 'TEXT COLLATE "C"'
    op.execute(
        f"ALTER TABLE cases ADD COLUMN lane {kind}"
        " CONSTRAINT ck_cases_lane CHECK (lane IN ('fast', 'review'))"
    )


def downgrade() -> None:
    op.drop_column("cases", "lane")
    for table in ("standings", "daily_uses", "blocks"):
        op.drop_table(table)
