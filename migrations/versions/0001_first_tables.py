"""first tables

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("asset", columns.CodeText, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("owner", columns.CodeText, nullable=False),
        sa.Column("shard", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(asset = 'PTS' AND kind IN ('issuer', 'member', 'household', 'redeemed', 'expired')) OR (asset = 'CNY' AND kind IN ('world', 'pool', 'reserved', 'payable'))",
            name=op.f("ck_accounts_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("id", "asset", name=op.f("uq_accounts_id_asset")),
        sa.UniqueConstraint("kind", "owner", "shard", name=op.f("uq_accounts_kind_owner_shard")),
        sqlite_strict=True,
    )
    op.create_table(
        "attempts",
        sa.Column("subject", columns.CodeText, nullable=False),
        sa.Column("window_start", columns.InstantType(), nullable=False),
        sa.Column("count", columns.Whole, nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_attempts_count")),
        sa.PrimaryKeyConstraint("subject", "window_start", name=op.f("pk_attempts")),
        sqlite_strict=True,
    )
    op.create_table(
        "case_numbers",
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("day", columns.CodeText, nullable=False),
        sa.Column("last", columns.Whole, nullable=False),
        sa.PrimaryKeyConstraint("district", "day", name=op.f("pk_case_numbers")),
        sqlite_strict=True,
    )
    op.create_table(
        "categories",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("parent_code", columns.CodeText, nullable=True),
        sa.Column("national_code", columns.CodeText, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("hazard", columns.FlagType(), nullable=False),
        sa.Column("due_hours", columns.Whole, nullable=False),
        sa.Column("accept_hours", columns.Whole, nullable=False),
        sa.Column("duplicate_radius_m", columns.Whole, nullable=False),
        sa.Column("filing_condition", columns.FreeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("source", columns.FreeText, nullable=False),
        sa.Column("verified", columns.FlagType(), nullable=False),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("kind IN ('component', 'event')", name=op.f("ck_categories_kind")),
        sa.CheckConstraint("due_hours > 0 AND accept_hours > 0", name=op.f("ck_categories_hours")),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["categories.code"], name=op.f("fk_categories_parent_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_categories")),
        sa.UniqueConstraint("kind", "national_code", name=op.f("uq_categories_kind_national_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "grid_version",
        sa.Column("id", columns.Whole, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_grid_version_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", columns.CodeText, nullable=False),
        sa.Column("key", columns.CodeText, nullable=False),
        sa.Column("fingerprint", columns.CodeText, nullable=False),
        sa.Column("status", columns.Whole, nullable=False),
        sa.Column("headers", columns.JsonType(), nullable=False),
        sa.Column("body", columns.FreeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "items",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("cost_fen", columns.Whole, nullable=False),
        sa.Column("published", columns.FlagType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("cost_fen BETWEEN 0 AND 100000000", name=op.f("ck_items_cost")),
        sa.CheckConstraint("points BETWEEN 1 AND 1000000", name=op.f("ck_items_points")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("code", name=op.f("uq_items_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("payload", columns.JsonType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("run_at", columns.InstantType(), nullable=False),
        sa.Column("attempts", columns.Whole, nullable=False),
        sa.Column("error", columns.FreeText, nullable=True),
        sa.Column("unique_key", columns.CodeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("finished_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint("state IN ('ready', 'done', 'dead')", name=op.f("ck_jobs_state")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_jobs_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_jobs_unique_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_jobs_due", "jobs", ["state", "run_at", "id"], unique=False)
    op.create_table(
        "journals",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("source", columns.CodeText, nullable=False),
        sa.Column("reason", columns.CodeText, nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=True),
        sa.Column("approver_id", columns.IdType(), nullable=True),
        sa.Column("reverses_id", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('contribute', 'accrue', 'settle', 'void', 'reverse', 'redeem', 'fulfil', 'cancel', 'expire', 'adjust', 'refund', 'pay_out', 'rebalance')",
            name=op.f("ck_journals_kind"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('contribute', 'reverse', 'adjust', 'refund', 'pay_out') OR (actor_id IS NOT NULL AND approver_id IS NOT NULL)",
            name=op.f("ck_journals_approved"),
        ),
        sa.CheckConstraint("approver_id <> actor_id", name=op.f("ck_journals_two_persons")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["journals.id"], name=op.f("fk_journals_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journals")),
        sa.UniqueConstraint("kind", "source", name=op.f("uq_journals_kind_source")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_journals_reverses_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "people",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("member_no", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("occupation", columns.CodeText, nullable=False),
        sa.Column("employer", columns.FreeText, nullable=True),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "occupation IN ('courier', 'rider', 'ride_hailing', 'truck_driver', 'resident', 'staff', 'other')",
            name=op.f("ck_people_occupation"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'disabled', 'deleted')", name=op.f("ck_people_state")
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 64", name=op.f("ck_people_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("member_no", name=op.f("uq_people_member_no")),
        sqlite_strict=True,
    )
    op.create_table(
        "regions",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("parent_code", columns.CodeText, nullable=True),
        sa.Column("path", columns.CodeText, nullable=False),
        sa.Column("level", columns.Whole, nullable=False),
        sa.Column("kind", columns.FreeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("official_name", columns.FreeText, nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("(level = 0) = (parent_code IS NULL)", name=op.f("ck_regions_root")),
        sa.CheckConstraint("level >= 0 AND level <= 9", name=op.f("ck_regions_level")),
        sa.CheckConstraint("parent_code <> code", name=op.f("ck_regions_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["regions.code"], name=op.f("fk_regions_parent_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
        sa.UniqueConstraint("path", name=op.f("uq_regions_path")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_regions_parent_code"), "regions", ["parent_code"], unique=False)
    op.create_table(
        "staff_actions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("at", columns.InstantType(), nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=True),
        sa.Column("action", columns.CodeText, nullable=False),
        sa.Column("object_kind", columns.CodeText, nullable=False),
        sa.Column("object_id", columns.CodeText, nullable=False),
        sa.Column("reason", columns.FreeText, nullable=True),
        sa.Column("detail", columns.JsonType(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_actions")),
        sqlite_strict=True,
    )
    op.create_index("ix_staff_actions_actor", "staff_actions", ["actor_id", "at"], unique=False)
    op.create_index(
        "ix_staff_actions_object", "staff_actions", ["object_kind", "object_id", "at"], unique=False
    )
    op.create_table(
        "api_clients",
        sa.Column("id", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("secret_hash", columns.CodeText, nullable=False),
        sa.Column("scopes", columns.JsonType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("development", columns.FlagType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_api_clients_state")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_api_clients_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_clients")),
        sqlite_strict=True,
    )
    op.create_table(
        "balances",
        sa.Column("account_id", columns.IdType(), nullable=False),
        sa.Column("credits", columns.Whole, nullable=False),
        sa.Column("debits", columns.Whole, nullable=False),
        sa.Column("held", columns.Whole, nullable=False),
        sa.Column("unsettled", columns.Whole, nullable=False),
        sa.CheckConstraint("credits <= 100000000000000", name=op.f("ck_balances_bounded")),
        sa.CheckConstraint(
            "credits >= 0 AND debits >= 0 AND held >= 0 AND unsettled >= 0",
            name=op.f("ck_balances_not_negative"),
        ),
        sa.CheckConstraint(
            "debits + held + unsettled <= credits", name=op.f("ck_balances_not_overdrawn")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_balances_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balances")),
        sqlite_strict=True,
    )
    op.create_table(
        "cap_counters",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("rule_code", columns.CodeText, nullable=False),
        sa.Column("period", columns.CodeText, nullable=False),
        sa.Column("used", columns.Whole, nullable=False),
        sa.Column("cap", columns.Whole, nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND cap", name=op.f("ck_cap_counters_within")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_cap_counters_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "rule_code", "period", name=op.f("pk_cap_counters")),
        sqlite_strict=True,
    )
    op.create_table(
        "funds",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("purpose", columns.FreeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("rate_fen", columns.Whole, nullable=False),
        sa.Column("shards", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'closed')", name=op.f("ck_funds_state")),
        sa.CheckConstraint("rate_fen BETWEEN 1 AND 100000", name=op.f("ck_funds_rate")),
        sa.CheckConstraint("shards BETWEEN 1 AND 64", name=op.f("ck_funds_shards")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_funds_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds")),
        sa.UniqueConstraint("code", name=op.f("uq_funds_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "grants",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("role", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("granted_by", columns.IdType(), nullable=True),
        sa.Column("granted_at", columns.InstantType(), nullable=False),
        sa.Column("revoked_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "role IN ('grid_staff', 'grid_head', 'dispatcher', 'handler', 'checker', 'keeper', 'auditor', 'fund_manager', 'fund_approver', 'administrator')",
            name=op.f("ck_grants_role"),
        ),
        sa.ForeignKeyConstraint(["granted_by"], ["people.id"], name=op.f("fk_grants_granted_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_grants_person_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_grants_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_grants_person", "grants", ["person_id", "role", "region_code"], unique=False
    )
    op.create_index(op.f("ix_grants_region_code"), "grants", ["region_code"], unique=False)
    op.create_table(
        "grids",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("net", columns.Whole, nullable=True),
        sa.Column("shape", columns.Blob, nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["regions.code"], name=op.f("fk_grids_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_grids")),
        sqlite_strict=True,
    )
    op.create_table(
        "messages",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("subject", columns.CodeText, nullable=False),
        sa.Column("data", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("read_at", columns.InstantType(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_messages_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "person_id", "kind", "subject", name=op.f("uq_messages_person_id_kind_subject")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_messages_inbox", "messages", ["person_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "photos",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("owner_id", columns.IdType(), nullable=False),
        sa.Column("used_for", columns.CodeText, nullable=True),
        sa.Column("content_type", columns.CodeText, nullable=False),
        sa.Column("bytes", columns.Whole, nullable=False),
        sa.Column("width", columns.Whole, nullable=False),
        sa.Column("height", columns.Whole, nullable=False),
        sa.Column("sha256", columns.CodeText, nullable=False),
        sa.Column("dhash", columns.CodeText, nullable=False),
        sa.Column("taken_at", columns.InstantType(), nullable=True),
        sa.Column("lat", columns.Number, nullable=True),
        sa.Column("lng", columns.Number, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("(lat IS NULL) = (lng IS NULL)", name=op.f("ck_photos_place")),
        sa.CheckConstraint(
            "length(sha256) = 64 AND length(dhash) = 16", name=op.f("ck_photos_hashes")
        ),
        sa.CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name=op.f("ck_photos_size")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_photos_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sqlite_strict=True,
    )
    op.create_index("ix_photos_owner", "photos", ["owner_id", "created_at"], unique=False)
    op.create_index(op.f("ix_photos_sha256"), "photos", ["sha256"], unique=False)
    op.create_table(
        "plain_choices",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("category_code", columns.CodeText, nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_plain_choices_category_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_plain_choices")),
        sqlite_strict=True,
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("revoked_at", columns.InstantType(), nullable=True),
        sa.Column("revoked_why", columns.CodeText, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)
    op.create_table(
        "staff_accounts",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("username", columns.CodeText, nullable=False),
        sa.Column("password_hash", columns.FreeText, nullable=False),
        sa.Column("development", columns.FlagType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_staff_accounts_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_staff_accounts")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_accounts_username")),
        sqlite_strict=True,
    )
    op.create_table(
        "stations",
        sa.Column("id", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("lat", columns.Number, nullable=False),
        sa.Column("lng", columns.Number, nullable=False),
        sa.Column("hours", columns.JsonType(), nullable=False),
        sa.Column("services", columns.JsonType(), nullable=False),
        sa.Column("open", columns.FlagType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_stations_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_stations_region_code"), "stations", ["region_code"], unique=False)
    op.create_table(
        "transfers",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("journal_id", columns.IdType(), nullable=False),
        sa.Column("asset", columns.CodeText, nullable=False),
        sa.Column("debit_account_id", columns.IdType(), nullable=False),
        sa.Column("credit_account_id", columns.IdType(), nullable=False),
        sa.Column("amount", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("pending_id", columns.IdType(), nullable=True),
        sa.Column("pending_state", columns.CodeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('post', 'void') AND pending_id IS NOT NULL AND pending_state = 'pending') OR (state IN ('posted', 'pending') AND pending_id IS NULL AND pending_state IS NULL)",
            name=op.f("ck_transfers_resolution"),
        ),
        sa.CheckConstraint(
            "state IN ('posted', 'pending', 'post', 'void')", name=op.f("ck_transfers_state")
        ),
        sa.CheckConstraint(
            "amount BETWEEN 1 AND 100000000000000", name=op.f("ck_transfers_amount")
        ),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_transfers_two_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "asset"],
            ["accounts.id", "accounts.asset"],
            name=op.f("fk_transfers_credit_account_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "asset"],
            ["accounts.id", "accounts.asset"],
            name=op.f("fk_transfers_debit_account_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("fk_transfers_journal_id")
        ),
        sa.ForeignKeyConstraint(
            ["pending_id", "pending_state", "debit_account_id", "credit_account_id", "amount"],
            [
                "transfers.id",
                "transfers.state",
                "transfers.debit_account_id",
                "transfers.credit_account_id",
                "transfers.amount",
            ],
            name="fk_transfers_resolution",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint(
            "id",
            "state",
            "debit_account_id",
            "credit_account_id",
            "amount",
            name="uq_transfers_resolution",
        ),
        sa.UniqueConstraint("pending_id", name=op.f("uq_transfers_pending_id")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_transfers_credit_account_id"), "transfers", ["credit_account_id"], unique=False
    )
    op.create_index(
        op.f("ix_transfers_debit_account_id"), "transfers", ["debit_account_id"], unique=False
    )
    op.create_index(op.f("ix_transfers_journal_id"), "transfers", ["journal_id"], unique=False)
    op.create_table(
        "wechat_bindings",
        sa.Column("appid", columns.CodeText, nullable=False),
        sa.Column("openid", columns.CodeText, nullable=False),
        sa.Column("unionid", columns.CodeText, nullable=True),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_wechat_bindings_person_id")
        ),
        sa.PrimaryKeyConstraint("appid", "openid", name=op.f("pk_wechat_bindings")),
        sa.UniqueConstraint("person_id", "appid", name=op.f("uq_wechat_bindings_person_id_appid")),
        sqlite_strict=True,
    )
    op.create_table(
        "cases",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("number", columns.CodeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("status", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("grid_code", columns.CodeText, nullable=True),
        sa.Column("routing", columns.JsonType(), nullable=False),
        sa.Column("category_code", columns.CodeText, nullable=True),
        sa.Column("hazard", columns.FlagType(), nullable=False),
        sa.Column("description", columns.FreeText, nullable=False),
        sa.Column("address", columns.FreeText, nullable=True),
        sa.Column("lat", columns.Number, nullable=True),
        sa.Column("lng", columns.Number, nullable=True),
        sa.Column("assignee_id", columns.IdType(), nullable=True),
        sa.Column("outcome", columns.CodeText, nullable=True),
        sa.Column("rework", columns.Whole, nullable=False),
        sa.Column("returns", columns.Whole, nullable=False),
        sa.Column("accept_due_at", columns.InstantType(), nullable=False),
        sa.Column("handle_due_at", columns.InstantType(), nullable=True),
        sa.Column("clock_rule", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_cases_closed_outcome")
        ),
        sa.CheckConstraint(
            "outcome IN ('fixed', 'no_action_needed', 'not_responsible', 'unable', 'referred')",
            name=op.f("ck_cases_outcome"),
        ),
        sa.CheckConstraint(
            "status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved', 'closed', 'rejected', 'merged', 'suspended', 'withdrawn')",
            name=op.f("ck_cases_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('dispatched', 'in_progress', 'resolved') OR (assignee_id IS NOT NULL AND handle_due_at IS NOT NULL AND category_code IS NOT NULL)",
            name=op.f("ck_cases_dispatched"),
        ),
        sa.CheckConstraint(
            "version >= 1 AND rework >= 0 AND returns >= 0", name=op.f("ck_cases_counts")
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["people.id"], name=op.f("fk_cases_assignee_id")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_cases_category_code")
        ),
        sa.ForeignKeyConstraint(["grid_code"], ["grids.code"], name=op.f("fk_cases_grid_code")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_cases_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        sqlite_strict=True,
    )
    op.create_index("ix_cases_assignee", "cases", ["assignee_id", "created_at", "id"], unique=False)
    op.create_index("ix_cases_newest", "cases", ["created_at", "id"], unique=False)
    op.create_index("ix_cases_region", "cases", ["region_code", "created_at", "id"], unique=False)
    op.create_index("ix_cases_status", "cases", ["status", "created_at", "id"], unique=False)
    op.create_table(
        "contributions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("contributor", columns.FreeText, nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("proposed_by", columns.IdType(), nullable=False),
        sa.Column("proposed_at", columns.InstantType(), nullable=False),
        sa.Column("approved_by", columns.IdType(), nullable=True),
        sa.Column("approved_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name=op.f("ck_contributions_approval"),
        ),
        sa.CheckConstraint(
            "kind IN ('government', 'village', 'joint_villages', 'benefactor', 'villager')",
            name=op.f("ck_contributions_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved')", name=op.f("ck_contributions_state")
        ),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_contributions_two_persons")),
        sa.CheckConstraint("fen BETWEEN 1 AND 100000000000000", name=op.f("ck_contributions_fen")),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["people.id"], name=op.f("fk_contributions_approved_by")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_contributions_fund_id")),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["people.id"], name=op.f("fk_contributions_proposed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_contributions_fund_id"), "contributions", ["fund_id"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("account_id", columns.IdType(), nullable=False),
        sa.Column("earner_id", columns.IdType(), nullable=False),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("rate_fen", columns.Whole, nullable=False),
        sa.Column("transfer_id", columns.IdType(), nullable=False),
        sa.Column("amount", columns.Whole, nullable=False),
        sa.Column("remaining", columns.Whole, nullable=False),
        sa.Column("validity_days", columns.Whole, nullable=True),
        sa.Column("settled_at", columns.InstantType(), nullable=True),
        sa.Column("expires_at", columns.InstantType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000", name=op.f("ck_lots_amount")),
        sa.CheckConstraint("rate_fen BETWEEN 1 AND 100000", name=op.f("ck_lots_rate")),
        sa.CheckConstraint("remaining BETWEEN 0 AND amount", name=op.f("ck_lots_remaining")),
        sa.CheckConstraint(
            "settled_at IS NOT NULL OR expires_at IS NULL", name=op.f("ck_lots_expiry")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_lots_account_id")),
        sa.ForeignKeyConstraint(["earner_id"], ["people.id"], name=op.f("fk_lots_earner_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_lots_fund_id")),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfers.id"], name=op.f("fk_lots_transfer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_lots_transfer_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_lots_account", "lots", ["account_id", "expires_at", "id"], unique=False)
    op.create_table(
        "redemptions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("cost_fen", columns.Whole, nullable=False),
        sa.Column("code_hash", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("resolved_at", columns.InstantType(), nullable=True),
        sa.Column("keeper_id", columns.IdType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'fulfilled') = (keeper_id IS NOT NULL)", name=op.f("ck_redemptions_keeper")
        ),
        sa.CheckConstraint(
            "(state = 'held') = (resolved_at IS NULL)", name=op.f("ck_redemptions_resolved")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'fulfilled', 'cancelled', 'expired')",
            name=op.f("ck_redemptions_state"),
        ),
        sa.CheckConstraint("points > 0 AND cost_fen >= 0", name=op.f("ck_redemptions_amounts")),
        sa.ForeignKeyConstraint(
            ["keeper_id"], ["people.id"], name=op.f("fk_redemptions_keeper_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_redemptions_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_redemptions_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_redemptions_code_hash")),
        sqlite_strict=True,
    )
    op.create_index("ix_redemptions_due", "redemptions", ["state", "expires_at"], unique=False)
    op.create_index(
        "ix_redemptions_mine", "redemptions", ["person_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", columns.CodeText, nullable=False),
        sa.Column("sign_in_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("used_at", columns.InstantType(), nullable=True),
        sa.Column("successor", columns.CodeText, nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name=op.f("fk_refresh_tokens_sign_in_id")
        ),
        sa.ForeignKeyConstraint(
            ["successor"], ["refresh_tokens.token_hash"], name=op.f("fk_refresh_tokens_successor")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_refresh_tokens_sign_in_id"), "refresh_tokens", ["sign_in_id"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("description", columns.FreeText, nullable=False),
        sa.Column("choice", columns.CodeText, nullable=True),
        sa.Column("anonymous", columns.FlagType(), nullable=False),
        sa.Column("lat", columns.Number, nullable=True),
        sa.Column("lng", columns.Number, nullable=True),
        sa.Column("raw_lat", columns.Number, nullable=True),
        sa.Column("raw_lng", columns.Number, nullable=True),
        sa.Column("crs", columns.CodeText, nullable=True),
        sa.Column("accuracy_m", columns.Number, nullable=True),
        sa.Column("place_source", columns.CodeText, nullable=True),
        sa.Column("address", columns.FreeText, nullable=True),
        sa.Column("region_code", columns.CodeText, nullable=True),
        sa.Column("status", columns.CodeText, nullable=False),
        sa.Column("case_number", columns.CodeText, nullable=True),
        sa.Column("grid_code", columns.CodeText, nullable=True),
        sa.Column("outcome", columns.CodeText, nullable=True),
        sa.Column("public_note", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("crs IN ('wgs84', 'gcj02')", name=op.f("ck_reports_crs")),
        sa.CheckConstraint(
            "status IN ('received', 'reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved', 'closed', 'rejected', 'merged', 'suspended', 'withdrawn')",
            name=op.f("ck_reports_status"),
        ),
        sa.CheckConstraint(
            "(lat IS NULL) = (lng IS NULL) AND (lat IS NULL) = (crs IS NULL) AND (lat IS NULL) = (raw_lat IS NULL) AND (lat IS NULL) = (raw_lng IS NULL)",
            name=op.f("ck_reports_place"),
        ),
        sa.CheckConstraint(
            "lat IS NOT NULL OR address IS NOT NULL", name=op.f("ck_reports_somewhere")
        ),
        sa.ForeignKeyConstraint(["choice"], ["plain_choices.code"], name=op.f("fk_reports_choice")),
        sa.ForeignKeyConstraint(["grid_code"], ["regions.code"], name=op.f("fk_reports_grid_code")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reports_person_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_reports_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sqlite_strict=True,
    )
    op.create_index("ix_reports_mine", "reports", ["person_id", "created_at", "id"], unique=False)
    op.create_table(
        "reward_rules",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("event", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("day_cap", columns.Whole, nullable=False),
        sa.Column("month_cap", columns.Whole, nullable=False),
        sa.Column("validity_days", columns.Whole, nullable=True),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("effective_from", columns.InstantType(), nullable=False),
        sa.Column("effective_to", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "day_cap >= points AND month_cap >= day_cap", name=op.f("ck_reward_rules_caps")
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_reward_rules_points")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_reward_rules_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_rules")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_reward_rules_code_version")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_reward_rules_event", "reward_rules", ["event", "effective_from"], unique=False
    )
    op.create_table(
        "station_keepers",
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("since", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_station_keepers_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_station_keepers_station_id")
        ),
        sa.PrimaryKeyConstraint("station_id", "person_id", name=op.f("pk_station_keepers")),
        sqlite_strict=True,
    )
    op.create_table(
        "stock",
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("item_id", columns.IdType(), nullable=False),
        sa.Column("on_hand", columns.Whole, nullable=False),
        sa.Column("reserved", columns.Whole, nullable=False),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_reserved")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stock_item_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_stock_station_id")),
        sa.PrimaryKeyConstraint("station_id", "item_id", name=op.f("pk_stock")),
        sqlite_strict=True,
    )
    op.create_table(
        "stock_moves",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("item_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("on_hand_change", columns.Whole, nullable=False),
        sa.Column("reserved_change", columns.Whole, nullable=False),
        sa.Column("source", columns.CodeText, nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('restock', 'reserve', 'release', 'fulfil', 'adjust')",
            name=op.f("ck_stock_moves_kind"),
        ),
        sa.CheckConstraint(
            "on_hand_change <> 0 OR reserved_change <> 0", name=op.f("ck_stock_moves_change")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stock_moves_item_id")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_stock_moves_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_moves")),
        sa.UniqueConstraint(
            "kind",
            "source",
            "station_id",
            "item_id",
            name=op.f("uq_stock_moves_kind_source_station_id_item_id"),
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_stock_moves_row", "stock_moves", ["station_id", "item_id", "created_at"], unique=False
    )
    op.create_table(
        "awards",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("event", columns.CodeText, nullable=False),
        sa.Column("source", columns.CodeText, nullable=False),
        sa.Column("rule_id", columns.IdType(), nullable=False),
        sa.Column("asked", columns.Whole, nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("reason", columns.CodeText, nullable=False),
        sa.Column("day", columns.CodeText, nullable=False),
        sa.Column("inputs", columns.JsonType(), nullable=False),
        sa.Column("due_at", columns.InstantType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "state IN ('granted', 'capped', 'waiting', 'settled', 'voided')",
            name=op.f("ck_awards_state"),
        ),
        sa.CheckConstraint("points BETWEEN 0 AND asked", name=op.f("ck_awards_points")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_awards_person_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["reward_rules.id"], name=op.f("fk_awards_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awards")),
        sa.UniqueConstraint(
            "event", "source", "person_id", name=op.f("uq_awards_event_source_person_id")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_awards_person", "awards", ["person_id", "created_at"], unique=False)
    op.create_index("ix_awards_source", "awards", ["source"], unique=False)
    op.create_index("ix_awards_state", "awards", ["state", "created_at"], unique=False)
    op.create_table(
        "backing",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("journal_id", columns.IdType(), nullable=False),
        sa.Column("lot_id", columns.IdType(), nullable=False),
        sa.Column("contribution_id", columns.IdType(), nullable=False),
        sa.Column("shard", columns.Whole, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("kind IN ('draw', 'pay', 'return')", name=op.f("ck_backing_kind")),
        sa.CheckConstraint("fen BETWEEN 1 AND 100000000000000", name=op.f("ck_backing_fen")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_backing_contribution_id")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("fk_backing_journal_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_backing_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backing")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_backing_contribution_id"), "backing", ["contribution_id"], unique=False
    )
    op.create_index(op.f("ix_backing_journal_id"), "backing", ["journal_id"], unique=False)
    op.create_index(op.f("ix_backing_lot_id"), "backing", ["lot_id"], unique=False)
    op.create_table(
        "case_moves",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("move", columns.CodeText, nullable=False),
        sa.Column("from_status", columns.CodeText, nullable=True),
        sa.Column("to_status", columns.CodeText, nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=True),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("public_note", columns.FreeText, nullable=True),
        sa.Column("data", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "to_status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved', 'closed', 'rejected', 'merged', 'suspended', 'withdrawn')",
            name=op.f("ck_case_moves_to_status"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_case_moves_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_moves_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_moves")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_case_moves_case_id_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "case_notes",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_case_notes_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_case_notes_case_id"), "case_notes", ["case_id"], unique=False)
    op.create_table(
        "case_reports",
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("report_id", columns.IdType(), nullable=False),
        sa.Column("joined_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_reports_case_id")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_case_reports_report_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "report_id", name=op.f("pk_case_reports")),
        sa.UniqueConstraint("report_id", name=op.f("uq_case_reports_report_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "lot_uses",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("lot_id", columns.IdType(), nullable=False),
        sa.Column("transfer_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("amount", columns.Whole, nullable=False),
        sa.Column("taken_id", columns.IdType(), nullable=True),
        sa.Column("taken_kind", columns.CodeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'take' AND taken_id IS NULL AND taken_kind IS NULL) OR (kind = 'return' AND taken_id IS NOT NULL AND taken_kind = 'take')",
            name=op.f("ck_lot_uses_kind"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lot_uses_amount")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_lot_uses_lot_id")),
        sa.ForeignKeyConstraint(
            ["taken_id", "taken_kind", "lot_id", "amount"],
            ["lot_uses.id", "lot_uses.kind", "lot_uses.lot_id", "lot_uses.amount"],
            name="fk_lot_uses_return",
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfers.id"], name=op.f("fk_lot_uses_transfer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_uses")),
        sa.UniqueConstraint("id", "kind", "lot_id", "amount", name="uq_lot_uses_return"),
        sa.UniqueConstraint("lot_id", "transfer_id", name=op.f("uq_lot_uses_lot_id_transfer_id")),
        sa.UniqueConstraint("taken_id", name=op.f("uq_lot_uses_taken_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_lot_uses_lot_id"), "lot_uses", ["lot_id"], unique=False)
    op.create_index(op.f("ix_lot_uses_transfer_id"), "lot_uses", ["transfer_id"], unique=False)
    op.create_table(
        "pool_parts",
        sa.Column("contribution_id", columns.IdType(), nullable=False),
        sa.Column("shard", columns.Whole, nullable=False),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("available", columns.Whole, nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_pool_parts_available")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_pool_parts_contribution_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_pool_parts_fund_id")),
        sa.PrimaryKeyConstraint("contribution_id", "shard", name=op.f("pk_pool_parts")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_pool_parts_fifo", "pool_parts", ["fund_id", "shard", "contribution_id"], unique=False
    )
    op.create_table(
        "redemption_lines",
        sa.Column("redemption_id", columns.IdType(), nullable=False),
        sa.Column("item_id", columns.IdType(), nullable=False),
        sa.Column("quantity", columns.Whole, nullable=False),
        sa.Column("points_each", columns.Whole, nullable=False),
        sa.Column("cost_fen_each", columns.Whole, nullable=False),
        sa.CheckConstraint(
            "points_each > 0 AND cost_fen_each >= 0", name=op.f("ck_redemption_lines_prices")
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name=op.f("ck_redemption_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_redemption_lines_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemptions.id"], name=op.f("fk_redemption_lines_redemption_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", "item_id", name=op.f("pk_redemption_lines")),
        sqlite_strict=True,
    )
    op.create_table(
        "report_photos",
        sa.Column("report_id", columns.IdType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("photo_id", columns.IdType(), nullable=False),
        sa.CheckConstraint("position BETWEEN 1 AND 9", name=op.f("ck_report_photos_position")),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_report_photos_photo_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_report_photos_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "position", name=op.f("pk_report_photos")),
        sa.UniqueConstraint("photo_id", name=op.f("uq_report_photos_photo_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "award_changes",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("award_id", columns.IdType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("reason", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["awards.id"], name=op.f("fk_award_changes_award_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_changes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_award_changes_award_id"), "award_changes", ["award_id"], unique=False)
    op.create_table(
        "case_move_photos",
        sa.Column("move_id", columns.IdType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("photo_id", columns.IdType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["move_id"], ["case_moves.id"], name=op.f("fk_case_move_photos_move_id")
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_case_move_photos_photo_id")
        ),
        sa.PrimaryKeyConstraint("move_id", "position", name=op.f("pk_case_move_photos")),
        sa.UniqueConstraint("photo_id", name=op.f("uq_case_move_photos_photo_id")),
        sqlite_strict=True,
    )
    guard_facts()


def guard_facts() -> None:
    """What the ledger and the histories say must stay as it was written."""
    for table in (
        "journals",
        "transfers",
        "lot_uses",
        "backing",
        "stock_moves",
        "award_changes",
        "case_moves",
        "case_notes",
        "staff_actions",
    ):
        guards.append_only(table)
    guards.append_only("case_move_photos", key="move_id,position")
    guards.append_only("redemption_lines", key="redemption_id,item_id")
    guards.frozen_columns("accounts", ("id", "asset", "kind", "owner", "shard"))
    guards.frozen_columns(
        "lots",
        (
            "id",
            "account_id",
            "earner_id",
            "fund_id",
            "rate_fen",
            "transfer_id",
            "amount",
            "created_at",
        ),
    )
    guards.frozen_columns(
        "contributions", ("id", "fund_id", "kind", "contributor", "fen", "proposed_by")
    )
    guards.frozen_columns("funds", ("id", "rate_fen", "region_code"))
    guards.frozen_columns(
        "reward_rules",
        ("id", "code", "version", "event", "points", "day_cap", "month_cap", "fund_id"),
    )
    guards.frozen_columns(
        "redemptions", ("id", "person_id", "station_id", "points", "cost_fen", "code_hash")
    )


def downgrade() -> None:
    op.drop_table("case_move_photos")
    op.drop_index(op.f("ix_award_changes_award_id"), table_name="award_changes")
    op.drop_table("award_changes")
    op.drop_table("report_photos")
    op.drop_table("redemption_lines")
    op.drop_index("ix_pool_parts_fifo", table_name="pool_parts")
    op.drop_table("pool_parts")
    op.drop_index(op.f("ix_lot_uses_transfer_id"), table_name="lot_uses")
    op.drop_index(op.f("ix_lot_uses_lot_id"), table_name="lot_uses")
    op.drop_table("lot_uses")
    op.drop_table("case_reports")
    op.drop_index(op.f("ix_case_notes_case_id"), table_name="case_notes")
    op.drop_table("case_notes")
    op.drop_table("case_moves")
    op.drop_index(op.f("ix_backing_lot_id"), table_name="backing")
    op.drop_index(op.f("ix_backing_journal_id"), table_name="backing")
    op.drop_index(op.f("ix_backing_contribution_id"), table_name="backing")
    op.drop_table("backing")
    op.drop_index("ix_awards_state", table_name="awards")
    op.drop_index("ix_awards_source", table_name="awards")
    op.drop_index("ix_awards_person", table_name="awards")
    op.drop_table("awards")
    op.drop_index("ix_stock_moves_row", table_name="stock_moves")
    op.drop_table("stock_moves")
    op.drop_table("stock")
    op.drop_table("station_keepers")
    op.drop_index("ix_reward_rules_event", table_name="reward_rules")
    op.drop_table("reward_rules")
    op.drop_index("ix_reports_mine", table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_refresh_tokens_sign_in_id"), table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_index("ix_redemptions_mine", table_name="redemptions")
    op.drop_index("ix_redemptions_due", table_name="redemptions")
    op.drop_table("redemptions")
    op.drop_index("ix_lots_account", table_name="lots")
    op.drop_table("lots")
    op.drop_index(op.f("ix_contributions_fund_id"), table_name="contributions")
    op.drop_table("contributions")
    op.drop_index("ix_cases_status", table_name="cases")
    op.drop_index("ix_cases_region", table_name="cases")
    op.drop_index("ix_cases_newest", table_name="cases")
    op.drop_index("ix_cases_assignee", table_name="cases")
    op.drop_table("cases")
    op.drop_table("wechat_bindings")
    op.drop_index(op.f("ix_transfers_journal_id"), table_name="transfers")
    op.drop_index(op.f("ix_transfers_debit_account_id"), table_name="transfers")
    op.drop_index(op.f("ix_transfers_credit_account_id"), table_name="transfers")
    op.drop_table("transfers")
    op.drop_index(op.f("ix_stations_region_code"), table_name="stations")
    op.drop_table("stations")
    op.drop_table("staff_accounts")
    op.drop_index(op.f("ix_sign_ins_person_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_table("plain_choices")
    op.drop_index(op.f("ix_photos_sha256"), table_name="photos")
    op.drop_index("ix_photos_owner", table_name="photos")
    op.drop_table("photos")
    op.drop_index("ix_messages_inbox", table_name="messages")
    op.drop_table("messages")
    op.drop_table("grids")
    op.drop_index(op.f("ix_grants_region_code"), table_name="grants")
    op.drop_index("ix_grants_person", table_name="grants")
    op.drop_table("grants")
    op.drop_table("funds")
    op.drop_table("cap_counters")
    op.drop_table("balances")
    op.drop_table("api_clients")
    op.drop_index("ix_staff_actions_object", table_name="staff_actions")
    op.drop_index("ix_staff_actions_actor", table_name="staff_actions")
    op.drop_table("staff_actions")
    op.drop_index(op.f("ix_regions_parent_code"), table_name="regions")
    op.drop_table("regions")
    op.drop_table("people")
    op.drop_table("journals")
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.drop_table("jobs")
    op.drop_table("items")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("grid_version")
    op.drop_table("categories")
    op.drop_table("case_numbers")
    op.drop_table("attempts")
    op.drop_table("accounts")
