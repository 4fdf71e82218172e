"""Every feature's tables in one place, so that the metadata is whole."""

import app.accounts.models
import app.approvals.models
import app.calendars.models
import app.cases.models
import app.categories.models
import app.clocks.models
import app.conduct.models
import app.corrections.models
import app.desk.models
import app.feedback.models
import app.grids.models
import app.groups.models
import app.households.models
import app.identity.models
import app.kit.actions
import app.kit.attempts
import app.kit.idempotency
import app.kit.outbox
import app.ledger.models
import app.media.models
import app.mini.models
import app.notify.models
import app.patrols.models
import app.posts.models
import app.privacy.models
import app.proofs.models
import app.regions.models
import app.relations.models
import app.reports.models
import app.rewards.models
import app.routing.models
import app.safety.models
import app.settlements.models
import app.store.models
import app.supervision.models
import app.till.models
import app.uploads.models
import app.webhooks.models  # noqa: F401 - imported for the tables they define
from app.kit.db import Base

metadata = Base.metadata

# Rows of these tables are facts: triggers on both databases refuse UPDATE, DELETE and TRUNCATE.
# Of the frozen ones some columns are state, the others facts.
APPEND_ONLY = (
    "journals", "transfers", "lot_uses", "backing", "stock_moves", "award_changes", "case_moves",
    "case_move_photos", "staff_actions", "redemption_lines", "case_entries",
    "routing_rulesets", "routing_rules", "routing_decisions", "category_terms", "escalations",
    "follow_ups", "patrol_points", "patrol_findings", "debt_payments", "stock_takes",
    "seals", "notices", "notice_entries", "consents", "looks", "content_findings",
)  # fmt: skip
FROZEN = (
    "accounts", "lots", "contributions", "funds", "reward_rules", "redemptions", "debts",
    "objections", "corrections", "merchant_statements", "till_holds", "awards",
    "contribution_returns", "ratings",
)  # fmt: skip
# Writing to these gives routing another stamp.
_ALL = ("insert", "update", "delete")
_WATCHED = {
    "appointments": _ALL, "duty_shifts": _ALL, "leaves": _ALL, "posts": _ALL,
    "grouping_regions": _ALL, "regions": _ALL, "people": ("update",), "grid_version": _ALL,
    "categories": _ALL, "category_terms": ("insert",), "routing_rulesets": ("insert",),
}  # fmt: skip
_STAMPING = {f"{table}_stamps_{event}" for table, events in _WATCHED.items() for event in events}
GUARDED = {
    "sqlite": {
        *_STAMPING,
        *(f"{t}_{what}" for t in APPEND_ONLY for what in ("no_update", "no_delete", "no_replace")),
        *(f"{t}_{what}" for t in FROZEN for what in ("frozen", "no_delete")),
    },
    "postgresql": {
        *_STAMPING,
        *(f"{t}_{what}" for t in APPEND_ONLY for what in ("append_only", "no_truncate")),
        *(f"{t}_{what}" for t in FROZEN for what in ("frozen", "no_delete", "no_truncate")),
    },
}
