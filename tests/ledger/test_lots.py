"""Which points are spent first, and who pays which fen: pure arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.lots import Share, split_by_value, take_in_order

amounts = st.lists(st.integers(0, 10**9), max_size=12)
wanted = st.integers(1, 10**10)


@given(amounts, wanted)
def test_takes_all_or_nothing(held, points):
    taken = take_in_order(enumerate(held), points)
    if sum(held) < points:
        assert taken is None
    else:
        assert sum(share.amount for share in taken) == points


@given(amounts, wanted)
def test_empties_each_source_before_the_next(held, points):
    taken = take_in_order(enumerate(held), points) or []
    assert all(0 < share.amount <= held[share.source] for share in taken)
    assert [share.source for share in taken] == sorted({share.source for share in taken})
    for share in taken[:-1]:
        assert share.amount == held[share.source]
    skipped = set(range(taken[-1].source)) - {share.source for share in taken} if taken else ()
    assert all(held[source] == 0 for source in skipped)


def test_takes_nothing_when_nothing_is_wanted():
    assert take_in_order([("a", 3)], 0) == []


def test_leaves_the_rest_of_the_last_source():
    assert take_in_order([("a", 3), ("b", 0), ("c", 5)], 4) == [Share("a", 3), Share("c", 1)]


@st.composite
def bills(draw):
    values = draw(st.lists(st.integers(0, 10**12), max_size=12))
    return draw(st.integers(0, sum(values))), values


@given(bills())
def test_a_split_is_the_whole_and_never_more_than_a_value(bill):
    total, values = bill
    parts = split_by_value(total, values)
    assert sum(parts) == total
    assert all(0 <= part <= value for part, value in zip(parts, values, strict=True))


@given(bills())
def test_a_split_is_within_a_fen_of_proportional(bill):
    total, values = bill
    whole = sum(values)
    for part, value in zip(split_by_value(total, values), values, strict=True):
        assert abs(part * whole - total * value) < max(whole, 1)


@given(bills())
def test_a_split_is_the_same_each_time(bill):
    assert split_by_value(*bill) == split_by_value(*bill)


@pytest.mark.parametrize(
    ("total", "values", "parts"),
    [
        (0, [], []),
        (0, [0, 0], [0, 0]),
        (1, [1, 1], [1, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (100, [70, 30], [70, 30]),
        (400, [300, 140], [273, 127]),
        (5, [0, 5], [0, 5]),
    ],
    ids=str,
)
def test_the_odd_fen_go_to_the_largest_remainders_then_the_first(total, values, parts):
    assert split_by_value(total, values) == parts
