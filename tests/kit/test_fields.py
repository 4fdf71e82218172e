"""What a refused field is told: in both languages, for every code, and never with its value."""

import re
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, get_args
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import AnyUrl, BaseModel, Field, HttpUrl, TypeAdapter, ValidationError
from pydantic_core import core_schema

from app.kit import fields, problems
from app.kit.fields import CHINESE, ENGLISH, Unfit, each_once, field_error, of_pydantic
from app.kit.schema import Day, Draft, Instant, Latitude, Name, PlainText

APP = Path(fields.__file__).parents[1]
# What only Python can send, or what no draft of ours asks for.
NEVER_SENT = {
    "no_such_attribute", "needs_python_object", "recursion_loop", "recursion_depth_exceeded",
    "frozen_field", "frozen_instance", "get_attribute_error", "dataclass_type",
    "dataclass_exact_type", "named_tuple_type", "default_factory_not_called", "iteration_error",
    "string_not_ascii", "frozen_dict_type", "ordered_dict_type", "counter_type", "deque_type",
    "set_item_not_hashable", "bytes_too_short", "bytes_too_long", "bytes_invalid_encoding",
    "assertion_error", "missing_sentinel_error", "ellipsis_error", "date_past", "date_future",
    "datetime_past", "datetime_future", "timezone_naive", "timezone_offset", "time_delta_type",
    "time_delta_parsing", "is_instance_of", "is_subclass_of", "callable_type", "arguments_type",
    "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument",
    "unexpected_positional_argument", "missing_positional_only_argument",
    "multiple_argument_values", "decimal_type", "decimal_parsing", "decimal_max_digits",
    "decimal_max_places", "decimal_whole_digits", "fraction_type", "fraction_parsing",
    "complex_type", "complex_str_parsing",
}  # fmt: skip
SECRET = "qzx"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
REFUSED = [
    (list[int], SECRET, "list_type", "应为列表"),
    (Annotated[list[int], Field(min_length=2)], [1], "too_short", "长度不能小于 2"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "too_long", "长度不能大于 1"),
    (Name, "", "too_short", "长度不能小于 1"),
    (Name, SECRET * 30, "too_long", "长度不能大于 64"),
    (Annotated[str, Field(min_length=4)], SECRET, "string_too_short", "至少 4 个字符"),
    (Annotated[str, Field(max_length=2)], SECRET, "string_too_long", "最多 2 个字符"),
    (Annotated[int, Field(gt=3)], 3, "greater_than", "应大于 3"),
    (Annotated[int, Field(ge=3)], 2, "greater_than_equal", "不能小于 3"),
    (Annotated[int, Field(lt=3)], 3, "less_than", "应小于 3"),
    (Annotated[int, Field(le=3)], 4, "less_than_equal", "不能大于 3"),
    (Latitude, 91, "less_than_equal", "不能大于 90"),
    (Annotated[float, Field(gt=0.5)], 0.5, "greater_than", "应大于 0.5"),
    (Annotated[int, Field(multiple_of=5)], 4, "multiple_of", "应为 5 的倍数"),
    (Literal["a", "b"], SECRET, "literal_error", "只能是 'a' 或 'b'"),
    (Pet, {"kind": SECRET}, "union_tag_invalid", "种类只能是 'cat', 'dog'"),
    (Pet, {}, "union_tag_not_found", "缺少种类"),
    (HttpUrl, f"ftp://{SECRET}", "url_scheme", "网址应以 'http' 或 'https' 开头"),
    (HttpUrl, f"http://{SECRET * 1000}", "url_too_long", "网址最多 2083 个字符"),
    (AnyUrl, SECRET, "url_parsing", "应为网址"),
    (UUID, SECRET, "uuid_parsing", "应为 UUID"),
    (date, SECRET, "date_from_datetime_parsing", "应为日期，如 2026-11-23"),
    (time, SECRET, "time_parsing", "应为时间，如 08:30"),
    (Instant, "1999-01-01T00:00:00Z", "value_error", "时间应在 2000 至 2999 年"),
    (Day, "1999-01-01", "value_error", "日期应在 2000 至 2999 年"),
    (PlainText, f"{SECRET}\0", "value_error", "不能有控制字符"),
]  # fmt: skip


def refused(kind, value):
    with pytest.raises(ValidationError) as met:
        TypeAdapter(kind).validate_python(value)
    return met.value.errors()[0]


@pytest.mark.parametrize(("kind", "value", "code", "zh"), REFUSED)
def test_in_both_languages_and_without_the_value(kind, value, code, zh):
    error = refused(kind, value)
    told = of_pydantic(error)
    assert (told.code, told.words.zh) == (code, zh)
    if code != "value_error" and "tag" not in code:
        assert told.words.en == error["msg"]
    assert SECRET not in "".join(told.words)
    assert not {*"{}"} & {*"".join(told.words)}


def test_every_placeholder_was_filled_above():
    filled = {code for _, _, code, _ in REFUSED}
    # Those of our own are filled below.
    assert {code for code, text in CHINESE.items() if "{" in text} - filled == {"enum"}


def test_every_code_that_can_be_met_has_words():
    ours = {"number_type", "unknown", "not_a_district"}
    assert {*CHINESE} == {*get_args(core_schema.ErrorType)} - NEVER_SENT | ours


@pytest.mark.parametrize("code", sorted(ENGLISH))
def test_behind_the_edge(code):
    told = field_error(code, "answers", "q", expected="a, b", max_length=9, expected_tags="c")
    assert (told.loc, told.code) == (("body", "answers", "q"), code)
    assert all(told.words)
    assert not {*"{}"} & {*"".join(told.words)}


def test_what_is_there_twice():
    each_once("abc", "照片", "a photo")
    with pytest.raises(Unfit, match="a photo is named twice") as met:
        each_once("aba", "照片", "a photo")
    assert met.value.words.zh == "照片不能重复"


def test_validators_of_drafts_speak_both_languages():
    """A bare ValueError would be told in English only."""
    names = ("schemas.py", "schemas/*.py", "files.py", "kit/schema.py")
    rooms = [room for name in names for room in APP.rglob(name)]
    bare = [room for room in rooms if re.search("raise (Value|Assertion)", room.read_text())]
    assert len(rooms) > 30
    assert bare == []


class Sent(Draft):
    size: int = Field(le=3)


def test_as_it_is_answered():
    app = FastAPI()
    problems.install(app)

    @app.post("/things")
    def things(sent: Sent) -> None: ...

    client = TestClient(app)
    said = {
        language: client.post(
            "/things", json={"size": 4, "x" * 99: SECRET}, headers={"Accept-Language": language}
        ).json()["errors"]
        for language in ("zh-CN", "en")
    }
    size, more = ({"loc": ["body", "size"], "code": "less_than_equal"},
                  {"loc": ["body", "x" * 64], "code": "extra_forbidden"})  # fmt: skip
    assert said["zh-CN"] == [
        {**size, "message": "不能大于 3"}, {**more, "message": "没有这个字段"},
    ]  # fmt: skip
    assert said["en"] == [
        {**size, "message": "Input should be less than or equal to 3"},
        {**more, "message": "Extra inputs are not permitted"},
    ]
