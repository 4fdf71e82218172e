"""The invariants of corrections: what was approved was done once, and nothing else by hand."""

CHECKS: dict[str, str] = {
    "an approved award by hand was given as proposed": """
        SELECT c.id FROM corrections c
        LEFT JOIN awards w ON w.event = c.event AND w.source = CAST(c.id AS TEXT)
          AND w.person_id = c.person_id
        LEFT JOIN journals j ON j.kind = 'accrue' AND j.source = CAST(w.id AS TEXT)
        WHERE c.kind = 'award' AND (((c.state = 'approved') <> (w.id IS NOT NULL))
          OR (w.id IS NOT NULL AND (j.id IS NULL OR w.points <> c.points
            OR w.state NOT IN ('settled', 'reversed')
            OR COALESCE(j.actor_id = c.proposed_by, FALSE) = FALSE
            OR COALESCE(j.approver_id = c.decided_by, FALSE) = FALSE)))""",
    "what is given by hand was approved": """
        SELECT w.id FROM awards w
        LEFT JOIN corrections c ON w.source = CAST(c.id AS TEXT) AND c.state = 'approved'
        WHERE c.id IS NULL
          AND w.event IN ('manual.awarded', 'activity.attended', 'suggestion.adopted')""",
    "an approved reversal or refund was booked by its two persons": """
        SELECT c.id FROM corrections c
        LEFT JOIN journals j ON j.kind = REPLACE(c.kind, 'refund_hold', 'refund')
          AND j.source = c.source
          AND j.actor_id = c.proposed_by AND j.approver_id = c.decided_by
        WHERE c.kind IN ('reverse', 'refund', 'refund_hold') AND c.state = 'approved'
          AND j.id IS NULL""",
    "what is reversed or refunded was approved once": """
        SELECT j.id FROM journals j
        LEFT JOIN corrections c ON REPLACE(c.kind, 'refund_hold', 'refund') = j.kind
          AND c.source = j.source AND c.state = 'approved'
        WHERE j.kind IN ('reverse', 'refund') GROUP BY j.id HAVING count(c.id) <> 1""",
    "a redemption is refunded when the ledger says so": """
        SELECT r.id FROM redemptions r
        LEFT JOIN journals j ON j.kind = 'refund' AND j.source = CAST(r.id AS TEXT)
        WHERE (r.state = 'refunded') <> (j.id IS NOT NULL)""",
    "what an external store took back is a hold that it had fulfilled": """
        SELECT c.id FROM corrections c
        LEFT JOIN till_holds h ON CAST(h.id AS TEXT) = c.source AND h.person_id = c.person_id
        WHERE c.kind = 'refund_hold' AND COALESCE(h.state, '-') <> 'fulfilled'""",
    "goods of a refund are on the shelf again when it says so": """
        SELECT c.id FROM corrections c
        JOIN redemptions r ON CAST(r.id AS TEXT) = c.source
        JOIN redemption_lines l ON l.redemption_id = r.id
        LEFT JOIN stock_moves m ON m.kind = 'refund' AND m.source = c.source
          AND m.station_id = r.station_id AND m.item_id = l.item_id
        WHERE c.kind = 'refund' AND COALESCE(m.on_hand_change, 0) <>
          CASE WHEN c.restock AND c.state = 'approved' THEN l.quantity ELSE 0 END
          AND (c.state = 'approved' OR NOT EXISTS (SELECT 1 FROM corrections o
            WHERE o.kind = 'refund' AND o.source = c.source AND o.state = 'approved'))""",
    "goods come back by a refund": """
        SELECT m.id FROM stock_moves m
        LEFT JOIN corrections c ON c.kind = 'refund' AND c.source = m.source AND c.restock
          AND c.state = 'approved'
        WHERE m.kind = 'refund' AND c.id IS NULL""",
}
