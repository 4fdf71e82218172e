"""The inbox over HTTP."""

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
from app.notify import queries, service
from app.notify.errors import MessageNotFound
from app.notify.schemas import MessageOut

router = Router(prefix="/v1/inbox", tags=["notify 消息"])
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
