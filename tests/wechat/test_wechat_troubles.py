"""WeChat slow, down, busy and lying: what is repeated, what is cut off, what is counted."""

import asyncio
import contextlib

import pytest
from prometheus_client import REGISTRY
from wechat.wechat_build import (
    LIU,
    REPEATED,
    TEMPLATE,
    by_call,
    check,
    client_of,
    code,
    image,
    one,
    phone,
    play,
    send,
    sign_in,
)  # fmt: skip

from app.wechat import breaker, client, line
from app.wechat.answers import Suggestion
from app.wechat.breaker import Breaker
from app.wechat.codes import KNOWN
from app.wechat.errors import (
    WechatMisconfigured,
    WechatQuotaSpent,
    WechatTooOften,
    WechatUnavailable,
)  # fmt: skip


class TestTroubles:
    """WeChat slow, down, busy and lying in turn, at each of its calls."""

    @by_call
    @pytest.mark.parametrize(
        ("status", "body"), [(500, "{}"), (200, '{"errcode": "x"}'), (200, "")],
        ids=["down", "lying", "empty"],
    )  # fmt: skip
    def test_nothing_usable_comes_back(self, fake, errands, call, status, body):
        fake.lie_next(body, status, times=9, call=call)
        with pytest.raises(WechatUnavailable):
            one(fake, errands[call])
        assert len(fake.errcodes[call]) == (3 if call in REPEATED else 1)

    @by_call
    def test_slow(self, fake, errands, call, monkeypatch):
        monkeypatch.setattr(line, "TRY_S", 0.05)
        for _ in range(3):
            fake.slow_next(5, call=call)
        with pytest.raises(WechatUnavailable):
            one(fake, errands[call])
        assert len(fake.errcodes[call]) == (3 if call in REPEATED else 1)

    @by_call
    def test_busy_is_waited_out_but_for_messages(self, fake, errands, call):
        fake.fail_next(-1, times=2, call=call)
        (outcome,) = play(fake, errands[call])
        if call == "send":
            assert isinstance(outcome, WechatUnavailable)
            assert fake.errcodes[call] == [-1]
        else:
            assert fake.errcodes[call] == [-1, -1, 0]

    @by_call
    @pytest.mark.parametrize(
        ("errcode", "error"),
        [(45009, WechatQuotaSpent), (45011, WechatTooOften), (48001, WechatMisconfigured),
         (99999, WechatMisconfigured)],
    )  # fmt: skip
    def test_refusals_are_not_asked_again(self, fake, errands, call, errcode, error):
        fake.fail_next(errcode, call=call)
        (outcome,) = play(fake, errands[call])
        assert type(outcome) is error
        assert fake.errcodes[call] == [errcode]

    @by_call
    def test_all_is_well_when_it_is_back(self, fake, errands, call):
        fake.lie_next("", 502, times=3 if call in REPEATED else 1, call=call)
        play(fake, errands[call])
        again = phone(fake) if call == "phone" else sign_in(fake)
        one(fake, again if call in {"phone", "code2session"} else errands[call])

    def test_everything_together_stays_within_the_budget(self, fake, monkeypatch):
        """The token, the refused call, another token, the call: one time for all of it."""
        monkeypatch.setattr(client, "BUDGET_S", 0.2)
        for call in ("stable_token", "check_text"):
            fake.slow_next(0.15, call=call)
        loop_s = asyncio.run(self.seconds(fake))
        assert 0.15 < loop_s < 1

    async def seconds(self, fake):
        began = asyncio.get_running_loop().time()
        async with contextlib.aclosing(client_of(fake)) as wechat:
            with pytest.raises(WechatUnavailable):
                await check()(wechat)
        return asyncio.get_running_loop().time() - began


class TestBreaker:
    @pytest.fixture
    def hands(self):
        """A clock that the test moves."""
        return [0.0]

    @pytest.fixture
    def made(self, hands):
        return Breaker(lambda: hands[0])

    def test_opens_after_failures_in_a_row(self, made):
        for _ in range(breaker.FAILURES - 1):
            made.failed()
        made.passed()
        for _ in range(breaker.FAILURES - 1):
            made.failed()
        assert made.admits()
        made.failed()
        assert not made.admits()

    def test_lets_one_look_after_a_rest(self, made, hands):
        for _ in range(breaker.FAILURES):
            made.failed()
        hands[0] = breaker.REST_S - 0.1
        assert not made.admits()
        hands[0] = breaker.REST_S
        assert [made.admits() for _ in range(3)] == [True, False, False]
        made.failed()
        hands[0] *= 2
        assert made.admits()
        made.passed()
        assert [made.admits() for _ in range(3)] == [True] * 3

    def test_one_that_never_comes_back_does_not_close_it_for_ever(self, made, hands):
        for _ in range(breaker.FAILURES):
            made.failed()
        hands[0] = breaker.REST_S
        assert made.admits()
        hands[0] *= 2
        assert made.admits()

    def test_a_call_that_fails_stops_being_made_and_others_go_on(self, fake):
        fake.lie_next("", 500, times=99, call="check_image")
        outcomes = play(fake, *[image()] * (breaker.FAILURES + 3), check())
        assert all(isinstance(outcome, WechatUnavailable) for outcome in outcomes[:-1])
        assert len(fake.errcodes["check_image"]) == breaker.FAILURES
        assert outcomes[-1].suggestion is Suggestion.PASS

    def test_refusals_do_not_open_it(self, fake):
        fake.fail_next(45009, times=99, call="check_image")
        play(fake, *[image()] * (breaker.FAILURES + 3))
        assert len(fake.errcodes["check_image"]) == breaker.FAILURES + 3

    def test_what_is_cut_off_counts(self, fake, monkeypatch):
        monkeypatch.setattr(client, "BUDGET_S", 0.02)
        for _ in range(breaker.FAILURES):
            fake.slow_next(5)
        play(fake, *(sign_in(fake) for _ in range(breaker.FAILURES + 2)))
        assert len(fake.calls) == breaker.FAILURES


class TestCounters:
    @staticmethod
    def count(call, outcome):
        labels = {"call": call, "outcome": outcome}
        return REGISTRY.get_sample_value("xinxin_wechat_calls_total", labels) or 0

    @pytest.mark.parametrize(
        ("errcode", "outcome"), [(0, "0"), (43101, "43101"), (61010, "61010"), (123456, "other")]
    )
    def test_each_call_by_error_code(self, fake, errcode, outcome):
        fake.services.grant(LIU, TEMPLATE)
        if errcode:
            fake.fail_next(errcode, call="send")
        before = self.count("send", outcome)
        play(fake, send())
        assert self.count("send", outcome) == before + 1

    @pytest.mark.parametrize(
        ("status", "body", "outcome"),
        [(500, "", "HTTP 500"), (200, "[", "ValidationError"), (200, "{}", "unreadable")],
    )
    def test_each_trouble(self, fake, status, body, outcome):
        fake.lie_next(body, status)
        before = self.count("code2session", outcome)
        play(fake, sign_in(fake))
        assert self.count("code2session", outcome) == before + 1

    def test_durations(self, fake):
        labels = {"call": "make_code"}
        name = "xinxin_wechat_seconds_count"
        before = REGISTRY.get_sample_value(name, labels) or 0
        play(fake, code())
        assert REGISTRY.get_sample_value(name, labels) == before + 1

    def test_every_code_that_the_fake_knows_is_known(self):
        assert {-1, 40001, 40029, 40037, 41030, 42001, 43101, 45009, 45011, 47003, 61010} <= KNOWN
