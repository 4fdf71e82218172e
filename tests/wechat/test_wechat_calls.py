"""Every call behind the token: its answers and refusals."""

from datetime import timedelta

import httpx
import pytest
from wechat.wechat_build import (
    LIU,
    PHONE,
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
)  # fmt: skip

from app.demo.wechat_server import PATHS
from app.demo.wechat_services import PNG
from app.kit import clock
from app.wechat import client, line, tokens
from app.wechat.answers import Delivery, Suggestion, Verdict, WechatPhone
from app.wechat.errors import (
    WechatCodeRefused,
    WechatMisconfigured,
    WechatOff,
    WechatPageUnknown,
    WechatQuotaSpent,
    WechatUnavailable,
    WechatUserAway,
)  # fmt: skip


def test_the_calls_are_those_that_the_fake_answers():
    ours = {v.name: v.path for v in vars(client).values() if isinstance(v, line.Call)}
    assert ours | {"stable_token": tokens.STABLE_TOKEN.path} == PATHS


class TestPhone:
    def test_works_once(self, fake):
        errand = phone(fake)
        number, again = play(fake, errand, errand)
        assert number == WechatPhone(PHONE, "86")
        assert isinstance(again, WechatCodeRefused)
        assert PHONE not in repr(number)

    def test_after_five_minutes(self, fake):
        errand = phone(fake)
        clock.shift(timedelta(minutes=5))
        with pytest.raises(WechatCodeRefused):
            one(fake, errand)

    @pytest.mark.parametrize(
        "lie",
        [
            "{}",
            '{"errcode": 0, "phone_info": {"purePhoneNumber": "", "countryCode": "86"}}',
            '{"phone_info": {"purePhoneNumber": "139", "watermark": {"appid": "wx-other"}}}',
        ],
    )
    def test_a_number_for_somebody_else_is_no_answer(self, fake, lie):
        fake.lie_next(lie, call="phone")
        with pytest.raises(WechatUnavailable):
            one(fake, phone(fake))


class TestChecks:
    @pytest.mark.parametrize(
        ("content", "verdict"),
        [
            ("井盖破损", Verdict(Suggestion.PASS, 100)),
            ("加我微信", Verdict(Suggestion.REVIEW, 20001)),
            ("加我微信，买枪", Verdict(Suggestion.RISKY, 20006)),
        ],
    )
    def test_a_text(self, fake, content, verdict):
        fake.services.review_words.add("微信")
        fake.services.risky_words.add("枪")
        assert one(fake, check(content)) == verdict

    @pytest.mark.parametrize("errand", [check(openid="o-stranger"), image(openid="o-stranger")])
    def test_a_user_who_was_not_here(self, fake, errand):
        with pytest.raises(WechatUserAway) as caught:
            one(fake, errand)
        assert caught.value.status == 409

    def test_a_user_who_was_here_two_hours_ago(self, fake):
        clock.shift(timedelta(hours=2))
        with pytest.raises(WechatUserAway):
            one(fake, check())

    def test_a_text_that_is_too_long_is_our_fault(self, fake):
        with pytest.raises(WechatMisconfigured):
            one(fake, check("长" * 2501))

    def test_a_picture_is_judged_later_by_its_trace(self, fake):
        trace_id = one(fake, image())
        assert fake.services.images == {trace_id: (LIU, "https://x.test/photo?s=1")}

    @pytest.mark.parametrize("suggest", ["", "fine", None, 7])
    def test_a_verdict_that_is_none(self, fake, suggest):
        result = {"errcode": 0, "result": {"suggest": suggest}}
        fake.lie_next(httpx.Response(200, json=result).text, times=3, call="check_text")
        with pytest.raises(WechatUnavailable):
            one(fake, check())


class TestSend:
    def test_each_message_takes_a_grant(self, fake):
        fake.services.grant(LIU, TEMPLATE)
        assert play(fake, send(), send()) == [Delivery.SENT, Delivery.NOT_WANTED]
        assert fake.errcodes["send"] == [0, 43101]
        (sent,) = fake.services.sent
        assert (sent.openid, sent.data["thing1"]) == (LIU, "路灯不亮")

    def test_a_stranger_s_message_is_not_tried_again(self, fake):
        fake.fail_next(40003, call="send")
        assert one(fake, send()) is Delivery.NOT_WANTED
        assert fake.errcodes["send"] == [40003]

    @pytest.mark.parametrize(
        ("errand", "errcode"),
        [
            (send(template="nothing"), 40037),
            (send(thing1="二十一个字" * 4 + "长", time2="12:00"), 47003),
            (send(thing1="", time2="12:00"), 47003),
            (send(thing1="少了时间"), 47003),
            (send(page="pages/nowhere"), 41030),
        ],
    )
    def test_what_the_operator_must_mend(self, fake, caplog, errand, errcode):
        fake.services.grant(LIU, TEMPLATE)
        with pytest.raises(WechatMisconfigured):
            one(fake, errand)
        assert f"errcode {errcode} (" in caplog.text
        assert "do not know" not in caplog.text
        assert fake.services.sent == []


class TestCode:
    def test_a_picture(self, fake):
        assert one(fake, code()) == PNG + b"s=abc"

    @pytest.mark.parametrize(
        ("errand", "errcode", "error"),
        [
            (code(page="pages/nowhere"), 41030, WechatPageUnknown),
            (code(scene="x" * 33), 40169, WechatMisconfigured),
            (code(), 45009, WechatQuotaSpent),
        ],
    )
    def test_an_error_in_its_place(self, fake, errand, errcode, error):
        if errcode == 45009:
            fake.fail_next(45009, call="make_code")
        with pytest.raises(error):
            one(fake, errand)
        assert fake.errcodes["make_code"] == [errcode]

    @pytest.mark.parametrize("lie", ["{}", '{"errcode": 0}', "<html>", "GIF89a", ""])
    def test_what_is_no_picture(self, fake, lie):
        fake.lie_next(lie, times=3, call="make_code")
        with pytest.raises(WechatUnavailable):
            one(fake, code())

    def test_an_answer_without_end_is_cut(self, fake):
        fake.lie_next("x" * (line.MOST_BYTES + 1), times=3, call="make_code")
        with pytest.raises(WechatUnavailable):
            one(fake, code())


class TestOff:
    @by_call
    @pytest.mark.parametrize("off", [{"appid": ""}, {"secret": ""}])
    def test_every_call_says_so_and_asks_nobody(self, fake, errands, call, off):
        (outcome,) = play(fake, errands[call], **off)
        assert isinstance(outcome, WechatOff)
        assert (outcome.status, outcome.code) == (503, "wechat_off")
        assert not fake.errcodes

    def test_a_client_knows(self, fake):
        assert client_of(fake).is_on
        assert not client_of(fake, secret="").is_on
