"""What the worker does for relations: compare a case's photos with those of two years."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.kit.db import Database
from app.kit.outbox import Outside
from app.relations import likeness, service
from app.relations.hashes import HashCache
from app.relations.likeness import Likeness


def compare(db: Database, hashes: HashCache) -> Outside:
    """The handler of `photos.compared`.

    An outside job: a million hashes take seconds to read once, and no writer may wait for it.
    """

    def call(payload: Mapping[str, Any]) -> list[Likeness]:
        with db.reader.connect() as connection:
            return likeness.find(connection, hashes, UUID(payload["case_id"]))

    def record(tx: Session, payload: Mapping[str, Any], found: Sequence[Likeness]) -> None:
        service.suspect(tx, UUID(payload["case_id"]), found)

    return Outside(call, record)
