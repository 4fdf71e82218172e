"""The tills' invariants: the points and the money behind each hold, and the code that paid it."""

CHECKS: dict[str, str] = {
    "a till's hold holds, posted or voided its points": """
        SELECT h.id FROM till_holds h
        LEFT JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(h.id AS TEXT)
        LEFT JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        LEFT JOIN transfers d ON d.pending_id = p.id
        WHERE p.id IS NULL OR p.amount <> h.points
           OR (h.state = 'held' AND d.id IS NOT NULL)
           OR (h.state = 'fulfilled' AND COALESCE(d.state, '-') <> 'post')
           OR (h.state IN ('cancelled', 'expired') AND COALESCE(d.state, '-') <> 'void')""",
    "a fulfilled hold owes its store what it asked for": """
        SELECT h.id FROM till_holds h
        LEFT JOIN (
          SELECT j.source, a.owner, SUM(t.amount) AS fen FROM journals j
          JOIN transfers t ON t.journal_id = j.id AND t.asset = 'CNY'
          JOIN accounts a ON a.id = t.credit_account_id AND a.kind = 'payable'
          WHERE j.kind = 'fulfil' GROUP BY j.source, a.owner) owed
          ON owed.source = CAST(h.id AS TEXT) AND owed.owner = h.client_id
        WHERE COALESCE(owed.fen, 0) <> CASE h.state WHEN 'fulfilled' THEN h.cost_fen ELSE 0 END""",
    # As with redemptions: or of a household to which they belong or belonged.
    "a till's hold takes points from the purse of its person": """
        SELECT h.id FROM till_holds h
        JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(h.id AS TEXT)
        JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        JOIN accounts a ON a.id = p.debit_account_id
        WHERE NOT (a.kind = 'member' AND a.owner = CAST(h.person_id AS TEXT))
        AND NOT EXISTS (
          SELECT 1 FROM household_members m WHERE a.kind = 'household'
          AND CAST(m.household_id AS TEXT) = a.owner AND m.person_id = h.person_id)""",
    "a till's hold was paid with a code of its own": """
        SELECT h.id FROM till_holds h
        WHERE NOT EXISTS (SELECT 1 FROM member_codes c WHERE c.hold_id = h.id)""",
}
