"""What opens a push: WeChat's published examples, our fake's, and everything that is neither."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from app.demo.wechat_push import FakePushes
from app.kit import clock
from app.wechat import pushes, reading
from app.wechat.errors import PushRefused
from app.wechat.pushes import Postbox, Query
from app.wechat.reading import NotReadable

APPID, TOKEN, KEY = "wx-test-appid", "t0ken", "kU7xZ2mQ9pR4sT6vW8yB1cD3eF5gH0jLnMoPqRsTuVw"
EVENT = {
    "ToUserName": "gh_1", "FromUserName": "o-liu", "CreateTime": 1762070400, "MsgType": "event",
    "Event": "wxa_media_check", "trace_id": "t-1", "result": {"suggest": "pass", "label": 100},
}  # fmt: skip
FIELDS = {**EVENT, "CreateTime": "1762070400", "result": {"suggest": "pass", "label": "100"}}

# From WeChat's pages "消息推送": a greeting, a plain push and a sealed one (JSON).
GREETING = ("AAAAA", "1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696")
PLAIN = ("AAAAA", "1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78")
SEALED = ("AAAAA", "1714112445", "415670741", "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3")
DEMO = {
    "ToUserName": "gh_97417a04a28d", "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
    "MsgType": "event", "Event": "debug_demo", "debug_str": "hello world",
}  # fmt: skip
DEMO_SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJG"
    "QqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrf"
    "MZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgR"
    "tWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
# From the sample code that WeChat gives to developers (XML).
SAMPLE = ("spamtest", "1409735669", "1320562132", "5d197aaffba7e9b25a30732f161a50dee96bd5fa")
SAMPLE_SEALED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6"
    "F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T33"
    "2jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCg"
    "avjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6Oewp"
    "usjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)


def at(timestamp, later=timedelta()):
    """Moves our clock to the instant of an example."""
    clock.unshift()
    clock.shift(datetime.fromtimestamp(int(timestamp), UTC) + later - clock.now())


@pytest.fixture
def wechat():
    return FakePushes(APPID, TOKEN, KEY)


@pytest.fixture
def box():
    return Postbox(APPID, TOKEN, KEY)


def opened(box, posted):
    named = ("timestamp", "nonce", "signature", "msg_signature")
    return box.open(Query(*(posted.params.get(name, "") for name in named)), posted.content)


def refused(box, posted):
    with pytest.raises(PushRefused) as caught:
        opened(box, posted)
    error = caught.value
    # Never a word of why.
    assert error.problem("zh", "r") == PushRefused().problem("zh", "r")
    assert (error.__context__, error.__cause__) == (None, None)
    return True


class TestPublished:
    def test_greeting(self):
        token, timestamp, nonce, signature = GREETING
        at(timestamp)
        box = Postbox("wx", token, "")
        echo = "4375120948345356249"
        assert box.greet(Query(timestamp, nonce, signature), echo) == echo

    def test_plain(self):
        token, timestamp, nonce, signature = PLAIN
        at(timestamp)
        body = json.dumps({**DEMO, "CreateTime": 1714037059}).encode()
        push = Postbox("wx", token, "").open(Query(timestamp, nonce, signature), body)
        assert push.fields == {**DEMO, "CreateTime": "1714037059"}
        assert push.event == "debug_demo"

    def test_sealed_json(self):
        token, timestamp, nonce, signature = SEALED
        at(timestamp)
        body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": DEMO_SEALED}).encode()
        box = Postbox("wxba5fad812f8e6fb9", token, "A" * 43)
        push = box.open(Query(timestamp, nonce, "-", signature), body)
        assert push.fields == {**DEMO, "CreateTime": "1714112445"}

    def test_sealed_xml(self):
        token, timestamp, nonce, signature = SAMPLE
        at(timestamp)
        body = f"<xml><ToUserName>gh</ToUserName><Encrypt>{SAMPLE_SEALED}</Encrypt></xml>".encode()
        box = Postbox("wx2c2769f8efd9abc2", token, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
        push = box.open(Query(timestamp, nonce, "-", signature), body)
        assert push.event == "text"
        assert push.fields["Content"] == "abcdteT"
        assert push.fields["MsgId"] == "6054768590064713728"


class TestForms:
    @pytest.mark.parametrize("form", ["xml", "json"])
    def test_sealed(self, wechat, box, form):
        assert opened(box, wechat.sealed(EVENT, form)).fields == FIELDS

    @pytest.mark.parametrize("form", ["xml", "json"])
    def test_plain(self, wechat, form):
        assert opened(Postbox(APPID, TOKEN, ""), wechat.plain(EVENT, form)).fields == FIELDS

    def test_every_length_of_a_message(self, wechat, box):
        for length in range(70):
            fields = {**EVENT, "text": "长" * length}
            assert opened(box, wechat.sealed(fields)).fields["text"] == "长" * length

    def test_lists_and_both_forms_are_the_same_push(self, wechat, box):
        sent = [{"TemplateId": "t", "MsgID": 1}, {"TemplateId": "u", "MsgID": 2}]
        fields = {**EVENT, "trace_id": "", "SubscribeMsgSentEvent": {"List": sent}}
        xml, json_ = (opened(box, wechat.sealed(fields, form)) for form in ("xml", "json"))
        assert xml == json_
        assert xml.fields["SubscribeMsgSentEvent"]["List"][1]["MsgID"] == "2"


# All of a good envelope but its padding: thirteen bytes 0x0d.
INNER = b"x" * 16 + b"\0\0\0\x12" + b'{"MsgType":"text"}' + APPID.encode()


class TestRefused:
    def test_but_for_its_padding_this_is_a_good_one(self, wechat, box):
        assert opened(box, wechat.enveloped(wechat.encrypt(INNER + b"\x0d" * 13))).event == "text"

    def test_every_bit_of_the_envelope(self, wechat, box):
        posted = wechat.sealed(EVENT, "json")
        sealed = json.loads(posted.content)["Encrypt"]
        raw = base64.b64decode(sealed)
        for bit in range(0, len(raw) * 8, 7):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            other = base64.b64encode(flipped).decode()
            body = posted.content.replace(sealed.encode(), other.encode())
            assert refused(box, posted._replace(content=body))

    @pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
    @pytest.mark.parametrize("value", ["", "1", "\ud800", "签", "0" * 40, "9" * 400])
    def test_every_part_of_the_address(self, wechat, box, name, value):
        posted = wechat.sealed(EVENT)
        assert refused(box, posted._replace(params={**posted.params, name: value}))

    def test_the_signature_of_plain_pushes_opens_nothing_sealed(self, wechat, box):
        posted = wechat.sealed(EVENT)
        params = {**posted.params, "msg_signature": posted.params["signature"]}
        assert refused(box, posted._replace(params=params))

    def test_a_plain_push_where_there_is_a_key(self, wechat, box):
        assert refused(box, wechat.plain(EVENT))
        # Nor with a signature that would do for it.
        posted = wechat.plain(EVENT)
        empty = wechat.sign(posted.params["timestamp"], posted.params["nonce"], "")
        assert refused(box, posted._replace(params={**posted.params, "msg_signature": empty}))

    @pytest.mark.parametrize("appid", ["", "wx-test-appi", "wx-test-appidx", "wx-other-appid"])
    def test_another_mini_program_s(self, wechat, box, appid):
        message = json.dumps(EVENT).encode()
        assert refused(box, wechat.enveloped(wechat.seal(message, appid)))

    @pytest.mark.parametrize("other", [{"token": "other"}, {"aes_key": "A" * 43}])
    def test_another_secret_s(self, box, other):
        theirs = FakePushes(**{"appid": APPID, "token": TOKEN, "aes_key": KEY} | other)
        assert refused(box, theirs.sealed(EVENT))

    @pytest.mark.parametrize(
        "padded",
        [
            b"",
            b"x" * 16,
            b"\0" * 32,
            INNER + b"\x0e" * 13,  # one more than there are
            INNER + b"\x21" * 13,  # more than a block
            INNER + b"\0" * 13,
            INNER + b"\0" * 12 + b"\x0d",  # not all alike
            INNER.replace(b"\x12{", b"\x52{") + b"\x0d" * 13,  # longer than there is
            INNER.replace(b"\0\0\0\x12", b"\xff" * 4) + b"\x0d" * 13,
            INNER.replace(b"\x12{", b"\x11{") + b"\x0d" * 13,  # a sign of it is the appid's
            b"\x20" * 32,
            b"\x10" * 16,
        ],
    )
    def test_signed_but_wrong_inside(self, wechat, box, padded):
        assert refused(box, wechat.enveloped(wechat.encrypt(padded)))

    @pytest.mark.parametrize(
        "sealed", ["", "=", "AAAA", "A" * 22 + "==", "!" * 24, "签" * 8, "A B="]
    )
    def test_signed_but_no_envelope(self, wechat, box, sealed):
        assert refused(box, wechat.enveloped(sealed))

    @pytest.mark.parametrize("by", [timedelta(minutes=6), timedelta(minutes=-6)])
    def test_an_old_one_or_one_to_come(self, wechat, box, by):
        posted = wechat.sealed(EVENT)
        clock.shift(by)
        assert refused(box, posted)

    def test_one_of_four_minutes_ago_passes(self, wechat, box):
        posted = wechat.sealed(EVENT)
        clock.shift(timedelta(minutes=4))
        assert opened(box, posted)

    @pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "٣", "9" * 12, "1714036504.0"])
    def test_a_signed_instant_that_is_none(self, wechat, timestamp):
        query = Query(timestamp, "n", wechat.sign(timestamp, "n"))
        with pytest.raises(PushRefused):
            Postbox(APPID, TOKEN, "").greet(query, "hello")

    def test_more_than_anyone_pushes(self, wechat, box):
        long = "长" * pushes.MOST_BYTES
        assert refused(box, wechat.sealed({**EVENT, "text": long}))

    def test_without_a_token_everything(self, wechat):
        off = Postbox(APPID, "", "")
        assert refused(off, wechat.plain(EVENT))
        posted = FakePushes(APPID, "", KEY).plain(EVENT)
        assert refused(off, posted)

    @pytest.mark.parametrize("event", [{}, {"MsgType": "event"}, {"MsgType": "a b"},
                                       {"MsgType": "event", "Event": "x" * 65}])  # fmt: skip
    def test_what_says_not_what_it_is(self, wechat, box, event):
        assert refused(box, wechat.sealed({"FromUserName": "o", **event}, "json"))


class TestKeys:
    """The same push is the same, another one another."""

    @staticmethod
    def keys(box, wechat, *changes):
        return {opened(box, wechat.sealed({**EVENT, **change})).key for change in changes}

    def test_by_message_id(self, wechat, box):
        text = {"MsgType": "text", "MsgId": 7, "trace_id": ""}
        assert len(self.keys(box, wechat, text, {**text, "CreateTime": 1}, {**text, "x": 1})) == 1
        assert len(self.keys(box, wechat, text, {**text, "MsgId": 8})) == 2

    def test_by_trace_id(self, wechat, box):
        assert len(self.keys(box, wechat, {}, {"CreateTime": 1})) == 1
        assert len(self.keys(box, wechat, {}, {"trace_id": "t-2"}, {"Event": "other"})) == 3

    def test_by_all_that_it_says(self, wechat, box):
        other = {"trace_id": "", "Event": "subscribe_msg_popup_event"}
        assert len(self.keys(box, wechat, other, dict(reversed(other.items())))) == 1
        changed = [{"FromUserName": "o-x"}, {"CreateTime": 1}, {"Event": "e"}, {"List": "x"}]
        assert len(self.keys(box, wechat, other, *({**other, **c} for c in changed))) == 5

    def test_they_give_nothing_away(self, wechat, box):
        push = opened(box, wechat.sealed({**EVENT, "trace_id": ""}))
        assert "o-liu" not in repr(push)
        assert len(push.key) == 64


class TestReading:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b" ", b"x", b"<", b"<xml", b"<xml/>", b"<xml>text</xml>", b"[1]", b"7", b"null",
            b"{", b'{"a"', b"<a><b></a></b>", b"<xml><a>1</a></xml><xml/>", b"\xff\xfe", b"{}x",
            b'{"a": ' * 9 + b"1" + b"}" * 9, b'{"a": ' * 30_000 + b"1" + b"}" * 30_000,
            b"<a>" * 12 + b"</a>" * 12, b'{"a": ' + b"9" * 5000 + b"}", b"<xml><a>\x01</a></xml>",
            b"<xml><a>&nbsp;</a></xml>",
        ],
    )  # fmt: skip
    def test_what_is_neither(self, body):
        with pytest.raises(NotReadable):
            reading.read(body)

    @pytest.mark.parametrize(
        "declared",
        [
            b"<!DOCTYPE xml>",
            b'<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
            b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
            b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">',
            b'<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
        ],
    )
    def test_a_document_type(self, declared):
        with pytest.raises(NotReadable):
            reading.read(b'<?xml version="1.0"?>' + declared + b"<xml><a>1</a></xml>")

    def test_what_no_database_keeps_is_left_out(self):
        body = rb'{"a\u0000": "x\u0000y\ud800", "b": [true, null, 1.5, {"c": -1}]}'
        assert reading.read(body) == {"a": "xy", "b": ["True", None, "1.5", {"c": "-1"}]}

    def test_xml(self):
        body = "<xml>\n <a><![CDATA[<b>&]]></a> <c>1</c><c>2</c><c>3</c><d/><e>&lt;é</e></xml>"
        found = {"a": "<b>&", "c": ["1", "2", "3"], "d": "", "e": "<é"}
        assert reading.read(body.encode()) == found
