"""WeChat's access token and what it pushes

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wechat_tokens",
        sa.Column("appid", columns.CodeText, nullable=False),
        sa.Column("token", columns.FreeText, nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("forced_on", columns.CodeText, nullable=True),
        sa.Column("forced", columns.Whole, nullable=False),
        sa.CheckConstraint("forced >= 0", name=op.f("ck_wechat_tokens_forced")),
        sa.PrimaryKeyConstraint("appid", name=op.f("pk_wechat_tokens")),
        sqlite_strict=True,
    )
    op.create_table(
        "wechat_pushes",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("key", columns.CodeText, nullable=False),
        sa.Column("event", columns.CodeText, nullable=False),
        sa.Column("fields", columns.JsonType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("received_at", columns.InstantType(), nullable=False),
        sa.Column("done_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "state IN ('received', 'handled', 'ignored')", name=op.f("ck_wechat_pushes_state")
        ),
        sa.CheckConstraint(
            "(state = 'received') = (done_at IS NULL)", name=op.f("ck_wechat_pushes_done")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_pushes")),
        sa.UniqueConstraint("key", name=op.f("uq_wechat_pushes_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_wechat_pushes_received_at"), "wechat_pushes", ["received_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_wechat_pushes_received_at"), table_name="wechat_pushes")
    op.drop_table("wechat_pushes")
    op.drop_table("wechat_tokens")
