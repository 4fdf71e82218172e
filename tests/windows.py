"""Where a test's time begins; always later than now, for what stands there was made before.

Attempts are counted in windows of five minutes: a test that counts them begins with one.
"""

from datetime import timedelta

from app.kit import attempts, clock


def fresh_window(later: int = 0) -> None:
    """Goes on to where the next window begins, or one that comes so many `later`."""
    into = clock.now().timestamp() % attempts.WINDOW.total_seconds()
    clock.shift((later + 1) * attempts.WINDOW - timedelta(seconds=into - 1))


def next_noon() -> None:
    """Goes on to the next noon in Shanghai."""
    past = clock.now() + timedelta(hours=12)
    noon = clock.day_start(clock.business_day(past)) + timedelta(hours=12)
    clock.shift(noon - clock.now())
