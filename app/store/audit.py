"""The store's invariants: stock, and the points behind each redemption."""

from app.households.audit import from_own_purse
from app.ledger.audit import owes_its_cost, resolved_as_said

DONE = "'fulfilled', 'refunded'"
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
    "a redemption holds, posted or voided its points": resolved_as_said("redemptions", DONE),
    "a redemption is the sum of its lines": """
        SELECT r.id FROM redemptions r LEFT JOIN (
          SELECT redemption_id, SUM(quantity * points_each) AS points,
                 SUM(quantity * cost_fen_each) AS fen
          FROM redemption_lines GROUP BY redemption_id) l ON l.redemption_id = r.id
        WHERE r.points <> COALESCE(l.points, 0) OR r.cost_fen <> COALESCE(l.fen, 0)""",
    "goods that were handed out owe their station what they cost": owes_its_cost(
        "redemptions", "station_id", DONE
    ),
    "a redemption takes points from the purse of its person": from_own_purse("redemptions"),
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
