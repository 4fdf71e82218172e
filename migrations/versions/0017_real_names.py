"""sealed real names, and looks at them

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KINDS = "'reporter', 'phone', 'original'"


def upgrade() -> None:
    op.create_table(
        "real_names",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("sealed", columns.FreeText, nullable=False),
        sa.Column("masked", columns.FreeText, nullable=False),
        sa.Column("bound_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_real_names_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_real_names")),
        sqlite_strict=True,
    )
    _looks("'reporter', 'phone', 'real_name', 'original'")


def downgrade() -> None:
    guards.lift("looks")
    op.execute("DELETE FROM looks WHERE kind = 'real_name'")
    _looks(KINDS)
    op.drop_table("real_names")


def _looks(kinds: str) -> None:
    guards.lift("looks")
    with rebuild.table("looks", without={"ck_looks_kind"}) as batch:
        batch.create_check_constraint(op.f("ck_looks_kind"), f"kind IN ({kinds})")
    guards.append_only("looks")
