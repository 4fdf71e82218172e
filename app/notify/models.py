"""Tables of the inbox, and of the copies of its messages that other channels deliver."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json
from app.kit.db import Base

WECHAT = "wechat"
MOST_GRANTS = 1000
WAITING = text("state = 'waiting'")


class Message(Base):
    """One thing that a person is told; its text is a template of `kind`, filled with `data`."""

    __tablename__ = "messages"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[CodeStr]
    subject: Mapped[CodeStr]
    data: Mapped[Json]
    created_at: Mapped[At]
    read_at: Mapped[At | None]

    __table_args__ = (
        # Telling is at least once; this makes it once.
        UniqueConstraint("person_id", "kind", "subject"),
        Index("ix_messages_inbox", "person_id", "created_at", "id"),
    )


class Recipient(Base):
    """How a person wants to be reached beyond the inbox, and how that went of late.

    Whoever takes deliveries up locks this row first. Quiet hours are minutes of the day in
    Shanghai; none where they are NULL.
    """

    __tablename__ = "message_recipients"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    wechat_off: Mapped[Json]
    quiet_starts: Mapped[Int | None]
    quiet_ends: Mapped[Int | None]
    digest: Mapped[Flag]
    language: Mapped[CodeStr]
    # Refused in a row; after several of them nothing is sent for a while.
    failures: Mapped[Int]
    rests_until: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("(quiet_starts IS NULL) = (quiet_ends IS NULL)", name="quiet"),
        CheckConstraint(
            "quiet_starts BETWEEN 0 AND 1439 AND quiet_ends BETWEEN 0 AND 1439", name="minutes"
        ),
        CheckConstraint("language IN ('zh', 'en')", name="language"),
        CheckConstraint("failures >= 0", name="failures"),
    )


class WechatGrant(Base):
    """How many messages of a template a person still lets WeChat bring (订阅消息)."""

    __tablename__ = "wechat_grants"

    person_id: Mapped[Id] = mapped_column(
        ForeignKey("message_recipients.person_id"), primary_key=True
    )
    template_id: Mapped[CodeStr] = mapped_column(primary_key=True)
    remaining: Mapped[Int]
    # What the person said when they were asked last.
    answer: Mapped[CodeStr]
    answered_at: Mapped[At]

    __table_args__ = (
        CheckConstraint(f"remaining BETWEEN 0 AND {MOST_GRANTS}", name="remaining"),
        CheckConstraint("answer IN ('accept', 'reject', 'ban', 'filter')", name="answer"),
    )


class Delivery(Base):
    """A copy of a message by one channel. From its first attempt on it holds one grant."""

    __tablename__ = "message_deliveries"

    id: Mapped[Id] = mapped_column(primary_key=True)
    message_id: Mapped[Id] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    channel: Mapped[CodeStr]
    person_id: Mapped[Id] = mapped_column(ForeignKey("message_recipients.person_id"))
    template_id: Mapped[CodeStr]
    # How many messages it stands for: more than one in a digest.
    covers: Mapped[Int]
    state: Mapped[CodeStr]
    attempts: Mapped[Int]
    # How many of the attempts may have reached the person, although no answer says so.
    unclear: Mapped[Int]
    last_error: Mapped[CodeStr | None]
    created_at: Mapped[At]
    next_at: Mapped[At]
    done_at: Mapped[At | None]

    __table_args__ = (
        UniqueConstraint("message_id", "channel"),
        CheckConstraint("channel IN ('wechat')", name="channel"),
        CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'given_up', 'digested')", name="state"
        ),
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="done"),
        CheckConstraint("covers >= 1", name="covers"),
        CheckConstraint("unclear >= 0 AND unclear <= attempts", name="attempts"),
        Index(
            "ix_message_deliveries_due", "next_at", "id",
            sqlite_where=WAITING, postgresql_where=WAITING,
        ),
        Index(
            "ix_message_deliveries_waiting", "person_id", "created_at",
            sqlite_where=WAITING, postgresql_where=WAITING,
        ),
    )  # fmt: skip
