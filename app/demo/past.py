"""A month that is over: what a courier earned and swapped in it, sealed, for papers about months.

A merchant is paid and a notice (公示) is published when a month has ended, so the demo's district
begins on the tenth of last month.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import sample
from app.identity import queries as identity_queries
from app.identity import service as identity
from app.identity.access import Actor, Held
from app.identity.models import Occupation, Person, Role, WechatBinding
from app.kit import clock
from app.kit.ids import new_id
from app.proofs import service as proofs
from app.rewards import service as rewards
from app.rewards.rules import Spot
from app.store import service as store
from app.store.codes import Codes
from app.store.models import Item
from app.store.schemas import LineDraft, RedemptionDraft

# Who he is to `POST /v1/auth/development`.
COURIER = "chen-courier"
BINDING = {"appid": identity_queries.DEVELOPMENT, "openid": f"development-{COURIER}"}
SOURCES = ("last-month-1", "last-month-2")


def last_month() -> tuple[date, date]:
    """The first and the last day of the month whose notice may be published, in Asia/Shanghai."""
    last = clock.business_day(clock.now() - proofs.SETTLING).replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


@contextmanager
def in_last_month() -> Iterator[None]:
    """The clock at ten in the morning of the tenth of last month, until the block ends."""
    tenth = clock.day_start(last_month()[0].replace(day=10)) + timedelta(hours=10)
    by = tenth - clock.now()
    clock.shift(by)
    try:
        yield
    finally:
        clock.shift(-by)


def is_there(tx: Session) -> bool:
    return identity_queries.find_by_wechat(tx, **BINDING) is not None


def load(tx: Session) -> None:
    """Lets a courier live through the month, in the sample district that was loaded just before.

    Two reports earned him points; a towel was handed out for them. All of it is sealed.
    """
    chen = identity.add_person(tx, "陈快递", Occupation.COURIER)
    tx.add(WechatBinding(person_id=chen.id, created_at=clock.now(), **BINDING))
    tx.flush()
    for source in SOURCES:
        spot = Spot(f"/{sample.DISTRICT}/")
        rewards.grant(
            tx, event="report.filed", source=source, person_id=chen.id, reported_at=clock.now(),
            spot=spot,
        )  # fmt: skip
        rewards.close(tx, event="report.filed", source=source, after=timedelta())
    _swap(tx, chen)
    proofs.seal(tx)


def _swap(tx: Session, person: Person) -> None:
    """He swaps points for a towel, and Li hands it out."""
    towel = tx.scalars(select(Item.id).where(Item.code == "towel")).one()
    # Nobody shows this code again.
    codes = Codes(b"last month", timedelta(hours=1))
    lines = [LineDraft(item_id=towel, quantity=1)]
    draft = RedemptionDraft(station_id=sample.STATION, lines=lines)
    held = store.redeem(tx, Actor(person.id, new_id(), person.member_no, ()), draft, codes)
    account = identity_queries.find_account(tx, "li")
    assert account is not None and held.code is not None  # noqa: PT018
    keeper = identity_queries.get_person(tx, account.person_id)
    roles = (Held(Role.KEEPER, f"/{sample.DISTRICT}/"),)
    store.fulfil(tx, Actor(keeper.id, new_id(), keeper.member_no, roles), held.code, codes)
