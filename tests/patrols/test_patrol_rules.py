"""The arithmetic of patrols: hours, nearness, order and length of a way."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.patrols.rules import Fix, end_of_day, in_order, moment, too_far_m, walk

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
METRE = 1 / 111_320


def fix(north_m: float, seconds: float) -> Fix:
    return Fix(30.2 + north_m * METRE, 105.84, NOON + timedelta(seconds=seconds))


def test_hours_are_those_of_shanghai():
    assert moment(date(2026, 11, 2), "08:30") == datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
    assert end_of_day(date(2026, 11, 2)) == datetime(2026, 11, 2, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away_m", "accuracy_m", "far"),
    [
        (0, 0, False), (99.9, 0, False), (100.1, 0, True), (150, 50.1, False), (150, 49.9, True),
        (199.9, 100, False), (200.1, 100, True), (500, 100_000, True),
    ],
)  # fmt: skip
def test_a_stop_is_near_within_100_m_and_an_honest_accuracy(away_m, accuracy_m, far):
    place = (30.2 + away_m * METRE, 105.84)
    found = too_far_m((30.2, 105.84), place, accuracy_m)
    assert (found is not None) is far
    assert found is None or found == pytest.approx(away_m, rel=0.001)


class TestOrder:
    until = NOON + timedelta(hours=1)

    @pytest.mark.parametrize(
        ("seconds", "good"),
        [
            ([0, 1, 2], True), ([0], True), ([1, 1], False), ([2, 1], False), ([-1, 1], False),
            ([0, 3600], True), ([0, 3601], False), ([-1], False),
        ],
    )  # fmt: skip
    def test_from_the_start(self, seconds, good):
        assert in_order([fix(0, s) for s in seconds], NOON, None, self.until) is good

    @pytest.mark.parametrize(("seconds", "good"), [([11], True), ([10], False), ([9, 12], False)])
    def test_after_the_last(self, seconds, good):
        fixes = [fix(0, s) for s in seconds]
        assert in_order(fixes, NOON, fix(0, 10), self.until) is good


class TestWalk:
    def test_adds_up(self):
        kept, way_m = walk(None, [fix(0, 0), fix(50, 30), fix(20, 60)])
        assert (len(kept), way_m) == (3, pytest.approx(80, rel=0.001))

    def test_goes_on_from_the_last(self):
        kept, way_m = walk(fix(0, 0), [fix(50, 30)])
        assert (len(kept), way_m) == (1, pytest.approx(50, rel=0.001))

    def test_leaves_jumps_out_and_goes_on_from_where_one_really_was(self):
        kept, way_m = walk(None, [fix(0, 0), fix(5000, 10), fix(30, 20)])
        assert (len(kept), way_m) == (2, pytest.approx(30, rel=0.001))

    @pytest.mark.parametrize(("metres", "kept"), [(599, 2), (601, 1)])
    def test_sixty_metres_a_second_is_the_most(self, metres, kept):
        assert len(walk(None, [fix(0, 0), fix(metres, 10)])[0]) == kept
