"""What a refused field is told, in two languages: its place, a stable code, and never its value.

The codes are pydantic's, whose English stands as it is, and few of our own.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from app.kit.errors import FieldError, Words

LONGEST_NAME = 64
_NOT_THIS = "格式不对"
_DAY = "应为日期，如 2026-11-23"
_INSTANT = "应为带时区的时间，如 2026-11-23T08:00:00+08:00"
_TIME = "应为时间，如 08:30"
_WHOLE, _NUMBER, _FLAG = "应为整数", "应为数字", "应为 true 或 false"
_URL, _UUID, _TEXT = "应为网址", "应为 UUID", "应为文字"
CHINESE = {
    "missing": "必填", "extra_forbidden": "没有这个字段", "none_required": "应为空",
    "json_invalid": "不是 JSON", "json_type": "应为 JSON 文字",
    "model_type": "应为对象", "model_attributes_type": "应为对象", "dict_type": "应为对象",
    "mapping_type": "应为对象", "invalid_key": "字段名应为文字",
    "list_type": "应为列表", "tuple_type": "应为列表", "set_type": "应为列表",
    "frozen_set_type": "应为列表", "iterable_type": "应为列表",
    "too_short": "长度不能小于 {min_length}", "too_long": "长度不能大于 {max_length}",
    "string_type": _TEXT, "string_unicode": _TEXT, "bytes_type": "应为文件",
    "string_too_short": "至少 {min_length} 个字符", "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": _NOT_THIS,
    "enum": "只能是 {expected}", "literal_error": "只能是 {expected}",
    "union_tag_invalid": "种类只能是 {expected_tags}", "union_tag_not_found": "缺少种类",
    "bool_type": _FLAG, "bool_parsing": _FLAG,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE,
    "int_parsing_size": "数字太大", "float_type": _NUMBER, "float_parsing": _NUMBER,
    "finite_number": _NUMBER, "multiple_of": "应为 {multiple_of} 的倍数",
    "greater_than": "应大于 {gt}", "greater_than_equal": "不能小于 {ge}",
    "less_than": "应小于 {lt}", "less_than_equal": "不能大于 {le}",
    "date_type": _DAY, "date_parsing": _DAY, "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY, "time_type": _TIME, "time_parsing": _TIME,
    "datetime_type": _INSTANT, "datetime_parsing": _INSTANT, "datetime_object_invalid": _INSTANT,
    "datetime_from_date_parsing": _INSTANT, "timezone_aware": _INSTANT,
    "uuid_type": _UUID, "uuid_parsing": _UUID, "uuid_version": _UUID,
    "url_type": _URL, "url_parsing": _URL, "url_syntax_violation": _URL,
    "url_scheme": "网址应以 {expected_schemes} 开头",
    "url_too_long": "网址最多 {max_length} 个字符",
    "value_error": "内容不符合要求",
    "number_type": _NUMBER, "unknown": "没有这一项",
    "not_a_district": "这不是一个区县",
}  # fmt: skip
# What is refused behind the edge, where no pydantic speaks, and where it would repeat a value.
ENGLISH = {
    "missing": "Field required", "extra_forbidden": "Extra inputs are not permitted",
    "string_type": "Input should be a valid string", "bool_type": "Input should be a valid boolean",
    "string_too_long": "String should have at most {max_length} characters",
    "number_type": "Input should be a number", "value_error": "Value does not fit",
    "enum": "Input should be {expected}", "unknown": "There is no such one",
    "not_a_district": "Not a district",
    "union_tag_invalid": "The kind should be {expected_tags}",
    "union_tag_not_found": "The kind is missing",
}  # fmt: skip


class Unfit(ValueError):
    """Values that do not fit each other or their field; a validator raises it, in two languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


def each_once(values: Iterable[Hashable], zh: str, en: str) -> None:
    """Raises Unfit when a value is there twice; `zh` and `en` say what each is."""
    met = list(values)
    if len(set(met)) != len(met):
        raise Unfit(f"{zh}不能重复", f"{en} is named twice")


def field_error(code: str, *loc: str | int, **told: object) -> FieldError:
    """What is wrong with the field at `loc` of a body, by a code of ENGLISH and what that tells."""
    words = Words(CHINESE[code].format_map(told), ENGLISH[code].format_map(told))
    return FieldError(("body", *loc), code, words)


def of_pydantic(error: Mapping[str, Any]) -> FieldError:
    """The same for an error of pydantic; `input` and `ctx`, which echo what was sent, stay here."""
    # An unknown field's name is the caller's text; it helps, so it is kept but cut.
    loc = (part if isinstance(part, int) else str(part)[:LONGEST_NAME] for part in error["loc"])
    return FieldError(tuple(loc), error["type"], _words(error))


def _words(error: Mapping[str, Any]) -> Words:
    # Limits and choices are ours; of what was sent, a context would hold a tag or a length.
    context = error.get("ctx", {})
    if isinstance(reason := context.get("error"), Unfit):
        return reason.words
    code = error["type"]
    told = {name: _said(value) for name, value in context.items()}
    english = ENGLISH[code].format_map(context) if code in ENGLISH else str(error["msg"])[:200]
    return Words(CHINESE.get(code, _NOT_THIS).format_map(told), english)


def _said(value: Any) -> str:
    # A float's limit is whole as a rule: 90, as pydantic's English says it, and not 90.0.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace(" or ", " 或 ")
