"""Pure arithmetic of traces: which contribution paid which fen of which goods."""

from collections.abc import Sequence

from app.ledger.lots import split_by_value


def shares(paid: Sequence[int], costs: Sequence[int]) -> list[list[int]]:
    """Who paid what of each line: one row for each payer, by largest remainder.

    Both sums hold: a row is what its payer paid, a column is what its line cost. Each payer takes
    from what those before left, so the payers have one order. `paid` and `costs` sum up alike.
    """
    left, rows = list(costs), []
    for fen in paid:
        row = split_by_value(fen, left)
        left = [cost - part for cost, part in zip(left, row, strict=True)]
        rows.append(row)
    return rows
