"""One-time codes: short enough to read aloud, long enough not to be guessed."""

from collections import Counter
from datetime import timedelta
from math import log2
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.ids import READABLE, new_id, tidy
from app.store.codes import LENGTH, Codes, qr_svg

CODES = Codes(b"a secret of thirty-two bytes....", timedelta(hours=24))
OTHER = Codes(b"another secret of thirty-two b..", timedelta(hours=24))


def test_the_alphabet_has_no_look_alikes():
    assert not set("01OILU") & set(READABLE)
    assert len(READABLE) == len(set(READABLE)) == 30
    assert LENGTH * log2(len(READABLE)) > 49


def test_a_known_code():
    """Codes that people hold must survive a new version of this program."""
    made = CODES.code(UUID("01a20000-0000-7000-8000-000000000001"))
    assert made == CODES.code(UUID("01a20000-0000-7000-8000-000000000001"))
    assert len(made) == LENGTH


@given(st.uuids())
def test_a_code_is_readable_and_tidy(redemption_id):
    code = CODES.code(redemption_id)
    assert len(code) == LENGTH
    assert set(code) <= set(READABLE)
    assert tidy(code) == code


@given(st.uuids())
def test_another_secret_makes_another_code_and_hash(redemption_id):
    code = CODES.code(redemption_id)
    assert OTHER.code(redemption_id) != code
    assert OTHER.hashed(code) != CODES.hashed(code)
    assert code not in CODES.hashed(code).upper()


def test_codes_of_neighbours_differ_and_use_the_whole_alphabet():
    made = [CODES.code(new_id()) for _ in range(3_000)]
    assert len(set(made)) == len(made)
    for place in range(LENGTH):
        seen = Counter(code[place] for code in made)
        assert set(seen) == set(READABLE)
        assert max(seen.values()) < 3 * min(seen.values())


@pytest.mark.parametrize("typed", ["7K3M9-QXAB2", "7k3m9 qxab2", " 7K3M9QXAB2\n", "7K3M9_QXAB2"])
def test_dashes_spaces_and_case_do_not_matter(typed):
    assert tidy(typed) == "7K3M9QXAB2"


def test_the_picture_is_an_svg_and_holds_no_plain_code():
    picture = qr_svg("7K3M9QXAB2")
    assert picture.startswith(b"<?xml")
    assert b"<svg" in picture
    assert b"7K3M9QXAB2" not in picture
    assert picture != qr_svg("7K3M9QXAB3")
