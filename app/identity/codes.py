"""One-time codes of an authenticator (TOTP, RFC 6238: SHA-1, six digits, 30 seconds)."""

import secrets
from datetime import datetime

import pyotp

STEP_S = 30
# A phone's clock may be one step off, either way.
AROUND = (-1, 0, 1)
ISSUER = "新新e家"


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32()


def uri(secret: str, username: str) -> str:
    """The address that an authenticator reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of 30 seconds that a code belongs to, or None for a wrong one."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    fitting = [
        present + around
        for around in AROUND
        if secrets.compare_digest(totp.at((present + around) * STEP_S), code)
    ]
    return fitting[0] if fitting else None
