"""One's own sign-in over HTTP: password, one-time codes, WeChat, sessions."""

from functools import partial
from typing import Annotated
from uuid import UUID

import anyio.to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from app.accounts import binding, own, queries
from app.accounts.errors import (
    AccountMissing,
    BindingTooOften,
    InvitationNotFound,
    PasswordWrong,
    SessionNotFound,
    TotpMismatch,
    TotpSetUp,
    WechatInUse,
    WechatMissing,
)  # fmt: skip
from app.accounts.own import Change
from app.accounts.schemas import (
    BindingDraft,
    PasswordChange,
    SessionOut,
    StepOut,
    TotpConfirm,
    TotpOut,
)  # fmt: skip
from app.identity.access import ChangingPassword, Reporter, SettingUpCodes
from app.identity.errors import PasswordReused, PasswordWeak, PersonOnly, SignInTooOften
from app.identity.steps import StaffRules
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.marks import FromApp
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.seal import Sealing
from app.kit.unit import Prepared

router = Router(prefix="/v1/me", tags=["accounts 账号"])
Rules = Annotated[StaffRules, FromApp("staff_rules")]


async def weigh_passwords(request: Request, body: PasswordChange) -> Prepared:
    state = request.app.state
    # A plain digest of passwords would be kept with the key; this one needs the service's secret.
    mark = state.seal.marks((await request.body()).hex())[0].encode()
    # A program has no session; the unit refuses it.
    session = request.state.claims.get("sid")
    known = session and await apart(request, partial(_known, session=session), write=True)
    if not known:
        return Prepared({"change": None}, mark)
    weighed = partial(own.weigh, known, body.old, body.new, state.staff_rules.passwords)
    change = await anyio.to_thread.run_sync(weighed, limiter=state.hashing)
    return Prepared({"change": change}, mark)


def _known(tx: Session, session: str) -> own.Known | None:
    return own.known(tx, UUID(session))


@router.put(
    "/password",
    responses=raises(
        PersonOnly, AccountMissing, PasswordWrong, PasswordWeak, PasswordReused, SignInTooOften
    ),
)
@in_transaction(first=weigh_passwords)
def change_password(
    tx: Session, actor: ChangingPassword, rules: Rules, change: Change | None
) -> StepOut:
    """Changes the caller's password and ends all their other sessions."""
    return own.change_password(tx, actor, rules, change)


@router.post("/totp", responses=raises(PersonOnly, AccountMissing, TotpSetUp))
@in_transaction(status=201, replay=own.replay_codes)
def set_up_totp(tx: Session, actor: SettingUpCodes, seal: Sealing) -> TotpOut:
    """Gives the secret of one-time codes (动态验证码), this once; a first code confirms it."""
    return own.set_up_codes(tx, actor, seal)


@router.post("/totp/confirm", responses=raises(PersonOnly, AccountMissing, TotpSetUp, TotpMismatch))
@in_transaction
def confirm_totp(
    tx: Session, actor: SettingUpCodes, seal: Sealing, rules: Rules, body: TotpConfirm
) -> StepOut:
    """Confirms one-time codes: signing in by password needs one from now on."""
    return own.confirm_codes(tx, actor, seal, rules, body.code)


@router.post(
    "/staff-binding",
    responses=raises(PersonOnly, BindingTooOften, InvitationNotFound, WechatMissing, WechatInUse),
)
@in_transaction
def bind_wechat(tx: Session, actor: Reporter, body: BindingDraft) -> None:
    """Binds the WeChat that is signed in to the invited staff account; then sign in anew."""
    binding.bind(tx, actor, body.code)


@router.get("/sessions", responses=raises(PersonOnly))
@in_transaction
def list_sessions(
    tx: Session, actor: Reporter, limit: Limit = 20, cursor: Cursor = None
) -> Page[SessionOut]:
    """The caller's living sessions, newest first."""
    return queries.sessions(tx, actor, limit, cursor)


@router.post("/sessions/{session_id}/revoke", responses=raises(PersonOnly, SessionNotFound))
@in_transaction
def revoke_session(tx: Session, actor: Reporter, session_id: UUID) -> None:
    """Ends one of the caller's sessions; its tokens are refused from the next request on."""
    own.revoke(tx, actor, session_id)
