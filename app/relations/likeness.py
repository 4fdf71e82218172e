"""Where the photos of a case were seen before, with the evidence; reads only, decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, literal, select

from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseReport
from app.grids.cells import distance_m
from app.media.models import Photo
from app.relations.hashes import ALIKE, HashCache
from app.reports.models import Report, ReportPhoto

# The nearest of one photo say it all; a thousandth copy adds nothing.
MOST = 5
BATCH = 400


@dataclass(frozen=True)
class Likeness:
    """A photo of a case and an earlier one that is the same, or looks so; `distance` in bits."""

    kind: str
    photo_id: UUID
    other_photo_id: UUID
    distance: int
    evidence: dict[str, Any]


_SHOWN = (
    Photo.id, Photo.sha256, Photo.dhash, Photo.owner_id, Case.id.label("case_id"), Case.number,
    Case.lat, Case.lng,
)  # fmt: skip
# Only photos that were used are found: what lies in a drawer accuses nobody.
_OF_REPORTS = (
    select(
        *_SHOWN, Report.id.label("use_id"), Report.created_at.label("used_at"),
        literal(0).label("version"),
    )
    .join(ReportPhoto, ReportPhoto.photo_id == Photo.id)
    .join(Report, Report.id == ReportPhoto.report_id)
    .outerjoin(CaseReport, CaseReport.report_id == Report.id)
    .outerjoin(Case, Case.id == CaseReport.case_id)
)  # fmt: skip
_OF_MOVES = (
    select(
        *_SHOWN, CaseMove.id.label("use_id"), CaseMove.created_at.label("used_at"),
        CaseMove.version,
    )
    .join(CaseMovePhoto, CaseMovePhoto.photo_id == Photo.id)
    .join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
    .join(Case, Case.id == CaseMove.case_id)
)  # fmt: skip


def find(connection: Connection, hashes: HashCache, case_id: UUID) -> list[Likeness]:
    """What the photos of a case's reports and moves look like, at most five for each photo.

    Only earlier uses count: of two alike, the second is the replay, whoever took it.
    """
    mine = _used(connection, Case.id == case_id)
    if not mine:
        return []
    hashes.refresh(connection)
    same = _used(connection, Photo.sha256.in_({photo.sha256 for photo in mine}))
    found: list[Likeness] = []
    for photo in mine:
        copies = [other for other in same if other.sha256 == photo.sha256]
        near = {i: bits for i, bits in hashes.near(photo.dhash) if i != photo.id}
        others = chain(copies, _read(connection, list(near)))
        found += _of_photo(photo, others, near)
    return found


def _of_photo(photo: Any, others: Iterable[Any], near: dict[UUID, int]) -> list[Likeness]:
    found: dict[UUID, Likeness] = {}
    for other in others:
        if len(found) == MOST:
            break
        if other.id not in found and _earlier(other, photo):
            equal = other.sha256 == photo.sha256
            likeness = _compared(photo, other, 0 if equal else near[other.id])
            if likeness is not None:
                found[other.id] = likeness
    return list(found.values())


def _used(connection: Connection, condition: ColumnElement[bool]) -> list[Any]:
    return [
        row
        for query in (_OF_REPORTS, _OF_MOVES)
        for row in connection.execute(query.where(condition))
    ]


def _read(connection: Connection, photo_ids: Sequence[UUID]) -> Iterable[Any]:
    """The uses of these photos, in their order; read as far as somebody asks."""
    for start in range(0, len(photo_ids), BATCH):
        some = photo_ids[start : start + BATCH]
        used = {row.id: row for row in _used(connection, Photo.id.in_(some))}
        yield from (used[photo_id] for photo_id in some if photo_id in used)


def _earlier(other: Any, photo: Any) -> bool:
    # Photos of one report, or of one move, belong together.
    if other.use_id == photo.use_id:
        return False
    return bool((other.used_at, other.use_id) < (photo.used_at, photo.use_id))


def _compared(photo: Any, other: Any, distance: int) -> Likeness | None:
    same_person, same_case = other.owner_id == photo.owner_id, other.case_id == photo.case_id
    weak = distance > ALIKE
    # Among a million photos chance alone gives many a one that is a little alike: this counts
    # only where something else speaks for it.
    if weak and not (same_person or same_case):
        return None
    if same_case and photo.version > 1 >= other.version:
        kind = "after_equals_before"
    else:
        kind = "same_bytes" if other.sha256 == photo.sha256 else "look_alike"
    evidence = {
        "number": other.number, "days": (photo.used_at - other.used_at).days,
        "metres": _metres(photo, other), "same_person": same_person, "weak": weak,
    }  # fmt: skip
    return Likeness(kind, photo.id, other.id, distance, evidence)


def _metres(one: Any, other: Any) -> int | None:
    spots = (one.lat, one.lng, other.lat, other.lng)
    return None if None in spots else round(distance_m(*spots))
