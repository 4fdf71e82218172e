"""Writes to the catalogue: what the district's stores offer, at which price, to whom how often."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.identity.models import Role
from app.kit import actions, clock, outbox
from app.kit.db import insert_for
from app.kit.errors import MissingPrecondition, Stale
from app.kit.ids import new_id
from app.media import service as media
from app.posts.errors import OutsideSubtree
from app.store import lists, queries, rules, service
from app.store.models import Item
from app.store.schemas import ItemDraft

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def put_item(tx: Session, actor: Actor, code: str, draft: ItemDraft, version: int | None) -> Item:
    """Adds an item, or changes the `version` of it that was read; what is held keeps its price.

    Every station of a district shares its items, so only the administrators of whole districts
    change them. Raises OutsideSubtree, ItemProhibited, ItemTooCostly, MissingPrecondition (it
    exists), Stale, PhotoNotFound, PhotoUsed.
    """
    if not any(path.count("/") == 2 for path in actor.paths(ADMINISTRATORS)):  # noqa: PLR2004
        raise OutsideSubtree
    texts = (draft.name, draft.name_en, draft.description or "")
    service.refuse_unfit(tx, draft.kind, texts, draft.points, draft.cost_fen)
    values = draft.model_dump()
    item = queries.find_item(tx, code, lock=True)
    if item is None:
        item = _add(tx, actor, code, values, version)
    else:
        _change(tx, actor, item, values, version)
    _announce(tx, item)
    actions.record(
        tx, actor.person_id, "item.put", "item", item.id, code=code, version=item.version,
        points=item.points, cost_fen=item.cost_fen, published=item.published,
    )  # fmt: skip
    return item


def _add(tx: Session, actor: Actor, code: str, values: dict[str, Any], version: int | None) -> Item:
    if version is not None:
        raise Stale
    item_id = new_id()
    row = insert_for(tx, Item).values(
        id=item_id, code=code, version=1, created_at=clock.now(),
        **{**values, "photo_id": None},
    )  # fmt: skip
    once = row.on_conflict_do_nothing(index_elements=["code"]).returning(Item.id)
    if tx.execute(once).first() is None:
        # Somebody else added it meanwhile: what they wrote has to be read first.
        raise MissingPrecondition
    item = tx.get_one(Item, item_id)
    _take_photo(tx, actor, item, values["photo_id"])
    return item


def _change(
    tx: Session, actor: Actor, item: Item, values: dict[str, Any], version: int | None
) -> None:
    if version is None:
        raise MissingPrecondition
    if version != item.version:
        raise Stale
    _take_photo(tx, actor, item, values.pop("photo_id"))
    for field, value in values.items():
        setattr(item, field, value)
    item.version += 1
    tx.flush()


def _take_photo(tx: Session, actor: Actor, item: Item, photo_id: UUID | None) -> None:
    if photo_id is not None and photo_id != item.photo_id:
        media.take(tx, actor.person_id, [photo_id], f"item:{item.id}")
    item.photo_id = photo_id
    tx.flush()


def _announce(tx: Session, item: Item) -> None:
    """Whoever waits is told when the item comes on sale while pieces lie on the shelf."""
    now = clock.now()
    begins: datetime = max(item.on_sale_from or now, now)
    if not item.published or not rules.on_sale(item, begins):
        return
    for station_id in lists.waited_for(tx, item.id):
        delay: timedelta = begins - now
        outbox.enqueue(tx, "shelf.filled", delay=delay, station_id=station_id, item_id=item.id)
