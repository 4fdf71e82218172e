"""The matrix rows of webhooks."""

from cast import DISTRICT
from flows.story import key
from matrix.row import ABSENT, MARKER, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.models import Role

ADMIN_ONLY = {
    "role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR)), "person_only": (*PROGRAM, "scopeless"),
}  # fmt: skip
DRAFT = {
    "name": "商户", "url": "https://shop.example/hooks", "events": ["hold.fulfilled"],
    "region_code": DISTRICT,
}  # fmt: skip
WRONG = (
    *TEXTS, {**DRAFT, "url": MARKER * 100}, {**DRAFT, "events": []}, {**DRAFT, "events": [MARKER]},
    {**DRAFT, "region_code": MARKER + "!"}, {**DRAFT, "active": MARKER},
    {**DRAFT, "client_id": MARKER + "!"}, {**DRAFT, "secret": MARKER}, {**DRAFT, "name": ""},
)  # fmt: skip
ONE = {"by": "sun", "strangers": ("elsewhere",), "forbidden": ADMIN_ONLY}
PAUSED = "/v1/webhooks/{paused_webhook}"
GONE = f"/v1/webhooks/{ABSENT}"
BAD = f"/v1/webhooks/{MARKER}"


def retry(webhook: str, delivery: str) -> str:
    return f"/v1/webhooks/{webhook}/deliveries/{delivery}/retry"


ROWS = {
    "GET /v1/webhooks": Row(
        "/v1/webhooks", works=("sun", "administrator", "elsewhere"), by="sun",
        forbidden=ADMIN_ONLY),
    "POST /v1/webhooks": Row(
        "/v1/webhooks", body=DRAFT, by="sun", malformed=WRONG,
        forbidden={**ADMIN_ONLY, "webhook_forbidden": ("elsewhere",)},
        wrong_state=(
            ("sun", "/v1/webhooks", {**DRAFT, "url": "ftp://shop.example"}, 422, "address_refused"),
            ("sun", "/v1/webhooks", {**DRAFT, "region_code": "1"}, 422, "region_unknown"),
            ("sun", "/v1/webhooks", {**DRAFT, "client_id": "x"}, 422, "client_unknown"))),
    "GET /v1/webhooks/{webhook_id}": Row(
        "/v1/webhooks/{webhook}", works=("sun", "administrator"), absent=GONE, bad_urls=(BAD,),
        **ONE),
    "PUT /v1/webhooks/{webhook_id}": Row(
        "/v1/webhooks/{webhook}", body=DRAFT, malformed=WRONG, absent=GONE, bad_urls=(BAD,), **ONE),
    "DELETE /v1/webhooks/{webhook_id}": Row(
        "/v1/webhooks/{webhook}", absent=GONE, bad_urls=(BAD,), **ONE),
    "POST /v1/webhooks/{webhook_id}/rotate": Row(
        "/v1/webhooks/{webhook}/rotate", absent=f"{GONE}/rotate", bad_urls=(f"{BAD}/rotate",),
        **ONE),
    "POST /v1/webhooks/{webhook_id}/test": Row(
        "/v1/webhooks/{webhook}/test", absent=f"{GONE}/test", bad_urls=(f"{BAD}/test",),
        wrong_state=(("sun", f"{PAUSED}/test", None, 409, "webhook_paused"),), **ONE),
    "GET /v1/webhooks/{webhook_id}/deliveries": Row(
        "/v1/webhooks/{webhook}/deliveries", works=("sun", "administrator"),
        absent=f"{GONE}/deliveries", bad_urls=(f"{BAD}/deliveries",), **ONE),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": Row(
        retry("{webhook}", "{delivery}"), absent=retry(ABSENT, "{delivery}"),
        bad_urls=(retry(MARKER, ABSENT), retry(ABSENT, MARKER)),
        wrong_state=(
            ("sun", retry("{webhook}", ABSENT), None, 404, "delivery_not_found"),
            ("sun", retry("{paused_webhook}", "{delivery}"), None, 409, "webhook_paused")),
        **ONE),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """A webhook with a message that waits, and a paused one."""

    def post(path: str, body=None) -> str:
        headers = {**there.who["sun"], **key()}
        return there.client.post(f"/v1/webhooks{path}", json=body, headers=headers).json()["id"]

    webhook = post("", DRAFT)
    return {
        "webhook": webhook, "paused_webhook": post("", {**DRAFT, "active": False}),
        "delivery": post(f"/{webhook}/test"),
    }  # fmt: skip
