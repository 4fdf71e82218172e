"""The extra questions of a category and whether answers fit them; nothing here reads a database."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from app.categories.errors import AnswersInvalid
from app.kit.errors import FieldError
from app.kit.fields import LONGEST_NAME, field_error
from app.kit.schema import CONTROL

LONGEST_ANSWER = 2000
Question = Mapping[str, Any]


def check(questions: Sequence[Question], answers: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the answers, by their names; nothing when all fit.

    `questions` are those of a category's terms; an answer stands under its question's code. What
    was answered is never repeated.
    """
    known = {question["code"] for question in questions}
    faults = {q["code"]: code for q in questions if (code := _fault(q, answers.get(q["code"])))}
    faults |= {str(name)[:LONGEST_NAME]: "extra_forbidden" for name in answers.keys() - known}
    expected = {q["code"]: ", ".join(q.get("choices", ())) for q in questions}
    return [
        field_error(
            code, "answers", name, expected=expected.get(name, ""), max_length=LONGEST_ANSWER
        )
        for name, code in sorted(faults.items())
    ]


def require(questions: Sequence[Question], answers: Mapping[str, Any]) -> None:
    """Raises AnswersInvalid with one entry for each answer that does not fit."""
    wrong = check(questions, answers)
    if wrong:
        raise AnswersInvalid(fields=wrong)


def _fault(question: Question, answer: Any) -> str | None:
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return "missing" if question.get("required") else None
    match question["kind"]:
        case "flag":
            return None if isinstance(answer, bool) else "bool_type"
        case "number":
            return None if _is_number(answer) else "number_type"
        case "choice":
            return None if answer in question.get("choices", ()) else "enum"
        case _:
            return _text_fault(answer)


def _is_number(answer: Any) -> bool:
    # True is an int in Python, and is no number for anybody else. The bound keeps huge integers,
    # which no float can hold, out of `isfinite`.
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return False
    return abs(answer) < 1e15 and isfinite(answer)  # noqa: PLR2004


def _text_fault(answer: Any) -> str | None:
    if not isinstance(answer, str):
        return "string_type"
    if CONTROL.search(answer):
        return "value_error"
    return "string_too_long" if len(answer) > LONGEST_ANSWER else None
