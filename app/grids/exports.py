"""Every grid as a file: GeoJSON, GeoPackage, shapefile, or a table with the borders as WKT."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy.orm import Session

from app.grids import files, plans
from app.kit import sheets

WORDS = ("code", "name", "level", "parent", "net")


def write(tx: Session, path: Path) -> int:
    """Writes all grids into a file, whose name says how, and says how many.

    Raises KeyError for a name that ends otherwise, files.FileRefused where the extra is missing.
    """
    writer = WRITERS[path.suffix.lower()]
    rows = plans.stored(tx)
    writer(path, rows, list(shapely.from_wkb([row.shape for row in rows])))
    return len(rows)


def _geojson(path: Path, rows: Any, shapes: list[Any]) -> None:
    # One feature a line, so that two exports can be compared by eye.
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {word: getattr(row, word) for word in WORDS},
                "geometry": shapely.geometry.mapping(shape),
            },
            ensure_ascii=False,
        )
        for row, shape in zip(rows, shapes, strict=True)
    ]
    body = ",\n".join(lines)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n', "utf-8")


def _layer(path: Path, rows: Any, shapes: list[Any]) -> None:
    files.write(path, shapes, {word: [getattr(row, word) for row in rows] for word in WORDS})


def _table(path: Path, rows: Any, shapes: list[Any]) -> None:
    table = [
        {word: getattr(row, word) for word in WORDS} | {"wkt": shape.wkt}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    path.write_bytes(sheets.write_csv(table, [*WORDS, "wkt"]))


WRITERS: dict[str, Callable[[Path, Any, list[Any]], None]] = {
    ".geojson": _geojson, ".json": _geojson, ".gpkg": _layer, ".shp": _layer, ".csv": _table,
}  # fmt: skip
