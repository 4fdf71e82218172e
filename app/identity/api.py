"""Signing in, staying signed in, signing out, and the caller's own record."""

import base64
import binascii
from functools import partial
from typing import Annotated
from uuid import UUID

import anyio.to_thread
from fastapi import Form, Request
from sqlalchemy.orm import Session

from app.identity import clients, ending, limits, passwords, queries, service, steps
from app.identity.access import Leaving, Reporter, require_consent
from app.identity.errors import (
    CodeRequired,
    CodeWrong,
    ConsentMissing,
    CredentialsWrong,
    PersonOnly,
    SessionEnded,
    SignInTooOften,
)  # fmt: skip
from app.identity.schemas import (
    ClientTokenOut,
    DevelopmentSignIn,
    PasswordSignIn,
    PersonEdit,
    PersonOut,
    RefreshDraft,
    TokensOut,
    WechatSignIn,
)  # fmt: skip
from app.identity.tokens import TokenKeys
from app.kit.http import apart, in_transaction
from app.kit.marks import FromApp
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import CONTROL
from app.kit.seal import Sealing
from app.kit.unit import Prepared
from app.wechat.answers import WechatIdentity
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatOff,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
    WechatUserBlocked,
)  # fmt: skip

LONGEST_CLIENT_ID = 64
Keys = Annotated[TokenKeys, FromApp("token_keys")]
Appid = Annotated[str, FromApp("wechat_appid")]
Rules = Annotated[steps.StaffRules, FromApp("staff_rules")]

router = Router(prefix="/v1", tags=["identity 身份"])
# Mounted by main only when the environment is development.
development = Router(prefix="/v1", tags=["identity 身份"])


async def ask_wechat(request: Request, body: WechatSignIn) -> Prepared:
    identity = await request.app.state.wechat.code2session(body.code)
    return Prepared({"identity": identity})


@router.post(
    "/auth/wechat",
    responses=raises(
        CredentialsWrong, WechatCodeRefused, WechatTooOften, WechatUserBlocked, WechatUnavailable,
        WechatMisconfigured, WechatQuotaSpent, WechatOff,
    ),
)  # fmt: skip
@in_transaction(first=ask_wechat)
def sign_in_with_wechat(
    tx: Session, keys: Keys, seal: Sealing, appid: Appid, identity: WechatIdentity
) -> TokensOut:
    """Signs a reporter in with the code of `wx.login`; the first time makes the account."""
    return service.sign_in_with_wechat(tx, keys, seal, appid, identity.openid, identity.unionid)


@development.post("/auth/development", responses=raises(CredentialsWrong))
@in_transaction
def sign_in_for_development(
    tx: Session, keys: Keys, seal: Sealing, body: DevelopmentSignIn
) -> TokensOut:
    """Signs a made-up WeChat user in. It exists only while the environment is development."""
    openid = f"development-{body.member}"
    return service.sign_in_with_wechat(tx, keys, seal, queries.DEVELOPMENT, openid, None)


async def verify_password(request: Request, body: PasswordSignIn) -> Prepared:
    address = request.client.host if request.client else "-"
    await apart(request, partial(_count, account=body.username, address=address), write=True)
    account = await apart(
        request, partial(queries.find_account, username=body.username), write=False
    )
    known = account.password_hash if account else None
    # Each takes 64 MiB for a moment: two at a time, or a small server is out of memory.
    hashing = request.app.state.hashing
    right = await anyio.to_thread.run_sync(passwords.matches, known, body.password, limiter=hashing)
    if not right or account is None:
        raise CredentialsWrong
    return Prepared({"person_id": account.person_id, "verified": known, "code": body.code})


def _count(tx: Session, account: str, address: str) -> None:
    limits.count_attempt(tx, account, address)


@router.post(
    "/auth/password", responses=raises(CredentialsWrong, CodeRequired, CodeWrong, SignInTooOften)
)
@in_transaction(first=verify_password)
def sign_in_with_password(
    tx: Session,
    keys: Keys,
    seal: Sealing,
    rules: Rules,
    person_id: UUID,
    verified: str,
    code: str | None,
) -> TokensOut:
    """Signs staff in with user name, password and, once it was set up, a one-time code."""
    step = steps.admit(tx, seal, rules, person_id, verified, code)
    return service.sign_in_with_password(tx, keys, person_id, step)


@router.post("/auth/refresh", responses=raises(SessionEnded))
@in_transaction
def refresh(tx: Session, keys: Keys, body: RefreshDraft) -> TokensOut:
    """Trades a refresh token for a new pair; using one twice ends the whole session."""
    return service.refresh(tx, keys, body.refresh_token)


async def read_client(
    request: Request,
    grant_type: Annotated[str, Form(pattern="^client_credentials$", max_length=64)],  # noqa: ARG001 - checked by its pattern
    client_id: Annotated[str | None, Form(max_length=LONGEST_CLIENT_ID)] = None,
    client_secret: Annotated[str | None, Form(max_length=200)] = None,
    scope: Annotated[str | None, Form(max_length=200)] = None,
) -> Prepared:
    basic = _basic(request.headers.get("authorization", ""))
    name, secret = basic or (client_id or "", client_secret or "")
    if len(name) > LONGEST_CLIENT_ID or CONTROL.search(name):
        # Counted by name, and no database keeps such a one.
        raise CredentialsWrong
    address = request.client.host if request.client else "-"
    await apart(request, partial(_count, account=f"client:{name}", address=address), write=True)
    return Prepared({"client": (name, secret), "scope": scope})


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


@router.post("/auth/token", responses=raises(CredentialsWrong, SignInTooOften))
@in_transaction(first=read_client)
def sign_in_client(
    tx: Session, keys: Keys, client: tuple[str, str], scope: str | None
) -> ClientTokenOut:
    """OAuth2 client credentials for programs, by HTTP Basic or form fields."""
    return clients.sign_in(tx, keys, *client, scope)


@router.post("/auth/logout", responses=raises(PersonOnly))
@in_transaction(status=204)
def sign_out(tx: Session, actor: Leaving) -> None:
    """Ends this session; its tokens are refused from the next request on."""
    ending.end(tx, actor.sign_in_id, "signed_out")


@router.get("/me", responses=raises(PersonOnly))
@in_transaction
def get_me(tx: Session, actor: Reporter) -> PersonOut:
    """The caller's own record and roles."""
    return queries.person_out(tx, actor.person_id)


@router.put("/me", responses=raises(PersonOnly, ConsentMissing))
@in_transaction
def edit_me(tx: Session, actor: Reporter, body: PersonEdit) -> PersonOut:
    """Replaces the caller's name, occupation and employer."""
    require_consent(tx, actor)
    return service.edit_me(tx, actor.person_id, body)
