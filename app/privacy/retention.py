"""How long data stay, by kind: what is past its time goes, or is counted only (dry run)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy import Connection, and_, delete, func, select, union, update
from sqlalchemy.orm import Session

from app.cases.models import Case, CaseMove, CaseMovePhoto
from app.cases.workflow import ENDED
from app.identity.models import Person, RefreshToken, SignIn
from app.kit import clock
from app.kit.db import Database
from app.media import service as media
from app.media.bucket import Bucket
from app.media.models import Photo, Verdict
from app.notify.models import Message
from app.privacy import copying
from app.privacy.models import DataExport
from app.privacy.policy import life
from app.reports.models import Report, ReportPhoto

BATCH = 500


def forget_rows(tx: Session, *, dry: bool = False) -> dict[str, int]:
    """Drops messages, sign-ins and unused photos past their time, marks old copies; says how many
    by kind."""
    now = clock.now()
    old_sign_ins = SignIn.expires_at < now - life("sign_ins")
    sessions = select(SignIn.id).where(old_sign_ins)
    old_photos = Photo.created_at < now - life("unused_photos")
    conditions = {
        "messages": (Message, Message.created_at < now - life("messages")),
        "refresh_tokens": (RefreshToken, RefreshToken.sign_in_id.in_(sessions)),
        "sign_ins": (SignIn, old_sign_ins),
        # Their files belong to nobody then, and go with the next sweep of photos.
        "unused_photos": (Photo, and_(Photo.used_for.is_(None), old_photos)),
    }
    counts = {}
    for kind, (model, old) in conditions.items():
        counts[kind] = tx.scalar(select(func.count()).select_from(model).where(old)) or 0
        if not dry:
            tx.execute(delete(model).where(old))
    if not dry:
        over = update(DataExport).where(DataExport.state == "ready", DataExport.expires_at < now)
        tx.execute(over.values(state="expired"))
    return counts


def forget_files(db: Database, bucket: Bucket, *, dry: bool = False) -> dict[str, int]:
    """Deletes original photos of cases that ended long ago, and copies past their week."""
    exports = bucket.keys_older_than("exports/", clock.now() - life("exports"))
    found = {"sealed_originals": _old_originals(db, bucket), "exports": exports}
    counts = dict.fromkeys(found, 0)
    for kind, keys in found.items():
        for key in keys:
            counts[kind] += 1
            if not dry:
                bucket.delete(key)
    return counts


def _old_originals(db: Database, bucket: Bucket) -> Iterator[str]:
    names = bucket.keys_older_than(f"{media.SEALED}/", clock.now() - life("sealed_originals"))
    while batch := list(islice(names, BATCH)):
        keys = {UUID(n): k for k in batch if media.PHOTO_NAME.fullmatch(n := k.rpartition("/")[2])}
        with db.reader.connect() as connection:
            yield from (keys[photo_id] for photo_id in _ended(connection, list(keys)))


def _ended(connection: Connection, photo_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the photos whose case ended long enough ago."""
    before = clock.now() - life("sealed_originals")
    reported = select(ReportPhoto.photo_id).join(Report, Report.id == ReportPhoto.report_id)
    reported = reported.where(
        ReportPhoto.photo_id.in_(photo_ids), Report.status.in_(ENDED), Report.updated_at < before
    )
    moved = select(CaseMovePhoto.photo_id).join(CaseMove, CaseMove.id == CaseMovePhoto.move_id)
    moved = moved.join(Case, Case.id == CaseMove.case_id).where(
        CaseMovePhoto.photo_id.in_(photo_ids), Case.status.in_(ENDED), Case.updated_at < before
    )
    return list(connection.scalars(union(reported, moved)))


def forget_person(db: Database, bucket: Bucket, person_id: UUID) -> list[UUID]:
    """Deletes the files of a person who is gone, and gives the copies that are no more.

    Originals go; what was shown of a case's photos stays its evidence, as does what was hidden.
    """
    with db.reader.connect() as connection:
        gone = connection.scalar(select(Person.state).where(Person.id == person_id)) == "deleted"
        mine = select(Photo.id, Photo.used_for, Photo.verdict).where(Photo.owner_id == person_id)
        photos = connection.execute(mine).all() if gone else []
        copies = select(DataExport.id).where(DataExport.person_id == person_id)
        exports = list(connection.scalars(copies)) if gone else []
    for photo in photos:
        if photo.used_for is None:
            media.delete_files(bucket, photo.id)
        elif photo.verdict != Verdict.HIDDEN:
            bucket.delete(media.key(photo.id, media.SEALED))
    for export_id in exports:
        bucket.delete(copying.key(export_id))
    return exports
