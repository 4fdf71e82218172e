"""Everything that differs between deployments, read from XINXIN_* variables or a `.env` file."""

import re
from typing import Any, Self

from pydantic import SecretStr, model_validator

from app.settings.fields import DEVELOPMENT_SECRET, WECOM, Fields

__all__ = ["DEVELOPMENT_SECRET", "Settings"]

MIN_SECRET_BYTES = 32
SECRETS = (
    "token_secret", "token_secret_previous", "media_secret", "code_secret", "seal_secret",
    "seal_secret_previous",
)  # fmt: skip
# What holds in production unless somebody chose otherwise; tests and benchmarks are floods.
LIMITS: dict[str, Any] = {
    "rate_person": "300/minute",
    # Thumbnails are fetched without a token, so a page of a list is twenty requests.
    "rate_address": "3000/minute",
    "rate_endpoints": {"POST /v1/photos": "60/minute", "POST /v1/reports": "30/minute"},
    "reports_a_day": 100,
    "photo_megabytes_a_day": 500,
}
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class Settings(Fields):
    """What was set, and what goes together; nothing starts otherwise."""

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @property
    def seal_secrets(self) -> tuple[str, str | None]:
        """Today's secret and the one before it, as `Seal` takes them."""
        before = self.seal_secret_previous
        return self.seal_secret.get_secret_value(), before.get_secret_value() if before else None

    @property
    def rates(self) -> dict[str, Any]:
        """What `Rates` is made of."""
        return {
            "url": self.rates_url,
            "person": self.unless_developing("rate_person") or "",
            "address": self.unless_developing("rate_address") or "",
            "endpoints": self.unless_developing("rate_endpoints"),
        }

    @property
    def day_caps(self) -> tuple[int | None, int | None]:
        """Reports and bytes of photos that one person may send a day."""
        megabytes = self.unless_developing("photo_megabytes_a_day")
        return self.unless_developing("reports_a_day"), megabytes and megabytes * 1_000_000

    def unless_developing(self, name: str) -> Any:
        """A limit as it was set, or what it is outside development where nobody chose."""
        given = getattr(self, name)
        return LIMITS[name] if given is None and not self.in_development else given

    @property
    def serves_docs(self) -> bool:
        return self.in_development if self.docs is None else self.docs

    @model_validator(mode="after")
    def refuse_half_a_push(self) -> Self:
        """A key opens nothing without the token; a token alone proves nothing about a body."""
        token = self.wechat_push_token.get_secret_value()
        key = self.wechat_push_aes_key.get_secret_value()
        if key and not AES_KEY.fullmatch(key):
            raise ValueError("XINXIN_WECHAT_PUSH_AES_KEY has 43 letters and digits")
        # Plain pushes can be forged by whoever reads one address in a log: for development only.
        if (key and not token) or (token and not key and not self.in_development):
            raise ValueError(
                "XINXIN_WECHAT_PUSH_TOKEN and XINXIN_WECHAT_PUSH_AES_KEY are set together"
            )
        return self

    @model_validator(mode="after")
    def refuse_blind_checks(self) -> Self:
        """WeChat fetches photos from where it is told, and pushes what it found."""
        needed = (
            "public_url", "wechat_appid", "wechat_secret", "wechat_push_token",
        )  # fmt: skip
        missing = [f"XINXIN_{name.upper()}" for name in needed if not _text(getattr(self, name))]
        if self.content_safety == "wechat" and missing:
            raise ValueError(f"XINXIN_CONTENT_SAFETY=wechat also needs {', '.join(missing)}")
        if self.public_url.startswith("http:") and not self.in_development:
            raise ValueError("XINXIN_PUBLIC_URL must be https outside development")
        return self

    @model_validator(mode="after")
    def refuse_weak_production(self) -> Self:
        """Outside development every secret is one's own and long; nothing starts otherwise."""
        if self.in_development:
            return self
        for name in SECRETS:
            given: SecretStr | None = getattr(self, name)
            if given is None:
                continue
            value = given.get_secret_value()
            # One repeated character or word is long and still no secret.
            weak = len(value.encode()) < MIN_SECRET_BYTES or len(set(value)) < 10  # noqa: PLR2004
            if weak or value.startswith(DEVELOPMENT_SECRET):
                raise ValueError(
                    f"XINXIN_{name.upper()} must be a secret of your own, 32 bytes or more "
                    "(openssl rand -base64 48), or set XINXIN_ENVIRONMENT=development"
                )
        if not self.wechat_appid or not self.wechat_secret.get_secret_value():
            raise ValueError("XINXIN_WECHAT_APPID and XINXIN_WECHAT_SECRET must be set")
        if self.webhook_private_allowed:
            # Whoever may name an address would look around in the inner network.
            raise ValueError("XINXIN_WEBHOOK_PRIVATE_ALLOWED is for development only")
        if self.wecom_url != WECOM:
            # Whoever answers there reads the robots' keys.
            raise ValueError(f"XINXIN_WECOM_URL must be {WECOM} outside development")
        return self


def _text(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
