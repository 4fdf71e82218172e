"""The pure rules: the window, the period, the arithmetic, what templates may say."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.workflow import MOVES
from app.feedback import rules
from app.feedback.errors import (
    PeriodInvalid,
    PlaceholderUnknown,
    RatingWindowOver,
    ReasonUnknown,
)
from app.feedback.schemas import AnswerMove

CLOSED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_thirty_days_to_the_second():
    rules.require_open_window(CLOSED, CLOSED + timedelta(days=30), timedelta(days=30))
    with pytest.raises(RatingWindowOver):
        rules.require_open_window(
            CLOSED, CLOSED + timedelta(days=30, seconds=1), timedelta(days=30)
        )


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 11, 2), date(2026, 11, 1)), (date(2026, 1, 1), date(2027, 2, 5)),
        (date(1, 1, 1), date(1, 1, 1)), (date(9999, 12, 31), date(9999, 12, 31)),
        (date(1999, 12, 31), date(2000, 1, 1)), (date(1, 1, 1), date(9999, 12, 31)),
    ],
)  # fmt: skip
def test_periods_that_are_none(first, last):
    with pytest.raises(PeriodInvalid):
        rules.period(first, last)


def test_a_period_counts_both_days_in_shanghai():
    since, until = rules.period(date(2026, 11, 1), date(2026, 11, 1))
    assert since == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert until - since == timedelta(days=1)
    since, until = rules.period(date(2026, 1, 1), date(2027, 2, 4))
    assert until - since == timedelta(days=400)


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.sampled_from((100, 1000)))
def test_shares_are_rounded_half_up(part, whole, scale):
    exact = Fraction(part * scale, whole)
    assert rules.share(part, whole, scale) == (exact + Fraction(1, 2)).__floor__()


def test_a_share_of_nothing_is_none():
    assert rules.share(0, 0, 100) is None


@pytest.mark.parametrize("text", ["案件 {number}", "{category}{grid}{number}{number}", "好"])
def test_placeholders_that_we_fill(text):
    rules.require_placeholders(text)


@pytest.mark.parametrize(
    "text",
    ["{name}", "{", "}", "{{number}}", "{number!r}", "{number.real}", "{0}", "{}", "{ grid}"],
)
def test_anything_else_in_braces_is_refused(text):
    with pytest.raises(PlaceholderUnknown):
        rules.require_placeholders(text)


def test_what_is_filled_in_is_not_looked_at_again():
    values = {"number": "{grid}", "category": "{", "grid": "网格"}
    assert rules.fill("{number}{category}{grid}", values) == "{grid}{网格"


def test_a_text_that_lacks_a_value_is_not_filled():
    assert rules.fill("关于{category}", {"number": "1", "category": None, "grid": "g"}) is None
    assert rules.fill("关于{number}", {"number": "1", "category": None, "grid": None}) == "关于1"


def test_reasons_belong_to_their_moves():
    for move, reason in (("close", "fixed"), ("reject", "not_found"), ("suspend", None)):
        rules.require_reason(move, reason)
    for move, reason in (("close", "not_found"), ("reject", "fixed"), ("suspend", "fixed")):
        with pytest.raises(ReasonUnknown):
            rules.require_reason(move, reason)


def test_templates_are_for_the_moves_that_speak_to_the_reporter():
    speaking = {m.name for m in MOVES if m.offered and "public_note" in (*m.required, *m.optional)}
    assert set(get_args(AnswerMove)) == speaking
