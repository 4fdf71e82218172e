"""Rows of the catalogue, stations, shelves, waiting and the counter without network."""

from cast import STATION, VILLAGE
from flows.story import key
from matrix.row import ABSENT, MARKER, ME, PAGES, PROGRAM, REPORTERS, TEXTS, Row, but

from app.identity.models import Role
from app.kit.db import work
from app.store import service as store
from app.store import stock
from app.store.models import CounterException

HERE, NOWHERE = f"/v1/stations/{STATION}", "/v1/stations/nowhere"
AT = "2026-11-22T08:00:00Z"
ITEM = {"name": "茶", "name_en": "Tea", "kind": "food", "points": 3, "cost_fen": 200}
PLACE = {
    "name": "新驿站", "kind": "central", "region_code": VILLAGE, "lat": 30.2, "lng": 105.8,
    "crs": "wgs84", "hours": ["08:30-12:00"], "services": [],
}  # fmt: skip
RESTOCK = {"item_id": "{soap}", "quantity": 1, "delivery": "matrix-1"}
TAKE = {"item_id": "{soap}", "counted": 10, "reason": "盘点"}
TRANSFER = {"to": "TN002", "item_id": "{soap}", "quantity": 1, "number": "matrix-1"}
ACCEPTED = {"acceptance": "matrix-1", "code": "2345678923", "accepted_at": AT}
ACCEPTANCES = {"acceptances": [ACCEPTED]}
CLOSING = {"note": "已核实"}


def only(*roles: Role, **more):
    return {"role_missing": (*REPORTERS, *but(*roles)), "person_only": PROGRAM, **more}


# Whoever has the role, but neither for this region nor for this station.
ADMINISTRATORS = only(Role.ADMINISTRATOR, outside_subtree=("elsewhere",))
STRANGE = ("zhou", "keeper", "elsewhere")
HANDS = only(Role.KEEPER, Role.ADMINISTRATOR, not_of_station=STRANGE)
READERS = only(Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR, not_of_station=STRANGE)
KEEPERS = only(Role.KEEPER, not_of_station=("zhou", "keeper"))
SEEN = {"works": ("li", "sun", "administrator", "auditor"), "forbidden": READERS, "by": "sun"}

ROWS: dict[str, Row] = {
    "GET /v1/items/{code}": Row(
        "/v1/items/soap", 200, absent="/v1/items/nothing", bad_urls=(f"/v1/items/{MARKER}!",)),
    "PUT /v1/items/{code}": Row(
        "/v1/items/matrix", body=ITEM, by="sun",
        # The catalogue is the districts': any of their administrators may add to it.
        forbidden=only(Role.ADMINISTRATOR), bad_urls=(f"/v1/items/{MARKER}!",),
        wrong_state=(("sun", "/v1/items/soap", ITEM, 428, "precondition_required"),
                     ("sun", "/v1/items/gold", {**ITEM, "cost_fen": 999}, 422, "item_too_costly"),
                     ("sun", "/v1/items/beer", {**ITEM, "kind": "alcohol"}, 422,
                      "item_prohibited")),
        malformed=(*TEXTS, {**ITEM, "points": MARKER}, {**ITEM, "points": True},
                   {**ITEM, "cost_fen": 1.5}, {**ITEM, "kind": MARKER},
                   {**ITEM, "name": MARKER * 20}, {**ITEM, "photo_id": MARKER},
                   {**ITEM, "on_sale_from": MARKER}, {**ITEM, "person_limit": 1},
                   {**ITEM, "version": MARKER})),
    "GET /v1/catalogue": Row(
        "/v1/catalogue", works=("sun", "administrator", "auditor"), bad_urls=PAGES, by="sun",
        forbidden=only(Role.ADMINISTRATOR, Role.AUDITOR)),
    "PUT /v1/stations/{station_id}": Row(
        "/v1/stations/matrix", body=PLACE, forbidden=ADMINISTRATORS, by="sun", works=("sun",),
        bad_urls=(f"/v1/stations/{MARKER}!",),
        malformed=(*TEXTS, {**PLACE, "hours": [MARKER]}, {**PLACE, "hours": ["24:00-25:00"]},
                   {**PLACE, "lat": MARKER}, {**PLACE, "crs": MARKER},
                   {**PLACE, "region_code": MARKER + "!"}, {**PLACE, "open": MARKER})),
    "GET /v1/stations/{station_id}/keepers": Row(
        f"{HERE}/keepers", absent=f"{NOWHERE}/keepers",
        bad_urls=(f"/v1/stations/{MARKER}!/keepers",), **SEEN),
    "PUT /v1/stations/{station_id}/keepers/{person_id}": Row(
        f"{HERE}/keepers/{{second_keeper}}", forbidden=ADMINISTRATORS, by="sun", works=("sun",),
        absent=f"{NOWHERE}/keepers/{ABSENT}", bad_urls=(f"{HERE}/keepers/{MARKER}",),
        wrong_state=(("sun", f"{HERE}/keepers/{{rider}}", None, 409, "keeper_role_missing"),
                     ("sun", f"{HERE}/keepers/{ABSENT}", None, 404, "person_not_found"))),
    "DELETE /v1/stations/{station_id}/keepers/{person_id}": Row(
        f"{HERE}/keepers/{{rider}}", forbidden=ADMINISTRATORS, by="sun",
        absent=f"{HERE}/keepers/{ABSENT}", bad_urls=(f"{HERE}/keepers/{MARKER}",)),
    "POST /v1/stations/{station_id}/restocks": Row(
        f"{HERE}/restocks", body=RESTOCK, forbidden=HANDS, by="li", works=("li", "sun"),
        absent=f"{NOWHERE}/restocks", bad_urls=(f"/v1/stations/{MARKER}!/restocks",),
        wrong_state=(("li", f"{HERE}/restocks",
                      {**RESTOCK, "quantity": 9, "delivery": "delivery-1"}, 409, "delivery_booked"),
                     ("li", f"{HERE}/restocks", {**RESTOCK, "item_id": ABSENT}, 404,
                      "item_not_found")),
        malformed=(*TEXTS, {**RESTOCK, "quantity": MARKER}, {**RESTOCK, "quantity": True},
                   {**RESTOCK, "quantity": 0}, {**RESTOCK, "item_id": MARKER},
                   {**RESTOCK, "delivery": MARKER + "!"}, {**RESTOCK, "reserved": MARKER})),
    "POST /v1/stations/{station_id}/stock-takes": Row(
        f"{HERE}/stock-takes", body=TAKE, forbidden=HANDS, by="li",
        absent=f"{NOWHERE}/stock-takes", bad_urls=(f"/v1/stations/{MARKER}!/stock-takes",),
        wrong_state=(("li", f"{HERE}/stock-takes", {**TAKE, "counted": 0}, 409,
                      "count_below_reserved"),),
        malformed=(*TEXTS, {**TAKE, "counted": MARKER}, {**TAKE, "counted": -1},
                   {**TAKE, "counted": True}, {**TAKE, "reason": MARKER * 400},
                   {**TAKE, "expected": MARKER})),
    "POST /v1/stations/{station_id}/transfers": Row(
        f"{HERE}/transfers", body=TRANSFER, forbidden=HANDS, by="li",
        absent=f"{NOWHERE}/transfers", bad_urls=(f"/v1/stations/{MARKER}!/transfers",),
        wrong_state=(("li", f"{HERE}/transfers", {**TRANSFER, "to": STATION}, 422,
                      "transfer_to_itself"),
                     ("li", f"{HERE}/transfers", {**TRANSFER, "to": "nowhere"}, 404,
                      "station_not_found"),
                     ("li", f"{HERE}/transfers", {**TRANSFER, "quantity": 999, "number": "m-2"},
                      409, "stock_exhausted")),
        malformed=(*TEXTS, {**TRANSFER, "quantity": MARKER}, {**TRANSFER, "to": MARKER + "!"},
                   {**TRANSFER, "item_id": MARKER}, {**TRANSFER, "number": MARKER + "!"})),
    "GET /v1/stations/{station_id}/stock": Row(
        f"{HERE}/stock", absent=f"{NOWHERE}/stock",
        bad_urls=(f"/v1/stations/{MARKER}!/stock",), **SEEN),
    "GET /v1/stations/{station_id}/stock-moves": Row(
        f"{HERE}/stock-moves", absent=f"{NOWHERE}/stock-moves",
        bad_urls=(*PAGES, f"?item={MARKER}"), **SEEN),
    "PUT /v1/stations/{station_id}/items/{item_id}/wait": Row(
        f"{HERE}/items/{{sold_out}}/wait", works=("liu_bo", "li"), **ME,
        absent=f"{HERE}/items/{ABSENT}/wait", bad_urls=(f"{HERE}/items/{MARKER}/wait",),
        wrong_state=(("liu_bo", f"{HERE}/items/{{soap}}/wait", None, 409, "item_in_stock"),
                     ("liu_bo", f"{NOWHERE}/items/{{soap}}/wait", None, 404,
                      "station_not_found"))),
    "DELETE /v1/stations/{station_id}/items/{item_id}/wait": Row(
        f"{HERE}/items/{{soap}}/wait", strangers=("chen", "li", "administrator"), **ME,
        absent=f"{HERE}/items/{ABSENT}/wait", bad_urls=(f"{HERE}/items/{MARKER}/wait",)),
    "GET /v1/me/waits": Row("/v1/me/waits", works=("liu_bo", "li"), **ME),
    "GET /v1/stations/{station_id}/offline-list": Row(
        f"{HERE}/offline-list", works=("li",), forbidden=KEEPERS, by="li",
        absent=f"{NOWHERE}/offline-list", bad_urls=(f"/v1/stations/{MARKER}!/offline-list",)),
    "POST /v1/stations/{station_id}/acceptances": Row(
        f"{HERE}/acceptances", body=ACCEPTANCES, forbidden=KEEPERS, by="li", works=("li",),
        absent=f"{NOWHERE}/acceptances", bad_urls=(f"/v1/stations/{MARKER}!/acceptances",),
        malformed=(*TEXTS, {"acceptances": []}, {"acceptances": [ACCEPTED, ACCEPTED]},
                   {"acceptances": [{**ACCEPTED, "code": MARKER * 9}]},
                   {"acceptances": [{**ACCEPTED, "accepted_at": MARKER}]},
                   {"acceptances": [{**ACCEPTED, "acceptance": MARKER + "!"}]},
                   {"acceptances": [{**ACCEPTED, "accepted_at": "2026-11-22T08:00:00"}]})),
    "GET /v1/stations/{station_id}/exceptions": Row(
        f"{HERE}/exceptions", absent=f"{NOWHERE}/exceptions", bad_urls=PAGES, **SEEN),
    "POST /v1/stations/{station_id}/exceptions/{exception_id}/close": Row(
        f"{HERE}/exceptions/{{exception}}/close", body=CLOSING, by="auditor",
        forbidden=only(Role.ADMINISTRATOR, Role.AUDITOR, not_of_station=("elsewhere",)),
        absent=f"{HERE}/exceptions/{ABSENT}/close",
        wrong_state=(("sun", f"{HERE}/exceptions/{{closed_exception}}/close", CLOSING, 409,
                      "exception_closed"),),
        malformed=(*TEXTS, {"note": MARKER * 400}, {**CLOSING, "why": MARKER}),
        bad_urls=(f"{HERE}/exceptions/{MARKER}/close",)),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """An item that is gone, two exceptions of which one is closed, a keeper and a rider."""
    with work(there.db, write=True) as tx:
        gone = store.add_item(tx, "gone", ("茶", "Tea"), points=5, cost_fen=100)
        stock.open_row(tx, (STATION, gone.id))
    li, url = there.who["li"], f"{HERE}/acceptances"
    made = [{**ACCEPTED, "acceptance": f"thing-{n}"} for n in range(2)]
    there.client.post(url, json={"acceptances": made}, headers={**li, **key()})
    with work(there.db, write=False) as tx:
        first, second = tx.query(CounterException.id).order_by(CounterException.id).all()
    close = f"{HERE}/exceptions/{second.id}/close"
    there.client.post(close, json=CLOSING, headers=there.who["auditor"])
    return {
        "sold_out": str(gone.id), "exception": str(first.id), "closed_exception": str(second.id),
        "second_keeper": str(there.cast.li.id), "rider": str(there.cast.liu_bo.id),
    }  # fmt: skip
