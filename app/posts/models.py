"""Tables of nets, units, posts, appointments, duty shifts and leave."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.identity.models import Role, one_of
from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Str
from app.kit.db import Base


class Net(Base):
    """One of a district's nets (四网): 城市党建, 综合治理, 城市管理, 违建整治."""

    __tablename__ = "nets"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    name_en: Mapped[Str]
    position: Mapped[Int]


class Unit(Base):
    """A responsible unit (责任单位), such as a town's agricultural station."""

    __tablename__ = "units"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    active: Mapped[Flag]


class Post(Base):
    """A kind of post (岗位) with its written duties; `rung` is its step of the fallback ladder."""

    __tablename__ = "posts"

    code: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    name_en: Mapped[Str]
    level: Mapped[Int | None]
    net_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("nets.code"))
    role: Mapped[CodeStr]
    duties: Mapped[Json]
    rung: Mapped[Int | None]
    on_board: Mapped[Flag]
    position: Mapped[Int]
    active: Mapped[Flag]

    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        CheckConstraint("rung BETWEEN 1 AND 9", name="rung"),
        CheckConstraint("level BETWEEN 0 AND 9", name="level"),
    )


class Appointment(Base):
    """A person in a post (任命): in a region, or for a grouping of villages (联村)."""

    __tablename__ = "appointments"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), index=True)
    post_code: Mapped[CodeStr] = mapped_column(ForeignKey("posts.code"))
    region_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("regions.code"), index=True)
    grouping_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("groupings.code"), index=True)
    unit_code: Mapped[CodeStr | None] = mapped_column(ForeignKey("units.code"), index=True)
    # Business days, ISO, Asia/Shanghai; both included.
    starts_on: Mapped[CodeStr]
    ends_on: Mapped[CodeStr | None]
    phone: Mapped[Str | None]
    photo_id: Mapped[Id | None] = mapped_column(ForeignKey("photos.id"))
    created_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    ended_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("(region_code IS NULL) <> (grouping_code IS NULL)", name="somewhere"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint(
            "length(starts_on) = 10 AND (ends_on IS NULL OR length(ends_on) = 10)", name="days"
        ),
    )


class DutyShift(Base):
    """Hours of a weekday (1 Monday .. 7 Sunday) when an appointment is on duty (值班)."""

    __tablename__ = "duty_shifts"

    id: Mapped[Id] = mapped_column(primary_key=True)
    appointment_id: Mapped[Id] = mapped_column(ForeignKey("appointments.id"), index=True)
    weekday: Mapped[Int]
    starts: Mapped[CodeStr]
    ends: Mapped[CodeStr]

    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("length(starts) = 5 AND length(ends) = 5", name="hours"),
    )


class Leave(Base):
    """Days away (请假), and who stands in (顶岗)."""

    __tablename__ = "leaves"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    stand_in_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    starts_at: Mapped[At]
    ends_at: Mapped[At]
    note: Mapped[Str | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]
    cancelled_at: Mapped[At | None]

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("stand_in_id <> person_id", name="stand_in"),
        Index("ix_leaves_person", "person_id", "ends_at"),
    )
