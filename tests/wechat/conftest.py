"""The fake WeChat of each test, and an errand for each of its calls."""

import pytest
from wechat.wechat_build import (
    APPID,
    LIU,
    SECRET,
    TEMPLATE,
    check,
    code,
    image,
    phone,
    send,
    sign_in,
)  # fmt: skip

from app.demo.wechat_server import FakeWechat


@pytest.fixture
def fake():
    fake = FakeWechat(APPID, SECRET)
    fake.services.templates[TEMPLATE] = {"thing1", "time2"}
    fake.services.visit(LIU)
    return fake


@pytest.fixture
def errands(fake):
    """One errand for each call, that goes well when WeChat does."""
    fake.services.grant(LIU, TEMPLATE, 9)
    return {
        "code2session": sign_in(fake), "phone": phone(fake), "check_text": check(),
        "check_image": image(), "send": send(), "make_code": code(),
    }  # fmt: skip
