"""Grids as files: shapefile, GeoPackage, GeoJSON, table; both districts go out and come back."""

import csv
import io
import json
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyogrio import raw
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli import cli
from app.grids import files, plans, service
from app.grids.findings import Kind
from app.grids.imports import GridDraft, check, read_geojson
from app.grids.models import Grid
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions import imports as region_imports
from app.regions import service as regions
from app.regions.schemas import RegionDraft

HERE, DEMO = Path("tests/grids/data"), Path("app/demo/data")
DISTRICTS = {"tongnan": (DEMO, 1947), "dianjiang": (HERE, 900)}
ABOVE = [
    RegionDraft("7", "区", "区", 0, "区", None),
    RegionDraft("71", "街", "街", 1, "街道", "7"),
    RegionDraft("711", "社", "社", 2, "社区", "71"),
]
WEST, SOUTH, STEP = 105.0, 30.0, 0.001
M2 = 111.32 * 111.32 * 0.866  # A square of one step.


def box(column, width=1.0):
    return shapely.box(WEST + column * STEP, SOUTH, WEST + (column + width) * STEP, SOUTH + STEP)


def draft(code, column, width=1.0, **more):
    words = {"name": f"第{code}网格", "level": 3, "parent": "711", "net": 1}
    return GridDraft(code=code, shape=box(column, width), **words | more)


def layer(path, shapes, crs="EPSG:4326", encoding="UTF-8", name="grids", **columns):
    """A file as another program writes it."""
    fields = {key: np.array(values) for key, values in columns.items()}
    wkb = np.array(shapely.to_wkb(np.array(shapes, dtype=object)), dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw.write(
            str(path), wkb, list(fields.values()), list(fields), crs=crs, encoding=encoding,
            layer=name, driver=files.DRIVERS[path.suffix], geometry_type="Polygon",
            append=path.exists(),
        )  # fmt: skip
    return path


COLUMNS = {
    "CODE": ["g1", "g2"], "Name": ["大佛街道一网格", "二网格"], "LEVEL": [3, 3],
    "parent": ["711", "711"], "NET": [1.0, np.nan], "colour": ["red", "blue"],
}  # fmt: skip


def shapefile(path, **more):
    return layer(path, [box(0), box(1)], **{**COLUMNS, **more})


def faults(reading):
    return [(finding.kind, finding.severity) for finding in reading.findings]


@pytest.fixture
def xinxin(url, monkeypatch, tmp_path):
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path / "bucket"))
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def stored(db):
    """Two grids side by side below a district of their own."""
    with work(db, write=True) as tx:
        regions.import_regions(tx, ABOVE)
        service.import_grids(tx, [draft("g1", 0), draft("g2", 1, net=2)])


@pytest.mark.parametrize("district", DISTRICTS)
class TestDistricts:
    @pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
    def test_go_out_and_come_back(self, district, suffix, tmp_path, engine_name):
        if engine_name == "postgresql":
            pytest.skip("files know no engine; the script below runs on both")
        folder, count = DISTRICTS[district]
        reading = read_geojson(folder / f"{district}_grids.geojson.gz")
        basic = [one for one in reading.drafts if one.level == 3]
        file = tmp_path / f"grids{suffix}"
        if suffix == ".geojson":
            features = [as_feature(one) for one in basic]
            file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        else:
            words = {w: [getattr(one, w) for one in basic] for w in (*files.TEXTS, *files.NUMBERS)}
            files.write(file, [one.shape for one in basic], words)
        again, findings = files.read(file)
        assert (len(again), findings) == (count, [])
        for one, other in zip(basic, again, strict=True):
            assert one.model_dump(exclude={"shape"}) == other.model_dump(exclude={"shape"})
            assert one.shape.normalize() == other.shape.normalize()

    def test_by_the_script(self, district, xinxin, db, tmp_path):
        folder, count = DISTRICTS[district]
        with work(db, write=True) as tx:
            drafts = region_imports.read_csv(folder / f"{district}_regions.csv")
            regions.import_regions(tx, drafts)
        source = folder / f"{district}_grids.geojson.gz"
        assert f"{count} grids written" in xinxin("import-grids", source).output
        for name in ("out.geojson", "out.gpkg", "out.shp"):
            done = xinxin("export-grids", tmp_path / name)
            assert done.output == f"{count} grids exported\n"
            dry = xinxin("import-grids", tmp_path / name, "--dry-run")
            assert f"grids: {count} unchanged" in dry.output, dry.output[-2000:]


def as_feature(one):
    words = one.model_dump(exclude={"shape"})
    return {"type": "Feature", "properties": words, "geometry": shapely.geometry.mapping(one.shape)}


class TestShapefile:
    def good(self, reading):
        (one, two), findings = reading
        assert findings == []
        assert (one.code, one.name, one.level, one.parent, one.net) == (
            "g1", "大佛街道一网格", 3, "711", 1,
        )  # fmt: skip
        assert (two.code, two.net, two.shape.normalize()) == ("g2", None, box(1).normalize())

    def test_columns_in_any_case(self, tmp_path):
        self.good(files.read(shapefile(tmp_path / "x.shp")))

    @pytest.mark.parametrize("encoding", ["GB18030", "GBK", "UTF-8"])
    def test_its_cpg_names_the_encoding(self, tmp_path, encoding):
        self.good(files.read(shapefile(tmp_path / "x.shp", encoding=encoding)))

    @pytest.mark.parametrize("name", ["936", "cp936", "gbk\n"])
    def test_names_that_programs_write(self, tmp_path, name):
        file = shapefile(tmp_path / "x.shp", encoding="GBK")
        file.with_suffix(".cpg").write_text(name)
        self.good(files.read(file))

    def test_without_a_cpg_it_is_gbk(self, tmp_path):
        file = shapefile(tmp_path / "x.shp", encoding="GBK")
        file.with_suffix(".cpg").unlink()
        self.good(files.read(file))

    def test_a_wrong_encoding_is_told(self, tmp_path):
        file = shapefile(tmp_path / "x.shp", encoding="GBK")
        file.with_suffix(".cpg").write_text("UTF-8")
        assert faults(files.read(file)) == [(Kind.BAD_ENCODING, "error")]
        file.with_suffix(".cpg").write_text("Klingon")
        assert faults(files.read(file)) == [(Kind.BAD_ENCODING, "error")]

    def test_in_a_folder(self, tmp_path):
        shapefile(tmp_path / "x.shp")
        self.good(files.read(tmp_path))
        shapefile(tmp_path / "y.shp")
        assert faults(files.read(tmp_path)) == [(Kind.MANY_LAYERS, "error")]

    def test_a_folder_without_one(self, tmp_path):
        assert faults(files.read(tmp_path)) == [(Kind.NO_LAYER, "error")]

    def test_codes_that_are_numbers(self, tmp_path):
        columns = {"CODE": [500152001001004.0, 500152001001005.0], "parent": [711, 711]}
        (one, _), findings = files.read(shapefile(tmp_path / "x.shp", **columns))
        assert (findings, one.code, one.parent) == ([], "500152001001004", "711")

    def test_what_is_no_level(self, tmp_path):
        reading = files.read(shapefile(tmp_path / "x.shp", LEVEL=["三", "2.5"]))
        assert [finding.kind for finding in reading.findings] == [Kind.BAD_PROPERTY] * 2

    def test_a_damaged_one(self, tmp_path):
        (tmp_path / "x.shp").write_bytes(b"x" * 200)
        assert faults(files.read(tmp_path / "x.shp")) == [(Kind.DAMAGED, "error")]

    def test_one_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            files.read(tmp_path / "x.shp")

    def test_a_long_chinese_name_survives(self, tmp_path):
        words = {
            "code": ["g1"],
            "name": ["网" * 64],
            "level": [3],
            "parent": ["711"],
            "net": [None],
        }
        files.write(tmp_path / "x.shp", [box(0)], words)
        assert files.read(tmp_path / "x.shp").drafts[0].name == "网" * 64


class TestZip:
    def packed(self, tmp_path, folder, name="网格/界线.shp"):
        """A shapefile packed as Windows does, its names in GBK."""
        file = tmp_path / "grids.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                archive.write(part, str(Path(name).with_suffix(part.suffix.upper())))
        return file

    @pytest.fixture
    def folder(self, tmp_path):
        shapefile_folder = tmp_path / "in"
        shapefile_folder.mkdir()
        shapefile(shapefile_folder / "x.shp", encoding="GBK")
        return shapefile_folder

    @pytest.mark.parametrize("name", ["网格/界线.shp", "../../out.shp", "x.shp"])
    def test_is_unpacked_for_the_while(self, tmp_path, folder, name):
        drafts, findings = files.read(self.packed(tmp_path, folder, name))
        assert ([one.name for one in drafts], findings) == (["大佛街道一网格", "二网格"], [])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["grids.zip", "in"]

    def test_two_in_one(self, tmp_path, folder):
        shutil.copy(folder / "x.shp", folder / "y.shp")
        file = tmp_path / "grids.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for part in folder.iterdir():
                archive.write(part, part.name)
        assert faults(files.read(file)) == [(Kind.MANY_LAYERS, "error")]

    def test_without_one(self, tmp_path):
        file = tmp_path / "grids.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("__MACOSX/x.shp", "")
        assert faults(files.read(file)) == [(Kind.NO_LAYER, "error")]

    def test_what_is_no_zip(self, tmp_path):
        (tmp_path / "grids.zip").write_bytes(b"no")
        assert faults(files.read(tmp_path / "grids.zip")) == [(Kind.DAMAGED, "error")]

    def test_a_bomb(self, tmp_path, folder, monkeypatch):
        monkeypatch.setattr(files, "MOST_UNPACKED_BYTES", 100)
        assert faults(files.read(self.packed(tmp_path, folder))) == [(Kind.DAMAGED, "error")]


class TestGeoPackage:
    def test_is_read(self, tmp_path):
        TestShapefile().good(files.read(shapefile(tmp_path / "x.gpkg")))

    def test_two_layers(self, tmp_path):
        shapefile(tmp_path / "x.gpkg")
        shapefile(tmp_path / "x.gpkg", name="old")
        (finding,) = files.read(tmp_path / "x.gpkg").findings
        assert finding.kind is Kind.MANY_LAYERS
        assert "old" in finding.text_zh


class TestCoordinates:
    @pytest.mark.parametrize("suffix", [".shp", ".gpkg"])
    @pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490"])
    def test_degrees_are_taken_as_they_are(self, tmp_path, suffix, crs):
        (one, _), findings = files.read(shapefile(tmp_path / f"x{suffix}", crs=crs))
        assert findings == []
        assert one.shape.normalize() == box(0).normalize()

    @pytest.mark.parametrize("suffix", [".shp", ".gpkg"])
    @pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:3857", "EPSG:4214", "EPSG:4610", None])
    def test_another_system_is_refused(self, tmp_path, suffix, crs):
        reading = files.read(shapefile(tmp_path / f"x{suffix}", crs=crs))
        assert (reading.drafts, faults(reading)) == ([], [(Kind.UNKNOWN_CRS, "error")])

    def test_gcj02_is_moved(self, tmp_path):
        (one, _), _ = files.read(shapefile(tmp_path / "x.shp"), "gcj02")
        assert 0.001 < one.shape.distance(box(0)) < 0.01


class TestWithoutTheExtra:
    @pytest.fixture(autouse=True)
    def _absent(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyogrio", None)

    def test_reading_says_what_to_install(self, tmp_path):
        (tmp_path / "x.gpkg").write_bytes(b"")
        (finding,) = files.read(tmp_path / "x.gpkg").findings
        assert finding.kind is Kind.NO_READER
        assert "xinxin-ejia[geo]" in finding.text_zh
        assert "xinxin-ejia[geo]" in finding.text_en

    def test_so_does_writing(self, xinxin, stored, tmp_path):
        done = xinxin("export-grids", tmp_path / "x.gpkg")
        assert (done.exit_code, "xinxin-ejia[geo]" in done.output) == (1, True)
        assert not (tmp_path / "x.gpkg").exists()

    def test_geojson_needs_none(self, xinxin, stored, tmp_path):
        assert xinxin("export-grids", tmp_path / "x.geojson").output == "2 grids exported\n"


class TestPlan:
    def test_tells_what_grows_wanders_or_is_renamed(self, db, stored):
        with work(db, write=False) as tx:
            changes = plans.plan(
                tx,
                [
                    draft("g1", 0, 1.5),
                    draft("g2", 3, net=2),
                    draft("g3", 2),
                    draft("g1", 0, name="新"),
                    draft("g2", 1, net=2),
                ],
            )
        assert [(one.code, one.kind) for one in changes] == [
            ("g1", "reshaped"), ("g2", "reshaped"), ("g3", "added"), ("g1", "changed"),
            ("g2", "unchanged"),
        ]  # fmt: skip
        grown, wandered, added, renamed, _ = changes
        assert grown.area_change_m2 == pytest.approx(M2 / 2, rel=0.01)
        assert grown.redrawn_m2 == pytest.approx(M2 / 2, rel=0.01)
        assert wandered.area_change_m2 == pytest.approx(0, abs=1)
        assert wandered.redrawn_m2 == pytest.approx(2 * M2, rel=0.01)
        assert added.area_m2 == added.area_change_m2 == pytest.approx(M2, rel=0.01)
        assert renamed.area_change_m2 == 0

    def test_a_ring_the_other_way_round_is_the_same_border(self, db, stored):
        turned = draft("g1", 0).model_copy(update={"shape": box(0).reverse()})
        with work(db, write=False) as tx:
            assert [one.kind for one in plans.plan(tx, [turned])] == ["unchanged"]

    def test_a_dry_run_prints_it_and_writes_nothing(self, xinxin, db, stored, tmp_path):
        files.write(
            tmp_path / "x.gpkg", [box(0, 1.5), box(1.5, 0.5), box(2)],
            {"code": ["g1", "g2", "g3"], "name": ["第g1网格", "第g2网格", "三"],
             "level": [3, 3, 3], "parent": ["711"] * 3, "net": [1, 2, 3]},
        )  # fmt: skip
        before = self.state(db)
        dry = xinxin("import-grids", tmp_path / "x.gpkg", "--dry-run")
        assert dry.exit_code == 0
        first, second, third, *rest = dry.output.splitlines()
        assert first.startswith("reshaped g1: +5,3")
        assert second.startswith("reshaped g2: -5,3")
        assert third.startswith("added g3: 10,7")
        assert rest == ["grids: 1 added, 2 reshaped", "3 grids would be written"]
        assert self.state(db) == before
        assert "3 grids written" in xinxin("import-grids", tmp_path / "x.gpkg").output
        (count, actions), (was, acted) = self.state(db), before
        assert (count, actions) == (was + 1, acted + 1)

    def test_one_fault_refuses_the_whole_file(self, xinxin, db, stored, tmp_path):
        columns = COLUMNS | {"parent": ["711", "nowhere"]}
        layer(tmp_path / "x.shp", [box(5), box(6)], **columns)
        before = self.state(db)
        refused = xinxin("import-grids", tmp_path / "x.shp")
        assert (refused.exit_code, "the parent region nowhere is unknown" in refused.output) == (
            1, True,
        )  # fmt: skip
        assert self.state(db) == before

    def state(self, db):
        with work(db, write=False) as tx:
            imported = select(func.count()).where(StaffAction.action == "grids.imported")
            actor = select(StaffAction.actor_id).where(StaffAction.action == "grids.imported")
            assert set(tx.scalars(actor)) == {None}
            return tx.scalar(select(func.count()).select_from(Grid)), tx.scalar(imported)


class TestExport:
    def test_geojson_has_a_grid_a_line(self, xinxin, stored, tmp_path):
        xinxin("export-grids", tmp_path / "x.geojson")
        lines = (tmp_path / "x.geojson").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 4
        drafts, findings = read_geojson(tmp_path / "x.geojson")
        assert findings == check(drafts, {"711"}) == []
        assert [one.net for one in drafts] == [1, 2]

    def test_a_table_has_the_border_as_wkt(self, xinxin, stored, tmp_path):
        xinxin("export-grids", tmp_path / "x.csv")
        text = (tmp_path / "x.csv").read_bytes().decode("utf-8-sig")
        one, two = csv.DictReader(io.StringIO(text))
        assert shapely.from_wkt(one["wkt"]) == box(0)
        assert (two["code"], two["parent"], two["net"]) == ("g2", "711", "2")

    def test_over_an_old_file(self, xinxin, stored, tmp_path):
        for _ in range(2):
            assert xinxin("export-grids", tmp_path / "x.gpkg").exit_code == 0
        assert len(files.read(tmp_path / "x.gpkg").drafts) == 2

    def test_knows_its_names(self, xinxin, tmp_path):
        assert xinxin("export-grids", tmp_path / "x.dwg").exit_code == 2
