"""Counting attempts in the database, so that limits hold across processes and restarts."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit import clock, rates
from app.kit.columns import At, CodeStr, Int
from app.kit.db import Base, insert_for

WINDOW = timedelta(minutes=5)


class Attempt(Base):
    """Attempts by one subject in one window of five minutes."""

    __tablename__ = "attempts"

    subject: Mapped[CodeStr] = mapped_column(primary_key=True)
    window_start: Mapped[At] = mapped_column(primary_key=True)
    count: Mapped[Int]

    __table_args__ = (CheckConstraint("count > 0", name="count"),)


def add(tx: Session, subject: str) -> int:
    """Counts one attempt and says how many there are in this window."""
    return _add(tx, subject, _window_start(clock.now()))


def add_today(tx: Session, subject: str) -> int:
    """Counts one attempt and says how many there are on this business day."""
    # Under the day's end, so that nothing forgets it before.
    tomorrow = clock.business_day(clock.now()) + timedelta(days=1)
    return _add(tx, subject, clock.day_start(tomorrow))


def _add(tx: Session, subject: str, window_start: datetime) -> int:
    first = insert_for(tx, Attempt).values(subject=subject, window_start=window_start, count=1)
    counted = first.on_conflict_do_update(
        index_elements=["subject", "window_start"], set_={"count": Attempt.count + 1}
    )
    return int(tx.execute(counted.returning(Attempt.count)).scalar_one())


def made(tx: Session, subject: str) -> int:
    """How many attempts the subject has made in this window."""
    start = _window_start(clock.now())
    return (
        tx.scalar(
            select(Attempt.count).where(Attempt.subject == subject, Attempt.window_start == start)
        )
        or 0
    )


def retry_after(most: int) -> dict[str, str]:
    """The headers of a refusal after `most` attempts: when the next window begins, in seconds."""
    now = clock.now()
    left_s = int((_window_start(now) + WINDOW - now).total_seconds()) + 1
    return rates.headers("attempts", most, int(WINDOW.total_seconds()), left_s)


def forget_old(tx: Session) -> None:
    tx.execute(delete(Attempt).where(Attempt.window_start < clock.now() - 12 * WINDOW))


def _window_start(now: datetime) -> datetime:
    into = int(now.timestamp()) % int(WINDOW.total_seconds())
    return now - timedelta(seconds=into, microseconds=now.microsecond)
