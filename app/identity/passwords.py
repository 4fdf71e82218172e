"""Staff passwords: which are good enough, argon2id, and an equal effort for unknown accounts."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.identity.errors import PasswordReused, PasswordWeak
from app.kit.errors import Words
from app.kit.ids import READABLE

Profile = Literal["default", "dengbao"]
# Long beats complicated (OWASP ASVS 5, 6.2); 等保 asks for three classes on top.
MIN_LENGTH = 12
CLASSES = 3
MIN_DIFFERENT = 5
# 等保 (GB/T 22239-2019, 8.1.4.1): changed every so often, and none of the last ones again.
LIFE = timedelta(days=90)
REMEMBERED = 5
ONE_TIME_LENGTH = 16
ONE_TIME_LIFE = timedelta(days=3)

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """Verified against when the account is unknown, so that the answer takes as long."""
    return _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time for an unknown account (None)."""
    try:
        _hasher.verify(password_hash or _nobody(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


@dataclass(frozen=True)
class OneTime:
    """A password that an administrator hands on, and its hash."""

    password: str
    hashed: str


def one_time() -> OneTime:
    """One of 78 random bits that is easy to read out; its owner changes it at once."""
    password = "".join(secrets.choice(READABLE) for _ in range(ONE_TIME_LENGTH))
    return OneTime(password, hash_password(password))


@cache
def _known_bad() -> frozenset[str]:
    """Words that many people's passwords are made of; compiled for this service."""
    file = resources.files("app.identity").joinpath("bad_passwords.json")
    return frozenset(json.loads(file.read_text(encoding="utf-8")))


def check(password: str, username: str, profile: Profile) -> None:
    """Raises PasswordWeak for one that the profile does not take."""
    if len(password) < MIN_LENGTH:
        raise PasswordWeak(
            Words(
                f"密码至少 {MIN_LENGTH} 个字符", f"A password has {MIN_LENGTH} characters or more"
            )
        )
    if username.lower() in password.lower() or _is_known(password):
        raise PasswordWeak(
            Words(
                "密码过于常见或含有用户名", "The password is a common one, or holds the user name"
            )
        )
    if profile == "dengbao" and _classes(password) < CLASSES:
        raise PasswordWeak(
            Words(
                "密码须含大写字母、小写字母、数字、符号中的三类",
                "Use three of: capital letters, small letters, digits, signs",
            )
        )


def _is_known(password: str) -> bool:
    plain = password.lower()
    # What people append and put before: years, 123, an exclamation mark.
    core = plain.strip("0123456789!@#$%^&*.?_-+ ")
    repeated = plain in (plain + plain)[1:-1]
    few = len(set(plain)) < MIN_DIFFERENT
    # Digits alone are somebody's telephone, birthday or identity number.
    return not core or repeated or few or bool({plain, core} & _known_bad()) or _is_a_walk(plain)


def _is_a_walk(plain: str) -> bool:
    """Whether it goes through the alphabet or the digits step by step: `abcdefghijkl`."""
    steps = {(ord(b) - ord(a)) for a, b in pairwise(plain)}
    return len(steps) == 1


def _classes(password: str) -> int:
    kinds = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    return sum(any(kind(c) for c in password) for kind in kinds)


def refuse_former(former: Iterable[str], password: str) -> None:
    """Raises PasswordReused when one of these hashes is of this password."""
    if any(matches(one, password) for one in former):
        raise PasswordReused


def is_stale(profile: Profile, set_at: datetime, now: datetime) -> bool:
    """Whether the profile asks for another password by now."""
    return profile == "dengbao" and set_at + LIFE <= now
