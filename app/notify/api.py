"""The inbox over HTTP, and how one wants to be reached beyond it."""

from typing import Annotated
from uuid import UUID

from fastapi import Header
from sqlalchemy.orm import Session

from app.identity.access import Reporter
from app.identity.errors import PersonOnly
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.page import Page
from app.kit.problems import preferred, raises
from app.kit.router import Router
from app.notify import channels, queries, service
from app.notify.errors import MessageNotFound
from app.notify.schemas import (
    MessageOut,
    PreferencesDraft,
    PreferencesOut,
    SubscriptionsDraft,
    SubscriptionsOut,
)  # fmt: skip

router = Router(prefix="/v1/inbox", tags=["notify 消息"])
mine = Router(prefix="/v1/me", tags=["notify 消息"])
AcceptLanguage = Annotated[str, Header(description="zh (default) or en")]


@router.get("", responses=raises(PersonOnly))
@in_transaction
def list_messages(
    tx: Session,
    actor: Reporter,
    accept_language: AcceptLanguage = "",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[MessageOut]:
    """The caller's messages, newest first."""
    return queries.inbox(tx, actor.person_id, preferred(accept_language), limit, cursor)


@router.post("/{message_id}/read", responses=raises(PersonOnly, MessageNotFound))
@in_transaction
def read_message(
    tx: Session, actor: Reporter, message_id: UUID, accept_language: AcceptLanguage = ""
) -> MessageOut:
    """Marks a message as read."""
    return service.read(tx, actor.person_id, message_id, preferred(accept_language))


@mine.get("/subscriptions", responses=raises(PersonOnly))
@in_transaction
def get_subscriptions(tx: Session, actor: Reporter) -> SubscriptionsOut:
    """The templates of WeChat's to ask the caller for (订阅消息), and what is left of each."""
    return queries.subscriptions(tx, actor.person_id, channels.of(tx).kinds_of)


@mine.post("/subscriptions", responses=raises(PersonOnly))
@in_transaction
def report_subscriptions(
    tx: Session, actor: Reporter, body: SubscriptionsDraft
) -> SubscriptionsOut:
    """Tells what `wx.requestSubscribeMessage` gave: each `accept` is one message more."""
    return service.subscribe(tx, actor.person_id, body)


@mine.get("/preferences", responses=raises(PersonOnly))
@in_transaction
def get_preferences(tx: Session, actor: Reporter) -> PreferencesOut:
    """How the caller is reached beyond the inbox."""
    return queries.preferences(tx, actor.person_id)


@mine.put("/preferences", responses=raises(PersonOnly))
@in_transaction
def set_preferences(tx: Session, actor: Reporter, body: PreferencesDraft) -> PreferencesOut:
    """Says how the caller wants to be reached; the inbox holds everything whatever is said."""
    return service.prefer(tx, actor.person_id, body)
