"""The words of households at the edge."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit.schema import Code, Draft, Instant, Name, Out

Split = Literal["earned", "equal"]


class HouseholdDraft(Draft):
    name: Name = Field(examples=["刘波一家"])
    split: Split = Field(
        default="earned",
        description="What a member who leaves takes: what is left of what they `earned`, or an"
        " `equal` share. Fixed for good, because members consent to it.",
    )


class MemberOut(Out):
    member_no: str
    name: str
    head: bool
    joined_at: Instant


class HouseholdOut(Out):
    id: UUID
    name: str
    split: Split
    members: list[MemberOut]
    created_at: Instant


class InvitationDraft(Draft):
    member_no: Code


class InvitationOut(Out):
    id: UUID
    household_name: str
    split: Split
    asked_by: str = Field(description="The name of the head who asks")
    member_no: str
    state: Literal["asked", "accepted", "declined", "withdrawn"]
    created_at: Instant
    decided_at: Instant | None


class InvitationList(Out):
    items: list[InvitationOut]


class LeftOut(Out):
    """What somebody took along when they left."""

    household_id: UUID
    points: int
