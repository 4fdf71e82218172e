"""Tables of WeChat's access token and of what WeChat pushed."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Id, Int, Json, Str
from app.kit.db import Base


class WechatToken(Base):
    """The access token that all processes share, sealed; and how often one was forced that day."""

    __tablename__ = "wechat_tokens"

    appid: Mapped[CodeStr] = mapped_column(primary_key=True)
    token: Mapped[Str]
    expires_at: Mapped[At]
    # A business day as text; the count is of this day alone.
    forced_on: Mapped[CodeStr | None]
    forced: Mapped[Int]

    __table_args__ = (CheckConstraint("forced >= 0", name="forced"),)


class WechatPush(Base):
    """One push. What it says is kept until it is dealt with: it names a person."""

    __tablename__ = "wechat_pushes"

    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[CodeStr] = mapped_column(unique=True)
    event: Mapped[CodeStr]
    fields: Mapped[Json]
    state: Mapped[CodeStr]
    received_at: Mapped[At] = mapped_column(index=True)
    done_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("state IN ('received', 'handled', 'ignored')", name="state"),
        CheckConstraint("(state = 'received') = (done_at IS NULL)", name="done"),
    )
