"""consents, sealed phone numbers, looks at personal data, exports and deletions

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RATINGS = ("report_id", "case_id", "stars", "reasons", "created_at")
OBJECTIONS = ("id", "award_id", "raised_by")


def upgrade() -> None:
    _former_names()
    _phones()
    _consents()
    _looks()
    _exports()
    # A person's own words lose that person's name and number when they go; the facts stay.
    for table, names in {"ratings": RATINGS, "objections": OBJECTIONS}.items():
        guards.lift(table)
        guards.frozen_columns(table, names)


def _former_names() -> None:
    op.create_table(
        "former_names",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_former_names_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "name", name=op.f("pk_former_names")),
        sqlite_strict=True,
    )


def _phones() -> None:
    op.create_table(
        "phones",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("sealed", columns.FreeText, nullable=False),
        sa.Column("mark", columns.CodeText, nullable=False),
        sa.Column("masked", columns.CodeText, nullable=False),
        sa.Column("bound_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_phones_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_phones")),
        sa.UniqueConstraint("mark", name=op.f("uq_phones_mark")),
        sqlite_strict=True,
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("version", columns.CodeText, nullable=False),
        sa.Column("given", columns.FlagType(), nullable=False),
        sa.Column("at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_consents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_strict=True,
    )
    op.create_index("ix_consents_person", "consents", ["person_id", "at"])
    guards.append_only("consents")


def _looks() -> None:
    op.create_table(
        "looks",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("at", columns.InstantType(), nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=False),
        sa.Column("role", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("object_id", columns.IdType(), nullable=False),
        sa.Column("reason", columns.FreeText, nullable=False),
        sa.CheckConstraint("kind IN ('reporter', 'phone', 'original')", name=op.f("ck_looks_kind")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_looks_actor_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_looks_person_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_looks_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sqlite_strict=True,
    )
    op.create_index("ix_looks_person", "looks", ["person_id", "at", "id"])
    op.create_index("ix_looks_region", "looks", ["region_code", "at", "id"])
    guards.append_only("looks")


def _exports() -> None:
    op.create_table(
        "data_exports",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("bytes", columns.Whole, nullable=True),
        sa.Column("asked_at", columns.InstantType(), nullable=False),
        sa.Column("ready_at", columns.InstantType(), nullable=True),
        sa.Column("expires_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'ready', 'expired')", name=op.f("ck_data_exports_state")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (ready_at IS NULL)", name=op.f("ck_data_exports_ready")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_data_exports_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_exports")),
        sqlite_strict=True,
    )
    op.create_index("ix_data_exports_person", "data_exports", ["person_id", "asked_at"])


def downgrade() -> None:
    guards.lift("objections")
    guards.frozen_columns("objections", (*OBJECTIONS, "reason"))
    guards.lift("ratings")
    guards.append_only("ratings", key="report_id")
    for table in ("data_exports", "looks", "consents", "phones", "former_names"):
        op.drop_table(table)
