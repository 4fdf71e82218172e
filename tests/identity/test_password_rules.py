"""Which passwords staff may choose, and how long and how often."""

from datetime import timedelta

import pytest

from app.identity import passwords
from app.identity.errors import PasswordReused, PasswordWeak
from app.kit import clock

GOOD = [
    "a river runs through it",
    "桂林街道有八十三个网格员和我",
    "Qx7#mlpa92Tv",
    "cloud-lamp-teapot",
]
BAD = {
    "short": "elevenchars",
    "a known one with a year": "password2024",
    "capitals and signs around": "!!PassWord1234",
    "keyboard": "qwertyuiop123",
    "Chinese classics": "woaini1314520",
    "another": "Zhongguo20241001!",
    "a place": "chongqing123456",
    "twice the same": "teapotteapot",
    "three letters": "abccbaacbbca",
    "the alphabet": "bcdefghijklmnop",
    "a telephone": "138001380002",
    "digits down": "987654321000",
    "the user name": "my wang-2 secret",
}


class TestDefault:
    @pytest.mark.parametrize("password", GOOD)
    def test_good(self, password):
        passwords.check(password, "wang-2", "default")

    @pytest.mark.parametrize("what", BAD)
    def test_bad(self, what):
        with pytest.raises(PasswordWeak):
            passwords.check(BAD[what], "wang-2", "default")

    def test_the_list_is_a_list(self):
        assert len(passwords._known_bad()) > 300
        assert all(word == word.lower() for word in passwords._known_bad())


class TestDengbao:
    def test_three_of_four_classes(self):
        passwords.check("Qx7mlpa92Tvw", "wang", "dengbao")
        for password in ("qx7mlpa92tvw", "only small words", "QXMLPATVW9284"):
            passwords.check(password, "wang", "default")
        for password in ("qx7mlpa92tvw", "onlysmallwords", "QXMLPATVW9284"):
            with pytest.raises(PasswordWeak):
                passwords.check(password, "wang", "dengbao")

    def test_ninety_days(self):
        now = clock.now()
        assert passwords.is_stale("dengbao", now - timedelta(days=90), now)
        assert not passwords.is_stale("dengbao", now - timedelta(days=89, hours=23), now)
        assert not passwords.is_stale("default", now - timedelta(days=9000), now)

    def test_a_former_one(self):
        former = [passwords.hash_password("the one before")]
        with pytest.raises(PasswordReused):
            passwords.refuse_former(former, "the one before")
        passwords.refuse_former(former, "the one after")


def test_one_time_passwords_differ_and_are_hashed():
    one, two = passwords.one_time(), passwords.one_time()
    assert one.password != two.password
    assert len(one.password) == 16
    assert passwords.matches(one.hashed, one.password)
