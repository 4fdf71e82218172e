"""Supervision orders (督办): given with a number, answered in writing."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.cases import history, indexing, workflow
from app.cases import queries as cases
from app.cases.models import Case
from app.cases.workflow import HEADS
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_for, insert_row
from app.kit.ids import new_id
from app.notify import service as notify
from app.regions.queries import root_of
from app.supervision import queries, rules
from app.supervision.errors import (
    AnswerForbidden,
    CaseEnded,
    OwnOrder,
    SupervisionAnswered,
    SupervisionForbidden,
)  # fmt: skip
from app.supervision.models import SupervisionNumber, SupervisionOrder
from app.supervision.schemas import SupervisionDraft


def order(tx: Session, actor: Actor, case_id: UUID, draft: SupervisionDraft) -> UUID:
    """Gives an order; whoever has the case and the heads of its level are told.

    Raises CaseNotFound, SupervisionForbidden, CaseEnded.
    """
    at = cases.get_case(tx, actor, case_id, lock=True)
    if not rules.may_order(at.situation(actor)):
        raise SupervisionForbidden
    if at.case.status in workflow.ENDED:
        raise CaseEnded
    order_id, now = new_id(), clock.now()
    number, due_at = _next_number(tx, root_of(at.path)), now + timedelta(hours=draft.due_hours)
    insert_row(
        tx, SupervisionOrder, id=order_id, number=number, case_id=case_id, text=draft.text,
        due_at=due_at, state="open", ordered_by=actor.person_id, ordered_at=now,
    )  # fmt: skip
    _flag(tx, case_id, supervised=True)
    history.record(
        tx, case_id, "ordered", actor_id=actor.person_id, note=draft.text,
        data={"order": number, "due_at": due_at.isoformat()},
    )  # fmt: skip
    actions.record(tx, actor.person_id, "supervision.ordered", "supervision", order_id)
    heads = queries.on_duty(tx, at.level_path, HEADS, now)
    people = {*cases.handlers(tx, at.case, now), *heads}
    facts = {"number": at.case.number, "order": number, "due": clock.moment(due_at)}
    # In the order of their ids, so that two units' inserts never wait in a circle.
    for person_id in sorted(people - {actor.person_id}):
        notify.tell(tx, person_id, "supervision.ordered", number, **facts)
    return order_id


def _next_number(tx: Session, district: str) -> str:
    """`DB-500152-2026-0001`, which is read 督〔2026〕0001: district, year, running number."""
    year = clock.business_day(clock.now()).year
    first = insert_for(tx, SupervisionNumber).values(district=district, year=year, last=1)
    counted = first.on_conflict_do_update(
        index_elements=["district", "year"], set_={"last": SupervisionNumber.last + 1}
    )
    last = tx.execute(counted.returning(SupervisionNumber.last)).scalar_one()
    return f"DB-{district[:6]}-{year}-{last:04}"


def _flag(tx: Session, case_id: UUID, *, supervised: bool) -> None:
    tx.execute(update(Case).where(Case.id == case_id).values(supervised=supervised))
    indexing.keep(tx, case_id)


def answer(tx: Session, actor: Actor, order_id: UUID, text: str) -> None:
    """Answers an order, late or not; whoever gave it is told.

    Raises SupervisionNotFound, OwnOrder, AnswerForbidden, SupervisionAnswered.
    """
    case_id = queries.get_order(tx, actor, order_id).case_id
    cases.by_id(tx, case_id)
    # Read again under the lock: somebody else may have answered while we waited for it.
    found = queries.get_order(tx, actor, order_id)
    if found.ordered_by == actor.person_id:
        raise OwnOrder
    at = cases.get_case(tx, actor, case_id)
    if not rules.may_answer(at.situation(actor), in_unit=at.in_unit):
        raise AnswerForbidden
    if found.state != "open":
        raise SupervisionAnswered
    answered = {
        "state": "answered", "answered_by": actor.person_id, "answered_at": clock.now(),
        "answer": text,
    }  # fmt: skip
    tx.execute(update(SupervisionOrder).where(SupervisionOrder.id == order_id).values(**answered))
    _flag(tx, case_id, supervised=queries.has_open(tx, case_id))
    history.record(
        tx, case_id, "answered", actor_id=actor.person_id, note=text, data={"order": found.number}
    )
    actions.record(tx, actor.person_id, "supervision.answered", "supervision", order_id)
    notify.tell(
        tx, found.ordered_by, "supervision.answered", found.number, number=found.case_number,
        order=found.number, answer=text,
    )  # fmt: skip
