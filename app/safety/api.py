"""What waits for a person's verdict, and the evidence of what was hidden."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.orm import Session

from app.identity.access import Actor, holding
from app.identity.errors import PersonOnly, RoleMissing
from app.kit.http import Cursor, Limit, in_transaction
from app.kit.marks import Resolver
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Note
from app.media.views import Signers
from app.safety import queries, service
from app.safety.errors import HoldDecided, HoldNotFound, OwnContent
from app.safety.queries import REVIEWERS
from app.safety.schemas import EvidenceOut, HoldBrief, HoldDecisionDraft, HoldOut, HoldState

router = Router(prefix="/v1/safety/holds", tags=["safety 内容安全"])
Reviewer = Annotated[Actor, Resolver(holding(*REVIEWERS))]
REFUSALS = (PersonOnly, RoleMissing)


@router.get("", responses=raises(*REFUSALS))
@in_transaction
def list_holds(
    tx: Session,
    actor: Reviewer,
    state: Annotated[HoldState, Query()] = "held",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[HoldBrief]:
    """Texts and photos in the caller's regions that wait for a person, are hidden or passed."""
    return queries.holds(tx, actor, state, limit, cursor)


@router.get("/{hold_id}", responses=raises(*REFUSALS, HoldNotFound))
@in_transaction
def get_hold(tx: Session, actor: Reviewer, signer: Signers, hold_id: UUID) -> HoldOut:
    """One of them, with its content unless that is hidden, and with all that was found."""
    return queries.hold_out(tx, queries.get_hold(tx, actor, hold_id), signer)


@router.post(
    "/{hold_id}/decision", responses=raises(*REFUSALS, HoldNotFound, OwnContent, HoldDecided)
)
@in_transaction
def decide_hold(
    tx: Session, actor: Reviewer, signer: Signers, hold_id: UUID, body: HoldDecisionDraft
) -> HoldOut:
    """Lets what is held be seen, or hides it from everyone for good.

    What WeChat alone has hidden may still be let through; points that were taken back for it stay
    so. What has passed may still be hidden; points that are settled by then stay settled.
    """
    service.decide(tx, actor, hold_id, body)
    return queries.hold_out(tx, queries.get_hold(tx, actor, hold_id), signer)


@router.get("/{hold_id}/evidence", responses=raises(*REFUSALS, HoldNotFound))
@in_transaction(write=True)
def get_evidence(
    tx: Session,
    actor: Reviewer,
    signer: Signers,
    hold_id: UUID,
    reason: Annotated[Note, Query(description="Why; it is written down beside the name")],
) -> EvidenceOut:
    """What it is about, hidden or not; every look is recorded with its reason."""
    found = queries.get_hold(tx, actor, hold_id)
    service.look(tx, actor, hold_id, reason)
    return queries.evidence_out(found, signer)
