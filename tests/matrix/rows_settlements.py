"""Rows of settling with merchants."""

from datetime import timedelta

from cast import OTHER_STATION, STATION, actor
from matrix.row import ABSENT, MARKER, PAGES, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.settlements import service
from app.settlements.schemas import StatementDraft

READERS = (
    Role.FUND_MANAGER, Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR, Role.KEEPER,
)  # fmt: skip
DRAW = {"merchant": STATION, "first_day": "2026-01-01", "last_day": "2026-01-31"}
PAY = {"payment_ref": "B-1"}
URL = "/v1/settlements"
# A keeper of another station, and one who keeps none, see nothing of this one.
STRANGERS = ("zhou", "keeper")


def only(*roles):
    return {"role_missing": (*REPORTERS, *but(*roles)), "person_only": PROGRAM}


ROWS: dict[str, Row] = {
    "GET /v1/settlements": Row(
        URL, works=("li", "zhou", "ma", "wu", *READERS), forbidden=only(*READERS), by="ma",
        bad_urls=(*PAGES, f"?state={MARKER}", f"?merchant={MARKER}!")),
    "POST /v1/settlements": Row(
        URL, body=DRAW, by="ma", forbidden=only(Role.FUND_MANAGER),
        wrong_state=(
            ("ma", URL, {**DRAW, "merchant": OTHER_STATION}, 409, "nothing_to_settle"),
            ("ma", URL, {**DRAW, "last_day": "2999-01-31"}, 409, "period_not_over"),
            ("ma", URL, {**DRAW, "merchant": ABSENT}, 404, "merchant_not_found")),
        malformed=(*TEXTS, {**DRAW, "merchant": MARKER + "!"}, {**DRAW, "last_day": MARKER},
                   {**DRAW, "first_day": 7}, {**DRAW, "last_day": "2025-12-31"},
                   {**DRAW, "fen": MARKER})),
    "GET /v1/settlements/{statement_id}": Row(
        URL + "/{settled}", works=("li", "ma", "wu", "auditor", "administrator"), by="ma",
        forbidden=only(*READERS), strangers=STRANGERS, absent=f"{URL}/{ABSENT}",
        bad_urls=(f"{URL}/{MARKER}",)),
    "GET /v1/settlements/{statement_id}/file": Row(
        URL + "/{settled}/file?format=csv", works=("li", "ma", "wu", "auditor"), by="ma",
        forbidden=only(*READERS), strangers=STRANGERS, absent=f"{URL}/{ABSENT}/file?format=csv",
        bad_urls=(f"{URL}/{MARKER}/file?format=csv", f"{URL}/{ABSENT}/file?format={MARKER}",
                  f"{URL}/{ABSENT}/file")),
    "POST /v1/settlements/{statement_id}/approve": Row(
        URL + "/{settled}/approve", by="wu", forbidden=only(Role.FUND_APPROVER),
        absent=f"{URL}/{ABSENT}/approve", bad_urls=(f"{URL}/{MARKER}/approve",),
        wrong_state=(("wu", URL + "/{dropped}/approve", None, 409, "statement_not_drawn"),)),
    "POST /v1/settlements/{statement_id}/drop": Row(
        URL + "/{dropped}/drop", by="ma", forbidden=only(Role.FUND_MANAGER, Role.FUND_APPROVER),
        absent=f"{URL}/{ABSENT}/drop", bad_urls=(f"{URL}/{MARKER}/drop",),
        wrong_state=(("ma", URL + "/{dropped}/drop", None, 409, "statement_ended"),)),
    "POST /v1/settlements/{statement_id}/pay": Row(
        URL + "/{dropped}/pay", body=PAY, by="ma",
        forbidden=only(Role.FUND_MANAGER, Role.FUND_APPROVER), absent=f"{URL}/{ABSENT}/pay",
        wrong_state=(("wu", URL + "/{settled}/pay", PAY, 409, "statement_not_approved"),
                     ("wu", URL + "/{dropped}/pay", PAY, 409, "statement_not_approved")),
        malformed=(*TEXTS, {"payment_ref": MARKER * 20}, {"payment_ref": ""},
                   {**PAY, "fen": MARKER}),
        bad_urls=(f"{URL}/{MARKER}/pay",)),
}  # fmt: skip


def things(there):
    """STATION's statement of what was handed out today, and one that was dropped before it."""
    today, found, ma = clock.business_day(clock.now()), {}, actor(there.cast.ma, Role.FUND_MANAGER)
    draft = StatementDraft(merchant=STATION, first_day=today, last_day=today)
    # By the service, because the tokens of the world would be a day old.
    clock.shift(timedelta(days=1))
    try:
        with work(there.db, write=True) as tx:
            for name in ("dropped", "settled"):
                made = service.draw(tx, ma, draft)
                found[name] = str(made.id)
                if name == "dropped":
                    service.drop(tx, ma, made.id)
    finally:
        clock.shift(timedelta(days=-1))
    return found
