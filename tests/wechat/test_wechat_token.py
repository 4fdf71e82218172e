"""The access token: one for all, renewed ahead of time, replaced when refused, never told."""

import asyncio
import contextlib
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from wechat.wechat_build import (
    APPID,
    LIU,
    PHONE,
    SECRET,
    TEMPLATE,
    check,
    client_of,
    code,
    one,
    phone,
    play,
    send,
)  # fmt: skip

from app.demo.wechat_server import FakeWechat
from app.kit import clock
from app.wechat import tokens
from app.wechat.answers import Delivery, Suggestion
from app.wechat.errands import Errands
from app.wechat.errors import (
    WechatMisconfigured,
    WechatUnavailable,
    WechatUserAway,
)  # fmt: skip
from app.wechat.tokens import Pocket


class TestToken:
    def test_one_for_many_calls_at_once(self, fake):
        async def run():
            async with contextlib.aclosing(client_of(fake)) as wechat:
                await asyncio.gather(*(check()(wechat) for _ in range(20)))

        asyncio.run(run())
        assert fake.errcodes["stable_token"] == [0]
        assert fake.errcodes["check_text"] == [0] * 20

    def test_it_is_renewed_before_it_ends(self, fake):
        async def run():
            async with contextlib.aclosing(client_of(fake)) as wechat:
                for step in (timedelta(), timedelta(minutes=114), timedelta(minutes=2)):
                    clock.shift(step)
                    fake.services.visit(LIU)
                    await check()(wechat)

        asyncio.run(run())
        # At 114 minutes it is still young; at 116 the next one is there.
        assert fake.errcodes["stable_token"] == [0, 0]
        assert fake.errcodes["check_text"] == [0, 0, 0]

    def test_the_old_one_serves_while_no_new_one_is_to_be_had(self, fake):
        pocket = Pocket()

        async def run():
            async with contextlib.aclosing(client_of(fake, shelf=pocket)) as wechat:
                await check()(wechat)
                clock.shift(timedelta(minutes=117))
                fake.services.visit(LIU)
                fake.lie_next("", 500, times=3, call="stable_token")
                return await check()(wechat)

        assert asyncio.run(run()).suggestion is Suggestion.PASS
        assert fake.errcodes["check_text"] == [0, 0]

    def test_an_expired_one_is_replaced_without_force(self, fake):
        pocket = Pocket()
        one(fake, check(), shelf=pocket)
        # Kept longer than WeChat does: as if our clock went behind.
        kept = pocket.read()
        pocket.write(tokens.Token(kept.value, kept.expires_at + timedelta(days=1)))
        clock.shift(timedelta(hours=3))
        fake.services.visit(LIU)
        assert one(fake, check(), shelf=pocket).suggestion is Suggestion.PASS
        assert fake.errcodes["check_text"] == [0, 42001, 0]
        assert pocket._forced == 0

    def test_of_another_process_s_force_it_learns_from_the_shelf(self, fake):
        pocket = Pocket()

        async def run():
            async with (
                contextlib.aclosing(client_of(fake, shelf=pocket)) as here,
                contextlib.aclosing(client_of(fake, shelf=pocket)) as there,
            ):
                await check()(here)
                await check()(there)
                fake.tokens.spoil()
                await check()(there)
                return await check()(here)

        assert asyncio.run(run()).suggestion is Suggestion.PASS
        assert fake.errcodes["check_text"] == [0, 0, 40001, 0, 40001, 0]
        # Once by each process, then as usual and by force by the one that found out first.
        assert fake.errcodes["stable_token"] == [0, 0, 0]
        assert pocket._forced == 1

    def test_a_message_is_sent_again_after_a_refused_token(self, fake):
        fake.services.grant(LIU, TEMPLATE)
        pocket = Pocket()
        one(fake, check(), shelf=pocket)
        fake.tokens.spoil()
        assert one(fake, send(), shelf=pocket) is Delivery.SENT
        assert fake.errcodes["send"] == [40001, 0]
        assert len(fake.services.sent) == 1

    def test_refused_twice_is_the_operator_s(self, fake):
        fake.fail_next(40001, times=9, call="check_text")
        with pytest.raises(WechatMisconfigured):
            one(fake, check())
        assert fake.errcodes["check_text"] == [40001, 40001]

    def test_force_is_counted(self, fake, caplog):
        pocket = Pocket()
        pocket._forced = tokens.MOST_FORCED
        one(fake, check(), shelf=pocket)
        fake.tokens.spoil()
        with pytest.raises(WechatUnavailable):
            one(fake, check(), shelf=pocket)
        assert "forced refreshes are used up" in caplog.text
        assert fake.errcodes["stable_token"] == [0, 0]

    def test_two_processes_at_once_get_the_same_one(self, fake):
        pockets = [Pocket() for _ in range(4)]

        async def run():
            clients = [client_of(fake, shelf=pocket) for pocket in pockets]
            await asyncio.gather(*(check()(wechat) for wechat in clients))
            for wechat in clients:
                await wechat.aclose()

        asyncio.run(run())
        assert len({pocket.read().value for pocket in pockets}) == 1

    @pytest.mark.parametrize(
        "lie", ["{}", '{"access_token": "", "expires_in": 7200}', '{"access_token": "x"}',
                '{"access_token": "x", "expires_in": -1}',
                '{"access_token": "x", "expires_in": []}'],
    )  # fmt: skip
    def test_what_is_no_token(self, fake, lie):
        fake.lie_next(lie, times=3, call="stable_token")
        with pytest.raises(WechatUnavailable):
            one(fake, check())
        assert fake.errcodes["check_text"] == []

    def test_a_life_without_end_is_cut_to_two_hours(self, fake):
        pocket = Pocket()
        fake.lie_next('{"access_token": "x", "expires_in": 99999999999}', call="stable_token")
        fake.fail_next(61010, call="check_text")
        with pytest.raises(WechatUserAway):
            one(fake, check(), shelf=pocket)
        assert pocket.read().value == "x"
        assert pocket.read().expires_at <= clock.now() + timedelta(hours=2)

    def test_wrong_settings(self, fake, caplog):
        with pytest.raises(WechatMisconfigured):
            one(fake, check(), secret="wrong")
        assert "40125 (the secret is wrong)" in caplog.text

    def test_it_is_never_told(self, fake, caplog):
        for name in ("", "httpx", "httpcore", "app"):
            caplog.set_level(logging.DEBUG, logger=name)
        pocket = Pocket()
        fake.services.grant(LIU, TEMPLATE)
        errands = [check(), send(), phone(fake), code()]
        fake.fail_next(40001, call="send")
        fake.fail_next(48001, call="make_code")
        outcomes = play(fake, *errands, shelf=pocket)
        told = caplog.text + repr(outcomes) + repr(pocket.read())
        for secret in (pocket.read().value, SECRET, PHONE, "access_token=", LIU):
            assert secret not in told


class TestErrands:
    def test_threads_without_a_loop_send_one_client(self, fake):
        made = []

        def make():
            made.append(client_of(fake))
            return made[-1]

        errands = Errands(make)
        verdicts = [errands.run(check()) for _ in range(3)]
        with pytest.raises(WechatUserAway):
            errands.run(check(openid="o-nobody"))
        errands.close()
        assert {verdict.suggestion for verdict in verdicts} == {Suggestion.PASS}
        assert len(made) == 1
        assert fake.errcodes["stable_token"] == [0]

    def test_one_that_nobody_sent_closes(self, fake):
        Errands(lambda: client_of(fake)).close()


class TestFake:
    """What the tests above rest on."""

    def test_a_forced_refresh_ends_the_old_token_in_five_minutes(self):
        now = [datetime(2026, 11, 2, tzinfo=UTC)]
        fake = FakeWechat(APPID, SECRET, clock=lambda: now[0])
        body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        old = fake.tokens.issue(body)["access_token"]
        assert fake.tokens.issue(body) == {"access_token": old, "expires_in": 7200}
        new = fake.tokens.issue({**body, "force_refresh": True})["access_token"]
        assert old != new
        assert fake.tokens.refuses(old) == 0
        now[0] += timedelta(minutes=5)
        assert (fake.tokens.refuses(old), fake.tokens.refuses(new)) == (42001, 0)
        now[0] += timedelta(hours=2)
        assert (fake.tokens.refuses(new), fake.tokens.refuses("x")) == (42001, 40001)

    def test_twenty_forced_refreshes_a_day(self, fake):
        body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        given = [fake.tokens.issue({**body, "force_refresh": True}) for _ in range(21)]
        assert [answer.get("errcode", 0) for answer in given] == [0] * 20 + [45009]

    def test_errors_have_a_rid(self, fake):
        fake.fail_next(43101, call="send")
        answer = fake.answer("send", {}, {})
        assert re.fullmatch(r"user refuse to accept the msg, rid: [0-9a-f-]{26}", answer["errmsg"])
