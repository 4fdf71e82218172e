"""How tests ask the fake WeChat: one errand for each call, and what came of it."""

import asyncio
import contextlib

import httpx
import pytest

from app.demo.wechat_server import create_wechat_server
from app.kit.errors import AppError
from app.wechat.answers import Scene
from app.wechat.client import WechatClient

APPID, SECRET = "wx-test-appid", "s3cr3t-of-the-app"
LIU, TEMPLATE, PAGE = "o-liu", "template-closed", "pages/index/index"
PHONE = "13812345678"


def transport(fake):
    return httpx.ASGITransport(create_wechat_server(fake))


def client_of(fake, **changes):
    given = {"appid": APPID, "secret": SECRET, "transport": transport(fake)} | changes
    return WechatClient(**given)


def play(fake, *errands, **changes):
    """What each errand gives or raises, one after the other by one client."""

    async def run():
        outcomes = []
        async with contextlib.aclosing(client_of(fake, **changes)) as wechat:
            for errand in errands:
                try:
                    outcomes.append(await errand(wechat))
                except AppError as error:
                    outcomes.append(error)
        return outcomes

    return asyncio.run(run())


def one(fake, errand, **changes):
    (outcome,) = play(fake, errand, **changes)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def check(content="井盖破损", openid=LIU):
    return lambda wechat: wechat.check_text(openid, Scene.COMMENT, content)


def image(openid=LIU):
    return lambda wechat: wechat.check_image(openid, Scene.COMMENT, "https://x.test/photo?s=1")


def send(openid=LIU, template=TEMPLATE, page=PAGE, **data):
    fields = data or {"thing1": "路灯不亮", "time2": "2026-11-02 12:00"}
    return lambda wechat: wechat.send(openid, template, page, fields)


def code(scene="s=abc", page=PAGE):
    return lambda wechat: wechat.make_code(scene, page)


def phone(fake):
    issued = fake.services.issue_phone_code(PHONE)
    return lambda wechat: wechat.phone(issued)


def sign_in(fake):
    issued = fake.issue_code(LIU)
    return lambda wechat: wechat.code2session(issued)


CALLS = ("code2session", "phone", "check_text", "check_image", "send", "make_code")
by_call = pytest.mark.parametrize("call", CALLS)
# What asking twice can do no harm to.
REPEATED = {"check_text", "make_code", "stable_token"}
