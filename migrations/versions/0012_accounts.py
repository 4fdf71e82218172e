"""staff accounts: one-time codes, invitations, sessions, clients

Revision ID: 0012
Revises: 0011
"""

import secrets

import sqlalchemy as sa
from alembic import op
from argon2 import PasswordHasher

from app.kit import clock, columns
from migrations import rebuild

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with rebuild.table("staff_accounts") as batch:
        batch.add_column(sa.Column("region_code", columns.CodeText))
        batch.add_column(sa.Column("password_set_at", columns.InstantType()))
        batch.add_column(sa.Column("one_time_until", columns.InstantType()))
        batch.create_foreign_key(
            op.f("fk_staff_accounts_region_code"), "regions", ["region_code"], ["code"]
        )
    op.create_index(op.f("ix_staff_accounts_region_code"), "staff_accounts", ["region_code"])
    with rebuild.table("sign_ins") as batch:
        batch.add_column(sa.Column("step", columns.CodeText))
        batch.create_check_constraint(op.f("ck_sign_ins_step"), "step IN ('password', 'totp')")
    op.add_column("api_clients", sa.Column("old_secret_hash", columns.CodeText))
    op.add_column("api_clients", sa.Column("old_until", columns.InstantType()))
    op.create_index(op.f("ix_api_clients_region_code"), "api_clients", ["region_code"])
    op.create_index(op.f("ix_refresh_tokens_successor"), "refresh_tokens", ["successor"])
    _codes_and_passwords()
    _invitations()
    _broken_glass()


def _codes_and_passwords() -> None:
    op.create_table(
        "former_passwords",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("ended_at", columns.InstantType(), nullable=False),
        sa.Column("password_hash", columns.FreeText, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_former_passwords_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "ended_at", name=op.f("pk_former_passwords")),
        sqlite_strict=True,
    )
    op.create_table(
        "totp_keys",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("secret", columns.FreeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("confirmed_at", columns.InstantType(), nullable=True),
        sa.Column("last_step", columns.Whole, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_totp_keys_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_totp_keys")),
        sqlite_strict=True,
    )


def _invitations() -> None:
    op.create_table(
        "staff_invitations",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("code_hash", columns.CodeText, nullable=False),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("used_at", columns.InstantType(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_staff_invitations_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_staff_invitations_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_invitations")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_staff_invitations_code_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_staff_invitations_person_id"), "staff_invitations", ["person_id"])


def _broken_glass() -> None:
    op.create_table(
        "broken_glass",
        sa.Column("grant_id", columns.IdType(), nullable=False),
        sa.Column("reason", columns.FreeText, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_broken_glass_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_broken_glass")),
        sqlite_strict=True,
    )


def _end_what_is_not_whole() -> None:
    """Without the columns a session that waits for a step would be a whole one, and a password that
    was given for three days would last: those end, and whoever had such a password is reset."""
    sign_ins = sa.table(
        "sign_ins",
        sa.column("step"),
        sa.column("revoked_at", columns.InstantType()),
        sa.column("revoked_why"),
    )
    waiting = sa.update(sign_ins).where(
        sign_ins.c.step.is_not(None), sign_ins.c.revoked_at.is_(None)
    )
    op.execute(waiting.values(revoked_at=clock.now(), revoked_why="downgraded"))
    accounts = sa.table(
        "staff_accounts", sa.column("one_time_until"), sa.column("password_hash", sa.Text)
    )
    # Of a password that nobody knows, so that a try takes as long as any other.
    nobodys = PasswordHasher().hash(secrets.token_urlsafe())
    given = sa.update(accounts).where(accounts.c.one_time_until.is_not(None))
    op.execute(given.values(password_hash=nobodys))


def downgrade() -> None:
    _end_what_is_not_whole()
    op.drop_index(op.f("ix_refresh_tokens_successor"), table_name="refresh_tokens")
    for table in ("broken_glass", "staff_invitations", "totp_keys", "former_passwords"):
        op.drop_table(table)
    op.drop_index(op.f("ix_api_clients_region_code"), table_name="api_clients")
    op.drop_column("api_clients", "old_until")
    op.drop_column("api_clients", "old_secret_hash")
    with rebuild.table("sign_ins", without={"ck_sign_ins_step"}) as batch:
        batch.drop_column("step")
    op.drop_index(op.f("ix_staff_accounts_region_code"), table_name="staff_accounts")
    with rebuild.table("staff_accounts") as batch:
        batch.drop_constraint(op.f("fk_staff_accounts_region_code"), type_="foreignkey")
        batch.drop_column("one_time_until")
        batch.drop_column("password_set_at")
        batch.drop_column("region_code")
