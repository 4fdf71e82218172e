"""Signatures, the schedule of retries, and the addresses that may be called."""

import base64
import json
from datetime import timedelta

import pytest

from app.webhooks import rules
from app.webhooks.errors import AddressRefused
from app.webhooks.rules import Reach

OPEN, INNER = Reach(), Reach(plain=True, private=True)


class TestSignatures:
    def test_are_those_of_the_standard(self):
        """The example that libraries of the Standard Webhooks scheme test themselves with."""
        secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
        made = rules.signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_stand_side_by_side_while_a_secret_is_changed(self):
        new, old = rules.new_secret(), rules.new_secret()
        both = rules.signatures([new, old], "m", 1, b"x")
        assert both.split() == [rules.signatures([s], "m", 1, b"x") for s in (new, old)]

    def test_secrets_have_32_bytes_and_differ(self):
        first, second = rules.new_secret(), rules.new_secret()
        assert first != second
        assert first.startswith("whsec_")
        assert len(base64.b64decode(first[6:])) == 32

    def test_the_body_has_its_order_and_keeps_chinese(self):
        body = rules.body_of({"data": {"店": 1}, "timestamp": "t", "type": "test.sent"})
        assert body.decode() == '{"type":"test.sent","timestamp":"t","data":{"店":1}}'
        assert list(json.loads(body)) == ["type", "timestamp", "data"]


def test_retries_wait_as_the_standard_suggests():
    waits = [rules.wait_after(n) for n in range(1, 11)]
    minutes = timedelta(minutes=1)
    assert waits == [
        timedelta(seconds=5), 5 * minutes, 30 * minutes,
        *(timedelta(hours=h) for h in (2, 5, 10, 14, 20, 24)), None,
    ]  # fmt: skip


class TestReach:
    @pytest.mark.parametrize(
        "address",
        [
            "http://shop.example/", "ftp://shop.example/", "https://", "shop.example", "https:///x",
            "https://user:pw@shop.example/", "https://shop.example/#x", "https://localhost/",
            "https://a.localhost/", "https://printer.local/", "https://db.internal/",
            "https://intranet/", "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.1.1/",
            "https://172.16.0.1/", "https://169.254.169.254/latest", "https://100.100.100.200/",
            "https://0.0.0.0/", "https://[::1]/", "https://[fe80::1]/", "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/", "https://224.0.0.1/", "https://shop.example:99999/",
            "https://a b/", "javascript:alert(1)", "https://localhost./",
        ],
    )  # fmt: skip
    def test_refuses(self, address):
        with pytest.raises(AddressRefused):
            OPEN.parse(address)

    @pytest.mark.parametrize(
        "address",
        [
            "https://shop.example/hooks?a=b",
            "https://shop.example:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://商店.中国/",
        ],
    )
    def test_allows(self, address):
        assert OPEN.parse(address).host

    @pytest.mark.parametrize(
        "ip",
        [
            "127.0.0.1", "10.0.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
            "100.64.0.1", "0.0.0.0",  # noqa: S104
            "255.255.255.255", "224.0.0.1", "::", "::1", "fe80::1",
            "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
            "2002:7f00:1::", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        ],
    )  # fmt: skip
    def test_an_inner_address_is_never_called(self, ip):
        assert not OPEN.allows(ip)
        assert INNER.allows(ip)

    @pytest.mark.parametrize("ip", ["8.8.8.8", "114.114.114.114", "2606:4700::1111"])
    def test_a_public_one_is(self, ip):
        assert OPEN.allows(ip)
