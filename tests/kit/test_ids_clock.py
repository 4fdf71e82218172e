"""Identifiers that grow, codes that can be read aloud, and days that begin in Shanghai."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from app.kit import clock, ids
from app.kit.clock import SHANGHAI, business_day
from app.kit.ids import READABLE, new_id, readable


class TestNewId:
    def test_is_a_uuid_of_version_seven(self):
        before = time.time_ns() // 1_000_000
        for made in (new_id() for _ in range(1000)):
            assert (made.version, made.variant) == (7, "specified in RFC 4122")
            assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1

    def test_grows(self):
        made = [new_id() for _ in range(20_000)]
        assert made == sorted(made)
        assert [str(i) for i in made] == sorted(str(i) for i in made)

    def test_grows_when_the_machines_clock_goes_back(self, monkeypatch):
        before = new_id()
        past = time.time_ns() - 10**12
        monkeypatch.setattr(ids.time, "time_ns", lambda: past)
        assert before < new_id() < new_id()

    def test_grows_when_the_counter_of_a_millisecond_runs_over(self, monkeypatch):
        now = time.time_ns() + 10**10
        monkeypatch.setattr(ids.time, "time_ns", lambda: now)
        made = [new_id() for _ in range(9000)]
        assert made == sorted(set(made))
        assert {i.version for i in made} == {7}

    def test_is_unique_over_threads(self):
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: [new_id() for _ in range(2000)], range(8)))
        assert len({i for some in made for i in some}) == 16_000

    def test_does_not_follow_the_clock_of_the_rules(self):
        clock.shift(timedelta(days=-400))
        before = new_id()
        clock.unshift()
        assert before < new_id()


class TestReadable:
    def test_has_no_letter_that_is_misheard(self):
        assert set("01OILU").isdisjoint(READABLE)
        assert len(set(READABLE)) == len(READABLE)

    @pytest.mark.parametrize(
        ("number", "length", "expected"),
        [
            (0, 4, "2222"),
            (1, 3, "223"),
            (30, 2, "32"),
            (30**8 - 1, 8, "ZZZZZZZZ"),
            (30**2, 2, "22"),
        ],
    )
    def test_writes_the_low_digits(self, number, length, expected):
        assert readable(number, length) == expected


class TestClock:
    @pytest.mark.parametrize(
        ("at", "day"),
        [
            ("2026-11-21T15:59:59.999999+00:00", date(2026, 11, 21)),
            ("2026-11-21T16:00:00+00:00", date(2026, 11, 22)),
            ("2026-11-21T23:59:59+08:00", date(2026, 11, 21)),
            ("2026-11-22T00:00:00+08:00", date(2026, 11, 22)),
            ("2024-02-28T16:00:00+00:00", date(2024, 2, 29)),
            ("2024-02-29T23:59:59+08:00", date(2024, 2, 29)),
            ("2024-02-29T16:00:00+00:00", date(2024, 3, 1)),
            ("2025-02-28T16:00:00+00:00", date(2025, 3, 1)),
            ("2026-12-31T16:00:00+00:00", date(2027, 1, 1)),
        ],
    )
    def test_business_day_begins_at_midnight_in_shanghai(self, at, day):
        assert business_day(datetime.fromisoformat(at)) == day

    def test_is_the_machines_in_utc(self):
        assert clock.now().tzinfo is UTC
        assert abs(clock.now().timestamp() - time.time()) < 1
        assert clock.now().astimezone(SHANGHAI).utcoffset() == timedelta(hours=8)

    def test_is_moved_and_put_back(self):
        clock.shift(timedelta(days=400))
        clock.shift(timedelta(hours=1))
        ahead = clock.now().timestamp() - time.time()
        assert ahead == pytest.approx(timedelta(days=400, hours=1).total_seconds(), abs=1)
        clock.unshift()
        assert abs(clock.now().timestamp() - time.time()) < 1
