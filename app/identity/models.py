"""Tables of people, credentials, sessions and granted roles."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Str
from app.kit.db import Base


class Role(StrEnum):
    """What a person may do in a region's subtree."""

    GRID_STAFF = "grid_staff"  # 网格员
    GRID_HEAD = "grid_head"  # 网格长
    DISPATCHER = "dispatcher"  # 区网格中心派遣员
    HANDLER = "handler"  # 部门处置人员
    CHECKER = "checker"  # 核查员
    KEEPER = "keeper"  # 积分超市店主
    AUDITOR = "auditor"  # 审计员
    FUND_MANAGER = "fund_manager"  # 资金池管理员
    FUND_APPROVER = "fund_approver"  # 资金池审批人
    ADMINISTRATOR = "administrator"  # 管理员


class Scope(StrEnum):
    """What an API client may ask for."""

    POINTS_READ = "points:read"
    POINTS_HOLD = "points:hold"


class Step(StrEnum):
    """What staff must do before their session is a whole one."""

    PASSWORD = "password"  # noqa: S105 - a new password
    TOTP = "totp"  # set up one-time codes


class Occupation(StrEnum):
    """How a reporter earns a living (新就业群体)."""

    COURIER = "courier"
    RIDER = "rider"
    RIDE_HAILING = "ride_hailing"
    TRUCK_DRIVER = "truck_driver"
    RESIDENT = "resident"
    STAFF = "staff"
    OTHER = "other"


def one_of(column: str, values: type[StrEnum]) -> str:
    """The text of a CHECK that a column holds one of an enum's values."""
    return f"{column} IN ({', '.join(repr(v.value) for v in values)})"


class Person(Base):
    """A human being who reports or works here."""

    __tablename__ = "people"

    id: Mapped[Id] = mapped_column(primary_key=True)
    member_no: Mapped[CodeStr] = mapped_column(unique=True)
    name: Mapped[Str]
    occupation: Mapped[CodeStr]
    employer: Mapped[Str | None]
    state: Mapped[CodeStr]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("state IN ('active', 'disabled', 'deleted')", name="state"),
        CheckConstraint(one_of("occupation", Occupation), name="occupation"),
        CheckConstraint("length(name) BETWEEN 1 AND 64", name="name"),
    )


class FormerName(Base):
    """A name that a person had before: what they wrote may tell it, and it goes when they do."""

    __tablename__ = "former_names"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    name: Mapped[Str] = mapped_column(primary_key=True)


class WechatBinding(Base):
    """The WeChat user behind a person, within one mini-program."""

    __tablename__ = "wechat_bindings"

    appid: Mapped[CodeStr] = mapped_column(primary_key=True)
    openid: Mapped[CodeStr] = mapped_column(primary_key=True)
    unionid: Mapped[CodeStr | None]
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (UniqueConstraint("person_id", "appid"),)


class Phone(Base):
    """The number that a person bound: sealed, beside a keyed hash that finds equal ones."""

    __tablename__ = "phones"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    sealed: Mapped[Str]
    mark: Mapped[CodeStr] = mapped_column(unique=True)
    masked: Mapped[CodeStr]
    bound_at: Mapped[At]


class RealName(Base):
    """The name on a person's papers, if they told it: sealed, shown masked."""

    __tablename__ = "real_names"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    sealed: Mapped[Str]
    masked: Mapped[Str]
    bound_at: Mapped[At]


class StaffAccount(Base):
    """A user name and an argon2 hash; only staff have one."""

    __tablename__ = "staff_accounts"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    username: Mapped[CodeStr] = mapped_column(unique=True)
    password_hash: Mapped[Str]
    # Accounts whose password everyone knows; production does not start beside one.
    development: Mapped[Flag]
    created_at: Mapped[At]
    # Whose administrators keep it, even while it has no role; None: made at the command line.
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"), index=True)
    # None: never changed.
    password_set_at: Mapped[At | None]
    # Until when a password that an administrator gave lets its owner in, to choose another one.
    one_time_until: Mapped[At | None]


class FormerPassword(Base):
    """The hash of a password that is used no more, so that it is not chosen again."""

    __tablename__ = "former_passwords"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    ended_at: Mapped[At] = mapped_column(primary_key=True)
    password_hash: Mapped[Str]


class TotpKey(Base):
    """The sealed secret of a person's one-time codes."""

    __tablename__ = "totp_keys"

    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    secret: Mapped[Str]
    created_at: Mapped[At]
    confirmed_at: Mapped[At | None]
    # The 30 seconds of the last code that was taken: none of them, nor before, is taken again.
    last_step: Mapped[Int]


class ApiClient(Base):
    """A program with scopes of its own, such as a points store's till."""

    __tablename__ = "api_clients"

    id: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    secret_hash: Mapped[CodeStr]
    scopes: Mapped[Json]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    state: Mapped[CodeStr]
    development: Mapped[Flag]
    created_at: Mapped[At]
    # The secret before this one, and until when it still opens.
    old_secret_hash: Mapped[CodeStr | None]
    old_until: Mapped[At | None]

    __table_args__ = (CheckConstraint("state IN ('active', 'disabled')", name="state"),)


class SignIn(Base):
    """One session: a family of refresh tokens that is revoked as a whole."""

    __tablename__ = "sign_ins"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    revoked_at: Mapped[At | None]
    revoked_why: Mapped[CodeStr | None]
    # All that it is good for, until that is done.
    step: Mapped[CodeStr | None]

    __table_args__ = (CheckConstraint(one_of("step", Step), name="step"),)


class RefreshToken(Base):
    """One link of a family; only its hash is kept."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[CodeStr] = mapped_column(primary_key=True)
    sign_in_id: Mapped[Id] = mapped_column(ForeignKey("sign_ins.id"), index=True)
    created_at: Mapped[At]
    used_at: Mapped[At | None]
    # Indexed: each token that is deleted asks whose successor it is.
    successor: Mapped[CodeStr | None] = mapped_column(
        ForeignKey("refresh_tokens.token_hash"), index=True
    )


class Grant(Base):
    """A role that a person holds in a region and everything below it."""

    __tablename__ = "grants"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    role: Mapped[CodeStr]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    granted_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[At]
    # From when it is held no more: a day to come for an appointment with a last day.
    revoked_at: Mapped[At | None]
    # The appointment to a post that gave it; it ends with it.
    appointment_id: Mapped[Id | None] = mapped_column(ForeignKey("appointments.id"), index=True)

    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        Index("ix_grants_person", "person_id", "role", "region_code"),
    )
