"""The extra questions of a category: which answers fit, and what is said of the others."""

import pytest

from app.categories import questions
from app.categories.errors import AnswersInvalid

ASKED = [
    {"code": "depth", "text": "多深？", "kind": "number", "required": True},
    {"code": "cover", "text": "井盖？", "kind": "choice", "choices": ["在", "不在"]},
    {"code": "marked", "text": "已围挡？", "kind": "flag", "required": False},
    {"code": "remark", "text": "说明", "kind": "text", "choices": []},
]


def faults(**answers):
    found = questions.check(ASKED, answers)
    assert all(field.loc[:2] == ("body", "answers") for field in found)
    return {field.loc[2]: field.code for field in found}


@pytest.mark.parametrize(
    "answers",
    [
        {"depth": 3},
        {"depth": 2.5, "cover": "不在", "marked": False, "remark": "很深"},
        {"depth": -1, "cover": None, "marked": None, "remark": "  "},
        {"depth": 0},
    ],
)
def test_answers_that_fit(answers):
    assert faults(**answers) == {}
    questions.require(ASKED, answers)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, {"depth": "missing"}),
        ({"depth": None}, {"depth": "missing"}),
        ({"depth": " "}, {"depth": "missing"}),
        ({"depth": "3"}, {"depth": "number_type"}),
        ({"depth": True}, {"depth": "number_type"}),
        ({"depth": float("nan")}, {"depth": "number_type"}),
        ({"depth": float("inf")}, {"depth": "number_type"}),
        ({"depth": 10**400}, {"depth": "number_type"}),
        ({"depth": 1, "cover": "也许"}, {"cover": "enum"}),
        ({"depth": 1, "cover": ["在"]}, {"cover": "enum"}),
        ({"depth": 1, "marked": 1}, {"marked": "bool_type"}),
        ({"depth": 1, "marked": "false"}, {"marked": "bool_type"}),
        ({"depth": 1, "remark": 7}, {"remark": "string_type"}),
        ({"depth": 1, "remark": "a\x00b"}, {"remark": "value_error"}),
        ({"depth": 1, "remark": "长" * 2001}, {"remark": "string_too_long"}),
        ({"depth": 1, "nothing": 1}, {"nothing": "extra_forbidden"}),
        ({"cover": "?", "marked": 0}, {"depth": "missing", "cover": "enum", "marked": "bool_type"}),
    ],
)
def test_answers_that_do_not(answers, expected):
    assert faults(**answers) == expected
    with pytest.raises(AnswersInvalid) as refused:
        questions.require(ASKED, answers)
    assert refused.value.status == 422
    assert [field.loc[2] for field in refused.value.fields] == sorted(expected)


def test_an_answer_is_never_repeated():
    assert "M4rk3r" not in str(questions.check(ASKED, {"depth": "M4rk3r", "cover": "M4rk3r"}))
    assert len(questions.check([], {"x" * 900: 1})[0].loc[2]) == 64


def test_without_questions_there_is_nothing_to_answer():
    assert questions.check([], {}) == []
