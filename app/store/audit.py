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
           OR (r.state = 'fulfilled' AND COALESCE(d.state, '-') <> 'post')
           OR (r.state IN ('cancelled', 'expired') AND COALESCE(d.state, '-') <> 'void')""",
}
