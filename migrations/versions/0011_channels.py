"""messages beyond the inbox: grants, preferences, deliveries

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def _person(table: str, of: str = "message_recipients.person_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], [of], name=op.f(f"fk_{table}_person_id"))


def _recipients() -> None:
    op.create_table(
        "message_recipients",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("wechat_off", columns.JsonType(), nullable=False),
        sa.Column("quiet_starts", columns.Whole, nullable=True),
        sa.Column("quiet_ends", columns.Whole, nullable=True),
        sa.Column("digest", columns.FlagType(), nullable=False),
        sa.Column("language", columns.CodeText, nullable=False),
        sa.Column("failures", columns.Whole, nullable=False),
        sa.Column("rests_until", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(quiet_starts IS NULL) = (quiet_ends IS NULL)",
            name=op.f("ck_message_recipients_quiet"),
        ),
        sa.CheckConstraint(
            "quiet_starts BETWEEN 0 AND 1439 AND quiet_ends BETWEEN 0 AND 1439",
            name=op.f("ck_message_recipients_minutes"),
        ),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_message_recipients_language")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_message_recipients_failures")),
        _person("message_recipients", "people.id"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_message_recipients")),
        sqlite_strict=True,
    )


def _grants() -> None:
    op.create_table(
        "wechat_grants",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("template_id", columns.CodeText, nullable=False),
        sa.Column("remaining", columns.Whole, nullable=False),
        sa.Column("answer", columns.CodeText, nullable=False),
        sa.Column("answered_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND 1000", name=op.f("ck_wechat_grants_remaining")),
        sa.CheckConstraint(
            "answer IN ('accept', 'reject', 'ban', 'filter')", name=op.f("ck_wechat_grants_answer")
        ),
        _person("wechat_grants"),
        sa.PrimaryKeyConstraint("person_id", "template_id", name=op.f("pk_wechat_grants")),
        sqlite_strict=True,
    )


def _deliveries() -> None:
    op.create_table(
        "message_deliveries",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("message_id", columns.IdType(), nullable=False),
        sa.Column("channel", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("template_id", columns.CodeText, nullable=False),
        sa.Column("covers", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("attempts", columns.Whole, nullable=False),
        sa.Column("unclear", columns.Whole, nullable=False),
        sa.Column("last_error", columns.CodeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("next_at", columns.InstantType(), nullable=False),
        sa.Column("done_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint("channel IN ('wechat')", name=op.f("ck_message_deliveries_channel")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'given_up', 'digested')",
            name=op.f("ck_message_deliveries_state"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (done_at IS NULL)", name=op.f("ck_message_deliveries_done")
        ),
        sa.CheckConstraint("covers >= 1", name=op.f("ck_message_deliveries_covers")),
        sa.CheckConstraint(
            "unclear >= 0 AND unclear <= attempts", name=op.f("ck_message_deliveries_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_deliveries_message_id"),
            ondelete="CASCADE",
        ),
        _person("message_deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_deliveries")),
        sa.UniqueConstraint(
            "message_id", "channel", name=op.f("uq_message_deliveries_message_id_channel")
        ),
        sqlite_strict=True,
    )
    for name, *indexed in (
        ("ix_message_deliveries_due", "next_at", "id"),
        ("ix_message_deliveries_waiting", "person_id", "created_at"),
    ):
        op.create_index(
            name, "message_deliveries", indexed, sqlite_where=WAITING, postgresql_where=WAITING
        )


def upgrade() -> None:
    _recipients()
    _grants()
    _deliveries()


def downgrade() -> None:
    op.drop_table("message_deliveries")
    op.drop_table("wechat_grants")
    op.drop_table("message_recipients")
