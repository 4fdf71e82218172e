"""Cases are split, linked and told apart again; suspicions are written down and decided on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.cases import history, indexing, merging, opening
from app.cases import queries as cases
from app.cases.errors import CaseNotFound, OwnReport
from app.cases.models import Case
from app.cases.seen import Seen
from app.cases.workflow import GRID, OPEN
from app.categories import queries as categories
from app.grids.service import GridCache
from app.identity.access import Actor
from app.kit import actions, clock
from app.kit.db import insert_for
from app.kit.ids import new_id
from app.relations import queries
from app.relations.errors import (
    CaseEnded,
    DecisionForbidden,
    LinkForbidden,
    LinkToItself,
    OwnPhoto,
    SplitForbidden,
    SuspicionDecided,
    SuspicionNotFound,
)  # fmt: skip
from app.relations.likeness import Likeness
from app.relations.models import CaseLink, Suspicion
from app.relations.schemas import ChildDraft, DecisionDraft


def split(tx: Session, grids: GridCache, actor: Actor, case_id: UUID, draft: ChildDraft) -> Case:
    """Splits a part off an open case (拆分): a case of its own at the same place.

    The parent cannot be closed before it. Raises CaseNotFound, SplitForbidden, CaseEnded,
    CategoryUnknown, PhotoNotFound, PhotoUsed.
    """
    # Locked, so that the parent is not closed at the same moment.
    at = cases.get_case(tx, actor, case_id, lock=True)
    if not at.situation(actor).roles & GRID:
        raise SplitForbidden
    parent: Case = at.case
    if parent.status not in OPEN:
        raise CaseEnded
    if draft.category_code is not None:
        categories.get_category(tx, draft.category_code)
    found = opening.Finding(
        source="split", actor_id=actor.person_id, description=draft.description,
        category_code=draft.category_code, photo_ids=tuple(draft.photo_ids), lat=parent.lat,
        lng=parent.lng, region_code=parent.region_code, address=parent.address,
        parent_id=parent.id,
    )  # fmt: skip
    child = opening.open_case(tx, grids, found)
    # No number of the other case: who reads the one need not see the other.
    for one, kind in ((parent.id, "split"), (child.id, "split_off")):
        history.record(tx, one, kind, actor_id=actor.person_id)
    actions.record(tx, actor.person_id, "case.split", "case", parent.id, child=child.number)
    return child


def link(tx: Session, actor: Actor, case_id: UUID, other_id: UUID, note: str | None) -> None:
    """Says that two cases have to do with each other; again, it changes the note or nothing.

    Raises CaseNotFound for either, LinkForbidden, LinkToItself.
    """
    _see_both(tx, actor, case_id, other_id)
    pair = queries.link_between(case_id, other_id)
    before = tx.scalars(select(CaseLink).where(pair)).first()
    if before is None:
        low, high = sorted((case_id, other_id))
        tx.add(
            CaseLink(
                case_id=low, other_id=high, note=note, created_by=actor.person_id,
                created_at=clock.now(),
            )
        )  # fmt: skip
    elif before.note != note:
        before.note = note
    else:
        return
    tx.flush()
    _tell_both(tx, actor, "linked", (case_id, other_id), note)


def unlink(tx: Session, actor: Actor, case_id: UUID, other_id: UUID) -> None:
    """Takes a link away, if there is one.

    Raises CaseNotFound for either, LinkForbidden, LinkToItself.
    """
    _see_both(tx, actor, case_id, other_id)
    gone = delete(CaseLink).where(queries.link_between(case_id, other_id))
    if tx.execute(gone.returning(CaseLink.case_id)).first() is not None:
        _tell_both(tx, actor, "unlinked", (case_id, other_id), None)


def _see_both(tx: Session, actor: Actor, case_id: UUID, other_id: UUID) -> None:
    both = [cases.get_case(tx, actor, one).situation(actor) for one in (case_id, other_id)]
    if not any(at.roles & GRID or at.is_assignee for at in both):
        raise LinkForbidden
    if case_id == other_id:
        raise LinkToItself
    # In the order of their ids: two who link the same pair wait for each other, never deadlock.
    merging.lock_both(tx, case_id, other_id)


def _tell_both(
    tx: Session, actor: Actor, kind: str, pair: tuple[UUID, UUID], note: str | None
) -> None:
    # No number of the other case: who reads the one need not see the other.
    for one in pair:
        history.record(tx, one, kind, actor_id=actor.person_id, note=note)
    number = tx.scalar(select(Case.number).where(Case.id == pair[1]))
    actions.record(tx, actor.person_id, f"case.{kind}", "case", pair[0], other=number)


def suspect(tx: Session, case_id: UUID, found: Sequence[Likeness]) -> None:
    """Writes down what photos look like, each pair once, and flags the case for staff.

    Nothing is refused by it, and no reporter is told.
    """
    if not found:
        return
    cases.by_id(tx, case_id)
    written = [one for one in found if _write(tx, case_id, one)]
    if not written:
        return
    _flag(tx, case_id, suspected=True)
    for one in written:
        # Neither the other case nor its people: who reads the history need not see those.
        told = {"kind": one.kind, "distance": one.distance}
        told |= {fact: one.evidence[fact] for fact in ("days", "metres")}
        history.record(tx, case_id, "suspected", actor_id=None, data=told)


def _flag(tx: Session, case_id: UUID, *, suspected: bool) -> None:
    tx.execute(update(Case).where(Case.id == case_id).values(suspected=suspected))
    indexing.keep(tx, case_id)


def _write(tx: Session, case_id: UUID, one: Likeness) -> bool:
    row = insert_for(tx, Suspicion).values(
        id=new_id(), case_id=case_id, kind=one.kind, photo_id=one.photo_id,
        other_photo_id=one.other_photo_id, distance=one.distance, evidence=one.evidence,
        state="open", created_at=clock.now(),
    )  # fmt: skip
    once = row.on_conflict_do_nothing(index_elements=["photo_id", "other_photo_id"])
    return tx.execute(once.returning(Suspicion.id)).first() is not None


def decide(tx: Session, actor: Actor, suspicion_id: UUID, draft: DecisionDraft) -> Suspicion:
    """A human says whether a suspicion is right; what follows from it is their matter too.

    Raises SuspicionNotFound, DecisionForbidden, OwnReport, OwnPhoto, SuspicionDecided.
    """
    at = _case_of(tx, actor, suspicion_id)
    suspicion = tx.get_one(Suspicion, suspicion_id, with_for_update=True, populate_existing=True)
    if not at.situation(actor).roles & GRID:
        raise DecisionForbidden
    if at.reported:
        raise OwnReport
    if queries.owns(tx, actor.person_id, suspicion.photo_id):
        raise OwnPhoto
    if suspicion.state != "open":
        raise SuspicionDecided
    suspicion.state, suspicion.note = draft.state, draft.note
    suspicion.decided_by, suspicion.decided_at = actor.person_id, clock.now()
    tx.flush()
    case_id = suspicion.case_id
    told = {"suspicion": str(suspicion_id), "state": draft.state}
    history.record(
        tx, case_id, "suspicion_decided", actor_id=actor.person_id, note=draft.note, data=told
    )
    if not queries.any_open(tx, case_id):
        _flag(tx, case_id, suspected=False)
    actions.record(
        tx, actor.person_id, f"suspicion.{draft.state}", "suspicion", suspicion_id
    )  # fmt: skip
    return suspicion


def _case_of(tx: Session, actor: Actor, suspicion_id: UUID) -> Seen:
    """The suspicion's case, locked first, as everywhere. Raises SuspicionNotFound."""
    case_id = tx.scalar(select(Suspicion.case_id).where(Suspicion.id == suspicion_id))
    if case_id is None:
        raise SuspicionNotFound
    try:
        return cases.get_case(tx, actor, case_id, lock=True)
    except CaseNotFound as error:
        raise SuspicionNotFound from error
