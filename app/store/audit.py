"""The store's invariants: stock, and the points behind each redemption."""

CHECKS: dict[str, str] = {
    "stock reserved is what held redemptions wait for": """
        SELECT s.station_id || '/' || CAST(s.item_id AS TEXT) FROM stock s LEFT JOIN (
          SELECT r.station_id, l.item_id, SUM(l.quantity) AS held FROM redemption_lines l
          JOIN redemptions r ON r.id = l.redemption_id AND r.state = 'held'
          GROUP BY r.station_id, l.item_id) h
          ON h.station_id = s.station_id AND h.item_id = s.item_id
        WHERE s.reserved <> COALESCE(h.held, 0)""",
    "stock is the sum of its moves": """
        SELECT s.station_id || '/' || CAST(s.item_id AS TEXT) FROM stock s LEFT JOIN (
          SELECT station_id, item_id, SUM(on_hand_change) AS on_hand,
                 SUM(reserved_change) AS reserved FROM stock_moves GROUP BY station_id, item_id) m
          ON m.station_id = s.station_id AND m.item_id = s.item_id
        WHERE s.on_hand <> COALESCE(m.on_hand, 0) OR s.reserved <> COALESCE(m.reserved, 0)""",
    "a redemption holds, posted or voided its points": """
        SELECT r.id FROM redemptions r
        LEFT JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(r.id AS TEXT)
        LEFT JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        LEFT JOIN transfers d ON d.pending_id = p.id
        WHERE p.id IS NULL OR p.amount <> r.points
           OR (r.state = 'held' AND d.id IS NOT NULL)
           OR (r.state IN ('fulfilled', 'refunded') AND COALESCE(d.state, '-') <> 'post')
           OR (r.state IN ('cancelled', 'expired') AND COALESCE(d.state, '-') <> 'void')""",
    "a redemption is the sum of its lines": """
        SELECT r.id FROM redemptions r LEFT JOIN (
          SELECT redemption_id, SUM(quantity * points_each) AS points,
                 SUM(quantity * cost_fen_each) AS fen
          FROM redemption_lines GROUP BY redemption_id) l ON l.redemption_id = r.id
        WHERE r.points <> COALESCE(l.points, 0) OR r.cost_fen <> COALESCE(l.fen, 0)""",
    "goods that were handed out owe their station what they cost": """
        SELECT r.id FROM redemptions r
        LEFT JOIN (
          SELECT j.source, a.owner, SUM(t.amount) AS fen FROM journals j
          JOIN transfers t ON t.journal_id = j.id AND t.asset = 'CNY'
          JOIN accounts a ON a.id = t.credit_account_id AND a.kind = 'payable'
          WHERE j.kind = 'fulfil' GROUP BY j.source, a.owner) owed
          ON owed.source = CAST(r.id AS TEXT) AND owed.owner = r.station_id
        WHERE COALESCE(owed.fen, 0) <>
          CASE WHEN r.state IN ('fulfilled', 'refunded') THEN r.cost_fen ELSE 0 END""",
    # Or of a household to which they belong or belonged; when, two servers' clocks may differ on.
    "a redemption takes points from the purse of its person": """
        SELECT r.id FROM redemptions r
        JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(r.id AS TEXT)
        JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        JOIN accounts a ON a.id = p.debit_account_id
        WHERE NOT (a.kind = 'member' AND a.owner = CAST(r.person_id AS TEXT))
        AND NOT EXISTS (
          SELECT 1 FROM household_members m WHERE a.kind = 'household'
          AND CAST(m.household_id AS TEXT) = a.owner AND m.person_id = r.person_id)""",
    "a stock-take is its difference": """
        SELECT t.id FROM stock_takes t
        LEFT JOIN stock_moves m ON m.kind = 'adjust' AND m.source = CAST(t.id AS TEXT)
        WHERE t.counted - t.expected <> COALESCE(m.on_hand_change, 0)
           OR m.reserved_change <> 0 OR m.station_id <> t.station_id OR m.item_id <> t.item_id
        UNION ALL
        SELECT m.id FROM stock_moves m
        LEFT JOIN stock_takes t ON m.source = CAST(t.id AS TEXT)
        WHERE m.kind = 'adjust' AND t.id IS NULL""",
    "a transfer takes from one shelf what it puts on another": """
        SELECT source FROM stock_moves WHERE kind = 'transfer' GROUP BY source, item_id
        HAVING SUM(on_hand_change) <> 0 OR SUM(ABS(reserved_change)) <> 0 OR COUNT(*) < 2""",
    "an acceptance is one post or one exception": """
        SELECT e.id FROM counter_exceptions e
        LEFT JOIN redemptions p ON p.station_id = e.station_id AND p.acceptance = e.acceptance
        LEFT JOIN redemptions r ON r.id = e.redemption_id
        WHERE p.id IS NOT NULL OR r.station_id <> e.station_id
           OR (e.why = 'used' AND r.state NOT IN ('fulfilled', 'refunded'))
           OR (e.why = 'cancelled' AND r.state <> 'cancelled')
        UNION ALL
        SELECT id FROM redemptions
        WHERE acceptance IS NOT NULL AND state NOT IN ('fulfilled', 'refunded')""",
}
