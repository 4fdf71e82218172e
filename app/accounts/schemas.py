"""The words of staff accounts, sessions, roles, broken glass and API clients at the edge."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.identity.models import Role, Scope, Step
from app.identity.schemas import GrantOut, OneTimeCode, Secret
from app.kit.schema import Code, Draft, Instant, Name, Note, Out

State = Literal["active", "disabled"]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{1,31}$")]
ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,39}$")]
NewPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False)
]
Reason = Annotated[Note, StringConstraints(min_length=5, max_length=500)]
# What handles cases when whoever should is not there. Never money, goods, audit, nor the right to
# give rights: power for some hours must not make power that lasts.
EmergencyRole = Literal["grid_staff", "grid_head", "dispatcher", "handler", "checker"]
HOURS = 4


class StaffDraft(Draft):
    name: Name = Field(examples=["王网格"])
    username: Username = Field(examples=["wang"])
    region_code: Code = Field(
        description="Whose administrators keep the account", examples=["500152000000"]
    )


class StaffOut(Out):
    id: UUID
    member_no: str
    name: str
    username: str
    region_code: str | None = Field(description="Null: made at the command line")
    state: State
    created_at: Instant
    password_set_at: Instant | None
    one_time_until: Instant | None = Field(
        description="Until then the one-time password lets its owner in, to choose another one"
    )
    totp: bool = Field(description="One-time codes are set up")
    wechat: bool = Field(description="WeChat is bound")
    grants: list[GrantOut]


class StaffPasswordOut(StaffOut):
    # Given once, to whoever asked; a replayed answer has it no more.
    not_stored: ClassVar[frozenset[str]] = frozenset({"password"})

    password: str | None = Field(
        default=None, description="One-time; null when the same request is sent again",
        examples=["K7M3P9QXA4TWH2RC"],
    )  # fmt: skip


class InvitationOut(Out):
    not_stored: ClassVar[frozenset[str]] = frozenset({"code"})

    id: UUID
    person_id: UUID
    expires_at: Instant
    code: str | None = Field(
        default=None, description="Good once; null when the same request is sent again",
        examples=["K7M3-P9QX-A4TW-H2RC"],
    )  # fmt: skip


class BindingDraft(Draft):
    code: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="Of the invitation, with or without its dashes",
        examples=["K7M3-P9QX-A4TW-H2RC"],
    )


class PasswordChange(Draft):
    old: Secret
    new: NewPassword


class StepOut(Out):
    step: Step | None = Field(description="What this session must do next; null: it is whole")


class TotpOut(Out):
    not_stored: ClassVar[frozenset[str]] = frozenset({"secret", "uri"})

    created_at: Instant
    secret: str | None = Field(default=None, description="Shown this once")
    uri: str | None = Field(default=None, description="The same for a QR code (`otpauth://`)")


class TotpConfirm(Draft):
    code: OneTimeCode


class SessionOut(Out):
    id: UUID
    created_at: Instant
    refreshed_at: Instant = Field(description="When it was last used to stay signed in")
    expires_at: Instant
    step: Step | None
    current: bool = Field(description="The one that asks")


class RoleDraft(Draft):
    person_id: UUID
    role: Role
    region_code: Code = Field(description="With its whole subtree", examples=["500152000000"])


class RoleOut(Out):
    id: UUID
    person_id: UUID
    name: str
    role: Role
    region_code: str
    granted_by: UUID | None = Field(description="Null: at the command line")
    granted_at: Instant
    ends_at: Instant | None = Field(description="From when it is held no more")
    appointment_id: UUID | None = Field(description="The appointment that it came with")


class GlassDraft(Draft):
    role: EmergencyRole
    region_code: Code = Field(examples=["500152000000"])
    reason: Reason = Field(examples=["值班派遣员突发疾病，暴雨积水案件待派"])
    hours: Annotated[int, Field(strict=True, ge=1, le=HOURS)] = HOURS


class GlassOut(Out):
    id: UUID = Field(description="The grant, which administrators may revoke")
    person_id: UUID
    name: str
    role: Role
    region_code: str
    reason: str
    broken_at: Instant
    ends_at: Instant | None


class ClientDraft(Draft):
    id: ClientId = Field(examples=["shop-7"])
    name: Name = Field(examples=["收银系统"])
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    region_code: Code = Field(examples=["500152000000"])


class ClientOut(Out):
    id: str
    name: str
    scopes: list[str]
    region_code: str
    state: State
    created_at: Instant
    old_secret_until: Instant | None = Field(description="Until then both secrets open")


class ClientList(Out):
    items: list[ClientOut]


class ClientSecretOut(ClientOut):
    not_stored: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: str | None = Field(
        default=None, description="Shown this once; null when the same request is sent again"
    )
