"""uploads straight into the object store, and redacted copies

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("owner_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("completed_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_uploads_times")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_uploads_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sqlite_strict=True,
    )
    op.create_index("ix_uploads_owner", "uploads", ["owner_id", "created_at"])
    op.create_table(
        "redactions",
        sa.Column("photo_id", columns.IdType(), nullable=False),
        sa.Column("boxes", columns.JsonType(), nullable=False),
        sa.Column("made_by", columns.IdType(), nullable=False),
        sa.Column("made_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_redactions_made_by")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_redactions_photo_id")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_redactions")),
        sqlite_strict=True,
    )
    op.add_column("photos", sa.Column("copy_id", columns.IdType(), nullable=True))
    op.create_index("ix_photos_copy_id", "photos", ["copy_id"])


def downgrade() -> None:
    op.drop_index("ix_photos_copy_id", "photos")
    op.drop_column("photos", "copy_id")
    op.drop_table("redactions")
    op.drop_table("uploads")
