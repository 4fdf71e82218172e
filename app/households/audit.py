"""The invariant of households: who belongs to one spends from its purse, and nobody else does."""

CHECKS: dict[str, str] = {
    "who belongs to a household spends from its purse": """
        SELECT m.person_id FROM household_members m
        LEFT JOIN purses p ON p.person_id = m.person_id
        LEFT JOIN accounts a ON a.id = p.account_id AND a.kind = 'household'
          AND a.owner = CAST(m.household_id AS TEXT)
        WHERE m.left_at IS NULL AND a.id IS NULL""",
    "who spends from a household's purse belongs to it": """
        SELECT p.person_id FROM purses p JOIN accounts a ON a.id = p.account_id
        WHERE NOT EXISTS (
          SELECT 1 FROM household_members m WHERE m.person_id = p.person_id
          AND m.left_at IS NULL AND CAST(m.household_id AS TEXT) = a.owner)""",
}


def from_own_purse(table: str) -> str:
    """Orders whose points are neither of their person's purse nor of a household of theirs.

    It may be one that they have left: when, the clocks of two servers may differ on.
    """
    return f"""
        SELECT r.id FROM {table} r
        JOIN journals j ON j.kind = 'redeem' AND j.source = CAST(r.id AS TEXT)
        JOIN transfers p ON p.journal_id = j.id AND p.state = 'pending'
        JOIN accounts a ON a.id = p.debit_account_id
        WHERE NOT (a.kind = 'member' AND a.owner = CAST(r.person_id AS TEXT))
        AND NOT EXISTS (
          SELECT 1 FROM household_members m WHERE a.kind = 'household'
          AND CAST(m.household_id AS TEXT) = a.owner AND m.person_id = r.person_id)"""  # noqa: S608
