"""A person's copy of their data: a ZIP with a JSON file a table, and their photos."""

import json
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Connection, select

from app.identity.models import Person, Phone, RealName
from app.kit import clock
from app.kit.db import Database
from app.kit.seal import Seal
from app.media import service as media
from app.media.bucket import Bucket
from app.media.models import Photo, Verdict
from app.privacy import queries
from app.privacy.inventory import TABLES
from app.privacy.models import DataExport

ABOUT = (
    "您的个人数据副本：每个 JSON 文件是一类数据，photos 文件夹是您上传的照片。\n"
    "A copy of your personal data: each JSON file is one kind, the folder photos your pictures.\n"
)


def key(export_id: UUID) -> str:
    """Where the file lies."""
    return f"exports/{export_id.hex[-2:]}/{export_id}"


def make(db: Database, bucket: Bucket, seal: Seal | None, export_id: UUID) -> int | None:
    """Puts the copy into the bucket and gives its bytes; None for a person who is gone."""
    with db.reader.connect() as connection:
        person_id = _asker(connection, export_id)
    if person_id is None:
        return None
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as copy:
            copy.writestr("README.txt", f"{ABOUT}{clock.now().isoformat()}\n")
            with db.reader.connect() as connection:
                photos = _write_tables(connection, copy, seal, person_id)
            _write_photos(bucket, copy, photos)
        size = file.tell()
        file.seek(0)
        bucket.put(key(export_id), file.read())
    with db.reader.connect() as connection:
        if _asker(connection, export_id) is not None:
            return size
    # The person left while their copy was made.
    bucket.delete(key(export_id))
    return None


def _asker(connection: Connection, export_id: UUID) -> UUID | None:
    asked = select(DataExport.person_id).join(Person, Person.id == DataExport.person_id)
    return connection.scalar(asked.where(DataExport.id == export_id, Person.state == "active"))


def _write_tables(
    connection: Connection, copy: zipfile.ZipFile, seal: Seal | None, person_id: UUID
) -> list[UUID]:
    for name, sheet in TABLES.items():
        if sheet.whose and sheet.of("shown", "words", "blank"):
            with copy.open(f"{name}.json", "w", force_zip64=True) as file:
                _write_rows(file, queries.copy_of(connection, name, person_id))
    sealed = connection.scalar(select(Phone.sealed).where(Phone.person_id == person_id))
    if sealed is not None and seal is not None:
        copy.writestr("phone.json", json.dumps({"number": seal.open(sealed)}))
    sealed = connection.scalar(select(RealName.sealed).where(RealName.person_id == person_id))
    if sealed is not None and seal is not None:
        copy.writestr("real_name.json", json.dumps({"name": seal.open(sealed)}, ensure_ascii=False))
    shown = select(Photo.id).where(Photo.owner_id == person_id, Photo.verdict != Verdict.HIDDEN)
    return list(connection.scalars(shown))


def _write_rows(file: IO[bytes], rows: Iterable[dict[str, Any]]) -> None:
    before = b"[\n"
    for row in rows:
        file.write(before + json.dumps(row, ensure_ascii=False, default=_plain).encode())
        before = b",\n"
    file.write(b"\n]\n" if before != b"[\n" else b"[]\n")


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_photos(bucket: Bucket, copy: zipfile.ZipFile, photos: Iterable[UUID]) -> None:
    for photo_id in photos:
        try:
            data = bucket.read(media.key(photo_id, "display"))
        except FileNotFoundError:
            continue
        # A JPEG does not shrink.
        copy.writestr(zipfile.ZipInfo(f"photos/{photo_id}.jpg"), data)
