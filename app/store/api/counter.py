"""The counter without network over HTTP: its list, what it accepted, what could not be posted."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from app.identity.access import Actor, Keeper, holding
from app.identity.errors import PersonOnly, RoleMissing
from app.identity.models import Role
from app.kit import actions
from app.kit.errors import Conflict, Unauthenticated
from app.kit.http import Cursor, Limit, apart, in_transaction
from app.kit.page import Page
from app.kit.problems import raises
from app.kit.router import Router
from app.kit.schema import Code
from app.kit.unit import Prepared
from app.store import counter, lists, queries
from app.store.access import Closer, StockReader
from app.store.errors import (
    CodeChecksTooOften,
    ExceptionClosed,
    ExceptionNotFound,
    ExceptionOfKeeper,
    NotOfStation,
    StationNotFound,
)  # fmt: skip
from app.store.schemas import (
    AcceptanceDraft,
    AcceptanceOut,
    AcceptancesDraft,
    AcceptancesOut,
    ClosingDraft,
    CounterExceptionOut,
    OfflineListOut,
)  # fmt: skip

router = Router(prefix="/v1/stations/{station_id}", tags=["counter 离线核销"])
ASKED = (PersonOnly, RoleMissing, StationNotFound, NotOfStation)
T = TypeVar("T")


async def _as_keeper(request: Request, do: Callable[[Session, Actor], T]) -> T:
    """A unit of its own before the endpoint's. Raises as the annotation `Keeper`."""
    claims = getattr(request.state, "claims", None)
    if claims is None:
        raise Unauthenticated
    find = holding(Role.KEEPER)
    return await apart(request, lambda tx: do(tx, find(tx, claims)), write=True)


async def _list(request: Request, station_id: Code) -> Prepared:
    """The slow part: marks what is held in a unit, then makes the hashes in none."""
    state = request.app.state
    marked = await _as_keeper(
        request, lambda tx, actor: counter.mark(tx, actor, station_id, state.codes)
    )
    made = partial(counter.hashed, marked, state.codes)
    listed = await anyio.to_thread.run_sync(made, limiter=state.hashing)
    return Prepared({"listed": listed})


@router.get("/offline-list", responses=raises(*ASKED))
@in_transaction(write=True, first=_list)
def get_offline_list(tx: Session, actor: Keeper, listed: OfflineListOut) -> OfflineListOut:
    """What the counter may hand out without network; it waits for the counter's report."""
    actions.record(
        tx, actor.person_id, "offline_list.given", "station", listed.station_id,
        count=len(listed.items),
    )  # fmt: skip
    return listed


async def _accept(request: Request, station_id: Code, body: AcceptancesDraft) -> Prepared:
    """Each acceptance in a unit of its own, in the order in which they were sent.

    One that is refused spoils no other; one that was done stays done when the connection breaks,
    and is found again by its number.
    """
    await _as_keeper(request, lambda tx, actor: counter.admit(tx, actor, station_id))
    items = [await _accept_one(request, station_id, one) for one in body.acceptances]
    given = {"station_id": station_id, "done": AcceptancesOut(fulfilled=0, items=items)}
    return Prepared(given, fingerprint=await request.body())


async def _accept_one(request: Request, station_id: str, one: AcceptanceDraft) -> AcceptanceOut:
    codes = request.app.state.codes
    shown = {"acceptance": one.acceptance, "why": None}
    try:
        why = await _as_keeper(
            request, lambda tx, actor: counter.accept(tx, actor, station_id, one, codes)
        )
    except Conflict as error:
        return AcceptanceOut(
            **shown, outcome="refused", code=error.code, title=error.title.zh,
            title_en=error.title.en,
        )  # fmt: skip
    outcome = "fulfilled" if why is None else "exception"
    shown["why"] = why
    return AcceptanceOut(**shown, outcome=outcome, code=None, title=None, title_en=None)


@router.post("/acceptances", responses=raises(*ASKED, CodeChecksTooOften))
@in_transaction(first=_accept)
def send_acceptances(
    tx: Session, actor: Keeper, station_id: str, done: AcceptancesOut
) -> AcceptancesOut:
    """What a counter handed out without network; each is posted once, or becomes an exception."""
    done.fulfilled = sum(item.outcome == "fulfilled" for item in done.items)
    actions.record(
        tx, actor.person_id, "acceptances.sent", "station", station_id, count=len(done.items),
        fulfilled=done.fulfilled,
    )  # fmt: skip
    return done


@router.get("/exceptions", responses=raises(*ASKED))
@in_transaction
def list_exceptions(
    tx: Session, actor: StockReader, station_id: Code, limit: Limit = 20, cursor: Cursor = None
) -> Page[CounterExceptionOut]:
    """What a station's counter took without network and could not be posted, newest first."""
    station = queries.station_for(tx, actor, station_id, counter.CLOSERS)
    return lists.exceptions(tx, station.id, limit, cursor)


@router.post(
    "/exceptions/{exception_id}/close",
    responses=raises(*ASKED, ExceptionNotFound, ExceptionOfKeeper, ExceptionClosed),
)
@in_transaction
def close_exception(
    tx: Session, actor: Closer, station_id: Code, exception_id: UUID, body: ClosingDraft
) -> CounterExceptionOut:
    """Closes an exception with a note; by an administrator or auditor who keeps no shelf here."""
    return counter.close(tx, actor, station_id, exception_id, body.note)
