"""Small words for the tests of accounts."""

import pyotp

from app.kit import clock

FAR = "500231000000"
# One's own, and another one.
OWN, NEXT = "a river runs through it", "no Rain without 1 cloud"


def code(answer):
    return answer.status_code, answer.json().get("code") if answer.content else None


def bearer(answer):
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def totp_at(secret, steps=0):
    """The code of this moment, or of so many half minutes from now."""
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)
