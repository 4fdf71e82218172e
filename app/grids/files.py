"""Shapefile and GeoPackage, which the extra `geo` reads and writes, and the choice by file name."""

import importlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
import shapely

from app.grids import imports
from app.grids.findings import Kind, finding
from app.grids.imports import Reading

LAYERED = frozenset({".shp", ".gpkg", ".zip"})
MOST_UNPACKED_BYTES = 500 * 2**20
PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
# CGCS2000 differs from WGS-84 by centimetres, so both are taken as they are. A .prj knows no
# EPSG number, only names.
DEGREES = frozenset({"EPSG:4326", "EPSG:4490"})
DATUMS = ("WGS_1984", "WGS 84", "China_2000", "China_Geodetic_Coordinate_System_2000")
TEXTS, NUMBERS = ("code", "name", "parent", "town"), ("level", "net")
# What a DBF without a .cpg is in, in China; GB18030 contains GBK.
CHINESE = "gb18030"
CPG_NAMES = {"936": "gbk", "65001": "utf-8", "54936": CHINESE, "ANSI 936": "gbk", "OEM": CHINESE}
MULTIPOLYGON = int(shapely.GeometryType.MULTIPOLYGON)
DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}


class FileRefused(Exception):
    """A file of grids that cannot be read or written at all."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(kind)
        self.finding = finding(kind, None, detail)


def read(path: Path, crs: Literal["wgs84", "gcj02"] = "wgs84") -> Reading:
    """The drafts in GeoJSON, a GeoPackage, or a shapefile (.shp, its folder, or all in a .zip).

    Column names may be in any case. Never raises for what the file holds; OSError if the path
    cannot be read.
    """
    if not path.is_dir() and path.suffix.lower() not in LAYERED:
        return imports.read_geojson(path, crs)
    try:
        with _layered(path) as (file, layer):
            meta, wkb, fields = _raw(file, layer)
        _refuse_other_crs(meta["crs"])
    except FileRefused as refusal:
        return Reading([], [refusal.finding])
    names = [str(name).lower() for name in meta["fields"]]
    columns = {name: column.tolist() for name, column in zip(names, fields, strict=True)}
    features = [
        {"properties": _properties(columns, n), "geometry": given} for n, given in enumerate(wkb)
    ]
    return imports.read_features(features, _shapes(wkb), crs)


def write(path: Path, shapes: Sequence[Any], columns: dict[str, list[Any]]) -> None:
    """A GeoPackage or a shapefile (in UTF-8, with a .cpg) of WGS-84 shapes. Raises FileRefused."""
    texts = {name: np.array(columns[name], dtype=object) for name in TEXTS if name in columns}
    # A whole-number column cannot have holes in every driver, so an absent number is NaN.
    numbers = {name: np.array(columns[name], dtype=float) for name in NUMBERS if name in columns}
    fields = texts | numbers
    multi = [_as_multi(shape) for shape in shapes]
    reader = _reader()
    path.unlink(missing_ok=True)
    reader.raw.write(
        str(path), np.array(shapely.to_wkb(multi), dtype=object), list(fields.values()),
        list(fields), layer="grids" if path.suffix.lower() == ".gpkg" else path.stem,
        driver=DRIVERS[path.suffix.lower()], geometry_type="MultiPolygon", crs="EPSG:4326",
        encoding="UTF-8",
    )  # fmt: skip


def _reader() -> Any:
    """Loaded only when such a file is named: it costs every other command a tenth of a second."""
    try:
        return importlib.import_module("pyogrio")
    except ImportError as error:
        raise FileRefused(Kind.NO_READER) from error


@contextmanager
def _layered(path: Path) -> Iterator[tuple[Path, str]]:
    """The file that holds the layer, and the layer's name; a .zip is unpacked for the while."""
    if path.suffix.lower() == ".zip" and not path.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            yield _only_layer(_unpacked(path, Path(folder)))
    else:
        yield _only_layer(_in_folder(path) if path.is_dir() else path)


def _in_folder(folder: Path) -> Path:
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".shp")
    if len(found) != 1:
        kind = Kind.MANY_LAYERS if found else Kind.NO_LAYER
        raise FileRefused(kind, ", ".join(file.name for file in found))
    return found[0]


def _unpacked(path: Path, folder: Path) -> Path:
    """The only shapefile in a .zip, under a name of ours: the archive's may lead anywhere."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = _parts(packed.infolist())
            for part in parts:
                suffix = PurePosixPath(part.filename).suffix.lower()
                (folder / f"grids{suffix}").write_bytes(packed.read(part))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise FileRefused(Kind.DAMAGED, type(error).__name__) from error
    return folder / "grids.shp"


def _parts(packed: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    names = [PurePosixPath(one.filename) for one in packed]
    found = [n for n in names if n.suffix.lower() == ".shp" and "__MACOSX" not in n.parts]
    if len(found) != 1:
        kind = Kind.MANY_LAYERS if found else Kind.NO_LAYER
        raise FileRefused(kind, ", ".join(name.name for name in found))
    stem = found[0].with_suffix("")
    parts = [
        one for one, name in zip(packed, names, strict=True)
        if name.with_suffix("") == stem and name.suffix.lower() in PARTS
    ]  # fmt: skip
    if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise FileRefused(Kind.DAMAGED, f"> {MOST_UNPACKED_BYTES:,}")
    return parts


def _only_layer(path: Path) -> tuple[Path, str]:
    if not path.exists():
        raise FileNotFoundError(path)
    reader = _reader()
    try:
        layers = reader.list_layers(str(path)).tolist()
    except RuntimeError as error:
        raise FileRefused(Kind.DAMAGED, type(error).__name__) from error
    found = [name for name, kind in layers if "Polygon" in str(kind) or kind == "Unknown"]
    if len(found) != 1:
        raise FileRefused(Kind.MANY_LAYERS if found else Kind.NO_LAYER, ", ".join(found))
    return path, found[0]


def _raw(file: Path, layer: str) -> Any:
    encoding = _encoding(file)
    try:
        meta, _, wkb, fields = _reader().raw.read(str(file), layer=layer, encoding=encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise FileRefused(Kind.BAD_ENCODING, str(encoding)) from error
    except (RuntimeError, ValueError) as error:
        raise FileRefused(Kind.DAMAGED, type(error).__name__) from error
    return meta, wkb, fields


def _encoding(file: Path) -> str | None:
    """What a shapefile's texts are in: its .cpg says so, or it is Chinese; a GeoPackage knows."""
    if file.suffix.lower() != ".shp":
        return None
    for suffix in (".cpg", ".CPG"):
        named = file.with_suffix(suffix)
        if named.exists():
            name = named.read_text(encoding="ascii", errors="replace").strip()
            return CPG_NAMES.get(name.upper(), name)
    return CHINESE


def _refuse_other_crs(crs: str | None) -> None:
    known = crs in DEGREES or (
        crs is not None
        and crs.startswith("GEOGCS")
        and any(f'DATUM["{prefix}{datum}"' in crs for datum in DATUMS for prefix in ("", "D_"))
    )
    if not known:
        raise FileRefused(Kind.UNKNOWN_CRS, (crs or "-")[:60])


def _shapes(wkb: Any) -> Any:
    """Shapes of one part as what they are: writers turn every polygon into a multipolygon."""
    shapes = np.array(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    single = (shapely.get_type_id(shapes) == MULTIPOLYGON) & (
        shapely.get_num_geometries(shapes) == 1
    )
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return shapes


def _properties(columns: dict[str, list[Any]], row: int) -> dict[str, Any]:
    given = {name: columns[name][row] for name in (*TEXTS, *NUMBERS) if name in columns}
    texts = {name: _text(given[name]) for name in TEXTS if name in given}
    return texts | {name: _number(given[name]) for name in NUMBERS if name in given}


def _text(value: Any) -> str | None:
    """A code that a table kept as a number is its digits."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what a hole in numbers reads as
        return None
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip() or None


def _number(value: Any) -> Any:
    """A whole number however the table kept it; anything else is left for the check to name."""
    text = _text(value)
    return int(text) if text is not None and text.lstrip("-").isdecimal() else text


def _as_multi(shape: Any) -> Any:
    return shape if shape.geom_type == "MultiPolygon" else shapely.multipolygons([shape])
