"""Nets, units, posts, groupings, appointments, rosters, leaves as files: columns and keys."""

from collections.abc import Callable
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import model_validator

from app.identity.errors import PersonNotFound
from app.kit.drafts import Form, Meaning, Meant, Table
from app.kit.fields import Unfit
from app.kit.schema import Draft
from app.posts.errors import (
    AppointmentEnded,
    AppointmentExists,
    DaysWrong,
    LeaveOverlaps,
    LevelWrong,
    NetUnknown,
    PostInUse,
    PostUnknown,
    StandInForbidden,
    StandInUnknown,
    UnitUnknown,
)  # fmt: skip
from app.posts.schemas import (
    AppointmentDraft,
    EndTime,
    LeaveDraft,
    NetDraft,
    PostDraft,
    Time,
    UnitDraft,
    Weekday,
)
from app.regions.errors import GroupingUnknown, MemberOutside, RegionUnknown
from app.regions.schemas import GroupingDraft

Kind = Literal["nets", "units", "posts", "groupings", "appointments", "shifts", "leaves"]
FORMS: dict[str, Form] = {
    "position": "whole", "level": "whole", "rung": "whole", "weekday": "whole", "active": "flag",
    "on_board": "flag", "duties": "list", "region_codes": "set",
}  # fmt: skip
# Whoever is appointed is named by one of the first two; `name` is for people's eyes only.
PERSON = ("username", "member_no", "name")
PLACE = ("region_code", "grouping_code")
STAND_IN = ("stand_in_username", "stand_in_member_no")


class ShiftLine(Draft):
    """One shift of an appointment's roster; without hours: always on duty."""

    weekday: Weekday | None = None
    starts: Time | None = None
    ends: EndTime | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """All three or none."""
        if len({word is None for word in (self.weekday, self.starts, self.ends)}) > 1:
            raise Unfit(
                "weekday、starts、ends 要一起填", "weekday, starts and ends belong together"
            )
        return self


TABLES: dict[Kind, Table] = {
    "nets": Table(NetDraft, ("code", "name", "name_en", "position"), forms=FORMS),
    "units": Table(
        UnitDraft, ("code", "name", "region_code"), ("active",), FORMS,
        {RegionUnknown: "region_code"},
    ),
    "posts": Table(
        PostDraft,
        ("code", "name", "name_en", "role", "position", "duties"),
        ("level", "net_code", "rung", "on_board", "active"),
        FORMS,
        {NetUnknown: "net_code", PostInUse: "role"},
    ),
    "groupings": Table(
        GroupingDraft, ("code", "name", "kind", "district", "region_codes"), (), FORMS,
        {RegionUnknown: "district / region_codes", MemberOutside: "region_codes"},
    ),
    "appointments": Table(
        AppointmentDraft,
        ("post_code", "starts_on"),
        (*PERSON, *PLACE, "unit_code", "ends_on", "phone"),
        FORMS,
        {
            PostUnknown: "post_code", LevelWrong: "post_code", UnitUnknown: "unit_code",
            RegionUnknown: "region_code", GroupingUnknown: "grouping_code",
            DaysWrong: "starts_on / ends_on", AppointmentExists: "post_code",
        },
    ),
    "shifts": Table(
        ShiftLine,
        ("post_code", "weekday", "starts", "ends"),
        (*PERSON, *PLACE, "starts_on"),
        FORMS,
        {AppointmentEnded: "post_code"},
    ),
    "leaves": Table(
        LeaveDraft,
        ("starts_at", "ends_at"),
        (*PERSON, *STAND_IN, "note"),
        FORMS,
        {
            PersonNotFound: "username / member_no", DaysWrong: "starts_at / ends_at",
            LeaveOverlaps: "starts_at / ends_at",
            StandInUnknown: " / ".join(STAND_IN), StandInForbidden: " / ".join(STAND_IN),
        },
    ),
}  # fmt: skip

# Who is meant by a user name or, without one, by a member number.
Finder = Callable[[str, str], UUID | None]
# The lasting appointments of a person to a post in a place, in their order.
Held = Callable[[UUID, str, str | None, str | None], list[Any]]
NOBODY = UUID(int=0)


def appointed(person: Finder) -> Meaning:
    """An appointment is the same one by who, which post, where, and from when."""

    def meant(words: dict[str, Any]) -> Meant:
        who = _person(words, person)
        words["person_id"] = who or NOBODY
        where = words.get("region_code") or words.get("grouping_code")
        key = _key(who, words.get("post_code"), where, words.get("starts_on"))
        return Meant(key, faults=() if who else NO_PERSON)

    return meant


def rostered(person: Finder, held: Held) -> Meaning:
    """A shift is of an appointment; `starts_on` is needed where somebody has the post twice."""

    def meant(words: dict[str, Any]) -> Meant:
        who = _person(words, person)
        post, *place = (words.pop(name, None) for name in ("post_code", *PLACE))
        since = words.pop("starts_on", None)
        if who is None:
            return Meant("", faults=NO_PERSON)
        found = [one for one in held(who, str(post), *place) if since in {None, one.starts_on}]
        if not found:
            return Meant("", faults=NO_APPOINTMENT)
        if len(found) > 1:
            return Meant("", faults=SEVERAL)
        hours = " ".join(str(words.get(name)) for name in ("weekday", "starts", "ends"))
        return Meant(f"{appointment_key(found[0])} {hours}", found[0])

    return meant


def absent(person: Finder) -> Meaning:
    """A leave is of a person, from an instant on; a stand-in is named as the person is."""

    def meant(words: dict[str, Any]) -> Meant:
        who = _person(words, person)
        instead = [str(words.pop(name, "")) for name in STAND_IN]
        stand_in = person(*instead) if any(instead) else None
        words |= {"person_id": who or NOBODY, "stand_in_id": stand_in}
        unknown = any(instead) and stand_in is None
        faults = (*(() if who else NO_PERSON), *(NO_STAND_IN if unknown else ()))
        return Meant(_key(who, words.get("starts_at")), faults=faults)

    return meant


NO_PERSON = ("查无此人 no such person: username / member_no",)
NO_STAND_IN = (f"查无此人 no such person: {' / '.join(STAND_IN)}",)
NO_APPOINTMENT = ("查无此任命 no such appointment: post_code / region_code / starts_on",)
SEVERAL = ("starts_on: 有多个任命 several appointments",)


def _person(words: dict[str, Any], person: Finder) -> UUID | None:
    username, member_no, _ = (str(words.pop(name, "")) for name in PERSON)
    return person(username, member_no)


def appointment_key(appointment: Any) -> str:
    """What makes an appointment the same one: who, which post, where, and from when."""
    where = appointment.region_code or appointment.grouping_code
    return _key(appointment.person_id, appointment.post_code, where, appointment.starts_on)


def leave_key(leave: Any) -> str:
    """What makes a leave the same one: who, and the instant from which, in UTC."""
    return _key(leave.person_id, leave.starts_at.isoformat())


def _key(*parts: object) -> str:
    return " ".join(map(str, parts))
