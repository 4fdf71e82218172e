"""Rows of nets, units, posts, appointments, leave, groupings and the duty board."""

from datetime import timedelta

from cast import DISTRICT, GRID, STREET
from matrix.row import (
    ABSENT,
    EVERY_ROLE,
    MARKER,
    NOT,
    PAGES,
    PROGRAM,
    REPORTERS,
    STAFF,
    TEXTS,
    Row,
    but,
)  # fmt: skip

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.posts import service

NET = {"name": "城市管理", "name_en": "City management", "position": 3}
UNIT = {"name": "农业服务中心", "region_code": STREET}
POST = {
    "name": "网格员", "name_en": "Grid worker", "role": "grid_staff", "duties": ["巡查"],
    "position": 40, "level": 3, "rung": 1,
}  # fmt: skip
APPOINTMENT = {
    "person_id": "{liu_bo}", "post_code": "grid_staff_full", "region_code": GRID,
    "starts_on": "2099-01-01",
}  # fmt: skip
LEAVE = {"person_id": "{officer}", "starts_at": "{soon}", "ends_at": "{later}"}
GROUPING = {
    "name": "莲花联村", "kind": "joint_villages", "district": DISTRICT, "region_codes": [GRID],
}  # fmt: skip
# An administrator alone, and of the right district: `sun` and `administrator` are; and of another.
ADMINISTRATORS = {
    "role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR)), "person_only": PROGRAM,
}  # fmt: skip
OUTSIDE = {**ADMINISTRATORS, "outside_subtree": ("elsewhere",)}
FUTURE = "2099-01-01"

ROWS: dict[str, Row] = {
    "GET /v1/nets": Row("/v1/nets", 200),
    "PUT /v1/nets/{code}": Row(
        "/v1/nets/city", body=NET, forbidden=ADMINISTRATORS, by="sun", works=("sun",),
        bad_urls=(f"/v1/nets/{MARKER}!",),
        malformed=(*TEXTS, {**NET, "position": MARKER}, {**NET, "name": MARKER * 20},
                   {**NET, "position": True}, {**NET, "code": MARKER})),
    "GET /v1/units": Row(
        "/v1/units", works=("wang", "qian", *EVERY_ROLE), bad_urls=(f"?region={MARKER}!",),
        **STAFF),
    "PUT /v1/units/{code}": Row(
        "/v1/units/U-1", body=UNIT, forbidden=OUTSIDE, by="sun", works=("sun",),
        bad_urls=(f"/v1/units/{MARKER}!",),
        malformed=(*TEXTS, {**UNIT, "region_code": MARKER + "!"}, {**UNIT, "active": MARKER})),
    "GET /v1/posts": Row("/v1/posts", 200),
    "PUT /v1/posts/{code}": Row(
        "/v1/posts/grid_staff_full", body=POST, forbidden=ADMINISTRATORS, by="sun",
        works=("sun",), bad_urls=(f"/v1/posts/{MARKER}!",),
        wrong_state=(("sun", "/v1/posts/grid_staff_part", {**POST, "role": "handler"}, 409,
                      "post_in_use"),),
        malformed=(*TEXTS, {**POST, "role": MARKER}, {**POST, "role": "fund_manager"},
                   {**POST, "duties": [MARKER * 40]}, {**POST, "rung": MARKER},
                   {**POST, "level": True}, {**POST, "rung": 10})),
    "GET /v1/appointments": Row(
        "/v1/appointments", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?region={MARKER}!")),
    "POST /v1/appointments": Row(
        "/v1/appointments", body=APPOINTMENT, forbidden=OUTSIDE, by="sun",
        wrong_state=(("sun", "/v1/appointments", {**APPOINTMENT, "person_id": "{officer}",
                      "post_code": "grid_staff_part"}, 409, "appointment_exists"),),
        malformed=(*TEXTS, {**APPOINTMENT, "person_id": MARKER},
                   {**APPOINTMENT, "starts_on": MARKER}, {**APPOINTMENT, "phone": MARKER},
                   {**APPOINTMENT, "role": MARKER}, {**APPOINTMENT, "photo_id": MARKER})),
    "POST /v1/appointments/{appointment_id}/end": Row(
        "/v1/appointments/{appointment}/end", body={"ends_on": FUTURE}, forbidden=ADMINISTRATORS,
        by="sun", strangers=("elsewhere",), absent=f"/v1/appointments/{ABSENT}/end",
        works=("sun",), bad_urls=(f"/v1/appointments/{MARKER}/end",),
        wrong_state=(("sun", "/v1/appointments/{ended_appointment}/end", {}, 409,
                      "appointment_ended"),),
        malformed=(None, [], MARKER, {MARKER: 1}, {"ends_on": MARKER})),
    "PUT /v1/appointments/{appointment_id}/shifts": Row(
        "/v1/appointments/{appointment}/shifts", by="sun", strangers=("elsewhere", "zhao"),
        body=[{"weekday": 1, "starts": "08:00", "ends": "17:00"}], works=("sun", "qian"),
        forbidden={**NOT, "outside_subtree": ("wang", "checker", "keeper", "auditor")},
        absent=f"/v1/appointments/{ABSENT}/shifts",
        bad_urls=(f"/v1/appointments/{MARKER}/shifts",),
        wrong_state=(("sun", "/v1/appointments/{ended_appointment}/shifts", [], 409,
                      "appointment_ended"),),
        malformed=(None, MARKER, {MARKER: 1}, [MARKER], [{"weekday": 1}],
                   [{"weekday": MARKER, "starts": "08:00", "ends": "17:00"}],
                   [{"weekday": 1, "starts": MARKER, "ends": "17:00"}])),
    "GET /v1/leaves": Row(
        "/v1/leaves", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?region={MARKER}!")),
    "POST /v1/leaves": Row(
        "/v1/leaves", body=LEAVE, by="sun", strangers=("elsewhere", "wang", "checker"), **STAFF,
        wrong_state=(("sun", "/v1/leaves", {**LEAVE, "starts_at": "{away_from}",
                      "ends_at": "{away_to}"}, 409, "leave_overlaps"),),
        malformed=(*TEXTS, {**LEAVE, "starts_at": MARKER}, {**LEAVE, "stand_in_id": MARKER},
                   {**LEAVE, "note": MARKER * 100}, {**LEAVE, "starts_at": "2026-01-01T00:00:00"})),
    "POST /v1/leaves/{leave_id}/cancel": Row(
        "/v1/leaves/{leave}/cancel", by="sun", strangers=("elsewhere", "wang", "checker"),
        absent=f"/v1/leaves/{ABSENT}/cancel", bad_urls=(f"/v1/leaves/{MARKER}/cancel",), **STAFF,
        wrong_state=(("sun", "/v1/leaves/{cancelled_leave}/cancel", None, 409, "leave_over"),)),
    "GET /v1/groupings": Row("/v1/groupings", 200, bad_urls=(f"?district={MARKER}!",)),
    "PUT /v1/groupings/{code}": Row(
        "/v1/groupings/LC-1", body=GROUPING, forbidden=OUTSIDE, by="sun", works=("sun",),
        bad_urls=(f"/v1/groupings/{MARKER}!",),
        malformed=(*TEXTS, {**GROUPING, "kind": MARKER}, {**GROUPING, "region_codes": []},
                   {**GROUPING, "region_codes": [MARKER + "!"]})),
    "GET /v1/grids/{code}/team": Row(
        f"/v1/grids/{GRID}/team", 200, absent="/v1/grids/nowhere/team",
        bad_urls=(f"/v1/grids/{MARKER}!/team",)),
    "GET /v1/regions/{code}/team": Row(
        f"/v1/regions/{STREET}/team", 200, absent="/v1/regions/nowhere/team",
        bad_urls=(f"/v1/regions/{MARKER}!/team",)),
}  # fmt: skip


def things(there):
    """An officer of GRID with an appointment, one that has ended, and leave."""
    with work(there.db, write=True) as tx:
        service.load_seed(tx)
    sun, client = there.who["sun"], there.client
    zhou = str(there.cast.zhou.id)

    def made(url, body):
        answer = client.post(url, json=body, headers=sun)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()["id"]

    draft = {**APPOINTMENT, "person_id": zhou, "post_code": "grid_staff_part"}
    appointment = made("/v1/appointments", draft)
    ended = made("/v1/appointments", {**draft, "post_code": "doctor"})
    made(f"/v1/appointments/{ended}/end", {})
    times = [(clock.now() + timedelta(days=d)).isoformat() for d in (1, 2, 10, 11, 20, 21)]
    soon, later, away_from, away_to, from_, to = times
    leave = made("/v1/leaves", {"person_id": zhou, "starts_at": away_from, "ends_at": away_to})
    cancelled = made("/v1/leaves", {"person_id": zhou, "starts_at": from_, "ends_at": to})
    made(f"/v1/leaves/{cancelled}/cancel", {})
    return {
        "officer": zhou, "appointment": appointment, "ended_appointment": ended, "leave": leave,
        "cancelled_leave": cancelled, "soon": soon, "later": later, "away_from": away_from,
        "away_to": away_to, "liu_bo": str(there.cast.liu_bo.id),
    }  # fmt: skip
