"""The ledger's invariants, recomputed from its facts."""

# Each query gives the rows that break one rule; a clean ledger gives none. The sums are taken from
# transfers, lot uses and backing, which nobody can change, and compared with the running state.
CHECKS: dict[str, str] = {
    "a balance is the sum of its transfers": """
        SELECT b.account_id, b.credits, b.debits, b.held FROM balances b
        LEFT JOIN (
          SELECT account_id, SUM(credit) AS credits, SUM(debit) AS debits, SUM(pending) AS held
          FROM (
            SELECT credit_account_id AS account_id, amount AS credit, 0 AS debit, 0 AS pending
              FROM transfers WHERE state IN ('posted', 'post')
            UNION ALL
            SELECT debit_account_id, 0, amount, 0 FROM transfers WHERE state IN ('posted', 'post')
            UNION ALL
            SELECT t.debit_account_id, 0, 0, t.amount FROM transfers t
              WHERE t.state = 'pending'
              AND NOT EXISTS (SELECT 1 FROM transfers r WHERE r.pending_id = t.id)
          ) sides GROUP BY account_id
        ) s ON s.account_id = b.account_id
        WHERE b.credits <> COALESCE(s.credits, 0) OR b.debits <> COALESCE(s.debits, 0)
           OR b.held <> COALESCE(s.held, 0)""",
    "a lot's remainder is its amount less its uses": """
        SELECT l.id FROM lots l LEFT JOIN (
          SELECT lot_id, SUM(CASE kind WHEN 'take' THEN amount ELSE -amount END) AS used
          FROM lot_uses GROUP BY lot_id) u ON u.lot_id = l.id
        WHERE l.remaining <> l.amount - COALESCE(u.used, 0)""",
    "a lot is the transfer that made it": """
        SELECT l.id FROM lots l JOIN transfers t ON t.id = l.transfer_id
        WHERE l.amount <> t.amount OR l.account_id <> t.credit_account_id""",
    "a member's points are the remainders of their lots": """
        SELECT b.account_id FROM balances b JOIN accounts a ON a.id = b.account_id
        LEFT JOIN (SELECT account_id, SUM(remaining) AS live,
                   SUM(CASE WHEN settled_at IS NULL THEN remaining ELSE 0 END) AS unsettled
                   FROM lots GROUP BY account_id) l ON l.account_id = b.account_id
        WHERE a.kind = 'member' AND (b.credits - b.debits - b.held <> COALESCE(l.live, 0)
           OR b.unsettled <> COALESCE(l.unsettled, 0))""",
    "a transfer that takes points is the sum of its uses": """
        SELECT t.id FROM transfers t JOIN accounts a ON a.id = t.debit_account_id
        LEFT JOIN (SELECT transfer_id, SUM(amount) AS used FROM lot_uses GROUP BY transfer_id) u
          ON u.transfer_id = t.id
        WHERE a.kind = 'member' AND t.state IN ('posted', 'pending', 'void')
          AND t.amount <> COALESCE(u.used, 0)""",
    "points are backed fen for fen": """
        SELECT l.id FROM lots l LEFT JOIN (
          SELECT lot_id, SUM(CASE kind WHEN 'draw' THEN fen ELSE -fen END) AS fen
          FROM backing GROUP BY lot_id) b ON b.lot_id = l.id
        LEFT JOIN (
          SELECT u.lot_id, SUM(u.amount) AS held FROM lot_uses u
          JOIN transfers t ON t.id = u.transfer_id AND t.state = 'pending' AND u.kind = 'take'
          WHERE NOT EXISTS (SELECT 1 FROM transfers r WHERE r.pending_id = t.id)
          GROUP BY u.lot_id) h ON h.lot_id = l.id
        WHERE COALESCE(b.fen, 0) <> (l.remaining + COALESCE(h.held, 0)) * l.rate_fen""",
    "a contribution is available, reserved or paid": """
        SELECT c.id FROM contributions c
        LEFT JOIN (SELECT contribution_id, SUM(available) AS fen FROM pool_parts
                   GROUP BY contribution_id) p ON p.contribution_id = c.id
        LEFT JOIN (SELECT contribution_id, SUM(CASE kind WHEN 'draw' THEN fen WHEN 'return'
                   THEN -fen ELSE 0 END) AS fen FROM backing GROUP BY contribution_id) b
          ON b.contribution_id = c.id
        WHERE (c.state = 'approved' AND c.fen <> COALESCE(p.fen, 0) + COALESCE(b.fen, 0))
           OR (c.state <> 'approved' AND COALESCE(p.fen, 0) + COALESCE(b.fen, 0) <> 0)""",
    "a pool's balance is the sum of its parts": """
        SELECT a.id FROM accounts a JOIN balances b ON b.account_id = a.id
        LEFT JOIN (SELECT fund_id, shard, SUM(available) AS fen FROM pool_parts
                   GROUP BY fund_id, shard) p
          ON CAST(p.fund_id AS TEXT) = a.owner AND p.shard = a.shard
        WHERE a.kind = 'pool' AND b.credits - b.debits <> COALESCE(p.fen, 0)""",
    "reserved money is what stands behind points": """
        SELECT a.id FROM accounts a
        LEFT JOIN (SELECT account_id, SUM(fen) AS fen FROM (
            SELECT credit_account_id AS account_id, amount AS fen FROM transfers
            UNION ALL SELECT debit_account_id, -amount FROM transfers) s GROUP BY account_id) t
          ON t.account_id = a.id
        LEFT JOIN (SELECT l.fund_id, SUM(CASE b.kind WHEN 'draw' THEN b.fen ELSE -b.fen END) AS fen
                   FROM backing b JOIN lots l ON l.id = b.lot_id GROUP BY l.fund_id) k
          ON CAST(k.fund_id AS TEXT) = a.owner
        WHERE a.kind = 'reserved' AND COALESCE(t.fen, 0) <> COALESCE(k.fen, 0)""",
    "money moves by hand only with two persons": """
        SELECT id FROM journals WHERE kind IN ('contribute', 'reverse', 'adjust', 'refund',
        'pay_out') AND (actor_id IS NULL OR approver_id IS NULL OR actor_id = approver_id)""",
    "a journal has transfers": """
        SELECT j.id FROM journals j WHERE j.kind <> 'settle'
        AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.journal_id = j.id)""",
    "a pending transfer is resolved by one journal of its kind": """
        SELECT r.id FROM transfers r JOIN journals j ON j.id = r.journal_id
        WHERE (r.state = 'post' AND j.kind <> 'fulfil')
           OR (r.state = 'void' AND j.kind <> 'cancel')""",
}
