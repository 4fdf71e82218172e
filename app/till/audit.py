"""The tills' invariants: the points and the money behind each hold, and the code that paid it."""

from app.households.audit import from_own_purse
from app.ledger.audit import owes_its_cost, resolved_as_said

DONE = "'fulfilled'"
CHECKS: dict[str, str] = {
    "a till's hold holds, posted or voided its points": resolved_as_said("till_holds", DONE),
    "a fulfilled hold owes its store what it asked for": owes_its_cost(
        "till_holds", "client_id", DONE
    ),
    "a till's hold takes points from the purse of its person": from_own_purse("till_holds"),
    "a till's hold was paid with a code of its own": """
        SELECT h.id FROM till_holds h
        WHERE NOT EXISTS (SELECT 1 FROM member_codes c WHERE c.hold_id = h.id)""",
}
