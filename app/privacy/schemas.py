"""The words of privacy at the edge."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.identity.models import Occupation
from app.kit.schema import Day, Draft, Instant, Out, PlainText

LookKind = Literal["reporter", "phone", "real_name", "original"]


class PurposeOut(Out):
    code: str
    zh: str
    en: str
    fields: list[str] = Field(description="What is collected for it")


class RetentionOut(Out):
    kind: str
    days: int | None = Field(description="null: as long as the facts are needed, without your name")
    zh: str
    en: str


class PolicyOut(Out):
    version: str = Field(examples=["1.1"])
    in_force_from: Day
    purposes: list[PurposeOut]
    retention: list[RetentionOut]


class ConsentDraft(Draft):
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$")] = Field(
        description="The version that was read", examples=["1.1"]
    )


class ConsentOut(Out):
    version: str
    given: bool
    at: Instant


class ConsentList(Out):
    valid: bool = Field(description="Whether the last word is a consent that holds today")
    items: list[ConsentOut] = Field(description="Every word, the last one first")


class PhoneDraft(Draft):
    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,128}$")] = Field(
        description="What WeChat's button `getPhoneNumber` gave; good once", examples=["e31968a7f"]
    )


class RealNameDraft(Draft):
    real_name: Annotated[PlainText, StringConstraints(min_length=2, max_length=40)] = Field(
        description="As on the papers that are shown where a name must be proven", examples=["刘波"]
    )


class ReasonDraft(Draft):
    reason: Annotated[PlainText, StringConstraints(min_length=4, max_length=200)] = Field(
        description="Why it must be seen; whom it is about will read it",
        examples=["核实现场位置，需电话联系举报人"],
    )


class ReporterOut(Out):
    report_id: UUID
    anonymous: bool = Field(description="Then nothing else is told")
    person_id: UUID | None = None
    name: str | None = None
    member_no: str | None = None
    occupation: Occupation | None = None
    employer: str | None = None
    phone: str | None = Field(default=None, description="Masked", examples=["138****8000"])
    real_name: str | None = Field(default=None, description="Masked", examples=["刘*"])


class ReporterList(Out):
    # Names are kept by no stored answer: a retry finds them again.
    not_stored = frozenset({"items"})

    case_id: UUID
    items: list[ReporterOut]


class FullPhoneOut(Out):
    # Kept by no stored answer: a retry finds it again.
    not_stored = frozenset({"phone"})

    person_id: UUID
    phone: str = Field(examples=["13800138000"])


class FullNameOut(Out):
    not_stored = frozenset({"real_name"})

    person_id: UUID
    real_name: str = Field(examples=["刘波"])


class LinkOut(Out):
    url: str = Field(description="Good for ten minutes, without a token")


class LookOut(Out):
    id: UUID
    at: Instant
    actor_id: UUID
    actor: str = Field(description="Their display name today")
    username: str | None = Field(description="Of their staff account, while there is one")
    role: str
    region_code: str
    region: str
    kind: LookKind
    object_id: UUID = Field(description="The case, the person or the photo that was looked at")
    reason: str


class MyLookOut(Out):
    at: Instant
    role: str = Field(description="In which role; the name stays with the auditors")
    region: str
    kind: LookKind
    reason: str


class ExportOut(Out):
    id: UUID
    state: Literal["waiting", "ready", "expired"]
    bytes: int | None
    asked_at: Instant
    expires_at: Instant | None
    url: str | None = Field(description="Of the ZIP, while it is ready; good for ten minutes")
