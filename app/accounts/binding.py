"""Binding WeChat to a staff account: the WeChat user who has the invitation's code is theirs."""

from uuid import UUID

from sqlalchemy import column, delete, exists, or_, select, table, update
from sqlalchemy.orm import Session

from app.accounts.errors import BindingTooOften, InvitationNotFound, WechatInUse, WechatMissing
from app.accounts.models import StaffInvitation
from app.identity import ending, phones, tokens
from app.identity.access import Actor
from app.identity.models import Person, WechatBinding
from app.kit import actions, attempts, clock, outbox
from app.kit.columns import IdType
from app.kit.ids import tidy

MOST_TRIES = 10
# Where a reporter leaves something of theirs; named, because most of it lies on higher floors.
TRACES = (
    ("reports", "person_id"), ("lots", "earner_id"), ("debts", "person_id"),
    ("household_members", "person_id"), ("grants", "person_id"), ("appointments", "person_id"),
    ("staff_accounts", "person_id"),
)  # fmt: skip


def bind(tx: Session, actor: Actor, code: str) -> None:
    """Gives the caller's WeChat to the staff member whom the code invites, and ends the session:
    the next sign-in by WeChat is the staff member's. What they had bound before is let go.

    The empty reporter that this WeChat was until now ends as by their own wish. One with reports,
    points, a household or a role is no empty one: whose they are could not be told any more.
    Raises BindingTooOften, InvitationNotFound, WechatMissing, WechatInUse.
    """
    subject = f"binding:{actor.person_id}"
    if attempts.add(tx, subject) > MOST_TRIES:
        raise BindingTooOften(headers=attempts.retry_after(MOST_TRIES))
    invitation = _invitation(tx, code)
    if invitation is None:
        raise InvitationNotFound(keep=lambda kept: _count(kept, subject))
    staff_id = invitation.person_id
    reporter = tx.get_one(Person, actor.person_id, with_for_update=True)
    bindings = list(tx.scalars(select(WechatBinding).where(WechatBinding.person_id == reporter.id)))
    if not bindings:
        raise WechatMissing
    if _left_something(tx, reporter.id):
        raise WechatInUse
    invitation.used_at = clock.now()
    tx.execute(delete(WechatBinding).where(WechatBinding.person_id == staff_id))
    mine = update(WechatBinding).where(WechatBinding.person_id == reporter.id)
    tx.execute(mine.values(person_id=staff_id))
    phones.unbind(tx, reporter.id)
    reporter.state = "deleted"
    for ended in (reporter.id, staff_id):
        ending.end_all(tx, ended, "wechat_bound")
    tx.flush()
    # What names them goes with it, name and files: a matter of a higher floor.
    outbox.enqueue(tx, "person.ended", person_id=reporter.id)
    actions.record(tx, staff_id, "wechat.bound", "person", staff_id)


def _count(tx: Session, subject: str) -> None:
    attempts.add(tx, subject)


def _invitation(tx: Session, code: str) -> StaffInvitation | None:
    query = (
        select(StaffInvitation)
        .join(Person, Person.id == StaffInvitation.person_id)
        .where(
            StaffInvitation.code_hash == tokens.digest(tidy(code)),
            StaffInvitation.used_at.is_(None), StaffInvitation.expires_at > clock.now(),
            Person.state == "active",
        )
    )  # fmt: skip
    return tx.scalar(query.with_for_update(of=StaffInvitation))


def _left_something(tx: Session, person_id: UUID) -> bool:
    there = [
        exists(select(1).select_from(table(name)).where(column(whose, IdType()) == person_id))
        for name, whose in TRACES
    ]
    return bool(tx.scalar(select(or_(*there))))
