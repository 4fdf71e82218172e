"""The words of identity at the edge."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.identity.models import Occupation, Step
from app.kit.schema import Draft, Instant, Name, Out

Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False)]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class WechatSignIn(Draft):
    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,128}$")] = Field(
        description="What `wx.login` gave; good once, for five minutes",
        examples=["081Kq4Ga1MSox41ufn"],
    )


class PasswordSignIn(Draft):
    username: Name = Field(examples=["wang"])
    password: Secret = Field(examples=["correct horse battery staple"])
    code: OneTimeCode | None = Field(
        None, description="Of the authenticator, when the answer was `code_required`"
    )


class DevelopmentSignIn(Draft):
    member: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] = Field(
        description="A made-up WeChat user", examples=["liu-bo"]
    )


class RefreshDraft(Draft):
    refresh_token: Secret


class GrantOut(Out):
    role: str
    region_code: str


class PersonOut(Out):
    id: UUID
    member_no: str = Field(description="Shown at the till", examples=["7K3M9QXA"])
    name: str
    occupation: Occupation
    employer: str | None
    phone: str | None = Field(
        description="The bound phone number, masked", examples=["138****8000"]
    )
    real_name: str | None = Field(description="If it was told, masked", examples=["刘*"])
    created_at: Instant
    grants: list[GrantOut] = Field(description="Roles, each with its region's subtree")


class PersonEdit(Draft):
    name: Name
    occupation: Occupation
    employer: Name | None = None


class TokensOut(Out):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds that the access token lives", examples=[900])
    refresh_token: str = Field(description="Good once; the answer holds its successor")
    step: Step | None = Field(
        description="All that this session may do, until it is done: change the `password`, or set "
        "up one-time codes (`totp`); null for a whole session"
    )
    person: PersonOut


class ClientTokenOut(Out):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int
    scope: str = Field(examples=["points:read"])
