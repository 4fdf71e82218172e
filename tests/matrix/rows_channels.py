"""Rows of how one is reached beyond the inbox: each sees and says it of oneself alone."""

from matrix.row import EVERY_ROLE, MARKER, ME, TEXTS, Row

ANSWERS = {"results": {"T-closed": "accept"}}
WANTED = {"reports": True, "work": True, "points": True, "store": False, "other": True}
WISHES = {
    "wechat": WANTED, "quiet": {"starts": "22:00", "ends": "07:00"}, "digest": True,
    "language": "zh",
}  # fmt: skip

ROWS: dict[str, Row] = {
    "GET /v1/me/subscriptions": Row(
        "/v1/me/subscriptions", works=("liu_bo", *EVERY_ROLE), **ME
    ),
    "POST /v1/me/subscriptions": Row(
        "/v1/me/subscriptions", body=ANSWERS, **ME,
        malformed=(*TEXTS, {"results": {}}, {"results": {"T": MARKER}},
                   {"results": {"no id!": "accept"}}, {"results": {"x" * 65: "accept"}}),
    ),
    "GET /v1/me/preferences": Row("/v1/me/preferences", works=("liu_bo", *EVERY_ROLE), **ME),
    "PUT /v1/me/preferences": Row(
        "/v1/me/preferences", body=WISHES, **ME,
        malformed=(*TEXTS, {**WISHES, "quiet": {"starts": "24:00", "ends": "07:00"}},
                   {**WISHES, "quiet": {"starts": "7:00", "ends": MARKER}},
                   {**WISHES, "wechat": {}}, {**WISHES, "wechat": {**WANTED, "work": MARKER}},
                   {**WISHES, "digest": MARKER}, {**WISHES, "language": MARKER}),
    ),
}  # fmt: skip
