"""The code on a member's screen: readable, short-lived, and nobody else's."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.kit.ids import READABLE, tidy
from app.till import codes
from app.till.codes import MemberCodes

CODES = MemberCodes(b"a secret of thirty-two bytes....")
PERSON, NUMBER = uuid4(), "7K3M9QXA"
AT = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)


def shown(at=AT, person=PERSON, using=CODES):
    return using.shown(person, NUMBER, at)


def age(code, at, person=PERSON):
    return CODES.age(person, codes.split(code)[1], at)


def test_is_the_number_and_ten_readable_characters():
    number, proof = codes.split(shown())
    assert number == NUMBER
    assert len(proof) == 10
    assert set(proof) <= set(READABLE)


def test_is_another_one_every_minute_for_everyone_and_for_every_secret():
    other = MemberCodes(b"another secret of 32 bytes......")
    seen = {
        shown(), shown(AT + timedelta(minutes=1)), shown(person=uuid4()), shown(using=other),
    }  # fmt: skip
    assert len(seen) == 4
    assert shown(AT + timedelta(seconds=59)) == shown()


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(0, 0), (59, 0), (60, 1), (119, 1), (120, 2), (60 * 11, 11), (60 * 12, None), (-1, None)],
)
def test_grows_old(seconds, steps):
    assert age(shown(), AT + timedelta(seconds=seconds)) == steps


def test_of_somebody_else_is_none():
    assert age(shown(), AT, person=uuid4()) is None


def test_is_typed_as_people_type():
    code = shown()
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:]} "
    assert tidy(typed) == code


def test_lasts_until_the_next_minute():
    assert codes.until(AT + timedelta(seconds=30)) == AT + timedelta(minutes=1)


def test_is_remembered_by_a_hash_that_needs_the_secret():
    other = MemberCodes(b"another secret of 32 bytes......")
    assert CODES.hashed(shown()) == CODES.hashed(shown())
    assert CODES.hashed(shown()) != other.hashed(shown())
    assert shown() not in CODES.hashed(shown())
