"""The words of the inbox at the edge."""

from uuid import UUID

from pydantic import Field

from app.kit.schema import Instant, Out


class MessageOut(Out):
    id: UUID
    kind: str = Field(examples=["report.closed"])
    subject: str = Field(description="What it is about, such as a case number")
    title: str
    text: str
    created_at: Instant
    read_at: Instant | None
