"""The invariants of awards and caps."""

CHECKS: dict[str, str] = {
    "an award says what the ledger did": """
        SELECT w.id FROM awards w
        LEFT JOIN journals j ON j.kind = 'accrue' AND j.source = CAST(w.id AS TEXT)
        LEFT JOIN journals s ON s.kind = 'settle' AND s.source = CAST(w.id AS TEXT)
        LEFT JOIN journals r ON r.kind = 'reverse' AND r.source = CAST(w.id AS TEXT)
        WHERE (w.state IN ('granted', 'settled', 'reversed') AND w.points > 0 AND j.id IS NULL)
           OR (w.state IN ('capped', 'waiting') AND j.id IS NOT NULL)
           OR ((w.state IN ('settled', 'reversed')) <> (s.id IS NOT NULL))
           OR ((w.state = 'reversed') <> (r.id IS NOT NULL))""",
    "an award gives its person the points that the ledger issued": """
        SELECT w.id FROM awards w
        JOIN journals j ON j.kind = 'accrue' AND j.source = CAST(w.id AS TEXT)
        LEFT JOIN transfers t ON t.journal_id = j.id AND t.asset = 'PTS'
        LEFT JOIN lots l ON l.transfer_id = t.id
        WHERE COALESCE(t.amount, 0) <> w.points OR l.earner_id <> w.person_id""",
    "nobody has two awards of one source, whatever their rounds": """
        SELECT w.person_id FROM (
          SELECT person_id, event, CASE WHEN source LIKE '%/%'
            THEN rtrim(rtrim(source, '0123456789'), '/') ELSE source END AS source
          FROM awards WHERE state <> 'voided') w
        GROUP BY w.person_id, w.event, w.source HAVING count(*) > 1""",
    "a cap counter is the sum of its awards": """
        SELECT c.person_id FROM cap_counters c LEFT JOIN (
          SELECT w.person_id, r.code, w.day, SUM(w.points) AS points FROM awards w
          JOIN reward_rules r ON r.id = w.rule_id WHERE w.state NOT IN ('voided', 'reversed')
          GROUP BY w.person_id, r.code, w.day) a
          ON a.person_id = c.person_id AND a.code = c.rule_code AND c.period = 'day:' || a.day
        WHERE c.period LIKE 'day:%' AND c.used <> COALESCE(a.points, 0)""",
    "a month's cap counter is the sum of its days": """
        SELECT c.person_id FROM cap_counters c LEFT JOIN (
          SELECT person_id, rule_code, 'month:' || substr(period, 5, 7) AS period, SUM(used) AS used
          FROM cap_counters WHERE period LIKE 'day:%'
          GROUP BY person_id, rule_code, substr(period, 5, 7)) d
          ON d.person_id = c.person_id AND d.rule_code = c.rule_code AND d.period = c.period
        WHERE c.period LIKE 'month:%' AND c.used <> COALESCE(d.used, 0)""",
    "a place pays a person once a day": """
        SELECT c.person_id FROM cap_counters c LEFT JOIN (
          SELECT w.person_id, r.code, w.place, count(*) AS paid FROM (
            SELECT person_id, rule_id, inputs ->> 'place' AS place FROM awards
            WHERE state NOT IN ('voided', 'reversed')) w
          JOIN reward_rules r ON r.id = w.rule_id WHERE w.place IS NOT NULL
          GROUP BY w.person_id, r.code, w.place) a
          ON a.person_id = c.person_id AND a.code = c.rule_code AND a.place = c.period
        WHERE c.period LIKE 'place:%' AND c.used <> COALESCE(a.paid, 0)""",
    "a campaign has used what it added": """
        SELECT c.code FROM campaigns c LEFT JOIN (
          SELECT campaign_id, SUM(bonus) AS bonus FROM awards
          WHERE state NOT IN ('voided', 'reversed') GROUP BY campaign_id) w
          ON w.campaign_id = c.id
        WHERE c.used <> COALESCE(w.bonus, 0)""",
    "doubted points are not spendable, undeserved ones are taken back": """
        SELECT o.id FROM objections o JOIN awards w ON w.id = o.award_id
        WHERE (o.state = 'open' AND w.state IN ('settled', 'reversed'))
           OR (o.state = 'upheld' AND w.state <> 'voided')""",
}
