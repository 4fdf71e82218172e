"""The matrix rows of notices and proofs."""

from datetime import timedelta

from matrix.row import ABSENT, EVERY_ROLE, MARKER, PAGES, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.access import Actor, Held
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.proofs import service

NOTICE = {"period": "2001-01"}
NOTICES = "/v1/points/notices"
PUBLISHERS = ("auditor", "administrator", "sun")

ROWS: dict[str, Row] = {
    "GET /v1/points/notices": Row(NOTICES, 200, bad_urls=PAGES),
    "POST /v1/points/notices": Row(
        NOTICES, body=NOTICE, by="publisher",
        forbidden={"role_missing": (*REPORTERS, *but(Role.AUDITOR, Role.ADMINISTRATOR)),
                   # There are two districts, and a notice is of the whole ledger.
                   "notice_forbidden": (*PUBLISHERS, "elsewhere"), "person_only": PROGRAM},
        wrong_state=(("publisher", NOTICES, {"period": "2999-01"}, 409, "period_not_over"),
                     ("publisher", NOTICES, {"period": "{period}"}, 409, "notice_published"),
                     ("publisher", NOTICES, NOTICE, 409, "notice_out_of_order")),
        malformed=(*TEXTS, {"period": MARKER}, {"period": 202610}, {"period": "2026-13"},
                   {**NOTICE, "root": MARKER})),
    "GET /v1/points/notices/checker": Row(f"{NOTICES}/checker", 200),
    "GET /v1/points/notices/{period}": Row(
        NOTICES + "/{period}", 200, absent=f"{NOTICES}/2001-01",
        bad_urls=(f"{NOTICES}/{MARKER}",)),
    "GET /v1/points/notices/{period}/entries": Row(
        NOTICES + "/{period}/entries", 200, absent=f"{NOTICES}/2001-01/entries",
        bad_urls=(*PAGES, f"{NOTICES}/{MARKER}/entries")),
    "GET /v1/points/entries/{entry_id}/proof": Row(
        "/v1/points/entries/{entry}/proof", works=("liu_bo",), by="liu_bo",
        strangers=("chen", "wang", *EVERY_ROLE), absent=f"/v1/points/entries/{ABSENT}/proof",
        forbidden={"person_only": PROGRAM},
        wrong_state=(("liu_bo", "/v1/points/entries/{late_entry}/proof", None, 409,
                      "proof_not_ready"),),
        bad_urls=(f"/v1/points/entries/{MARKER}/proof",)),
}  # fmt: skip


def things(there):
    """A published month with an entry of Liu Bo's, and a hold that came after it."""
    liu, url = there.who["liu_bo"], "/v1/points/entries"
    entry = there.client.get(url, headers=liu).json()["items"][0]["id"]
    publisher = there.desk._newcomer(*((Role.AUDITOR, d) for d in ("500152000000", "500231000000")))
    there.who["publisher"] = there.desk._as(publisher)
    period = f"{clock.business_day(clock.now()):%Y-%m}"
    by = Actor(publisher.id, new_id(), publisher.member_no, (Held(Role.AUDITOR, "/"),))
    forward = service.end_of(period) + service.SETTLING - clock.now() + timedelta(seconds=1)
    with work(there.db, write=True) as tx:
        service.seal(tx)
    clock.shift(forward)
    with work(there.db, write=True) as tx:
        service.publish(tx, by, period)
    clock.shift(-forward)
    soap = {"station_id": "TN001", "lines": [{"item_id": there.things["soap"], "quantity": 1}]}
    key = {"Idempotency-Key": str(new_id())}
    made = there.client.post("/v1/redemptions", json=soap, headers={**liu, **key})
    assert made.status_code == 201, made.text
    late = there.client.get(url, headers=liu).json()["items"][0]["id"]
    return {"entry": entry, "late_entry": late, "period": period}
