"""what points by hand are for: hours of an activity, a suggestion that was adopted

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FROZEN = ("id", "kind", "person_id", "source", "points", "proposed_by")
EVENTS = "'manual.awarded', 'activity.attended', 'suggestion.adopted'"


def upgrade() -> None:
    guards.lift("corrections")
    op.add_column("corrections", sa.Column("event", columns.CodeText))
    op.add_column("corrections", sa.Column("hours", columns.Whole))
    op.execute("UPDATE corrections SET event = 'manual.awarded' WHERE kind = 'award'")
    with rebuild.table("corrections") as batch:
        batch.create_check_constraint(
            op.f("ck_corrections_event"),
            f"(kind = 'award') = (event IS NOT NULL) AND event IN ({EVENTS})",
        )
        batch.create_check_constraint(
            op.f("ck_corrections_hours"),
            "(COALESCE(event, '') = 'activity.attended') = (hours IS NOT NULL)"
            " AND hours BETWEEN 1 AND 24",
        )
    guards.frozen_columns("corrections", (*FROZEN, "event", "hours"))


def downgrade() -> None:
    guards.lift("corrections")
    with rebuild.table(
        "corrections", without={"ck_corrections_event", "ck_corrections_hours"}
    ) as batch:
        batch.drop_column("event")
        batch.drop_column("hours")
    guards.frozen_columns("corrections", FROZEN)
