"""grid centre

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards, rebuild, search

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHILE_OPEN = "status IN ('reported', 'verifying', 'filed', 'dispatched', 'in_progress', 'resolved', 'suspended')"
KEYS = {
    "case_entries": "case_id,position", "routing_rulesets": "district,version",
    "routing_rules": "district,version,position", "category_terms": "category_code,region_code,version",
    "ratings": "report_id", "patrol_points": "patrol_id,position",
    "patrol_findings": "patrol_id,case_id",
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "nets",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_nets")),
        sqlite_strict=True,
    )
    op.create_table(
        "supervision_numbers",
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("year", columns.Whole, nullable=False),
        sa.Column("last", columns.Whole, nullable=False),
        sa.PrimaryKeyConstraint("district", "year", name=op.f("pk_supervision_numbers")),
        sqlite_strict=True,
    )
    op.create_table(
        "calendar_days",
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("day", columns.CodeText, nullable=False),
        sa.Column("working", columns.FlagType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.CheckConstraint("length(day) = 10", name=op.f("ck_calendar_days_day")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_calendar_days_region_code")
        ),
        sa.PrimaryKeyConstraint("region_code", "day", name=op.f("pk_calendar_days")),
        sqlite_strict=True,
    )
    op.create_table(
        "groupings",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("kind IN ('joint_villages', 'other')", name=op.f("ck_groupings_kind")),
        sa.ForeignKeyConstraint(["district"], ["regions.code"], name=op.f("fk_groupings_district")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_groupings")),
        sqlite_strict=True,
    )
    op.create_table(
        "groups",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("members", columns.Whole, nullable=False),
        sa.Column("sealed_key", columns.FreeText, nullable=True),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("members >= 0", name=op.f("ck_groups_members")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_groups_created_by")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_groups_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_groups_region_code"), "groups", ["region_code"], unique=False)
    op.create_table(
        "leaves",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("stand_in_id", columns.IdType(), nullable=True),
        sa.Column("starts_at", columns.InstantType(), nullable=False),
        sa.Column("ends_at", columns.InstantType(), nullable=False),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("cancelled_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_leaves_span")),
        sa.CheckConstraint("stand_in_id <> person_id", name=op.f("ck_leaves_stand_in")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_leaves_created_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_leaves_person_id")),
        sa.ForeignKeyConstraint(["stand_in_id"], ["people.id"], name=op.f("fk_leaves_stand_in_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
        sqlite_strict=True,
    )
    op.create_index("ix_leaves_person", "leaves", ["person_id", "ends_at"], unique=False)
    op.create_table(
        "patrol_plans",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("weekdays", columns.JsonType(), nullable=False),
        sa.Column("starts", columns.CodeText, nullable=False),
        sa.Column("ends", columns.CodeText, nullable=False),
        sa.Column("stops", columns.JsonType(), nullable=False),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "length(starts) = 5 AND length(ends) = 5 AND starts < ends",
            name=op.f("ck_patrol_plans_hours"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_patrol_plans_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_patrol_plans_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_patrol_plans_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_plans")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_patrol_plans_region_code"), "patrol_plans", ["region_code"], unique=False
    )
    op.create_table(
        "posts",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("name_en", columns.FreeText, nullable=False),
        sa.Column("level", columns.Whole, nullable=True),
        sa.Column("net_code", columns.CodeText, nullable=True),
        sa.Column("role", columns.CodeText, nullable=False),
        sa.Column("duties", columns.JsonType(), nullable=False),
        sa.Column("rung", columns.Whole, nullable=True),
        sa.Column("on_board", columns.FlagType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.CheckConstraint(
            "role IN ('grid_staff', 'grid_head', 'dispatcher', 'handler', 'checker', 'keeper', 'auditor', 'fund_manager', 'fund_approver', 'administrator')",
            name=op.f("ck_posts_role"),
        ),
        sa.CheckConstraint("level BETWEEN 0 AND 9", name=op.f("ck_posts_level")),
        sa.CheckConstraint("rung BETWEEN 1 AND 9", name=op.f("ck_posts_rung")),
        sa.ForeignKeyConstraint(["net_code"], ["nets.code"], name=op.f("fk_posts_net_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_posts")),
        sqlite_strict=True,
    )
    op.create_table(
        "routing_rulesets",
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("published_by", columns.IdType(), nullable=True),
        sa.Column("published_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_routing_rulesets_version")),
        sa.ForeignKeyConstraint(
            ["district"], ["regions.code"], name=op.f("fk_routing_rulesets_district")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["people.id"], name=op.f("fk_routing_rulesets_published_by")
        ),
        sa.PrimaryKeyConstraint("district", "version", name=op.f("pk_routing_rulesets")),
        sqlite_strict=True,
    )
    op.create_table(
        "saved_filters",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("name", columns.CodeText, nullable=False),
        sa.Column("filters", columns.JsonType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_saved_filters_position")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_saved_filters_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_filters_person_id_name")),
        sqlite_strict=True,
    )
    op.create_table(
        "suggestion_models",
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("cases", columns.Whole, nullable=False),
        sa.Column("model", columns.JsonType(), nullable=False),
        sa.Column("trained_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("cases >= 0", name=op.f("ck_suggestion_models_cases")),
        sa.ForeignKeyConstraint(
            ["district"], ["regions.code"], name=op.f("fk_suggestion_models_district")
        ),
        sa.PrimaryKeyConstraint("district", name=op.f("pk_suggestion_models")),
        sqlite_strict=True,
    )
    op.create_table(
        "units",
        sa.Column("code", columns.CodeText, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_units_region_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_units_region_code"), "units", ["region_code"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("spans", columns.JsonType(), nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_working_hours_version")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_working_hours_region_code")
        ),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_working_hours")),
        sqlite_strict=True,
    )
    op.create_table(
        "answer_templates",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("category_code", columns.CodeText, nullable=True),
        sa.Column("move", columns.CodeText, nullable=False),
        sa.Column("reason_code", columns.CodeText, nullable=True),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("active", columns.FlagType(), nullable=False),
        sa.Column("updated_by", columns.IdType(), nullable=False),
        sa.Column("updated_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_answer_templates_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_answer_templates_region_code")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["people.id"], name=op.f("fk_answer_templates_updated_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_templates")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_answer_templates_move", "answer_templates", ["move", "region_code"], unique=False
    )
    op.create_table(
        "appointments",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("post_code", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=True),
        sa.Column("grouping_code", columns.CodeText, nullable=True),
        sa.Column("unit_code", columns.CodeText, nullable=True),
        sa.Column("starts_on", columns.CodeText, nullable=False),
        sa.Column("ends_on", columns.CodeText, nullable=True),
        sa.Column("phone", columns.FreeText, nullable=True),
        sa.Column("photo_id", columns.IdType(), nullable=True),
        sa.Column("created_by", columns.IdType(), nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("ended_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(region_code IS NULL) <> (grouping_code IS NULL)",
            name=op.f("ck_appointments_somewhere"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_appointments_dates")),
        sa.CheckConstraint(
            "length(starts_on) = 10 AND (ends_on IS NULL OR length(ends_on) = 10)",
            name=op.f("ck_appointments_days"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_appointments_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["grouping_code"], ["groupings.code"], name=op.f("fk_appointments_grouping_code")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_appointments_person_id")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_appointments_photo_id")),
        sa.ForeignKeyConstraint(
            ["post_code"], ["posts.code"], name=op.f("fk_appointments_post_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_appointments_region_code")
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["units.code"], name=op.f("fk_appointments_unit_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_appointments_grouping_code"), "appointments", ["grouping_code"], unique=False
    )
    op.create_index(op.f("ix_appointments_person_id"), "appointments", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_appointments_region_code"), "appointments", ["region_code"], unique=False
    )
    op.create_index(op.f("ix_appointments_unit_code"), "appointments", ["unit_code"], unique=False)
    op.create_table(
        "category_terms",
        sa.Column("category_code", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("net_code", columns.CodeText, nullable=True),
        sa.Column("level", columns.Whole, nullable=True),
        sa.Column("unit_code", columns.CodeText, nullable=True),
        sa.Column("clock", columns.CodeText, nullable=True),
        sa.Column("accept_hours", columns.Whole, nullable=True),
        sa.Column("safe_hours", columns.Whole, nullable=True),
        sa.Column("due_hours", columns.Whole, nullable=True),
        sa.Column("check_hours", columns.Whole, nullable=True),
        sa.Column("most_returns", columns.Whole, nullable=True),
        sa.Column("hazard", columns.FlagType(), nullable=True),
        sa.Column("duplicate_radius_m", columns.Whole, nullable=True),
        sa.Column("filing_condition", columns.FreeText, nullable=True),
        sa.Column("questions", columns.JsonType(), nullable=False),
        sa.Column("set_by", columns.IdType(), nullable=True),
        sa.Column("set_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "clock IN ('working', 'continuous')", name=op.f("ck_category_terms_clock")
        ),
        sa.CheckConstraint(
            "accept_hours > 0 AND due_hours > 0 AND safe_hours > 0 AND check_hours > 0",
            name=op.f("ck_category_terms_hours"),
        ),
        sa.CheckConstraint(
            "level BETWEEN 0 AND 9 AND version >= 1", name=op.f("ck_category_terms_level")
        ),
        sa.CheckConstraint(
            "most_returns BETWEEN 0 AND 9", name=op.f("ck_category_terms_most_returns")
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_category_terms_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["net_code"], ["nets.code"], name=op.f("fk_category_terms_net_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_category_terms_region_code")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["people.id"], name=op.f("fk_category_terms_set_by")),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["units.code"], name=op.f("fk_category_terms_unit_code")
        ),
        sa.PrimaryKeyConstraint(
            "category_code", "region_code", "version", name=op.f("pk_category_terms")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "group_grids",
        sa.Column("group_id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_grids_group_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_group_grids_region_code")
        ),
        sa.PrimaryKeyConstraint("group_id", "region_code", name=op.f("pk_group_grids")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_group_grids_region_code"), "group_grids", ["region_code"], unique=False
    )
    op.create_table(
        "group_messages",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("group_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("subject", columns.CodeText, nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("error", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("sent_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_group_messages_sent")
        ),
        sa.CheckConstraint("kind IN ('case', 'notice')", name=op.f("ck_group_messages_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed')", name=op.f("ck_group_messages_state")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_messages_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_messages")),
        sa.UniqueConstraint(
            "group_id", "kind", "subject", name=op.f("uq_group_messages_group_id_kind_subject")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_group_messages_state",
        "group_messages",
        ["state", "group_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "grouping_regions",
        sa.Column("grouping_code", columns.CodeText, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.ForeignKeyConstraint(
            ["grouping_code"], ["groupings.code"], name=op.f("fk_grouping_regions_grouping_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_grouping_regions_region_code")
        ),
        sa.PrimaryKeyConstraint("grouping_code", "region_code", name=op.f("pk_grouping_regions")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_grouping_regions_region_code"), "grouping_regions", ["region_code"], unique=False
    )
    op.create_table(
        "patrols",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("plan_id", columns.IdType(), nullable=True),
        sa.Column("person_id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("day", columns.CodeText, nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("due_at", columns.InstantType(), nullable=False),
        sa.Column("started_at", columns.InstantType(), nullable=True),
        sa.Column("ended_at", columns.InstantType(), nullable=True),
        sa.Column("distance_m", columns.Whole, nullable=False),
        sa.Column("summary", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('started', 'done')) = (started_at IS NOT NULL) AND (state = 'done') = (ended_at IS NOT NULL)",
            name=op.f("ck_patrols_times"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'started', 'done', 'missed')", name=op.f("ck_patrols_state")
        ),
        sa.CheckConstraint("distance_m >= 0", name=op.f("ck_patrols_distance")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_patrols_person_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["patrol_plans.id"], name=op.f("fk_patrols_plan_id")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_patrols_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrols")),
        sa.UniqueConstraint("plan_id", "day", name=op.f("uq_patrols_plan_id_day")),
        sqlite_strict=True,
    )
    op.create_index("ix_patrols_person", "patrols", ["person_id", "created_at", "id"], unique=False)
    op.create_index(op.f("ix_patrols_region_code"), "patrols", ["region_code"], unique=False)
    op.create_index("ix_patrols_state", "patrols", ["state", "due_at"], unique=False)
    op.create_table(
        "routing_rules",
        sa.Column("district", columns.CodeText, nullable=False),
        sa.Column("version", columns.Whole, nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("name", columns.FreeText, nullable=False),
        sa.Column("category_code", columns.CodeText, nullable=True),
        sa.Column("net_code", columns.CodeText, nullable=True),
        sa.Column("region_code", columns.CodeText, nullable=True),
        sa.Column("source", columns.CodeText, nullable=True),
        sa.Column("weekdays", columns.JsonType(), nullable=False),
        sa.Column("starts", columns.CodeText, nullable=True),
        sa.Column("ends", columns.CodeText, nullable=True),
        sa.Column("post_code", columns.CodeText, nullable=True),
        sa.Column("unit_code", columns.CodeText, nullable=True),
        sa.CheckConstraint(
            "source IN ('report', 'patrol', 'split')", name=op.f("ck_routing_rules_source")
        ),
        sa.CheckConstraint(
            "(post_code IS NULL) <> (unit_code IS NULL)", name=op.f("ck_routing_rules_target")
        ),
        sa.CheckConstraint(
            "(starts IS NULL) = (ends IS NULL)", name=op.f("ck_routing_rules_hours")
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_routing_rules_position")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_routing_rules_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["district", "version"],
            ["routing_rulesets.district", "routing_rulesets.version"],
            name=op.f("fk_routing_rules_district_version"),
        ),
        sa.ForeignKeyConstraint(
            ["net_code"], ["nets.code"], name=op.f("fk_routing_rules_net_code")
        ),
        sa.ForeignKeyConstraint(
            ["post_code"], ["posts.code"], name=op.f("fk_routing_rules_post_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_routing_rules_region_code")
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["units.code"], name=op.f("fk_routing_rules_unit_code")
        ),
        sa.PrimaryKeyConstraint("district", "version", "position", name=op.f("pk_routing_rules")),
        sqlite_strict=True,
    )
    op.create_table(
        "case_clocks",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("round", columns.Whole, nullable=False),
        sa.Column("mode", columns.CodeText, nullable=False),
        sa.Column("rule", columns.JsonType(), nullable=False),
        sa.Column("allowed_s", columns.Whole, nullable=False),
        sa.Column("started_at", columns.InstantType(), nullable=False),
        sa.Column("warn_at", columns.InstantType(), nullable=False),
        sa.Column("due_at", columns.InstantType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("paused_at", columns.InstantType(), nullable=True),
        sa.Column("left_s", columns.Whole, nullable=True),
        sa.Column("stopped_at", columns.InstantType(), nullable=True),
        sa.Column("warned_at", columns.InstantType(), nullable=True),
        sa.Column("overdue_at", columns.InstantType(), nullable=True),
        sa.Column("level", columns.Whole, nullable=False),
        sa.Column("look_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(state = 'paused') = (paused_at IS NOT NULL AND left_s IS NOT NULL)",
            name=op.f("ck_case_clocks_paused"),
        ),
        sa.CheckConstraint(
            "(state IN ('met', 'missed', 'dropped')) = (stopped_at IS NOT NULL)",
            name=op.f("ck_case_clocks_stopped"),
        ),
        sa.CheckConstraint(
            "kind IN ('accept', 'made_safe', 'handle', 'check')", name=op.f("ck_case_clocks_kind")
        ),
        sa.CheckConstraint(
            "look_at IS NULL OR state = 'running'", name=op.f("ck_case_clocks_look")
        ),
        sa.CheckConstraint("mode IN ('working', 'continuous')", name=op.f("ck_case_clocks_mode")),
        sa.CheckConstraint(
            "state IN ('running', 'paused', 'met', 'missed', 'dropped')",
            name=op.f("ck_case_clocks_state"),
        ),
        sa.CheckConstraint(
            "allowed_s > 0 AND round >= 0 AND level >= 0", name=op.f("ck_case_clocks_counts")
        ),
        sa.CheckConstraint("warn_at <= due_at", name=op.f("ck_case_clocks_warn")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_clocks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_clocks")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_case_clocks_case", "case_clocks", ["case_id", "kind", "state"], unique=False
    )
    op.create_index("ix_case_clocks_look", "case_clocks", ["look_at", "id"], unique=False)
    op.create_index(
        "uq_case_clocks_live",
        "case_clocks",
        ["case_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state IN ('running', 'paused')"),
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )
    op.create_table(
        "case_entries",
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=True),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("public_note", columns.FreeText, nullable=True),
        sa.Column("data", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.Column("hash", columns.CodeText, nullable=False),
        sa.CheckConstraint(
            "position >= 1 AND length(hash) = 64", name=op.f("ck_case_entries_position")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_case_entries_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_entries_case_id")),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_case_entries")),
        sqlite_strict=True,
    )
    op.create_table(
        "case_links",
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("other_id", columns.IdType(), nullable=False),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("created_by", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("case_id < other_id", name=op.f("ck_case_links_ordered")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_links_case_id")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_case_links_created_by")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_links_other_id")),
        sa.PrimaryKeyConstraint("case_id", "other_id", name=op.f("pk_case_links")),
        sqlite_strict=True,
    )
    op.create_index("ix_case_links_other", "case_links", ["other_id"], unique=False)
    op.create_table(
        "case_merges",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("into_id", columns.IdType(), nullable=False),
        sa.Column("report_ids", columns.JsonType(), nullable=False),
        sa.Column("merged_by", columns.IdType(), nullable=False),
        sa.Column("merged_at", columns.InstantType(), nullable=False),
        sa.Column("undone_by", columns.IdType(), nullable=True),
        sa.Column("undone_at", columns.InstantType(), nullable=True),
        sa.CheckConstraint(
            "(undone_by IS NULL) = (undone_at IS NULL)", name=op.f("ck_case_merges_undone")
        ),
        sa.CheckConstraint("case_id <> into_id", name=op.f("ck_case_merges_another")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_merges_case_id")),
        sa.ForeignKeyConstraint(["into_id"], ["cases.id"], name=op.f("fk_case_merges_into_id")),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["people.id"], name=op.f("fk_case_merges_merged_by")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["people.id"], name=op.f("fk_case_merges_undone_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_merges")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_case_merges_case_id"), "case_merges", ["case_id"], unique=False)
    op.create_index(op.f("ix_case_merges_into_id"), "case_merges", ["into_id"], unique=False)
    op.create_table(
        "case_scopes",
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("status", columns.CodeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_scopes_case_id")),
        sa.PrimaryKeyConstraint("case_id", "region_code", name=op.f("pk_case_scopes")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_case_scopes_newest",
        "case_scopes",
        ["region_code", "created_at", "case_id"],
        unique=False,
    )
    op.create_index(
        "ix_case_scopes_status",
        "case_scopes",
        ["region_code", "status", "created_at", "case_id"],
        unique=False,
    )
    op.create_index(
        "ix_case_scopes_open",
        "case_scopes",
        ["region_code", "created_at", "case_id"],
        unique=False,
        sqlite_where=sa.text(WHILE_OPEN),
        postgresql_where=sa.text(WHILE_OPEN),
    )
    op.create_table(
        "case_texts",
        sa.Column("row", columns.Whole, nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("words", columns.FreeText, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_texts_case_id")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_case_texts")),
        sa.UniqueConstraint("case_id", name=op.f("uq_case_texts_case_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "duty_shifts",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("appointment_id", columns.IdType(), nullable=False),
        sa.Column("weekday", columns.Whole, nullable=False),
        sa.Column("starts", columns.CodeText, nullable=False),
        sa.Column("ends", columns.CodeText, nullable=False),
        sa.CheckConstraint(
            "length(starts) = 5 AND length(ends) = 5", name=op.f("ck_duty_shifts_hours")
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_duty_shifts_weekday")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_duty_shifts_appointment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_duty_shifts_appointment_id"), "duty_shifts", ["appointment_id"], unique=False
    )
    op.create_table(
        "follow_ups",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=False),
        sa.Column("reached", columns.FlagType(), nullable=False),
        sa.Column("verdict", columns.CodeText, nullable=True),
        sa.Column("text", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('satisfied', 'partly', 'dissatisfied')", name=op.f("ck_follow_ups_verdict")
        ),
        sa.CheckConstraint("reached = (verdict IS NOT NULL)", name=op.f("ck_follow_ups_reached")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_follow_ups_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_follow_ups_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_follow_ups_case_id"), "follow_ups", ["case_id"], unique=False)
    op.create_table(
        "patrol_findings",
        sa.Column("patrol_id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_patrol_findings_case_id")),
        sa.ForeignKeyConstraint(
            ["patrol_id"], ["patrols.id"], name=op.f("fk_patrol_findings_patrol_id")
        ),
        sa.PrimaryKeyConstraint("patrol_id", "case_id", name=op.f("pk_patrol_findings")),
        sa.UniqueConstraint("case_id", name=op.f("uq_patrol_findings_case_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "patrol_points",
        sa.Column("patrol_id", columns.IdType(), nullable=False),
        sa.Column("position", columns.Whole, nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("lat", columns.Number, nullable=False),
        sa.Column("lng", columns.Number, nullable=False),
        sa.Column("accuracy_m", columns.Number, nullable=True),
        sa.Column("stop", columns.Whole, nullable=True),
        sa.Column("at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("kind IN ('check_in', 'track')", name=op.f("ck_patrol_points_kind")),
        sa.ForeignKeyConstraint(
            ["patrol_id"], ["patrols.id"], name=op.f("fk_patrol_points_patrol_id")
        ),
        sa.PrimaryKeyConstraint("patrol_id", "position", name=op.f("pk_patrol_points")),
        sqlite_strict=True,
    )
    op.create_table(
        "routing_decisions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("reason", columns.CodeText, nullable=False),
        sa.Column("explained", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('opened', 'corrected')", name=op.f("ck_routing_decisions_reason")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_routing_decisions_case_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_decisions")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_routing_decisions_case", "routing_decisions", ["case_id", "created_at"], unique=False
    )
    op.create_table(
        "supervision_orders",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("number", columns.CodeText, nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("due_at", columns.InstantType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("ordered_by", columns.IdType(), nullable=False),
        sa.Column("ordered_at", columns.InstantType(), nullable=False),
        sa.Column("answered_by", columns.IdType(), nullable=True),
        sa.Column("answered_at", columns.InstantType(), nullable=True),
        sa.Column("answer", columns.FreeText, nullable=True),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_by IS NOT NULL AND answered_at IS NOT NULL AND answer IS NOT NULL)",
            name=op.f("ck_supervision_orders_answered"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'answered')", name=op.f("ck_supervision_orders_state")
        ),
        sa.CheckConstraint(
            "answered_by <> ordered_by", name=op.f("ck_supervision_orders_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["people.id"], name=op.f("fk_supervision_orders_answered_by")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_supervision_orders_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["ordered_by"], ["people.id"], name=op.f("fk_supervision_orders_ordered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_supervision_orders_number")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_supervision_orders_case_id"), "supervision_orders", ["case_id"], unique=False
    )
    op.create_index(
        "ix_supervision_orders_state",
        "supervision_orders",
        ["state", "ordered_at", "id"],
        unique=False,
    )
    op.create_table(
        "suspicions",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("photo_id", columns.IdType(), nullable=False),
        sa.Column("other_photo_id", columns.IdType(), nullable=False),
        sa.Column("distance", columns.Whole, nullable=False),
        sa.Column("evidence", columns.JsonType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.Column("note", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL) AND (state = 'open') = (decided_at IS NULL)",
            name=op.f("ck_suspicions_decided"),
        ),
        sa.CheckConstraint(
            "kind IN ('same_bytes', 'look_alike', 'after_equals_before')",
            name=op.f("ck_suspicions_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'dismissed')", name=op.f("ck_suspicions_state")
        ),
        sa.CheckConstraint("distance BETWEEN 0 AND 64", name=op.f("ck_suspicions_distance")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_suspicions_case_id")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_suspicions_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["other_photo_id"], ["photos.id"], name=op.f("fk_suspicions_other_photo_id")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_suspicions_photo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicions")),
        sa.UniqueConstraint(
            "photo_id", "other_photo_id", name=op.f("uq_suspicions_photo_id_other_photo_id")
        ),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_suspicions_case_id"), "suspicions", ["case_id"], unique=False)
    op.create_index(
        "ix_suspicions_state", "suspicions", ["state", "created_at", "id"], unique=False
    )
    op.create_table(
        "approvals",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("report_id", columns.IdType(), nullable=True),
        sa.Column("kind", columns.CodeText, nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("data", columns.JsonType(), nullable=False),
        sa.Column("state", columns.CodeText, nullable=False),
        sa.Column("asked_by", columns.IdType(), nullable=False),
        sa.Column("asked_at", columns.InstantType(), nullable=False),
        sa.Column("decided_by", columns.IdType(), nullable=True),
        sa.Column("decided_at", columns.InstantType(), nullable=True),
        sa.Column("answer", columns.FreeText, nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_approvals_decided")
        ),
        sa.CheckConstraint(
            "kind IN ('extension', 'suspension', 'reopening', 'appeal')",
            name=op.f("ck_approvals_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'granted', 'refused', 'withdrawn')",
            name=op.f("ck_approvals_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'refused') OR decided_by IS NOT NULL",
            name=op.f("ck_approvals_decider"),
        ),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_approvals_two_persons")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_approvals_asked_by")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_approvals_case_id")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_approvals_decided_by")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_approvals_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_approvals_case_id"), "approvals", ["case_id"], unique=False)
    op.create_index("ix_approvals_state", "approvals", ["state", "asked_at", "id"], unique=False)
    op.create_index(
        "uq_approvals_pending",
        "approvals",
        ["case_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "escalations",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("clock_id", columns.IdType(), nullable=False),
        sa.Column("level", columns.Whole, nullable=False),
        sa.Column("region_code", columns.CodeText, nullable=False),
        sa.Column("told", columns.JsonType(), nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("level >= 1", name=op.f("ck_escalations_level")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_escalations_case_id")),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["case_clocks.id"], name=op.f("fk_escalations_clock_id")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_escalations_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        sa.UniqueConstraint("clock_id", "level", name=op.f("uq_escalations_clock_id_level")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_escalations_case_id"), "escalations", ["case_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("report_id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("stars", columns.Whole, nullable=False),
        sa.Column("reasons", columns.JsonType(), nullable=False),
        sa.Column("text", columns.FreeText, nullable=True),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ratings_case_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_ratings_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_ratings")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_ratings_case_id"), "ratings", ["case_id"], unique=False)
    with rebuild.table("categories") as batch:
        batch.add_column(
            sa.Column("clock", columns.CodeText, server_default="continuous", nullable=False)
        )
        batch.add_column(sa.Column("safe_hours", columns.Whole, nullable=True))
        batch.add_column(
            sa.Column("check_hours", columns.Whole, server_default="24", nullable=False)
        )
        batch.add_column(sa.Column("net_code", columns.CodeText, nullable=True))
        batch.create_foreign_key(op.f("fk_categories_net_code"), "nets", ["net_code"], ["code"])
        batch.create_check_constraint(
            op.f("ck_categories_clock"), "clock IN ('working', 'continuous')"
        )
        batch.create_check_constraint(
            op.f("ck_categories_spans"),
            "check_hours > 0 AND (safe_hours IS NULL OR safe_hours > 0)",
        )
    with rebuild.table("cases", without={"ck_cases_dispatched"}) as batch:
        batch.add_column(sa.Column("cell", columns.Whole, nullable=True))
        batch.add_column(
            sa.Column("source", columns.CodeText, server_default="report", nullable=False)
        )
        batch.add_column(sa.Column("net_code", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("level_code", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("unit_code", columns.CodeText, nullable=True))
        batch.add_column(sa.Column("answers", columns.JsonType(), nullable=True))
        batch.add_column(sa.Column("parent_id", columns.IdType(), nullable=True))
        batch.add_column(sa.Column("merged_into", columns.IdType(), nullable=True))
        batch.add_column(sa.Column("review_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("made_safe_at", columns.InstantType(), nullable=True))
        batch.add_column(
            sa.Column(
                "suspected", columns.FlagType(), server_default=sa.text("false"), nullable=False
            )
        )
        batch.add_column(
            sa.Column(
                "supervised", columns.FlagType(), server_default=sa.text("false"), nullable=False
            )
        )
        batch.add_column(
            sa.Column(
                "rerouted", columns.FlagType(), server_default=sa.text("false"), nullable=False
            )
        )
        batch.add_column(sa.Column("round", columns.Whole, server_default="0", nullable=False))
        batch.add_column(sa.Column("safe_due_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("check_due_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("due_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("warn_at", columns.InstantType(), nullable=True))
        batch.add_column(sa.Column("entries", columns.Whole, server_default="0", nullable=False))
        batch.add_column(sa.Column("chain", columns.CodeText, server_default="", nullable=False))
        batch.create_index("ix_cases_cell", ["cell", "created_at"], unique=False)
        batch.create_index("ix_cases_due", ["due_at"], unique=False)
        batch.create_index(op.f("ix_cases_merged_into"), ["merged_into"], unique=False)
        batch.create_index(op.f("ix_cases_parent_id"), ["parent_id"], unique=False)
        batch.create_index("ix_cases_unit", ["unit_code", "status"], unique=False)
        batch.create_foreign_key(op.f("fk_cases_unit_code"), "units", ["unit_code"], ["code"])
        batch.create_foreign_key(op.f("fk_cases_parent_id"), "cases", ["parent_id"], ["id"])
        batch.create_foreign_key(op.f("fk_cases_net_code"), "nets", ["net_code"], ["code"])
        batch.create_foreign_key(op.f("fk_cases_merged_into"), "cases", ["merged_into"], ["id"])
        batch.create_foreign_key(op.f("fk_cases_level_code"), "regions", ["level_code"], ["code"])
        batch.create_check_constraint(
            op.f("ck_cases_dispatched"),
            "status NOT IN ('dispatched', 'in_progress', 'resolved') OR ((assignee_id IS NOT NULL OR unit_code IS NOT NULL) AND handle_due_at IS NOT NULL AND category_code IS NOT NULL)",
        )
        batch.create_check_constraint(op.f("ck_cases_rounds"), "round >= 0 AND entries >= 0")
        batch.create_check_constraint(
            op.f("ck_cases_merged"), "(status = 'merged') = (merged_into IS NOT NULL)"
        )
        batch.create_check_constraint(
            op.f("ck_cases_suspended"), "(status = 'suspended') = (review_at IS NOT NULL)"
        )
        batch.create_check_constraint(
            op.f("ck_cases_source"), "source IN ('report', 'patrol', 'split')"
        )
    with rebuild.table("grants") as batch:
        batch.add_column(sa.Column("appointment_id", columns.IdType(), nullable=True))
        batch.create_index(op.f("ix_grants_appointment_id"), ["appointment_id"], unique=False)
        batch.create_foreign_key(
            op.f("fk_grants_appointment_id"), "appointments", ["appointment_id"], ["id"]
        )
    with rebuild.table("reports") as batch:
        batch.add_column(sa.Column("joins", columns.CodeText, nullable=True))
    for table in (
        "case_entries",
        "routing_rulesets",
        "routing_rules",
        "routing_decisions",
        "category_terms",
        "escalations",
        "ratings",
        "follow_ups",
        "patrol_points",
        "patrol_findings",
    ):
        guards.append_only(table, key=KEYS.get(table, "id"))
    search.build()


def downgrade() -> None:
    search.drop()
    with rebuild.table(
        "categories", without={"ck_categories_clock", "ck_categories_spans"}
    ) as batch:
        batch.drop_constraint(op.f("fk_categories_net_code"), type_="foreignkey")
        batch.drop_column("net_code")
        batch.drop_column("check_hours")
        batch.drop_column("safe_hours")
        batch.drop_column("clock")
    with rebuild.table(
        "cases",
        without={
            "ck_cases_dispatched",
            "ck_cases_rounds",
            "ck_cases_merged",
            "ck_cases_suspended",
            "ck_cases_source",
        },
    ) as batch:
        batch.drop_constraint(op.f("fk_cases_level_code"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_cases_merged_into"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_cases_net_code"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_cases_parent_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_cases_unit_code"), type_="foreignkey")
        batch.drop_index("ix_cases_unit")
        batch.drop_index(op.f("ix_cases_parent_id"))
        batch.drop_index(op.f("ix_cases_merged_into"))
        batch.drop_index("ix_cases_due")
        batch.drop_index("ix_cases_cell")
        batch.drop_column("chain")
        batch.drop_column("entries")
        batch.drop_column("warn_at")
        batch.drop_column("due_at")
        batch.drop_column("check_due_at")
        batch.drop_column("safe_due_at")
        batch.drop_column("round")
        batch.drop_column("rerouted")
        batch.drop_column("supervised")
        batch.drop_column("suspected")
        batch.drop_column("made_safe_at")
        batch.drop_column("review_at")
        batch.drop_column("merged_into")
        batch.drop_column("parent_id")
        batch.drop_column("answers")
        batch.drop_column("unit_code")
        batch.drop_column("level_code")
        batch.drop_column("net_code")
        batch.drop_column("source")
        batch.drop_column("cell")
        batch.create_check_constraint(
            op.f("ck_cases_dispatched"),
            "status NOT IN ('dispatched', 'in_progress', 'resolved') OR (assignee_id IS NOT NULL AND handle_due_at IS NOT NULL AND category_code IS NOT NULL)",
        )
    with rebuild.table("grants") as batch:
        batch.drop_constraint(op.f("fk_grants_appointment_id"), type_="foreignkey")
        batch.drop_index(op.f("ix_grants_appointment_id"))
        batch.drop_column("appointment_id")
    with rebuild.table("reports") as batch:
        batch.drop_column("joins")
    op.drop_index(op.f("ix_ratings_case_id"), table_name="ratings")
    op.drop_table("ratings")
    op.drop_index(op.f("ix_escalations_case_id"), table_name="escalations")
    op.drop_table("escalations")
    op.drop_index(
        "uq_approvals_pending",
        table_name="approvals",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("ix_approvals_state", table_name="approvals")
    op.drop_index(op.f("ix_approvals_case_id"), table_name="approvals")
    op.drop_table("approvals")
    op.drop_index("ix_suspicions_state", table_name="suspicions")
    op.drop_index(op.f("ix_suspicions_case_id"), table_name="suspicions")
    op.drop_table("suspicions")
    op.drop_index("ix_supervision_orders_state", table_name="supervision_orders")
    op.drop_index(op.f("ix_supervision_orders_case_id"), table_name="supervision_orders")
    op.drop_table("supervision_orders")
    op.drop_index("ix_routing_decisions_case", table_name="routing_decisions")
    op.drop_table("routing_decisions")
    op.drop_table("patrol_points")
    op.drop_table("patrol_findings")
    op.drop_index(op.f("ix_follow_ups_case_id"), table_name="follow_ups")
    op.drop_table("follow_ups")
    op.drop_index(op.f("ix_duty_shifts_appointment_id"), table_name="duty_shifts")
    op.drop_table("duty_shifts")
    op.drop_table("case_texts")
    op.drop_index("ix_case_scopes_open", table_name="case_scopes")
    op.drop_index("ix_case_scopes_status", table_name="case_scopes")
    op.drop_index("ix_case_scopes_newest", table_name="case_scopes")
    op.drop_table("case_scopes")
    op.drop_index(op.f("ix_case_merges_into_id"), table_name="case_merges")
    op.drop_index(op.f("ix_case_merges_case_id"), table_name="case_merges")
    op.drop_table("case_merges")
    op.drop_index("ix_case_links_other", table_name="case_links")
    op.drop_table("case_links")
    op.drop_table("case_entries")
    op.drop_index(
        "uq_case_clocks_live",
        table_name="case_clocks",
        sqlite_where=sa.text("state IN ('running', 'paused')"),
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )
    op.drop_index("ix_case_clocks_look", table_name="case_clocks")
    op.drop_index("ix_case_clocks_case", table_name="case_clocks")
    op.drop_table("case_clocks")
    op.drop_table("routing_rules")
    op.drop_index("ix_patrols_state", table_name="patrols")
    op.drop_index(op.f("ix_patrols_region_code"), table_name="patrols")
    op.drop_index("ix_patrols_person", table_name="patrols")
    op.drop_table("patrols")
    op.drop_index(op.f("ix_grouping_regions_region_code"), table_name="grouping_regions")
    op.drop_table("grouping_regions")
    op.drop_index("ix_group_messages_state", table_name="group_messages")
    op.drop_table("group_messages")
    op.drop_index(op.f("ix_group_grids_region_code"), table_name="group_grids")
    op.drop_table("group_grids")
    op.drop_table("category_terms")
    op.drop_index(op.f("ix_appointments_unit_code"), table_name="appointments")
    op.drop_index(op.f("ix_appointments_region_code"), table_name="appointments")
    op.drop_index(op.f("ix_appointments_person_id"), table_name="appointments")
    op.drop_index(op.f("ix_appointments_grouping_code"), table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_answer_templates_move", table_name="answer_templates")
    op.drop_table("answer_templates")
    op.drop_table("working_hours")
    op.drop_index(op.f("ix_units_region_code"), table_name="units")
    op.drop_table("units")
    op.drop_table("suggestion_models")
    op.drop_table("saved_filters")
    op.drop_table("routing_rulesets")
    op.drop_table("posts")
    op.drop_index(op.f("ix_patrol_plans_region_code"), table_name="patrol_plans")
    op.drop_table("patrol_plans")
    op.drop_index("ix_leaves_person", table_name="leaves")
    op.drop_table("leaves")
    op.drop_index(op.f("ix_groups_region_code"), table_name="groups")
    op.drop_table("groups")
    op.drop_table("groupings")
    op.drop_table("calendar_days")
    op.drop_table("supervision_numbers")
    op.drop_table("nets")
