"""Regions as files: the plan of an import, and exports that are read again, in both districts."""

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from app.cli import cli
from app.kit import sheets
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions import imports, queries, service
from app.regions.imports import Change, RegionFileInvalid
from app.regions.models import Region
from app.regions.schemas import RegionDraft

DISTRICTS = {
    "tongnan": Path("app/demo/data/tongnan_regions.csv"),
    "dianjiang": Path("tests/grids/data/dianjiang_regions.csv"),
}
DRAFTS = (
    RegionDraft("7", "区", "区", 0, "区", None),
    RegionDraft("71", "街", "街", 1, "街道", "7"),
    RegionDraft("72", "乡", "乡", 1, "乡", "7"),
    RegionDraft("711", "社", "社", 2, "社区", "71"),
)


@pytest.fixture
def xinxin(url, monkeypatch, tmp_path):
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def written(path, drafts):
    rows = [vars(draft) for draft in drafts]
    write = {".csv": sheets.write_csv, ".xlsx": lambda r, c: sheets.write_xlsx(r, c, "regions")}
    path.write_bytes(write[path.suffix](rows, imports.COLUMNS))
    return path


@pytest.mark.parametrize("district", DISTRICTS)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_district_goes_out_and_comes_back(xinxin, db, tmp_path, district, suffix):
    drafts = imports.read_csv(DISTRICTS[district])
    with work(db, write=True) as tx:
        service.import_regions(tx, drafts)
    file = tmp_path / f"out{suffix}"
    done = xinxin("export-regions", file)
    assert (done.exit_code, "regions exported" in done.output) == (0, True), done.output
    read = {draft.code: draft for draft in imports.read_csv(file)}
    assert [read[draft.code] for draft in drafts] == drafts
    with work(db, write=False) as tx:
        assert len(read) == tx.scalar(select(func.count()).select_from(Region))
    again = xinxin("import-regions", file)
    assert again.output == f"{len(read)} regions read, 0 changed\n"


class TestReading:
    def test_xlsx_is_the_same_as_csv(self, tmp_path):
        for suffix in (".csv", ".xlsx"):
            read = imports.read_csv(written(tmp_path / f"r{suffix}", DRAFTS))
            assert read == list(DRAFTS), suffix

    def test_a_control_character_is_told_by_its_line(self, tmp_path):
        file = tmp_path / "r.csv"
        file.write_text("code,name,official_name,level,parent,kind\n1,区\x01,区,0,,区\n", "utf-8")
        with pytest.raises(RegionFileInvalid, match="第 2 行有控制字符 control characters"):
            imports.read_csv(file)

    def test_what_is_no_table_is_told(self, tmp_path):
        file = tmp_path / "r.xlsx"
        file.write_bytes(b"PK\x03\x04")
        with pytest.raises(RegionFileInvalid, match="not a valid XLSX"):
            imports.read_csv(file)


class TestPlan:
    NEW = (
        DRAFTS[0],
        RegionDraft("71", "新街", "街", 1, "街道", "7"),
        RegionDraft("72", "乡", "乡", 1, "镇", "7"),
        RegionDraft("711", "社", "社", 2, "社区", "72"),
        RegionDraft("712", "村", "村", 2, "村", "71"),
    )

    @pytest.fixture
    def stored(self, db):
        with work(db, write=True) as tx:
            tx.execute(delete(Region).where(Region.code == "712"))
            service.import_regions(tx, DRAFTS)
        return self.imported(db)

    def test_says_what_would_be(self, db, stored):
        with work(db, write=False) as tx:
            changes = imports.plan(tx, self.NEW)
        assert [(change.code, change.kind) for change in changes] == [
            ("7", "unchanged"), ("71", "renamed"), ("72", "changed"), ("711", "moved"),
            ("712", "added"),
        ]  # fmt: skip
        assert changes[1] == Change("71", "renamed", DRAFTS[1], self.NEW[1])
        assert changes[1].fields == {"name": ("街", "新街")}
        assert changes[3].fields == {"parent": ("71", "72")}
        assert changes[4].old is None

    def test_a_dry_run_prints_it_and_writes_nothing(self, xinxin, db, stored, tmp_path):
        file = written(tmp_path / "r.csv", self.NEW)
        dry = xinxin("import-regions", file, "--dry-run")
        assert dry.exit_code == 0
        assert dry.output.splitlines() == [
            "renamed 71: name 街 -> 新街",
            "changed 72: kind 乡 -> 镇",
            "moved 711: parent 71 -> 72",
            "added 712",
            "regions: 1 added, 1 changed, 1 moved, 1 renamed, 1 unchanged",
        ]
        with work(db, write=False) as tx:
            assert queries.get_region(tx, "71").name == "街"
            assert tx.get(Region, "712") is None
        assert self.imported(db) == stored

    def test_the_import_does_it_and_writes_one_action(self, xinxin, db, stored, tmp_path):
        done = xinxin("import-regions", written(tmp_path / "r.csv", self.NEW))
        assert "5 regions read, 4 changed" in done.output
        with work(db, write=False) as tx:
            assert queries.get_region(tx, "711").path == "/7/72/711/"
        (written_now,) = self.imported(db)[len(stored) :]
        assert written_now == (None, {"rows": 5, "changed": 4})

    def imported(self, db):
        query = select(StaffAction.actor_id, StaffAction.detail).order_by(StaffAction.id)
        with work(db, write=False) as tx:
            return tx.execute(query.where(StaffAction.action == "regions.imported")).all()


def test_an_export_knows_its_names(xinxin, tmp_path):
    refused = xinxin("export-regions", tmp_path / "regions.txt")
    assert refused.exit_code == 2
    assert not (tmp_path / "regions.txt").exists()
