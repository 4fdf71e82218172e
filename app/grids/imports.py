"""Reading a GeoJSON file of grids and saying, grid by grid, what is wrong with it."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import cos, radians
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.grids import gcj02
from app.grids.findings import Finding, Kind, finding
from app.kit.schema import Code, Name

DISTRICT_LEVEL = 0
DEEPEST_LEVEL = 9
LONGEST_LABEL = 40
GZIP_MAGIC = b"\x1f\x8b"
# Neighbours whose vertices were rounded one by one may share a sliver of border this large.
TOLERANCE_M2 = 1.0
METRES_PER_DEGREE = radians(6378137.0)


class GridDraft(BaseModel):
    """One feature as it would be stored; `shape` is a (Multi)Polygon in WGS-84 degrees."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, str_strip_whitespace=True)

    code: Code
    name: Name
    level: int = Field(ge=DISTRICT_LEVEL, le=DEEPEST_LEVEL)
    parent: Code | None = None
    net: int | None = None
    town: Code | None = None
    shape: Any = Field(repr=False)

    @property
    def wkb(self) -> bytes:
        return cast("bytes", shapely.to_wkb(self.shape))


class Reading(NamedTuple):
    """What could be read of a file, and why the rest could not."""

    drafts: list[GridDraft]
    findings: list[Finding]


def read_geojson(source: str | Path, crs: Literal["wgs84", "gcj02"] = "wgs84") -> Reading:
    """The drafts in a FeatureCollection (RFC 7946), given as text or as a path (gzip unpacked).

    Never raises for what the document holds; OSError if the path cannot be read.
    """
    try:
        features = _features(source)
    except (ValueError, RecursionError):
        return Reading([], [finding(Kind.UNREADABLE, None)])
    texts = [json.dumps(feature.get("geometry")) for feature in features]
    return read_features(features, shapely.from_geojson(texts, on_invalid="ignore"), crs)


def read_features(features: Sequence[dict[str, Any]], shapes: Any, crs: str) -> Reading:
    """The drafts in features (`properties`, and `geometry` None where there is none at all).

    `shapes` has the shape of each in degrees, None where it could not be understood.
    """
    shapes = shapely.force_2d(shapes)
    if crs == "gcj02":
        shapes = shapely.transform(shapes, _from_gcj02)
    read = [_draft(n, *pair) for n, pair in enumerate(zip(features, shapes, strict=True), 1)]
    return Reading(
        [draft for draft in read if isinstance(draft, GridDraft)],
        [fault for faults in read if isinstance(faults, list) for fault in faults],
    )


def check(drafts: Sequence[GridDraft], known_regions: set[str]) -> list[Finding]:
    """Faults of the drafts together: codes and parents, borders, then overlaps and gaps by level.

    Areas are measured on a plane shrunk at the drafts' middle latitude (0.5 % right in a district).
    A hole that a draft of level 0, the district itself, has as well is no gap.
    """
    counts = Counter(draft.code for draft in drafts)
    findings = [finding(Kind.DUPLICATE_CODE, code, str(n)) for code, n in counts.items() if n > 1]
    for draft in drafts:
        findings += _faults_alone(draft, known_regions)
    placed = [draft for draft in drafts if _is_in_china(draft)]
    return findings + (_faults_between(placed) if placed else [])


def _features(source: str | Path) -> list[dict[str, Any]]:
    data = source.encode() if isinstance(source, str) else source.read_bytes()
    document = json.loads(gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise ValueError("not a FeatureCollection")
    return features


def _from_gcj02(lng_lat: Any) -> Any:
    return np.array([gcj02.to_wgs84(lat, lng)[::-1] for lng, lat in lng_lat.tolist()])


def _draft(number: int, feature: dict[str, Any], shape: Any) -> GridDraft | list[Finding]:
    given = feature.get("properties")
    properties = given if isinstance(given, dict) else {}
    code = str(properties.get("code") or "")
    # Never repeat half a surrogate or a page of text: the finding itself must stay printable.
    label = code if 0 < len(code) <= LONGEST_LABEL and code.isprintable() else f"#{number}"
    faults = []
    if feature.get("geometry") is None or (shape is not None and shape.is_empty):
        faults = [finding(Kind.EMPTY, label)]
    elif shape is None or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        faults = [finding(Kind.INVALID_GEOMETRY, label, "no complete Polygon or MultiPolygon")]
    try:
        draft = GridDraft.model_validate({**properties, "shape": shape})
    except ValidationError as refusal:
        fields = sorted({str(fault["loc"][0]) for fault in refusal.errors()})
        kinds = {"code": Kind.BAD_CODE}
        faults += [finding(kinds.get(name, Kind.BAD_PROPERTY), label, name) for name in fields]
        return faults
    return faults or draft


class _Layer:
    """The drafts of one level on a plane in metres, repaired where their borders are invalid."""

    def __init__(self, drafts: list[GridDraft], scale: Any) -> None:
        drafts = sorted(drafts, key=lambda draft: draft.code)
        self._codes = [draft.code for draft in drafts]
        self._scale = scale
        self._shapes = _on_plane([draft.shape for draft in drafts], scale)
        self._tree = shapely.STRtree(self._shapes)

    def overlaps(self) -> Iterator[Finding]:
        pairs = self._tree.query(self._shapes, predicate="intersects")
        left, right = pairs[:, pairs[0] < pairs[1]]
        shared = shapely.intersection(self._shapes[left], self._shapes[right])
        for one in np.flatnonzero(shapely.area(shared) > TOLERANCE_M2).tolist():
            code, other = self._codes[left[one]], self._codes[right[one]]
            yield self._at(Kind.OVERLAP, code, other, shared[one])

    def gaps(self, declared: list[Any]) -> Iterator[Finding]:
        """Holes in the union; a hole between one village's grids that others fill is none."""
        union = shapely.union_all(self._shapes)
        known = shapely.union_all([union, *_on_plane(declared, self._scale)])
        for hole in _holes([union]):
            gap = shapely.difference(hole, known)
            if gap.area > TOLERANCE_M2:
                beside = self._codes[int(self._tree.query_nearest(hole).min())]
                yield self._at(Kind.GAP, beside, "", gap)

    def _at(self, kind: Kind, code: str, detail: str, shape: Any) -> Finding:
        inside = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
        lng, lat = (inside / self._scale).tolist()
        return finding(kind, code, detail, shape.area, (round(lat, 6), round(lng, 6)))


def _faults_alone(draft: GridDraft, known_regions: set[str]) -> Iterator[Finding]:
    if draft.level != DISTRICT_LEVEL and draft.parent not in known_regions:
        yield finding(Kind.UNKNOWN_PARENT, draft.code, draft.parent or "-")
    if not _is_in_china(draft):
        yield finding(Kind.OUT_OF_CHINA, draft.code)
    elif not draft.shape.is_valid:
        yield finding(Kind.INVALID_GEOMETRY, draft.code, shapely.is_valid_reason(draft.shape))


def _faults_between(drafts: list[GridDraft]) -> list[Finding]:
    _, south, _, north = shapely.total_bounds([draft.shape for draft in drafts]).tolist()
    scale = np.array([cos(radians((south + north) / 2)), 1.0]) * METRES_PER_DEGREE
    declared = _holes([draft.shape for draft in drafts if draft.level == DISTRICT_LEVEL])
    findings: list[Finding] = []
    for level in sorted({draft.level for draft in drafts}):
        layer = _Layer([draft for draft in drafts if draft.level == level], scale)
        findings += [*layer.overlaps(), *layer.gaps(declared)]
    return findings


def _on_plane(shapes: list[Any], scale: Any) -> Any:
    flat = shapely.transform(np.array(shapes, dtype=object), lambda lng_lat: lng_lat * scale)
    return shapely.make_valid(flat, method="structure", keep_collapsed=False)


def _holes(shapes: list[Any]) -> list[Any]:
    return [shapely.Polygon(ring) for part in shapely.get_parts(shapes) for ring in part.interiors]


def _is_in_china(draft: GridDraft) -> bool:
    west, south, east, north = draft.shape.bounds
    return gcj02.in_china(south, west) and gcj02.in_china(north, east)
