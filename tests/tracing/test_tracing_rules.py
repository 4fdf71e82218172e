"""Which contribution paid which fen of which goods: both sums hold, to the fen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tracing.rules import shares


@pytest.mark.parametrize(
    ("paid", "costs", "rows"),
    [
        ([100], [30, 70], [[30, 70]]),
        ([], [], []),
        # A third of 10 and of 20, the largest remainder first; the others take what is left.
        ([10, 10, 10], [10, 20], [[3, 7], [4, 6], [3, 7]]),
        ([1, 1], [1, 1], [[1, 0], [0, 1]]),
        ([5, 0, 2], [7, 0], [[5, 0], [0, 0], [2, 0]]),
    ],
)
def test_by_hand(paid, costs, rows):
    assert shares(paid, costs) == rows


@st.composite
def bills(draw):
    costs = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
    cuts = sorted(draw(st.lists(st.integers(0, sum(costs)), max_size=6)))
    ends = [*cuts, sum(costs)]
    return [b - a for a, b in zip([0, *cuts], ends, strict=True)], costs


@given(bills())
@settings(max_examples=300, deadline=None)
def test_rows_and_columns_sum_up(bill):
    paid, costs = bill
    rows = shares(paid, costs)
    assert [sum(row) for row in rows] == paid
    assert [sum(column) for column in zip(*rows, strict=True)] == costs
    assert all(part >= 0 for row in rows for part in row)
    # Nobody is far from their part of a line.
    whole = sum(costs)
    for fen, row in zip(paid, rows, strict=True):
        for cost, part in zip(costs, row, strict=True):
            assert whole == 0 or abs(part - fen * cost / whole) < len(paid) + 1
