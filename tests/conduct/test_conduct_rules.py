"""Trust by itself: the thresholds, their edges, and when time alone changes them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.conduct.rules import WATCHED_WINDOW, WINDOW, Judged, lane, verdict

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def history(true: int, untrue: int, *, days_ago: float = 60) -> list[Judged]:
    at = NOW - days_ago * DAY
    return [Judged(at, true=True)] * true + [Judged(at, true=False)] * untrue


@pytest.mark.parametrize(
    ("true", "untrue", "level"),
    [
        (0, 0, "new"), (9, 0, "new"), (10, 0, "trusted"),
        # One of twenty is 5 %, and less is asked for.
        (19, 1, "new"), (20, 1, "trusted"), (10, 1, "new"),
    ],
)  # fmt: skip
def test_trusted_are_ten_and_less_than_five_percent(true, untrue, level):
    found = verdict(history(true, untrue), NOW)
    assert (found.verified, found.false_reports, found.level) == (true, untrue, level)


@pytest.mark.parametrize(("untrue", "level"), [(2, "trusted"), (3, "watched")])
def test_three_lately_are_watched_however_many_were_true(untrue, level):
    assert verdict(history(99, untrue, days_ago=29), NOW).level == level


def test_the_windows_end_to_the_instant():
    lately = [Judged(NOW, true=False)] * 3
    end = NOW + WATCHED_WINDOW
    assert verdict(lately, end - timedelta(microseconds=1)).level == "watched"
    assert verdict(lately, end).level == "new"
    assert verdict(lately, NOW + WINDOW - timedelta(microseconds=1)).false_reports == 3
    assert verdict(lately, NOW + WINDOW) == (0, 0, "new", None)


def test_it_says_when_time_alone_changes_it():
    mixed = [*history(10, 0, days_ago=100), *history(0, 1, days_ago=10)]
    first = verdict(mixed, NOW).renew_at
    assert first == NOW + 20 * DAY
    assert verdict(mixed, first).renew_at == NOW + 80 * DAY


@pytest.mark.parametrize(
    ("level", "anonymous", "expected"),
    [
        (None, False, None), ("new", False, None), ("trusted", False, "fast"),
        ("trusted", True, None), ("watched", False, "review"), ("watched", True, "review"),
    ],
)  # fmt: skip
def test_lanes(level, anonymous, expected):
    assert lane(level, anonymous=anonymous) == expected
