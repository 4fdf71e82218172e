"""decisions at filing, the queue by net, rules for some, money that goes back, sums of what was paid

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JOURNALS = (
    "'contribute', 'accrue', 'settle', 'void', 'reverse', 'redeem', 'fulfil', 'cancel', 'expire',"
    " 'refund', 'pay_out', 'rebalance', 'repay', 'carry'"
)
OCCUPATIONS = "'courier', 'rider', 'ride_hailing', 'truck_driver', 'resident', 'staff', 'other'"
RULES = (
    "id", "code", "version", "event", "points", "day_cap", "month_cap", "fund_id",
    "category_code", "place_m", "expiry_day",
)  # fmt: skip
AWARDS = (
    "id", "person_id", "event", "source", "rule_id", "campaign_id", "bonus", "asked", "points",
    "day", "region_code", "inputs", "created_at",
)  # fmt: skip
RETURNS = ("id", "contribution_id", "fen", "reason", "proposed_by", "proposed_at")
LEFT = sa.text("remaining > 0")


def _kinds(kinds: str, by_two: str) -> None:
    guards.lift("journals")
    with rebuild.table("journals", without={"ck_journals_kind", "ck_journals_approved"}) as batch:
        batch.create_check_constraint(op.f("ck_journals_kind"), f"kind IN ({kinds})")
        batch.create_check_constraint(
            op.f("ck_journals_approved"),
            f"kind NOT IN ({by_two}) OR (actor_id IS NOT NULL AND approver_id IS NOT NULL)",
        )
    guards.append_only("journals")


def _reasons(reasons: str) -> None:
    guards.lift("routing_decisions")
    with rebuild.table("routing_decisions", without={"ck_routing_decisions_reason"}) as batch:
        batch.create_check_constraint(op.f("ck_routing_decisions_reason"), f"reason IN ({reasons})")
    guards.append_only("routing_decisions")


def _corrections(kinds: str) -> None:
    guards.lift("corrections")
    with rebuild.table("corrections", without={"ck_corrections_kind"}) as batch:
        batch.create_check_constraint(op.f("ck_corrections_kind"), f"kind IN ({kinds})")
    guards.frozen_columns(
        "corrections", ("id", "kind", "person_id", "source", "points", "proposed_by")
    )


OPEN = (
    "status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved',"
    " 'suspended')"
)
NEWEST = ["region_code", "created_at", "case_id"]
# Name, condition, and the columns as they were and are.
SCOPES = (
    ("ix_case_scopes_open", OPEN, [*NEWEST, "due_at"], [*NEWEST, "due_at", "warn_at"]),
    ("ix_case_scopes_supervised", "supervised", ["region_code", "status"], [*NEWEST, "status"]),
)


def _index(name: str, where: str, names: list[str]) -> None:
    op.drop_index(name, table_name="case_scopes")
    condition = sa.text(where)
    op.create_index(name, "case_scopes", names, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    _reasons("'opened', 'corrected', 'filed'")
    op.add_column("case_scopes", sa.Column("net_code", columns.CodeText))
    op.execute(
        "UPDATE case_scopes SET net_code = c.net_code FROM cases c WHERE c.id = case_scopes.case_id"
    )
    op.create_index(
        "ix_case_scopes_net", "case_scopes", ["region_code", "net_code", "created_at", "case_id"]
    )
    for name, where, _old, new in SCOPES:
        _index(name, where, new)
    guards.lift("reward_rules")
    with rebuild.table("reward_rules") as batch:
        batch.add_column(sa.Column("occupation", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("outcomes", columns.JsonType(), nullable=True))
        batch.add_column(sa.Column("paused_at", columns.InstantType(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_reward_rules_occupation"), f"occupation IN ({OCCUPATIONS})"
        )
    guards.frozen_columns("reward_rules", (*RULES, "occupation", "outcomes"))
    guards.frozen_columns("awards", AWARDS)
    _corrections("'award', 'reverse', 'refund', 'refund_hold'")
    _kinds(f"{JOURNALS}, 'give_back'", "'contribute', 'reverse', 'refund', 'pay_out', 'give_back'")
    op.add_column("contributions", sa.Column("trace_hash", columns.CodeText))
    op.create_index(
        op.f("ix_contributions_trace_hash"), "contributions", ["trace_hash"], unique=True
    )
    op.create_table(
        "contribution_returns",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("contribution_id", columns.IdType(), nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.Column("reason", columns.FreeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("proposed_by", columns.IdType(), nullable=False),
        sa.Column("proposed_at", columns.InstantType(), nullable=False),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "fen BETWEEN 1 AND 100000000000000", name=op.f("ck_contribution_returns_fen")
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'declined')",
            name=op.f("ck_contribution_returns_state"),
        ),
        sa.CheckConstraint(
            "decided_by <> proposed_by", name=op.f("ck_contribution_returns_two_persons")
        ),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL AND decided_at IS NULL)",
            name=op.f("ck_contribution_returns_decided"),
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contributions.id"],
            name=op.f("fk_contribution_returns_contribution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["people.id"], name=op.f("fk_contribution_returns_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_contribution_returns_decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_returns")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_contribution_returns_contribution_id"), "contribution_returns", ["contribution_id"]
    )
    guards.frozen_columns("contribution_returns", RETURNS)
    op.create_table(
        "paid_parts",
        sa.Column("contribution_id", columns.IdType(), nullable=False),
        sa.Column("shard", columns.Whole, nullable=False),
        sa.Column("fund_id", columns.IdType(), nullable=False),
        sa.Column("fen", columns.Whole, nullable=False),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_paid_parts_fen")),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contributions.id"], name=op.f("fk_paid_parts_contribution_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_paid_parts_fund_id")),
        sa.PrimaryKeyConstraint("contribution_id", "shard", name=op.f("pk_paid_parts")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_paid_parts_fund_id"), "paid_parts", ["fund_id"])
    op.execute(
        "INSERT INTO paid_parts (contribution_id, shard, fund_id, fen)"
        " SELECT b.contribution_id, b.shard, c.fund_id,"
        " SUM(CASE b.kind WHEN 'pay' THEN b.fen ELSE -b.fen END)"
        " FROM backing b JOIN contributions c ON c.id = b.contribution_id"
        " WHERE b.kind IN ('pay', 'refund') GROUP BY b.contribution_id, b.shard, c.fund_id"
    )
    op.create_index(
        "ix_lots_fund_left", "lots", ["fund_id", "rate_fen", "remaining"],
        sqlite_where=LEFT, postgresql_where=LEFT,
    )  # fmt: skip
    op.create_index(
        "ix_lots_fund_newest", "lots", ["fund_id", "created_at", "origin_id", "amount", "rate_fen"]
    )


def downgrade() -> None:
    """Refused by the older CHECKs where facts of the new kinds were written."""
    op.drop_index("ix_lots_fund_newest", table_name="lots")
    op.drop_index("ix_lots_fund_left", table_name="lots")
    op.drop_table("paid_parts")
    op.drop_table("contribution_returns")
    op.drop_index(op.f("ix_contributions_trace_hash"), table_name="contributions")
    op.drop_column("contributions", "trace_hash")
    _kinds(f"{JOURNALS}, 'adjust'", "'contribute', 'reverse', 'adjust', 'refund', 'pay_out'")
    _corrections("'award', 'reverse', 'refund'")
    guards.lift("awards")
    guards.lift("reward_rules")
    with rebuild.table("reward_rules", without={"ck_reward_rules_occupation"}) as batch:
        for name in ("occupation", "outcomes", "paused_at"):
            batch.drop_column(name)
    guards.frozen_columns("reward_rules", RULES)
    for name, where, old, _new in SCOPES:
        _index(name, where, old)
    op.drop_index("ix_case_scopes_net", table_name="case_scopes")
    op.drop_column("case_scopes", "net_code")
    _reasons("'opened', 'corrected'")
