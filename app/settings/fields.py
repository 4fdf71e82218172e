"""What can be set: each with its meaning, its default and its bounds."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "for-development-only-never-in-production-"  # noqa: S105 - refused elsewhere
WECOM = "https://qyapi.weixin.qq.com"


class Fields(BaseSettings):
    """The README's table names each."""

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
    bucket_url: str = Field(
        "",
        description="An object store instead: s3|cos|oss|obs://bucket[/folder]?endpoint=..&region=..",
    )
    bucket_key: str = Field("", description="The id of the object store's key")
    bucket_secret: SecretStr = Field(SecretStr(""), description="The object store's key itself")
    bucket_direct_reads: bool = Field(
        default=False, description="Photos are sent by the object store, not through the server"
    )
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
        description="Seals phone numbers, real names, robots' keys and other small secrets at rest",
    )
    seal_secret_previous: SecretStr | None = Field(
        None, description="Still opens what it sealed, until `xinxin reseal` was run"
    )
    wechat_appid: str = Field("", description="The mini-program's appid")
    wechat_secret: SecretStr = Field(SecretStr(""), description="The mini-program's secret")
    wechat_url: str = Field("https://api.weixin.qq.com", description="WeChat's API")
    wechat_push_token: SecretStr = Field(
        SecretStr(""), description="The token of WeChat's message push; without it none is taken"
    )
    wechat_push_aes_key: SecretStr = Field(
        SecretStr(""), description="The EncodingAESKey of WeChat's message push (43 characters)"
    )
    content_safety: Literal["off", "manual", "wechat"] = Field(
        "off",
        description="Who looks at reports before others see them: nobody, a person, or WeChat and"
        " in doubt a person; `wechat` wherever real people report",
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^/\s]+(/[^\s?#]*[^/\s?#])?)?$",
        description="Where the world reaches this service, for WeChat to fetch photos from;"
        " https outside development, no slash at its end",
    )
    wechat_templates: dict[str, Any] = Field(
        default_factory=dict,
        description="JSON of the templates (订阅消息) by kind of message:"
        ' `{"report.closed": {"template_id": "..", "fields": {"thing1": "title"},'
        ' "page": "pages/inbox/index"}}`; without any, messages stay in the inbox',
    )
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
    reopen_days: int = Field(
        15, ge=1, le=366, description="How long a reporter may ask for a closed case again"
    )
    appeal_days: int = Field(
        30, ge=1, le=366, description="How long a reporter may appeal against a rejection"
    )
    rating_days: int = Field(
        30, ge=1, le=366, description="How long a reporter may rate a closed case"
    )
    refund_grace_days: int = Field(
        30, ge=0, le=366, description="How long refunded points last at least"
    )
    consent_required: bool = Field(
        default=False,
        description="Reports, photos and phones only after consent to the current privacy policy;"
        " true wherever real people report",
    )
    worker: Literal["embedded", "none"] = Field(
        "embedded", description="Whether the server also runs jobs; `none` with `xinxin worker`"
    )
    decoders: int = Field(2, ge=1, le=16, description="Processes that decode photos")
    faces: Literal["off", "cover"] = Field(
        "off",
        description="`cover`: what others may see of a photo has the faces covered that a model"
        " finds, besides what staff draw (needs the extra `faces`)",
    )
    docs: bool | None = Field(None, description="Serve /docs; by default only in development")
    rates_url: str = Field(
        "memory://",
        description="Where rates are counted: `memory://` in each process, or a `redis://` address"
        " for all servers (needs the package `redis`)",
    )
    rate_person: str | None = Field(
        None,
        description="Requests of one person, empty for no limit;"
        " by default `300/minute`, none in development",
    )
    rate_address: str | None = Field(
        None,
        description="Requests from one address (an IPv6 /64), behind which an office or a carrier"
        " may sit; by default `3000/minute`, none in development",
    )
    rate_endpoints: dict[str, str] | None = Field(
        None,
        description="JSON of endpoints' limits for one caller; by default"
        ' `{"POST /v1/photos": "60/minute", "POST /v1/reports": "30/minute"}`,'
        " none in development",
    )
    reports_a_day: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Reports of one person a day; by default 100, no cap in development",
    )
    photo_megabytes_a_day: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Photos of one person a day in MB; by default 500, no cap in development",
    )
    staff_totp: Literal["optional", "required"] = Field(
        "optional", description="Whether staff must set up one-time codes to sign in by password"
    )
    password_profile: Literal["default", "dengbao"] = Field(
        "default",
        description="Rules for staff passwords: length and no known bad ones, or 等保 on top:"
        " three classes, 90 days, none of the last five",
    )
    trusted_proxies: str = Field("127.0.0.1", description="Whose X-Forwarded-For is believed")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Log level")
