"""The region tree: its file, its import, its reading, and the real district by the script."""

from pathlib import Path

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli import cli
from app.grids.models import Grid, GridVersion
from app.kit.db import work
from app.regions import imports, queries, service
from app.regions.errors import RegionNotFound
from app.regions.imports import RegionFileInvalid
from app.regions.models import Region
from app.regions.schemas import RegionDraft

DATA = Path("app/demo/data")
HEADER = "code,name,official_name,level,parent,kind"
GOOD = f"{HEADER}\n1,区,某区,0,,区\n11,街,某街道,1,1,街道\n111,社,,2,11,社区\n"


@pytest.fixture
def read(tmp_path):
    def written(text, encoding="utf-8"):
        file = tmp_path / "regions.csv"
        file.write_bytes(text.encode(encoding))
        return imports.read_csv(file)

    return written


class TestFile:
    def test_good_parents_first(self, read):
        lines = GOOD.splitlines()
        drafts = read("\n".join([lines[0], *lines[:0:-1]]))
        assert drafts == [
            RegionDraft("1", "区", "某区", 0, "区", None),
            RegionDraft("11", "街", "某街道", 1, "街道", "1"),
            RegionDraft("111", "社", "社", 2, "社区", "11"),
        ]

    def test_a_byte_order_mark_and_windows_lines(self, read):
        assert read(GOOD.replace("\n", "\r\n"), "utf-8-sig") == read(GOOD)

    def test_further_columns_are_left_alone(self, read):
        assert read(GOOD.replace("\n", ",x\n").replace("kind,x", "kind,town")) == read(GOOD)

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("", "missing columns"),
            ("code,name\n1,区\n", "missing columns: kind, level, official_name, parent"),
            (f"{GOOD}11,街,,1,1,街道\n", "duplicate codes"),
            (f"{GOOD}12,街,,1,9,街道\n", "12: 上级不存在 unknown parent 9"),
            (f"{GOOD}12,街,,1,,街道\n", "12: 上级不存在"),
            (f"{GOOD}12,街,,0,1,街道\n", "12: 级别不低于上级"),
            (f"{GOOD}12,街,,1,11,街道\n", "12: 级别不低于上级"),
            (f"{GOOD}12,街,,1,12,街道\n", "12: 级别不低于上级"),
            (f"{GOOD}12,,,1,1,街道\n", "第 5 行"),
            (f"{GOOD}1/2,街,,1,1,街道\n", "第 5 行"),
            (f"{GOOD}街,街,,1,1,街道\n", "第 5 行"),
            (f"{GOOD},街,,1,1,街道\n", "第 5 行"),
            (f"{GOOD}12,街,,one,1,街道\n", "第 5 行"),
            (f"{GOOD}12,街,,-1,1,街道\n", "第 5 行"),
            (f"{GOOD}12,街,,10,1,街道\n", "第 5 行"),
            (f"{GOOD}12,街\n", "第 5 行"),
        ],
    )
    def test_what_is_wrong_is_said(self, read, text, finding):
        with pytest.raises(RegionFileInvalid, match=r".") as refused:
            read(text)
        assert finding in str(refused.value)

    def test_everything_that_is_wrong_is_said_at_once(self, read):
        with pytest.raises(RegionFileInvalid) as refused:
            read(f"{GOOD}12,,,1,1,街道\n13,街,,1,9,街道\n11,街,,1,1,街道\n")
        assert len(refused.value.findings) == 3

    def test_what_excel_in_china_writes(self, read):
        assert read(GOOD, "gb18030") == read(GOOD)

    def test_another_encoding(self, read):
        with pytest.raises(RegionFileInvalid, match="UTF-8"):
            read(GOOD, "utf-16")


class TestImport:
    DRAFTS = (
        RegionDraft("7", "区", "区", 0, "区", None),
        RegionDraft("71", "街", "街", 1, "街道", "7"),
        RegionDraft("711", "社", "社", 2, "社区", "71"),
        RegionDraft("72", "乡", "乡", 1, "乡", "7"),
    )

    def test_again_changes_only_what_differs(self, db):
        with work(db, write=True) as tx:
            assert service.import_regions(tx, self.DRAFTS) == 4
        with work(db, write=False) as tx:
            before = dict(tx.execute(select(Region.code, Region.updated_at)).all())
        with work(db, write=True) as tx:
            assert service.import_regions(tx, self.DRAFTS) == 0
            renamed = RegionDraft("711", "新社区", "新社区", 2, "社区", "71")
            assert service.import_regions(tx, [*self.DRAFTS[:2], renamed]) == 1
        with work(db, write=False) as tx:
            after = dict(tx.execute(select(Region.code, Region.updated_at)).all())
            assert {code for code in after if after[code] != before[code]} == {"711"}
            assert queries.get_region(tx, "711").path == "/7/71/711/"

    def test_what_moves_takes_its_children_along(self, db):
        with work(db, write=True) as tx:
            service.import_regions(tx, self.DRAFTS)
            moved = RegionDraft("711", "社", "社", 2, "社区", "72")
            below = RegionDraft("7111", "格", "格", 3, "网格", "711")
            service.import_regions(tx, [*self.DRAFTS, below])
            assert queries.get_region(tx, "7111").path == "/7/71/711/7111/"
            service.import_regions(tx, [moved, below])
            assert queries.get_region(tx, "7111").path == "/7/72/711/7111/"

    def test_a_parent_that_is_nowhere(self, db):
        with work(db, write=True) as tx, pytest.raises(RegionNotFound):
            service.import_regions(tx, [RegionDraft("8", "街", "街", 1, "街道", "nowhere")])


class TestReading:
    def listed(self, client, **params):
        return [r["code"] for r in client.get("/v1/regions", params=params).json()["items"]]

    def test_children_in_order(self, client, cast):
        assert DISTRICT in self.listed(client)
        assert self.listed(client, parent=DISTRICT) == [STREET]
        assert self.listed(client, parent=VILLAGE) == [GRID, OTHER_GRID]
        assert self.listed(client, parent=GRID) == self.listed(client, parent="nowhere") == []

    def test_one(self, client, cast):
        assert client.get(f"/v1/regions/{VILLAGE}").json() == {
            "code": VILLAGE, "parent_code": STREET, "level": 2, "kind": "社区", "name": "莲花社区",
        }  # fmt: skip
        absent = client.get("/v1/regions/nowhere")
        assert (absent.status_code, absent.json()["code"]) == (404, "region_not_found")

    def test_a_subtree_is_a_range_of_paths(self, db, cast):
        with work(db, write=False) as tx:
            for path, codes in {
                f"/{DISTRICT}/": {DISTRICT, STREET, VILLAGE, GRID, OTHER_GRID},
                f"/{DISTRICT}/{STREET}/{VILLAGE}/": {VILLAGE, GRID, OTHER_GRID},
                f"/{DISTRICT}/{STREET}/{VILLAGE}/{GRID}/": {GRID},
                f"/{DISTRICT[:-1]}/": set(),
            }.items():
                found = tx.scalars(select(Region.code).where(queries.under(Region.path, path)))
                assert set(found) == codes, path


class TestTheDistrict:
    """The real files of the sample district, by the script, on each engine."""

    @pytest.fixture
    def run(self, url, monkeypatch, tmp_path):
        monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
        monkeypatch.setenv("XINXIN_DATABASE_URL", url)
        monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path))
        return lambda *words: CliRunner().invoke(cli, list(words))

    def count(self, db, table):
        with work(db, write=False) as tx:
            return tx.scalar(select(func.count()).select_from(table))

    def test_regions_then_grids(self, run, db):
        regions, grids = DATA / "tongnan_regions.csv", DATA / "tongnan_grids.geojson.gz"
        before, grids_before = self.count(db, Region), self.count(db, Grid)
        first = run("import-regions", str(regions))
        assert (first.exit_code, "328 regions read" in first.output) == (0, True), first.output
        assert run("import-regions", str(regions)).output == "328 regions read, 0 changed\n"

        dry = run("import-grids", str(grids), "--dry-run")
        assert (dry.exit_code, "1947 grids would be written" in dry.output) == (0, True), dry.output
        assert self.count(db, Grid) == grids_before
        written = run("import-grids", str(grids))
        assert (written.exit_code, "1947 grids written" in written.output) == (0, True)
        assert self.count(db, Region) >= max(before, 328 + 1947)
        with work(db, write=False) as tx:
            assert tx.scalar(select(GridVersion.version)) >= 1
            top = queries.get_region(tx, DISTRICT).path
            under = select(func.count()).where(queries.under(Region.path, top))
            assert tx.scalar(under.select_from(Region)) >= 328 + 1947

    def test_a_file_that_is_wrong_changes_nothing(self, run, db, tmp_path):
        file = tmp_path / "regions.csv"
        file.write_text(f"{GOOD}12,街,,1,9,街道\n", encoding="utf-8")
        before = self.count(db, Region)
        refused = run("import-regions", str(file))
        assert (refused.exit_code, "unknown parent 9" in refused.output) == (1, True)
        assert self.count(db, Region) == before

    def test_a_file_that_is_not_there(self, run):
        assert run("import-regions", "nowhere.csv").exit_code == 2
