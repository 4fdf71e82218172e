"""Access tokens (JWT, HS256) and refresh tokens; python-jose is spoken to here and nowhere else."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jose import JWTError, jwt

from app.identity.errors import TokenInvalid
from app.kit import clock

ISSUER = "xinxin-ejia"
AUDIENCE = "xinxin-ejia-api"
ALGORITHM = "HS256"
LIFE = timedelta(minutes=15)
MIN_SECRET_BYTES = 32
# Longer ones are not ours, and python-jose recurses without a bound on nested brackets.
MAX_LENGTH = 2048
CACHE_SIZE = 10_000
CACHE_S = 60
# How far another of our processes' clocks may be ahead.
SKEW_S = 60
REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "iss", "aud", "sub")}
OPTIONS = {**REQUIRED, "leeway": 0}


class TokenKeys:
    """Signs and verifies access tokens; verified ones are remembered for at most a minute.

    `secrets_by_id` maps key ids to secrets: the first signs, all verify, so keys rotate. Revocation
    is not looked at here: it is read in the unit of every request.
    """

    def __init__(self, secrets_by_id: Mapping[str, str]) -> None:
        short = [k for k, v in secrets_by_id.items() if len(v.encode()) < MIN_SECRET_BYTES]
        if short or not secrets_by_id:
            raise ValueError("token secrets need at least 32 bytes")
        self._secrets = dict(secrets_by_id)
        self._signing_id = next(iter(secrets_by_id))
        self._seen: OrderedDict[str, tuple[dict[str, Any], float]] = OrderedDict()
        self._guard = threading.Lock()

    def issue(self, subject: str, **claims: Any) -> str:
        """A signed token for `subject`, good for 15 minutes."""
        now = clock.now()
        full = {
            "sub": subject, "iss": ISSUER, "aud": AUDIENCE,
            "iat": int(now.timestamp()), "exp": int((now + LIFE).timestamp()), **claims,
        }  # fmt: skip
        key = self._secrets[self._signing_id]
        return jwt.encode(full, key, ALGORITHM, headers={"kid": self._signing_id})

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that we signed and that has not expired. Raises TokenInvalid."""
        now = clock.now().timestamp()
        with self._guard:
            known = self._seen.get(token)
        if known is not None and now < known[1]:
            return known[0]
        claims = self._decode(token)
        with self._guard:
            self._seen[token] = (claims, min(claims["exp"], now + CACHE_S))
            if len(self._seen) > CACHE_SIZE:
                self._seen.popitem(last=False)
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_LENGTH:
            raise TokenInvalid
        try:
            header = jwt.get_unverified_header(token)
            known = header.get("alg") == ALGORITHM and "crit" not in header
            secret = self._secrets[header["kid"]] if known else None
            if secret is None:
                raise TokenInvalid
            # The library reads the machine's clock; ours decides instead (below).
            claims = jwt.decode(
                token, secret, [ALGORITHM], audience=AUDIENCE, issuer=ISSUER,
                options={**OPTIONS, "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
        except (JWTError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise TokenInvalid from error
        now = clock.now().timestamp()
        times = (claims["iat"], claims["exp"])
        if not all(type(t) is int for t in times) or claims["iat"] > now + SKEW_S:
            raise TokenInvalid
        if claims["exp"] <= now or not isinstance(claims["sub"], str):
            raise TokenInvalid
        return claims


def key_id(secret: str) -> str:
    """A short name for a signing secret that gives nothing of it away."""
    return hashlib.sha256(b"key id:" + secret.encode()).hexdigest()[:8]


def new_secret() -> str:
    """256 random bits, for refresh tokens and client secrets."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a random secret is kept: SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
