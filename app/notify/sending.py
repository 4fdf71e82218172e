"""Sending: what was taken up is sent without a transaction, and its outcome written down.

WeChat knows no key that would make sending twice one message. A copy whose answer is missing (the
process died, or WeChat was silent) is tried once more with the same grant: had it gone and was the
grant the last one, WeChat refuses the second (43101); else it is at most one message too many.
What WeChat certainly did not take is tried for a day.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.kit import clock, outbox
from app.kit.errors import AppError
from app.notify import queries, rules, taking
from app.notify.models import WECHAT, Delivery, Recipient, WechatGrant
from app.notify.taking import COPIES, Parcel
from app.wechat.answers import Delivery as Sent
from app.wechat.client import WechatClient
from app.wechat.codes import TEMPLATE_WRONG
from app.wechat.errands import Errands
from app.wechat.errors import WechatMisconfigured, WechatUnavailable

SIDE_BY_SIDE = 10


class Answer(StrEnum):
    """What WeChat made of a copy."""

    SENT = "sent"
    NOT_WANTED = "not_wanted"
    TEMPLATE_WRONG = "template_wrong"
    # It certainly did not go, and may be tried again.
    UNDONE = "undone"
    # It may have gone.
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Outcome:
    """What became of it, and the code of the error if there was one."""

    parcel: Parcel
    answer: Answer
    error: str | None = None


def carry(errands: Errands, parcels: Sequence[Parcel]) -> list[Outcome]:
    """Sends, without a transaction, some side by side."""

    async def send_all(wechat: WechatClient) -> list[Outcome]:
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        return await asyncio.gather(*(_send(wechat, room, parcel) for parcel in parcels))

    return errands.run(send_all) if parcels else []


async def _send(wechat: WechatClient, room: asyncio.Semaphore, parcel: Parcel) -> Outcome:
    async with room:
        try:
            went = await wechat.send(parcel.openid, parcel.template_id, parcel.page, parcel.data)
        except WechatUnavailable as error:
            return Outcome(parcel, Answer.UNDONE if error.undone else Answer.UNCLEAR, error.code)
        except WechatMisconfigured as error:
            wrong = error.errcode in TEMPLATE_WRONG
            answer = Answer.TEMPLATE_WRONG if wrong else Answer.UNDONE
            return Outcome(parcel, answer, f"errcode_{error.errcode}")
        except AppError as error:
            # WeChat said no in so many words, so it did nothing.
            return Outcome(parcel, Answer.UNDONE, error.code)
    return Outcome(parcel, Answer.SENT if went is Sent.SENT else Answer.NOT_WANTED)


def record(tx: Session, outcomes: Sequence[Outcome]) -> None:
    """Writes down what became of each copy and its person, and goes on if more is due."""
    recipients = queries.lock(tx, {outcome.parcel.person_id for outcome in outcomes})
    for outcome in outcomes:
        if queries.is_on_its_way(tx, outcome.parcel.id, outcome.parcel.attempts):
            _settle(tx, recipients[outcome.parcel.person_id], outcome)
    tx.flush()
    if queries.is_due(tx, clock.now()):
        outbox.enqueue(tx, "message.due")


def _settle(tx: Session, recipient: Recipient, outcome: Outcome) -> None:
    parcel = outcome.parcel
    match outcome.answer:
        case Answer.SENT:
            recipient.failures, recipient.rests_until = 0, None
            taking.end(tx, parcel, "sent", None)
        case Answer.NOT_WANTED:
            _refused(tx, recipient, parcel)
        case Answer.TEMPLATE_WRONG:
            taking.give_back(tx, parcel)
            taking.end(tx, parcel, "failed", outcome.error)
        case Answer.UNDONE | Answer.UNCLEAR:
            _again(tx, outcome)


def _refused(tx: Session, recipient: Recipient, parcel: Parcel) -> None:
    """WeChat knows best how many grants are left: none, but for those given since it was asked."""
    known = taking.grant_of(parcel).where(WechatGrant.answered_at <= parcel.claimed_at)
    tx.execute(known.values(remaining=0))
    if parcel.unclear:
        # The attempt before had no answer, and it must be that one which used the grant up.
        taking.end(tx, parcel, "sent", "unclear")
        return
    taking.end(tx, parcel, "failed", "not_wanted")
    recipient.failures += 1
    if recipient.failures >= rules.FAILING_AFTER:
        recipient.rests_until = clock.now() + rules.REST


def _again(tx: Session, outcome: Outcome) -> None:
    parcel = outcome.parcel
    # A tenth more at most, so that what failed together does not come back together.
    wait = rules.wait_after(parcel.attempts) * random.uniform(1, 1.1)  # noqa: S311
    next_at = clock.now() + wait
    unclear = parcel.unclear + (outcome.answer is Answer.UNCLEAR)
    mine = update(Delivery).where(Delivery.id == parcel.id)
    tx.execute(mine.values(next_at=next_at, unclear=unclear, last_error=outcome.error))
    COPIES.labels(WECHAT, outcome.answer).inc()
