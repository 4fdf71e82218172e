"""Rows of the permission matrix: the working calendar."""

from cast import DISTRICT, STREET
from matrix.row import MARKER, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.models import Role

ONE_DAY = {"day": "2026-06-01", "working": False, "name": "建区纪念日"}
DAYS = {"region_code": DISTRICT, "days": [ONE_DAY]}
HOURS = {"region_code": DISTRICT, "spans": [["08:00", "12:00"], ["14:00", "18:00"]]}
# Regions are public, so the administrator of another district is told that this is not theirs.
OTHERS = {
    "role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR)), "person_only": PROGRAM,
    "district_not_held": ("elsewhere",),
}  # fmt: skip


def wrong(url, draft):
    """No such region; a region that is no district."""
    return (
        ("sun", url, {**draft, "region_code": "nowhere"}, 422, "region_unknown"),
        ("sun", url, {**draft, "region_code": STREET}, 422, "district_needed"),
    )


ROWS: dict[str, Row] = {
    "GET /v1/calendar": Row(
        f"/v1/calendar?region={STREET}&year=2026", 200, absent="/v1/calendar?region=nowhere",
        bad_urls=("", f"?region={MARKER}!", f"?region={STREET}&year={MARKER}",
                  f"?region={STREET}&year=1999", f"?region={STREET}&year=2101")),
    "PUT /v1/calendar/days": Row(
        "/v1/calendar/days", body=DAYS, by="sun", forbidden=OTHERS,
        wrong_state=wrong("/v1/calendar/days", DAYS),
        malformed=(*TEXTS, {**DAYS, "days": []}, {**DAYS, "days": [ONE_DAY, ONE_DAY]},
                   {**DAYS, "days": [{**ONE_DAY, "day": MARKER}]},
                   {**DAYS, "days": [{**ONE_DAY, "day": "1999-12-31"}]},
                   {**DAYS, "days": [{**ONE_DAY, "working": MARKER}]},
                   {**DAYS, "days": [{**ONE_DAY, "working": 1}]},
                   {**DAYS, "days": [{**ONE_DAY, "name": MARKER * 20}]},
                   {**DAYS, "days": [{**ONE_DAY, "name": None}]})),
    "PUT /v1/calendar/hours": Row(
        "/v1/calendar/hours", body=HOURS, by="sun", forbidden=OTHERS,
        wrong_state=wrong("/v1/calendar/hours", HOURS),
        malformed=(*TEXTS, {**HOURS, "spans": []}, {**HOURS, "spans": [["08:00"]]},
                   {**HOURS, "spans": [["8:00", "12:00"]]}, {**HOURS, "spans": [[MARKER, MARKER]]},
                   {**HOURS, "spans": [["12:00", "08:00"]]}, {**HOURS, "spans": [["08:00"] * 2]},
                   {**HOURS, "spans": [["08:00", "12:00"], ["11:00", "18:00"]]},
                   {**HOURS, "spans": [["14:00", "24:01"]]}, {**HOURS, "version": MARKER})),
}  # fmt: skip
