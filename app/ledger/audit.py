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
        WHERE a.kind IN ('member', 'household')
          AND (b.credits - b.debits - b.held <> COALESCE(l.live, 0)
           OR b.unsettled <> COALESCE(l.unsettled, 0))""",
    "a transfer that takes points is the sum of its uses": """
        SELECT t.id FROM transfers t JOIN accounts a ON a.id = t.debit_account_id
        LEFT JOIN (SELECT transfer_id, SUM(amount) AS used FROM lot_uses GROUP BY transfer_id) u
          ON u.transfer_id = t.id
        WHERE a.kind IN ('member', 'household') AND t.state IN ('posted', 'pending', 'void')
          AND t.amount <> COALESCE(u.used, 0)""",
    "points are backed fen for fen": """
        SELECT l.id FROM lots l LEFT JOIN (
          SELECT lot_id, SUM(CASE WHEN kind IN ('draw', 'refund') THEN fen ELSE -fen END) AS fen
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
        LEFT JOIN (SELECT contribution_id, SUM(fen) AS fen FROM contribution_returns
                   WHERE state = 'approved' GROUP BY contribution_id) r
          ON r.contribution_id = c.id
        WHERE CASE c.state WHEN 'approved' THEN c.fen ELSE 0 END
           <> COALESCE(p.fen, 0) + COALESCE(b.fen, 0) + COALESCE(r.fen, 0)""",
    "what was paid is the sum of its payments": """
        SELECT c.id FROM contributions c
        LEFT JOIN (SELECT contribution_id, SUM(fen) AS fen FROM paid_parts
                   GROUP BY contribution_id) p ON p.contribution_id = c.id
        LEFT JOIN (SELECT contribution_id, SUM(CASE kind WHEN 'pay' THEN fen ELSE -fen END) AS fen
                   FROM backing WHERE kind IN ('pay', 'refund') GROUP BY contribution_id) b
          ON b.contribution_id = c.id
        WHERE COALESCE(p.fen, 0) <> COALESCE(b.fen, 0)""",
    "money went back as two persons said": """
        SELECT j.id FROM journals j
        LEFT JOIN contribution_returns r ON CAST(r.id AS TEXT) = j.source
        WHERE j.kind = 'give_back' AND (COALESCE(r.state, '-') <> 'approved'
          OR COALESCE((SELECT SUM(amount) FROM transfers WHERE journal_id = j.id), 0) <> r.fen
          OR r.decided_by <> j.approver_id OR r.proposed_by <> j.actor_id)
        UNION ALL SELECT r.id FROM contribution_returns r
        LEFT JOIN journals j ON j.kind = 'give_back' AND j.source = CAST(r.id AS TEXT)
        WHERE r.state = 'approved' AND j.id IS NULL""",
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
        LEFT JOIN (SELECT l.fund_id,
                   SUM(CASE WHEN b.kind IN ('draw', 'refund') THEN b.fen ELSE -b.fen END) AS fen
                   FROM backing b JOIN lots l ON l.id = b.lot_id GROUP BY l.fund_id) k
          ON CAST(k.fund_id AS TEXT) = a.owner
        WHERE a.kind = 'reserved' AND COALESCE(t.fen, 0) <> COALESCE(k.fen, 0)""",
    "money moves by hand only with two persons": """
        SELECT id FROM journals WHERE kind IN ('contribute', 'reverse', 'refund', 'pay_out',
        'give_back') AND (actor_id IS NULL OR approver_id IS NULL OR actor_id = approver_id)""",
    "a journal has transfers": """
        SELECT j.id FROM journals j WHERE j.kind NOT IN ('settle', 'reverse')
        AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.journal_id = j.id)""",
    "an event moves what its kind may": """
        SELECT t.id FROM transfers t JOIN journals j ON j.id = t.journal_id
        JOIN accounts d ON d.id = t.debit_account_id JOIN accounts c ON c.id = t.credit_account_id
        WHERE j.kind || ' ' || REPLACE(d.kind, 'household', 'member') || ' '
          || REPLACE(c.kind, 'household', 'member') NOT IN ('contribute world pool',
          'accrue issuer member', 'accrue pool reserved', 'give_back pool world',
          'void member issuer', 'void reserved pool',
          'reverse member issuer', 'reverse reserved pool',
          'redeem member redeemed', 'fulfil member redeemed', 'fulfil reserved payable',
          'fulfil reserved pool', 'cancel member redeemed', 'expire member expired',
          'expire reserved pool', 'repay member issuer', 'repay reserved pool',
          'refund redeemed member', 'refund payable reserved', 'refund pool reserved',
          'pay_out payable world', 'rebalance pool pool', 'carry member member')""",
    "a rebalance stays in its fund": """
        SELECT t.id FROM transfers t JOIN journals j ON j.id = t.journal_id
        JOIN accounts d ON d.id = t.debit_account_id JOIN accounts c ON c.id = t.credit_account_id
        WHERE j.kind = 'rebalance' AND d.owner <> c.owner""",
    "a pending transfer is resolved by one journal of its kind": """
        SELECT r.id FROM transfers r JOIN journals j ON j.id = r.journal_id
        WHERE (r.state = 'post' AND j.kind <> 'fulfil')
           OR (r.state = 'void' AND j.kind <> 'cancel')""",
    "a reversal names what it reverses": """
        SELECT j.id FROM journals j LEFT JOIN journals o ON o.id = j.reverses_id
        WHERE (j.kind = 'reverse' AND COALESCE(o.kind, '-') <> 'accrue')
           OR (j.kind = 'refund' AND COALESCE(o.kind, '-') <> 'fulfil')
           OR (j.reverses_id IS NOT NULL AND (j.kind NOT IN ('reverse', 'refund')
               OR o.source <> j.source))""",
    "a reversal takes all that was not spent, and the rest is owed": """
        SELECT j.id FROM journals j
        JOIN transfers a ON a.journal_id = j.reverses_id JOIN lots l ON l.transfer_id = a.id
        LEFT JOIN debts d ON d.journal_id = j.id
        LEFT JOIN (SELECT journal_id, SUM(amount) AS points FROM transfers WHERE asset = 'PTS'
                   GROUP BY journal_id) t ON t.journal_id = j.id
        LEFT JOIN (SELECT COALESCE(f.origin_id, f.id) AS lot_id, SUM(u.amount) AS points
                   FROM lot_uses u JOIN lots f ON f.id = u.lot_id
                   JOIN transfers x ON x.id = u.transfer_id
                   JOIN journals e ON e.id = x.journal_id AND e.kind = 'expire'
                   GROUP BY COALESCE(f.origin_id, f.id)) e ON e.lot_id = l.id
        WHERE j.kind = 'reverse' AND (COALESCE(d.points, 0) + COALESCE(t.points, 0) > l.amount
          OR COALESCE(d.points, 0) + COALESCE(t.points, 0) + COALESCE(e.points, 0) < l.amount)""",
    "a debt is what a reversal could not take": """
        SELECT d.id FROM debts d LEFT JOIN journals j ON j.id = d.journal_id
        LEFT JOIN transfers a ON a.journal_id = j.reverses_id AND a.asset = 'PTS'
        LEFT JOIN lots l ON l.transfer_id = a.id
        WHERE COALESCE(j.kind, '-') <> 'reverse' OR l.id IS NULL
           OR d.person_id <> l.earner_id""",
    "a debt is its points less its payments": """
        SELECT d.id FROM debts d LEFT JOIN (SELECT debt_id, SUM(points) AS points
          FROM debt_payments GROUP BY debt_id) p ON p.debt_id = d.id
        WHERE d.remaining <> d.points - COALESCE(p.points, 0)""",
    "what pays debts left the purse": """
        SELECT j.id FROM journals j
        LEFT JOIN (SELECT journal_id, SUM(points) AS points FROM debt_payments GROUP BY journal_id)
          p ON p.journal_id = j.id
        LEFT JOIN (SELECT journal_id, SUM(amount) AS points FROM transfers WHERE asset = 'PTS'
                   GROUP BY journal_id) t ON t.journal_id = j.id
        WHERE (j.kind = 'repay') <> (p.points IS NOT NULL)
           OR COALESCE(p.points, 0) <> CASE j.kind WHEN 'repay' THEN t.points ELSE 0 END""",
    "points that change their purse keep earner, worth and age": """
        SELECT l.id FROM lots l JOIN lots o ON o.id = l.origin_id
        WHERE l.earner_id <> o.earner_id OR l.fund_id <> o.fund_id OR l.rate_fen <> o.rate_fen
           OR o.origin_id IS NOT NULL OR l.settled_at IS NULL OR o.settled_at IS NULL
           OR l.settled_at <> o.settled_at""",
    "a lot is earned or carried": """
        SELECT l.id FROM lots l JOIN transfers t ON t.id = l.transfer_id
        JOIN journals j ON j.id = t.journal_id
        WHERE j.kind <> CASE WHEN l.origin_id IS NULL THEN 'accrue' ELSE 'carry' END""",
    "who shares a purse spends from it alone": """
        SELECT p.person_id FROM purses p
        JOIN accounts s ON s.id = p.account_id
        LEFT JOIN accounts a ON a.kind = 'member' AND a.owner = CAST(p.person_id AS TEXT)
        LEFT JOIN lots l ON l.account_id = a.id AND l.remaining > 0 AND l.settled_at IS NOT NULL
        WHERE s.kind <> 'household' OR l.id IS NOT NULL""",
    "lots in a carried journal are what other lots gave": """
        SELECT t.id FROM transfers t JOIN journals j ON j.id = t.journal_id AND j.kind = 'carry'
        LEFT JOIN lots n ON n.transfer_id = t.id
        LEFT JOIN lot_uses u ON u.transfer_id = t.id AND u.kind = 'take'
        LEFT JOIN lots o ON o.id = u.lot_id
        WHERE n.id IS NULL OR o.id IS NULL OR n.amount <> u.amount
           OR COALESCE(o.origin_id, o.id) <> COALESCE(n.origin_id, n.id)""",
    "what a refund gives back was taken": """
        SELECT j.id FROM journals j JOIN transfers t ON t.journal_id = j.id AND t.asset = 'PTS'
        LEFT JOIN (SELECT transfer_id, SUM(amount) AS points FROM lot_uses WHERE kind = 'return'
                   GROUP BY transfer_id) u ON u.transfer_id = t.id
        WHERE j.kind = 'refund' AND t.amount <> COALESCE(u.points, 0)""",
    "a merchant is owed what was handed out, less what came back": """
        SELECT a.id FROM accounts a
        LEFT JOIN (SELECT account_id, SUM(fen) AS fen FROM (
            SELECT t.credit_account_id AS account_id, t.amount AS fen FROM transfers t
              JOIN journals j ON j.id = t.journal_id AND j.kind = 'fulfil'
            UNION ALL SELECT t.debit_account_id, -t.amount FROM transfers t
              JOIN journals j ON j.id = t.journal_id AND j.kind = 'refund') s
            GROUP BY account_id) w ON w.account_id = a.id
        LEFT JOIN (SELECT account_id, SUM(fen) AS fen FROM (
            SELECT credit_account_id AS account_id, amount AS fen FROM transfers
              WHERE asset = 'CNY'
            UNION ALL SELECT t.debit_account_id, -t.amount FROM transfers t
              JOIN journals j ON j.id = t.journal_id
              WHERE t.asset = 'CNY' AND j.kind <> 'pay_out') s GROUP BY account_id) b
          ON b.account_id = a.id
        WHERE a.kind = 'payable' AND COALESCE(w.fen, 0) <> COALESCE(b.fen, 0)""",
    "receipts are numbered without a gap": """
        SELECT fund_id, SUBSTR(receipt_no, 1, LENGTH(receipt_no) - 7) AS series
        FROM contributions WHERE receipt_no IS NOT NULL
        GROUP BY fund_id, SUBSTR(receipt_no, 1, LENGTH(receipt_no) - 7)
        HAVING COUNT(*) <> MAX(CAST(SUBSTR(receipt_no, LENGTH(receipt_no) - 5) AS INTEGER))
            OR MIN(CASE state WHEN 'approved' THEN 1 ELSE 0 END) = 0""",
}


def resolved_as_said(table: str, done: str) -> str:
    """Orders whose state is not what the ledger did with their points, at whatever store.

    `done` are the states, as SQL lists them, of orders whose goods were handed out.
    """
    return f"""
        SELECT r.id FROM {table} r
        LEFT JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(r.id AS TEXT)
        LEFT JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        LEFT JOIN transfers d ON d.pending_id = p.id
        WHERE p.id IS NULL OR p.amount <> r.points
           OR (r.state = 'held' AND d.id IS NOT NULL)
           OR (r.state IN ({done}) AND COALESCE(d.state, '-') <> 'post')
           OR (r.state IN ('cancelled', 'expired') AND COALESCE(d.state, '-') <> 'void')"""  # noqa: S608


def owes_its_cost(table: str, merchant: str, done: str) -> str:
    """Orders for which a merchant, a column, is not owed what the goods cost."""
    return f"""
        SELECT r.id FROM {table} r
        LEFT JOIN (
          SELECT j.source, a.owner, SUM(t.amount) AS fen FROM journals j
          JOIN transfers t ON t.journal_id = j.id AND t.asset = 'CNY'
          JOIN accounts a ON a.id = t.credit_account_id AND a.kind = 'payable'
          WHERE j.kind = 'fulfil' GROUP BY j.source, a.owner) owed
          ON owed.source = CAST(r.id AS TEXT) AND owed.owner = r.{merchant}
        WHERE COALESCE(owed.fen, 0) <> CASE WHEN r.state IN ({done}) THEN r.cost_fen ELSE 0 END"""  # noqa: S608
