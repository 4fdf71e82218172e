"""points, funds and the store, whole

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JOURNALS = "'contribute', 'accrue', 'settle', 'void', 'reverse', 'redeem', 'fulfil', 'cancel', 'expire', 'adjust', 'refund', 'pay_out', 'rebalance'"
MOVES = "'restock', 'reserve', 'release', 'fulfil', 'adjust'"
ITEMS = "'daily', 'food', 'household', 'study', 'tool', 'care', 'service', 'other'"
EXPIRING = sa.text("remaining > 0 AND expires_at IS NOT NULL")
LOTS = (
    "id",
    "account_id",
    "earner_id",
    "fund_id",
    "rate_fen",
    "transfer_id",
    "amount",
    "created_at",
)
RULES = ("id", "code", "version", "event", "points", "day_cap", "month_cap", "fund_id")
CONTRIBUTIONS = ("id", "fund_id", "kind", "contributor", "fen", "proposed_by")
REDEMPTIONS = ("id", "person_id", "station_id", "points", "cost_fen", "code_hash")
NEW_FACTS = {
    "debt_payments": "debt_id,journal_id",
    "stock_takes": "id",
    "seals": "position",
    "notices": "id",
    "notice_entries": "id",
}
NEW_FROZEN = {
    "debts": ("id", "person_id", "journal_id", "points"),
    "objections": ("id", "award_id", "raised_by", "reason"),
    "corrections": ("id", "kind", "person_id", "source", "points", "proposed_by"),
    "merchant_statements": ("id", "number", "merchant", "first_day", "last_day", "fen", "drawn_by"),
    "till_holds": ("id", "client_id", "reference", "person_id", "points", "cost_fen"),
}
FROZEN = {
    "lots": LOTS,
    "contributions": CONTRIBUTIONS,
    "reward_rules": RULES,
    "redemptions": REDEMPTIONS,
}
FACTS = ("journals", "backing", "stock_moves")


def upgrade() -> None:

    op.create_table(
        "campaigns",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("event", columns.CodeText, nullable=False),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("percent", columns.Whole, nullable=False),
        sa.Column("budget", columns.Whole, nullable=False),
        sa.Column("used", columns.Whole, nullable=False),
        sa.Column("begins_at", columns.InstantType(), nullable=False),
        sa.Column("ends_at", columns.InstantType(), nullable=False),
        sa.Column("created_by", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("begins_at <= ends_at", name=op.f("ck_campaigns_dates")),
        sa.CheckConstraint("percent BETWEEN 101 AND 1000", name=op.f("ck_campaigns_percent")),
        sa.CheckConstraint("used BETWEEN 0 AND budget", name=op.f("ck_campaigns_budget")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_campaigns_created_by")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_campaigns_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("code", name=op.f("uq_campaigns_code")),
        sqlite_strict=True,
    )
    op.create_index("ix_campaigns_event", "campaigns", ["event", "ends_at"], unique=False)
    op.create_table(
        "corrections",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("source", columns.CodeText, nullable=True),
        sa.Column("points", columns.Whole, nullable=True),
        sa.Column("restock", columns.FlagType(), nullable=True),
        sa.Column("cause", columns.FreeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("proposed_by", columns.IdType(), nullable=False),
        sa.Column("proposed_at", columns.InstantType(), nullable=False),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.Column("decision", columns.FreeText, nullable=True),
        sa.CheckConstraint(
            "(kind = 'award') = (points IS NOT NULL) AND (kind = 'award') = (source IS NULL) AND (kind = 'refund') = (restock IS NOT NULL)",
            name=op.f("ck_corrections_what"),
        ),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL)",
            name=op.f("ck_corrections_decided"),
        ),
        sa.CheckConstraint(
            "kind IN ('award', 'reverse', 'refund')", name=op.f("ck_corrections_kind")
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'declined')", name=op.f("ck_corrections_state")
        ),
        sa.CheckConstraint(
            "decided_by <> proposed_by AND decided_by <> person_id AND proposed_by <> person_id",
            name=op.f("ck_corrections_two_persons"),
        ),
        sa.CheckConstraint("points BETWEEN 1 AND 100000", name=op.f("ck_corrections_points")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_corrections_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_corrections_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["people.id"], name=op.f("fk_corrections_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_corrections_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_corrections_person_id"), "corrections", ["person_id"], unique=False)
    op.create_index("ix_corrections_source", "corrections", ["kind", "source"], unique=False)
    op.create_index("ix_corrections_state", "corrections", ["state", "proposed_at"], unique=False)
    op.create_table(
        "debts",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("journal_id", columns.IdType(), nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("remaining", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("points BETWEEN 1 AND 1000000000", name=op.f("ck_debts_points")),
        sa.CheckConstraint("remaining BETWEEN 0 AND points", name=op.f("ck_debts_remaining")),
        sa.ForeignKeyConstraint(["journal_id"], ["journals.id"], name=op.f("fk_debts_journal_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_debts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debts")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_debts_journal_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_debts_person_id"), "debts", ["person_id"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=True),
        sa.Column("split", columns.CodeText, nullable=False),
        sa.Column("head_id", columns.IdType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("split IN ('earned', 'equal')", name=op.f("ck_households_split")),
        sa.CheckConstraint("state IN ('active', 'dissolved')", name=op.f("ck_households_state")),
        sa.ForeignKeyConstraint(["head_id"], ["people.id"], name=op.f("fk_households_head_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_households_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sqlite_strict=True,
    )
    op.create_table(
        "merchant_statements",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("number", columns.CodeText, nullable=False),
        sa.Column("merchant", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("first_day", columns.CodeText, nullable=False),
        sa.Column("last_day", columns.CodeText, nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("drawn_by", columns.IdType(), nullable=False),
        sa.Column("drawn_at", columns.InstantType(), nullable=False),
        sa.Column("approved_by", columns.IdType(), nullable=True),
        sa.Column("approved_at", columns.InstantType(), nullable=True),
        sa.Column("payment_ref", columns.FreeText, nullable=True),
        sa.Column("paid_by", columns.IdType(), nullable=True),
        sa.Column("paid_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'paid') = (payment_ref IS NOT NULL AND paid_at IS NOT NULL AND paid_by IS NOT NULL)",
            name=op.f("ck_merchant_statements_payment"),
        ),
        sa.CheckConstraint(
            "state = 'dropped' OR (state IN ('approved', 'paid')) = (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name=op.f("ck_merchant_statements_approval"),
        ),
        sa.CheckConstraint(
            "state IN ('drawn', 'approved', 'paid', 'dropped')",
            name=op.f("ck_merchant_statements_state"),
        ),
        sa.CheckConstraint(
            "approved_by <> drawn_by", name=op.f("ck_merchant_statements_two_persons")
        ),
        sa.CheckConstraint(
            "first_day <= last_day AND length(last_day) = 10",
            name=op.f("ck_merchant_statements_period"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["people.id"], name=op.f("fk_merchant_statements_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["drawn_by"], ["people.id"], name=op.f("fk_merchant_statements_drawn_by")
        ),
        sa.ForeignKeyConstraint(
            ["paid_by"], ["people.id"], name=op.f("fk_merchant_statements_paid_by")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_merchant_statements_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_statements")),
        sa.UniqueConstraint("number", name=op.f("uq_merchant_statements_number")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_merchant_statements_merchant",
        "merchant_statements",
        ["merchant", "last_day"],
        unique=False,
    )
    op.create_table(
        "notices",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("period", columns.CodeText, nullable=False),
        sa.Column("first_position", columns.Whole, nullable=False),
        sa.Column("last_position", columns.Whole, nullable=False),
        sa.Column("root", columns.CodeText, nullable=False),
        sa.Column("chain", columns.CodeText, nullable=False),
        sa.Column("earned", columns.Whole, nullable=False),
        sa.Column("redeemed", columns.Whole, nullable=False),
        sa.Column("members", columns.Whole, nullable=False),
        sa.Column("blocks", columns.JsonType(), nullable=False),
        sa.Column("published_by", columns.IdType(), nullable=True),
        sa.Column("published_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("first_position <= last_position", name=op.f("ck_notices_positions")),
        sa.CheckConstraint(
            "length(root) = 64 AND length(chain) = 64", name=op.f("ck_notices_hashes")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["people.id"], name=op.f("fk_notices_published_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "first_position", "last_position", name=op.f("uq_notices_first_position_last_position")
        ),
        sa.UniqueConstraint("first_position", name=op.f("uq_notices_first_position")),
        sa.UniqueConstraint("last_position", name=op.f("uq_notices_last_position")),
        sa.UniqueConstraint("period", name=op.f("uq_notices_period")),
        sqlite_strict=True,
    )
    op.create_table(
        "notice_entries",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("notice_id", columns.IdType(), nullable=False),
        sa.Column("account_id", columns.IdType(), nullable=False),
        sa.Column("earned", columns.Whole, nullable=False),
        sa.Column("redeemed", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notice_entries_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_notice_entries_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_entries")),
        sa.UniqueConstraint(
            "notice_id", "account_id", name=op.f("uq_notice_entries_notice_id_account_id")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_notice_entries_page", "notice_entries", ["notice_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "purses",
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("account_id", columns.IdType(), nullable=False),
        sa.Column("since", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_purses_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_purses_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_purses")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_purses_account_id"), "purses", ["account_id"], unique=False)
    op.create_table(
        "seals",
        sa.Column("position", columns.Whole, autoincrement=False, nullable=False),
        sa.Column("journal_id", columns.IdType(), nullable=False),
        sa.Column("leaf", columns.CodeText, nullable=False),
        sa.Column("chain", columns.CodeText, nullable=False),
        sa.Column("sealed_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "length(leaf) = 64 AND length(chain) = 64", name=op.f("ck_seals_hashes")
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_seals_position")),
        sa.ForeignKeyConstraint(["journal_id"], ["journals.id"], name=op.f("fk_seals_journal_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_seals")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_seals_journal_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "debt_payments",
        sa.Column("debt_id", columns.IdType(), nullable=False),
        sa.Column("journal_id", columns.IdType(), nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_debt_payments_points")),
        sa.ForeignKeyConstraint(["debt_id"], ["debts.id"], name=op.f("fk_debt_payments_debt_id")),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("fk_debt_payments_journal_id")
        ),
        sa.PrimaryKeyConstraint("debt_id", "journal_id", name=op.f("pk_debt_payments")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_debt_payments_journal_id"), "debt_payments", ["journal_id"], unique=False
    )
    op.create_table(
        "household_invitations",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("household_id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("asked_by", columns.IdType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)",
            name=op.f("ck_household_invitations_decided"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'accepted', 'declined', 'withdrawn')",
            name=op.f("ck_household_invitations_state"),
        ),
        sa.CheckConstraint(
            "asked_by <> person_id", name=op.f("ck_household_invitations_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["people.id"], name=op.f("fk_household_invitations_asked_by")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_invitations_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_household_invitations_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_invitations")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_household_invitations_person_id"),
        "household_invitations",
        ["person_id"],
        unique=False,
    )
    op.create_index(
        "uq_household_invitations_open",
        "household_invitations",
        ["household_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "household_members",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("household_id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("joined_at", columns.InstantType(), nullable=False),
        sa.Column("left_at", columns.InstantType(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_members_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_household_members_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_members")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_household_members_household_id"),
        "household_members",
        ["household_id"],
        unique=False,
    )
    op.create_index(
        "uq_household_members_one",
        "household_members",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "merchant_lines",
        sa.Column("statement_id", columns.IdType(), nullable=False),
        sa.Column("transfer_id", columns.IdType(), nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_merchant_lines_fen")),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["merchant_statements.id"],
            name=op.f("fk_merchant_lines_statement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["transfers.id"], name=op.f("fk_merchant_lines_transfer_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", "transfer_id", name=op.f("pk_merchant_lines")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_merchant_lines_transfer_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "till_holds",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("client_id", columns.CodeText, nullable=False),
        sa.Column("reference", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("points", columns.Whole, nullable=False),
        sa.Column("cost_fen", columns.Whole, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("expires_at", columns.InstantType(), nullable=False),
        sa.Column("resolved_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'held') = (resolved_at IS NULL)", name=op.f("ck_till_holds_resolved")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'fulfilled', 'cancelled', 'expired')",
            name=op.f("ck_till_holds_state"),
        ),
        sa.CheckConstraint(
            "points BETWEEN 1 AND 1000000 AND cost_fen >= 0", name=op.f("ck_till_holds_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_clients.id"], name=op.f("fk_till_holds_client_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_till_holds_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_holds")),
        sa.UniqueConstraint(
            "client_id", "reference", name=op.f("uq_till_holds_client_id_reference")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_till_holds_day", "till_holds", ["client_id", "created_at"], unique=False)
    op.create_index(
        "ix_till_holds_resolved", "till_holds", ["client_id", "resolved_at"], unique=False
    )
    op.create_table(
        "webhooks",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("url", columns.FreeText, nullable=False),
        sa.Column("events", columns.JsonType(), nullable=False),
        sa.Column("secret", columns.FreeText, nullable=False),
        sa.Column("old_secret", columns.FreeText, nullable=True),
        sa.Column("old_until", columns.InstantType(), nullable=True),
        sa.Column("client_id", columns.CodeText, nullable=True),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("failures", columns.Whole, nullable=False),
        sa.Column("created_by", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'failing', 'removed')", name=op.f("ck_webhooks_state")
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhooks_failures")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_clients.id"], name=op.f("fk_webhooks_client_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_webhooks_created_by")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_webhooks_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_webhooks_region_code"), "webhooks", ["region_code"], unique=False)
    op.create_table(
        "counter_exceptions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("redemption_id", columns.IdType(), nullable=True),
        sa.Column("acceptance", columns.CodeText, nullable=False),
        sa.Column("why", columns.CodeText, nullable=False),
        sa.Column("keeper_id", columns.IdType(), nullable=False),
        sa.Column("accepted_at", columns.InstantType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("closed_by", columns.IdType(), nullable=True),
        sa.Column("closed_at", columns.InstantType(), nullable=True),
        sa.Column("closing_note", columns.FreeText, nullable=True),
        sa.CheckConstraint(
            "(why = 'unknown') = (redemption_id IS NULL)",
            name=op.f("ck_counter_exceptions_redemption"),
        ),
        sa.CheckConstraint(
            "why IN ('used', 'cancelled', 'expired', 'unknown')",
            name=op.f("ck_counter_exceptions_why"),
        ),
        sa.CheckConstraint(
            "closed_by <> keeper_id", name=op.f("ck_counter_exceptions_two_persons")
        ),
        sa.CheckConstraint(
            "(closed_by IS NULL) = (closed_at IS NULL) AND (closed_by IS NULL) = (closing_note IS NULL)",
            name=op.f("ck_counter_exceptions_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["people.id"], name=op.f("fk_counter_exceptions_closed_by")
        ),
        sa.ForeignKeyConstraint(
            ["keeper_id"], ["people.id"], name=op.f("fk_counter_exceptions_keeper_id")
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemptions.id"], name=op.f("fk_counter_exceptions_redemption_id")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_counter_exceptions_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_exceptions")),
        sa.UniqueConstraint(
            "station_id", "acceptance", name=op.f("uq_counter_exceptions_station_id_acceptance")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_counter_exceptions_station",
        "counter_exceptions",
        ["station_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "member_codes",
        sa.Column("code_hash", columns.CodeText, nullable=False),
        sa.Column("hold_id", columns.IdType(), nullable=False),
        sa.Column("used_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["till_holds.id"], name=op.f("fk_member_codes_hold_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_member_codes")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_member_codes_hold_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "stock_takes",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("item_id", columns.IdType(), nullable=False),
        sa.Column("counted", columns.Whole, nullable=False),
        sa.Column("expected", columns.Whole, nullable=False),
        sa.Column("reason", columns.FreeText, nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("counted >= 0 AND expected >= 0", name=op.f("ck_stock_takes_pieces")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_stock_takes_actor_id")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stock_takes_item_id")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_stock_takes_station_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_takes")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_stock_takes_row", "stock_takes", ["station_id", "item_id", "created_at"], unique=False
    )
    op.create_table(
        "waits",
        sa.Column("station_id", columns.CodeText, nullable=False),
        sa.Column("item_id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("told_at", columns.InstantType(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_waits_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_waits_person_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_waits_station_id")),
        sa.PrimaryKeyConstraint("station_id", "item_id", "person_id", name=op.f("pk_waits")),
        sqlite_strict=True,
    )
    op.create_index("ix_waits_person", "waits", ["person_id"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("webhook_id", columns.IdType(), nullable=False),
        sa.Column("event", columns.CodeText, nullable=False),
        sa.Column("payload", columns.JsonType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("attempts", columns.Whole, nullable=False),
        sa.Column("last_status", columns.Whole, nullable=True),
        sa.Column("last_error", columns.CodeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("next_at", columns.InstantType(), nullable=True),
        sa.Column("done_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (done_at IS NULL)", name=op.f("ck_webhook_deliveries_done")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'given_up')",
            name=op.f("ck_webhook_deliveries_state"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_deliveries_attempts")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_webhook_deliveries_state", "webhook_deliveries", ["state", "next_at"], unique=False
    )
    op.create_index(
        "ix_webhook_deliveries_webhook",
        "webhook_deliveries",
        ["webhook_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "objections",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("award_id", columns.IdType(), nullable=False),
        sa.Column("raised_by", columns.IdType(), nullable=False),
        sa.Column("reason", columns.FreeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("raised_at", columns.InstantType(), nullable=False),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.Column("decision", columns.FreeText, nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL AND decided_at IS NULL AND decision IS NULL)",
            name=op.f("ck_objections_decided"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'dismissed')", name=op.f("ck_objections_state")
        ),
        sa.CheckConstraint("decided_by <> raised_by", name=op.f("ck_objections_two_persons")),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_objections_award_id")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_objections_decided_by")
        ),
        sa.ForeignKeyConstraint(["raised_by"], ["people.id"], name=op.f("fk_objections_raised_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        sa.UniqueConstraint("award_id", "raised_by", name=op.f("uq_objections_award_id_raised_by")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_objections_award_id"), "objections", ["award_id"], unique=False)
    op.create_index("ix_objections_state", "objections", ["state", "raised_at"], unique=False)
    for table in (*FACTS, *FROZEN):
        guards.lift(table)
    with rebuild.table("journals", without={"ck_journals_kind"}) as batch:
        batch.create_check_constraint(
            op.f("ck_journals_kind"), f"kind IN ({JOURNALS}, 'repay', 'carry')"
        )
    with rebuild.table("backing", without={"ck_backing_kind"}) as batch:
        batch.create_check_constraint(
            op.f("ck_backing_kind"), "kind IN ('draw', 'pay', 'return', 'refund')"
        )
    with rebuild.table("lots") as batch:
        batch.add_column(sa.Column("expiry_day", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("origin_id", columns.IdType(), nullable=True))
        batch.create_foreign_key(op.f("fk_lots_origin_id"), "lots", ["origin_id"], ["id"])
        batch.create_check_constraint(
            op.f("ck_lots_expiry_day"), "expiry_day IS NULL OR length(expiry_day) = 5"
        )
    op.create_index(
        "ix_lots_expiring", "lots", ["expires_at"], sqlite_where=EXPIRING, postgresql_where=EXPIRING
    )
    op.create_index(op.f("ix_lots_origin_id"), "lots", ["origin_id"])
    with rebuild.table("contributions", without={"ck_contributions_state"}) as batch:
        batch.add_column(sa.Column("declined_by", columns.IdType(), nullable=True))
        batch.add_column(sa.Column("declined_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("receipt_no", columns.CodeText, nullable=True))
        batch.create_unique_constraint(op.f("uq_contributions_receipt_no"), ["receipt_no"])
        batch.create_foreign_key(
            op.f("fk_contributions_declined_by"), "people", ["declined_by"], ["id"]
        )
        batch.create_check_constraint(
            op.f("ck_contributions_state"), "state IN ('proposed', 'approved', 'declined')"
        )
        batch.create_check_constraint(
            op.f("ck_contributions_declined"),
            "(state = 'declined') = (declined_by IS NOT NULL AND declined_at IS NOT NULL)",
        )
    with rebuild.table("reward_rules") as batch:
        batch.add_column(sa.Column("expiry_day", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("category_code", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("place_m", columns.Whole, nullable=True))
        batch.create_foreign_key(
            op.f("fk_reward_rules_category_code"), "categories", ["category_code"], ["code"]
        )
        batch.create_check_constraint(op.f("ck_reward_rules_place"), "place_m BETWEEN 1 AND 10000")
        batch.create_check_constraint(
            op.f("ck_reward_rules_expiry_day"), "expiry_day IS NULL OR length(expiry_day) = 5"
        )
    with rebuild.table("awards", without={"ck_awards_state"}) as batch:
        batch.add_column(sa.Column("campaign_id", columns.IdType(), nullable=True))
        batch.add_column(sa.Column("bonus", columns.Whole, server_default="0", nullable=False))
        batch.add_column(sa.Column("region_code", columns.CodeText, nullable=True))
        batch.create_foreign_key(
            op.f("fk_awards_campaign_id"), "campaigns", ["campaign_id"], ["id"]
        )
        batch.create_foreign_key(
            op.f("fk_awards_region_code"), "regions", ["region_code"], ["code"]
        )
        batch.create_check_constraint(
            op.f("ck_awards_state"),
            "state IN ('granted', 'capped', 'waiting', 'settled', 'voided', 'reversed')",
        )
        batch.create_check_constraint(op.f("ck_awards_bonus"), "bonus BETWEEN 0 AND points")
        batch.create_check_constraint(
            op.f("ck_awards_campaign"), "bonus = 0 OR campaign_id IS NOT NULL"
        )
    op.create_index("ix_awards_announced", "awards", ["state", "due_at"])
    op.create_index("ix_awards_day", "awards", ["event", "day"])
    # A source is a case's number; asked again, the round follows behind a stroke.
    op.execute(
        "UPDATE awards SET region_code = (SELECT c.region_code FROM cases c WHERE c.number ="
        " CASE WHEN awards.source LIKE '%/%' THEN rtrim(rtrim(awards.source, '0123456789'), '/')"
        " ELSE awards.source END)"
    )
    with rebuild.table("items") as batch:
        batch.add_column(
            sa.Column("kind", columns.CodeText, server_default="daily", nullable=False)
        )
        batch.add_column(sa.Column("description", columns.FreeText, nullable=True))
        batch.add_column(sa.Column("photo_id", columns.IdType(), nullable=True))
        batch.add_column(sa.Column("on_sale_from", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("on_sale_until", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("person_limit", columns.Whole, nullable=True))
        batch.add_column(sa.Column("limit_days", columns.Whole, nullable=True))
        batch.add_column(sa.Column("version", columns.Whole, server_default="1", nullable=False))
        batch.create_foreign_key(op.f("fk_items_photo_id"), "photos", ["photo_id"], ["id"])
        batch.create_check_constraint(op.f("ck_items_kind"), f"kind IN ({ITEMS})")
        batch.create_check_constraint(op.f("ck_items_on_sale"), "on_sale_from < on_sale_until")
        batch.create_check_constraint(
            op.f("ck_items_limit"),
            "(person_limit IS NULL) = (limit_days IS NULL) AND (person_limit IS NULL"
            " OR (person_limit BETWEEN 1 AND 999 AND limit_days BETWEEN 1 AND 3660))",
        )
    with rebuild.table(
        "redemptions", without={"ck_redemptions_state", "ck_redemptions_keeper"}
    ) as batch:
        batch.add_column(sa.Column("offline_until", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("acceptance", columns.CodeText, nullable=True))
        batch.create_unique_constraint(
            op.f("uq_redemptions_station_id_acceptance"), ["station_id", "acceptance"]
        )
        batch.create_check_constraint(
            op.f("ck_redemptions_acceptance"),
            "acceptance IS NULL OR state IN ('fulfilled', 'refunded')",
        )
        batch.create_check_constraint(
            op.f("ck_redemptions_state"),
            "state IN ('held', 'fulfilled', 'cancelled', 'expired', 'refunded')",
        )
        batch.create_check_constraint(
            op.f("ck_redemptions_keeper"),
            "(state IN ('fulfilled', 'refunded')) = (keeper_id IS NOT NULL)",
        )
    op.create_index("ix_redemptions_station", "redemptions", ["station_id", "state", "resolved_at"])
    with rebuild.table("stock_moves", without={"ck_stock_moves_kind"}) as batch:
        batch.create_check_constraint(
            op.f("ck_stock_moves_kind"), f"kind IN ({MOVES}, 'transfer', 'refund')"
        )
    for table in FACTS:
        guards.append_only(table)
    for table, key in NEW_FACTS.items():
        guards.append_only(table, key=key)
    more = {
        "lots": ("expiry_day", "origin_id"),
        "reward_rules": ("category_code", "place_m", "expiry_day"),
    }
    for table, names in {**FROZEN, **NEW_FROZEN}.items():
        guards.frozen_columns(table, (*names, *more.get(table, ())))


def downgrade() -> None:
    """Refused by the older CHECKs where facts of the new kinds were written."""
    for table in (*FACTS, *FROZEN):
        guards.lift(table)
    with rebuild.table("stock_moves", without={"ck_stock_moves_kind"}) as batch:
        batch.create_check_constraint(op.f("ck_stock_moves_kind"), f"kind IN ({MOVES})")
    with rebuild.table(
        "redemptions",
        without={
            "ck_redemptions_state",
            "ck_redemptions_keeper",
            "ck_redemptions_acceptance",
        },
    ) as batch:
        batch.drop_index("ix_redemptions_station")
        batch.drop_constraint(op.f("uq_redemptions_station_id_acceptance"), type_="unique")
        batch.drop_column("acceptance")
        batch.drop_column("offline_until")
        batch.create_check_constraint(
            op.f("ck_redemptions_state"), "state IN ('held', 'fulfilled', 'cancelled', 'expired')"
        )
        batch.create_check_constraint(
            op.f("ck_redemptions_keeper"), "(state = 'fulfilled') = (keeper_id IS NOT NULL)"
        )
    with rebuild.table(
        "items", without={"ck_items_kind", "ck_items_on_sale", "ck_items_limit"}
    ) as batch:
        batch.drop_constraint(op.f("fk_items_photo_id"), type_="foreignkey")
        for column in (
            "version",
            "limit_days",
            "person_limit",
            "on_sale_until",
            "on_sale_from",
            "photo_id",
            "description",
            "kind",
        ):
            batch.drop_column(column)
    with rebuild.table(
        "awards", without={"ck_awards_state", "ck_awards_bonus", "ck_awards_campaign"}
    ) as batch:
        batch.drop_constraint(op.f("fk_awards_campaign_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_awards_region_code"), type_="foreignkey")
        batch.drop_index("ix_awards_announced")
        batch.drop_index("ix_awards_day")
        batch.drop_column("region_code")
        batch.drop_column("bonus")
        batch.drop_column("campaign_id")
        batch.create_check_constraint(
            op.f("ck_awards_state"),
            "state IN ('granted', 'capped', 'waiting', 'settled', 'voided')",
        )
    with rebuild.table(
        "reward_rules", without={"ck_reward_rules_place", "ck_reward_rules_expiry_day"}
    ) as batch:
        batch.drop_constraint(op.f("fk_reward_rules_category_code"), type_="foreignkey")
        for column in ("place_m", "category_code", "expiry_day"):
            batch.drop_column(column)
    with rebuild.table(
        "contributions", without={"ck_contributions_state", "ck_contributions_declined"}
    ) as batch:
        batch.drop_constraint(op.f("fk_contributions_declined_by"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_contributions_receipt_no"), type_="unique")
        for column in ("receipt_no", "declined_at", "declined_by"):
            batch.drop_column(column)
        batch.create_check_constraint(
            op.f("ck_contributions_state"), "state IN ('proposed', 'approved')"
        )
    with rebuild.table("lots", without={"ck_lots_expiry_day"}) as batch:
        batch.drop_constraint(op.f("fk_lots_origin_id"), type_="foreignkey")
        batch.drop_index("ix_lots_expiring")
        batch.drop_index(op.f("ix_lots_origin_id"))
        batch.drop_column("origin_id")
        batch.drop_column("expiry_day")
    with rebuild.table("backing", without={"ck_backing_kind"}) as batch:
        batch.create_check_constraint(op.f("ck_backing_kind"), "kind IN ('draw', 'pay', 'return')")
    with rebuild.table("journals", without={"ck_journals_kind"}) as batch:
        batch.create_check_constraint(op.f("ck_journals_kind"), f"kind IN ({JOURNALS})")
    op.drop_index("ix_objections_state", table_name="objections")
    op.drop_index(op.f("ix_objections_award_id"), table_name="objections")
    op.drop_table("objections")
    op.drop_index("ix_webhook_deliveries_webhook", table_name="webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_state", table_name="webhook_deliveries")
    op.drop_table("webhook_deliveries")
    op.drop_index("ix_waits_person", table_name="waits")
    op.drop_table("waits")
    op.drop_index("ix_stock_takes_row", table_name="stock_takes")
    op.drop_table("stock_takes")
    op.drop_table("member_codes")
    op.drop_index("ix_counter_exceptions_station", table_name="counter_exceptions")
    op.drop_table("counter_exceptions")
    op.drop_index(op.f("ix_webhooks_region_code"), table_name="webhooks")
    op.drop_table("webhooks")
    op.drop_index("ix_till_holds_resolved", table_name="till_holds")
    op.drop_index("ix_till_holds_day", table_name="till_holds")
    op.drop_table("till_holds")
    op.drop_table("merchant_lines")
    op.drop_index(
        "uq_household_members_one",
        table_name="household_members",
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.drop_index(op.f("ix_household_members_household_id"), table_name="household_members")
    op.drop_table("household_members")
    op.drop_index(
        "uq_household_invitations_open",
        table_name="household_invitations",
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.drop_index(op.f("ix_household_invitations_person_id"), table_name="household_invitations")
    op.drop_table("household_invitations")
    op.drop_index(op.f("ix_debt_payments_journal_id"), table_name="debt_payments")
    op.drop_table("debt_payments")
    op.drop_table("seals")
    op.drop_index(op.f("ix_purses_account_id"), table_name="purses")
    op.drop_table("purses")
    op.drop_index("ix_notice_entries_page", table_name="notice_entries")
    op.drop_table("notice_entries")
    op.drop_table("notices")
    op.drop_index("ix_merchant_statements_merchant", table_name="merchant_statements")
    op.drop_table("merchant_statements")
    op.drop_table("households")
    op.drop_index(op.f("ix_debts_person_id"), table_name="debts")
    op.drop_table("debts")
    op.drop_index("ix_corrections_state", table_name="corrections")
    op.drop_index("ix_corrections_source", table_name="corrections")
    op.drop_index(op.f("ix_corrections_person_id"), table_name="corrections")
    op.drop_table("corrections")
    op.drop_index("ix_campaigns_event", table_name="campaigns")
    op.drop_table("campaigns")

    for table in FACTS:
        guards.append_only(table)
    for table, names in FROZEN.items():
        guards.frozen_columns(table, names)
