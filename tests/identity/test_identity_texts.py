"""What others see of a person's name and phone."""

import pytest

from app.identity.texts import masked_name, masked_phone


@pytest.mark.parametrize(("name", "shown"), [("陈大文", "陈*"), ("陈", "陈*"), ("", "*")])
def test_name(name, shown):
    assert masked_name(name) == shown


@pytest.mark.parametrize(("phone", "shown"), [("13800138000", "138****8000"), (None, None)])
def test_phone(phone, shown):
    assert masked_phone(phone) == shown
