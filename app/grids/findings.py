"""What can be wrong with a file of grids, in words for the person who imports it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Place = tuple[float, float] | None


class Kind(StrEnum):
    UNREADABLE = "unreadable"
    BAD_CODE = "bad_code"
    BAD_PROPERTY = "bad_property"
    EMPTY = "empty"
    INVALID_GEOMETRY = "invalid_geometry"
    OUT_OF_CHINA = "out_of_china"
    DUPLICATE_CODE = "duplicate_code"
    UNKNOWN_PARENT = "unknown_parent"
    OVERLAP = "overlap"
    GAP = "gap"
    DAMAGED = "damaged"
    NO_READER = "no_reader"
    NO_LAYER = "no_layer"
    MANY_LAYERS = "many_layers"
    BAD_ENCODING = "bad_encoding"
    UNKNOWN_CRS = "unknown_crs"


TEXTS = {
    Kind.UNREADABLE: ("不是 GeoJSON FeatureCollection", "not a GeoJSON FeatureCollection"),
    Kind.BAD_CODE: ("代码缺失或格式不对", "the code is missing or malformed"),
    Kind.BAD_PROPERTY: ("属性 {0} 缺失或格式不对", "the property {0} is missing or malformed"),
    Kind.EMPTY: ("没有边界", "there is no border"),
    Kind.INVALID_GEOMETRY: ("边界自相交或不完整：{0}", "the border is crossed or incomplete: {0}"),
    Kind.OUT_OF_CHINA: ("边界超出中国，经纬度是否写反？", "not in China; are lat and lng swapped?"),
    Kind.DUPLICATE_CODE: ("代码出现 {0} 次", "the code occurs {0} times"),
    Kind.UNKNOWN_PARENT: ("上级区域 {0} 不存在", "the parent region {0} is unknown"),
    Kind.OVERLAP: ("与 {0} 重叠 {1:,.0f} 平方米，在 {2}", "overlaps {0} by {1:,.0f} m² at {2}"),
    Kind.GAP: ("旁边空白 {1:,.0f} 平方米，在 {2}", "beside it a gap of {1:,.0f} m² at {2}"),
    Kind.DAMAGED: ("文件无法读取：{0}", "the file cannot be read: {0}"),
    Kind.NO_READER: (
        "未安装 GIS 格式的读写组件，请运行 pip install 'xinxin-ejia[geo]'，或改用 GeoJSON",
        "shapefile and GeoPackage need pip install 'xinxin-ejia[geo]'; or use GeoJSON",
    ),
    Kind.NO_LAYER: ("没有面图层", "there is no layer of polygons"),
    Kind.MANY_LAYERS: ("有多个面图层：{0}", "there are several layers of polygons: {0}"),
    Kind.BAD_ENCODING: ("属性表不是 {0} 编码", "the attributes are not in {0}"),
    Kind.UNKNOWN_CRS: (
        "坐标系不是 WGS 84 (EPSG:4326) 或 CGCS2000 (EPSG:4490)：{0}",
        "the coordinates are not in WGS 84 (EPSG:4326) or CGCS2000 (EPSG:4490): {0}",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, in words for the person who imports; `place` is (lat, lng) in WGS-84.

    `code` is the grid's, or `#3` for the file's third feature if that has none that can be shown,
    or None when the whole file is meant.
    """

    kind: Kind
    code: str | None
    text_zh: str
    text_en: str
    area_m2: float | None = None
    place: Place = None

    @property
    def severity(self) -> Literal["error", "warning"]:
        # A neighbour's enclave is a gap too, and only people can tell it from a forgotten grid.
        return "warning" if self.kind is Kind.GAP else "error"


def finding(
    kind: Kind, code: str | None, detail: str = "", m2: float | None = None, place: Place = None
) -> Finding:
    zh, en = (text.format(detail, m2, place) for text in TEXTS[kind])
    if code is not None:
        zh, en = f"{code}：{zh}", f"{code}: {en}"
    return Finding(kind, code, zh, en, m2, place)
