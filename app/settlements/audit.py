"""The invariants of settling: statements, their lines, and the payments behind them."""

CHECKS: dict[str, str] = {
    "a merchant's statement is the sum of its lines": """
        SELECT s.id FROM merchant_statements s
        LEFT JOIN (SELECT statement_id, SUM(fen) AS fen FROM merchant_lines GROUP BY statement_id) l
          ON l.statement_id = s.id
        WHERE (s.state = 'dropped' AND l.statement_id IS NOT NULL)
           OR (s.state <> 'dropped' AND (s.fen <= 0 OR s.fen <> COALESCE(l.fen, 0)))""",
    "a line of a statement is what its transfer moved on the merchant's account": """
        SELECT l.transfer_id FROM merchant_lines l
        JOIN merchant_statements s ON s.id = l.statement_id
        LEFT JOIN transfers t ON t.id = l.transfer_id
        LEFT JOIN journals j ON j.id = t.journal_id
        LEFT JOIN accounts c ON c.id = t.credit_account_id AND c.kind = 'payable'
        LEFT JOIN accounts d ON d.id = t.debit_account_id AND d.kind = 'payable'
        WHERE t.id IS NULL OR j.kind = 'pay_out'
           OR l.fen <> CASE WHEN c.owner = s.merchant THEN t.amount
                            WHEN d.owner = s.merchant THEN -t.amount ELSE 0 END""",
    "no transfer is settled twice": """
        SELECT transfer_id FROM merchant_lines GROUP BY transfer_id HAVING COUNT(*) > 1""",
    "a paid statement is one payment of its amount by its two persons": """
        SELECT s.id FROM merchant_statements s
        LEFT JOIN journals j ON j.kind = 'pay_out' AND j.source = CAST(s.id AS TEXT)
        LEFT JOIN (SELECT t.journal_id, SUM(t.amount) AS fen, MIN(a.owner) AS merchant,
                   COUNT(*) AS count FROM transfers t JOIN accounts a
                   ON a.id = t.debit_account_id AND a.kind = 'payable' GROUP BY t.journal_id) p
          ON p.journal_id = j.id
        WHERE (s.state <> 'paid' AND j.id IS NOT NULL)
           OR (s.state = 'paid' AND (j.id IS NULL OR COALESCE(p.count, 0) <> 1
               OR p.fen <> s.fen OR p.merchant <> s.merchant OR j.actor_id IS NULL
               OR j.approver_id IS NULL OR j.actor_id <> s.drawn_by
               OR j.approver_id <> s.approved_by OR s.approved_by = s.drawn_by))
        UNION ALL
        SELECT j.id FROM journals j
        LEFT JOIN merchant_statements s ON j.source = CAST(s.id AS TEXT)
        WHERE j.kind = 'pay_out' AND s.id IS NULL""",
    "statements are numbered without a gap": """
        SELECT SUBSTR(number, 1, 15) FROM merchant_statements GROUP BY SUBSTR(number, 1, 15)
        HAVING COUNT(*) <> MAX(CAST(SUBSTR(number, 16) AS INTEGER))""",
}
