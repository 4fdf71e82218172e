"""The script as an operator types it to bring files in and out, for the tests of every kind."""

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.kit import sheets


@pytest.fixture
def xinxin(url, monkeypatch, tmp_path):
    """Runs the script against this test's database."""
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path / "bucket"))
    return lambda *words, **more: CliRunner().invoke(cli, [str(word) for word in words], **more)


@pytest.fixture
def bring(xinxin, tmp_path):
    """Imports rows as a file of a kind; `encoding` makes the CSV that an older Excel writes."""

    def brought(kind, *rows, suffix=".csv", encoding=None, dry=False, by=None):
        columns = list(dict.fromkeys(name for row in rows for name in row))
        data = sheets.write_csv(rows, columns)
        if suffix == ".xlsx":
            data = sheets.write_xlsx(rows, columns, kind)
        if encoding is not None:
            data = data.decode("utf-8-sig").encode(encoding)
        file = tmp_path / f"{kind}{suffix}"
        file.write_bytes(data)
        options = [*(["--dry-run"] if dry else []), *(["--by", by] if by else [])]
        return xinxin("import", kind, file, *options)

    return brought


@pytest.fixture
def taken(xinxin, tmp_path):
    """What stands in a kind of file, as a sheet."""

    def take(kind, suffix=".csv"):
        file = tmp_path / f"out{suffix}"
        assert xinxin("export", kind, file).exit_code == 0
        return sheets.read(file, file.name)

    return take


@pytest.fixture
def again(xinxin, tmp_path):
    """Takes a kind out and brings it in again, in both forms: nothing may change.

    `objects` says how many there are where several rows make one.
    """

    def unchanged(kind, *options, objects=None):
        for suffix in (".csv", ".xlsx"):
            file = tmp_path / f"again{suffix}"
            done = xinxin("export", kind, file)
            assert done.exit_code == 0, done.output
            count = int(done.output.split()[0])
            dry = xinxin("import", kind, file, "--dry-run", *options)
            told = f"{count} unchanged" if count else "nothing"
            if objects is not None:
                told = f"{objects} unchanged"
            assert (dry.exit_code, dry.output) == (0, f"{kind}: {told}\n")
        return count

    return unchanged
