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
