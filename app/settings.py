"""Everything that differs between deployments, read from XINXIN_* variables or a `.env` file."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_SECRET_BYTES = 32
DEVELOPMENT_SECRET = "for-development-only-never-in-production-"  # noqa: S105 - refused elsewhere

SECRETS = ("token_secret", "token_secret_previous", "media_secret", "code_secret", "seal_secret")
WECOM = "https://qyapi.weixin.qq.com"


class Settings(BaseSettings):
    """Settings; the README's table names each with its meaning."""

    model_config = SettingsConfigDict(
        env_prefix="XINXIN_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    environment: Literal["production", "development"] = Field(
        "production", description="`development` allows made-up sign-ins and weak secrets"
    )
    database_url: str = Field(
        "sqlite:///var/xinxin.db", description="SQLite file or postgresql+psycopg:// address"
    )
    data_dir: Path = Field(Path("var"), description="Folder of photos (the local bucket)")
    pool_size: int = Field(
        8,
        ge=2,
        le=64,
        description="Threads a process, and connections for each of reading and writing",
    )
    token_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET + "tokens"),
        description="Signs access tokens (32 bytes or more)",
    )
    token_secret_previous: SecretStr | None = Field(
        None, description="Still verifies while keys are rotated"
    )
    media_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET + "media"), description="Signs photo addresses"
    )
    code_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET + "codes"), description="Makes redemption codes"
    )
    seal_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET + "seals"),
        description="Seals the keys of groups' robots at rest; changed, they are lost",
    )
    wechat_appid: str = Field("", description="The mini-program's appid")
    wechat_secret: SecretStr = Field(SecretStr(""), description="The mini-program's secret")
    wechat_url: str = Field("https://api.weixin.qq.com", description="WeChat's API")
    wecom_url: str = Field(WECOM, description="WeCom's API, for the robots of groups")
    media_url_minutes: int = Field(30, ge=1, le=1440, description="Life of a signed photo address")
    webhook_private_allowed: bool = Field(
        default=False,
        description="Webhooks may reach private addresses; for development only",
    )
    redemption_minutes: int = Field(
        60 * 24, ge=1, le=60 * 24 * 30, description="How long held goods wait for their code"
    )
    offline_minutes: int = Field(
        60 * 24,
        ge=1,
        le=60 * 24 * 7,
        description="How long a counter without network may wait with its report",
    )
    objection_hours: int = Field(
        72, ge=0, le=24 * 60, description="From closing until points may be spent"
    )
    refund_grace_days: int = Field(
        30, ge=0, le=366, description="How long refunded points last at least"
    )
    worker: Literal["embedded", "none"] = Field(
        "embedded", description="Whether the server also runs jobs; `none` with `xinxin worker`"
    )
    decoders: int = Field(2, ge=1, le=16, description="Processes that decode photos")
    docs: bool | None = Field(None, description="Serve /docs; by default only in development")
    trusted_proxies: str = Field("127.0.0.1", description="Whose X-Forwarded-For is believed")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Log level")

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @property
    def serves_docs(self) -> bool:
        return self.in_development if self.docs is None else self.docs

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
