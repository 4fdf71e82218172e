"""What was put is there whole, what failed left nothing behind, and no key leaves its root."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.media import bucket, errors
from app.media.bucket import LocalBucket, sign, verify

KEY = "display/2026/11/a-1.jpg"
SECRET = b"s" * 32
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path: Path) -> LocalBucket:
    return LocalBucket(tmp_path / "photos")


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def failing(number: int):
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


class TestLocalBucket:
    def test_files_are_its_own(self, disk):
        disk.put(KEY, b"two")
        assert disk._found(KEY).read_bytes() == b"two"
        assert disk._found(KEY).stat().st_mode & 0o777 == 0o600
        disk.delete(KEY)
        assert disk._found(KEY) is None

    def test_order_of_system_calls(self, disk, monkeypatch):
        disk.put("display/first.jpg", b"")
        calls: list[str] = []
        sync, replace = os.fsync, Path.replace

        def noted_sync(descriptor: int) -> None:
            calls.append("folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "photo")
            sync(descriptor)

        def noted_replace(self: Path, target: Path) -> Path:
            calls.append("rename")
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", noted_sync)
        monkeypatch.setattr(Path, "replace", noted_replace)
        disk.put("display/second.jpg", b"x")
        assert calls == ["photo", "rename", "folder"]

    @pytest.mark.parametrize(
        ("number", "error"),
        [
            (errno.ENOSPC, errors.BucketFull),
            (errno.EDQUOT, errors.BucketFull),
            (errno.EROFS, errors.BucketUnavailable),
            (errno.EIO, errors.BucketUnavailable),
        ],
    )
    def test_a_failure_leaves_nothing_behind(self, disk, tmp_path, monkeypatch, number, error):
        disk.put(KEY, b"old")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing(number))
            with pytest.raises(error):
                disk.put(KEY, b"new")
        assert files(tmp_path / "photos") == [KEY]
        assert disk.read(KEY) == b"old"

    def test_a_folder_that_cannot_be_made(self, disk, tmp_path):
        (tmp_path / "photos").write_text("in the way")
        with pytest.raises(errors.BucketUnavailable):
            disk.put(KEY, b"")

    def test_keys_older_than(self, disk, tmp_path):
        for name, age in {
            "a/old.jpg": 2,
            "a/b/older.jpg": 3,
            "a/new.jpg": 0,
            "c/old.jpg": 2,
        }.items():
            disk.put(name, b"")
            at = (NOON - timedelta(hours=age)).timestamp()
            os.utime(tmp_path / "photos" / name, (at, at))
        hour_ago = NOON - timedelta(hours=1)
        assert sorted(disk.keys_older_than("a/", hour_ago)) == ["a/b/older.jpg", "a/old.jpg"]
        assert sorted(disk.keys_older_than("a/b/o", hour_ago)) == ["a/b/older.jpg"]
        assert len(list(disk.keys_older_than("", hour_ago))) == 3
        assert list(disk.keys_older_than("absent/", hour_ago)) == []

    def test_what_a_killed_put_left_can_be_swept(self, disk, tmp_path):
        disk.put(KEY, b"")
        left = tmp_path / "photos" / "display" / f"{bucket.UNFINISHED}0123"
        left.write_bytes(b"half")
        os.utime(left, (0, 0))
        swept = list(disk.keys_older_than("display/", NOON - timedelta(days=365)))
        assert swept == [f"display/{bucket.UNFINISHED}0123"]
        disk.delete(swept[0])
        assert files(tmp_path / "photos") == [KEY]


class TestLinks:
    def test_good_until_it_expires(self):
        signature = sign(SECRET, KEY, 1000)
        assert len(signature) == 22
        assert verify(SECRET, KEY, 1000, signature, now=999)
        assert not verify(SECRET, KEY, 1000, signature, now=1000)

    @pytest.mark.parametrize("signature", ["", "x" * 22, "照片", "\udc80"])
    def test_nonsense(self, signature):
        assert not verify(SECRET, KEY, 1000, signature, now=0)

    def test_bound_to_key_time_and_secret(self):
        signature = sign(SECRET, KEY, 1000)
        assert not verify(SECRET, KEY, 1001, signature, now=0)
        assert not verify(SECRET, "thumb/2026/11/a-1.jpg", 1000, signature, now=0)
        assert not verify(b"t" * 32, KEY, 1000, signature, now=0)
