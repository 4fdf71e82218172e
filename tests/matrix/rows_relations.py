"""Rows of what is nearby, parts, links, suspicions and redactions."""

from cast import INSIDE
from flows.story import picture
from matrix.row import (
    ABSENT,
    CASE_STRANGERS,
    EVERY_ROLE,
    MARKER,
    ME,
    NOT,
    PAGES,
    STAFF,
    TEXTS,
    Row,
)  # fmt: skip

PART = {"description": "护栏也倒了"}
DECISION = {"state": "dismissed", "note": "看过现场"}
BOX = {"x": 10, "y": 10, "w": 20, "h": 20}
NEARBY = "/v1/reports/nearby?lat=30.2&lng=105.8&crs=wgs84"
# Staff who see a case and only look at it.
LOOKERS = ("sun", "checker", "auditor", "administrator")

ROWS: dict[str, Row] = {
    "GET /v1/reports/nearby": Row(
        NEARBY, works=("liu_bo", "wang"), **ME, bad_urls=(
            "", "?lat=30.2&lng=105.8", f"?lat={MARKER}&lng=1&crs=wgs84",
            f"?lat=91&lng=1&crs={MARKER}", "?lat=nan&lng=1&crs=wgs84",
            f"{NEARBY}&radius_m={MARKER}", f"{NEARBY}&radius_m=501",
            f"{NEARBY}&category={MARKER}!")),
    "GET /v1/cases/{case_id}/relations": Row(
        "/v1/cases/{case}/relations", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/relations",
        bad_urls=(f"/v1/cases/{MARKER}/relations",), **STAFF),
    "POST /v1/cases/{case_id}/children": Row(
        "/v1/cases/{case}/children", body=PART, by="wang", strangers=CASE_STRANGERS,
        absent=f"/v1/cases/{ABSENT}/children", forbidden={**NOT, "split_forbidden": LOOKERS},
        wrong_state=(("wang", "/v1/cases/{closed_case}/children", PART, 409, "case_ended"),),
        malformed=(*TEXTS, {"description": MARKER * 400}, {**PART, "photo_ids": [MARKER]},
                   {**PART, "category_code": MARKER + "!"}, {**PART, "parent_id": MARKER}),
        bad_urls=(f"/v1/cases/{MARKER}/children",)),
    "PUT /v1/cases/{case_id}/links/{other_id}": Row(
        "/v1/cases/{case}/links/{closed_case}", body={"note": "同一处"}, by="wang",
        works=("wang", "qian"), strangers=CASE_STRANGERS,
        absent=f"/v1/cases/{ABSENT}/links/{ABSENT}",
        forbidden={**NOT, "link_forbidden": LOOKERS},
        wrong_state=(("wang", "/v1/cases/{case}/links/{case}", {}, 409, "link_to_itself"),
                     ("wang", "/v1/cases/{case}/links/" + ABSENT, {}, 404, "case_not_found")),
        malformed=(None, [], MARKER, {MARKER: 1}, {"note": MARKER * 400}),
        bad_urls=(f"/v1/cases/{MARKER}/links/{MARKER}",)),
    "DELETE /v1/cases/{case_id}/links/{other_id}": Row(
        "/v1/cases/{case}/links/{closed_case}", by="wang",
        works=("wang", "qian"), strangers=CASE_STRANGERS,
        absent=f"/v1/cases/{ABSENT}/links/{ABSENT}",
        forbidden={**NOT, "link_forbidden": LOOKERS},
        wrong_state=(("wang", "/v1/cases/{case}/links/{case}", None, 409, "link_to_itself"),),
        bad_urls=(f"/v1/cases/{MARKER}/links/{MARKER}",)),
    "GET /v1/cases/{case_id}/suspicions": Row(
        "/v1/cases/{case}/suspicions", works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        by="wang", absent=f"/v1/cases/{ABSENT}/suspicions",
        bad_urls=(f"/v1/cases/{MARKER}/suspicions",), **STAFF),
    "GET /v1/suspicions": Row(
        "/v1/suspicions", works=("wang", "qian", *EVERY_ROLE), **STAFF,
        bad_urls=(*PAGES, f"?state={MARKER}")),
    "POST /v1/suspicions/{suspicion_id}/decision": Row(
        "/v1/suspicions/{suspicion}/decision", body=DECISION, by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/suspicions/{ABSENT}/decision",
        forbidden={**NOT, "decision_forbidden": LOOKERS},
        wrong_state=(("wang", "/v1/suspicions/{decided_suspicion}/decision", DECISION, 409,
                      "suspicion_decided"),),
        malformed=(*TEXTS, {**DECISION, "state": MARKER}, {"state": "dismissed"},
                   {**DECISION, "note": MARKER * 400}, {**DECISION, "decided_by": MARKER}),
        bad_urls=(f"/v1/suspicions/{MARKER}/decision",)),
    "PUT /v1/photos/{photo_id}/redactions": Row(
        "/v1/photos/{case_photo}/redactions", body={"boxes": [BOX]}, by="wang",
        works=("wang", "qian", "sun"), strangers=CASE_STRANGERS,
        absent=f"/v1/photos/{ABSENT}/redactions",
        wrong_state=(("wang", "/v1/photos/{case_photo}/redactions",
                      {"boxes": [{**BOX, "w": 1600}]}, 422, "box_outside"),
                     ("wang", "/v1/photos/{photo}/redactions", {"boxes": []}, 404,
                      "photo_not_found")),
        malformed=(*TEXTS, {"boxes": [MARKER]}, {"boxes": [{**BOX, "x": -1}]},
                   {"boxes": [{**BOX, "w": 0}]}, {"boxes": [{**BOX, "h": MARKER}]},
                   {"boxes": [BOX] * 21}, {"boxes": [{**BOX, "made_by": MARKER}]}),
        bad_urls=(f"/v1/photos/{MARKER}/redactions",), **STAFF),
    "GET /v1/photos/{photo_id}/redactions": Row(
        "/v1/photos/{covered_photo}/redactions", works=("wang", "qian", "sun"), by="wang",
        strangers=CASE_STRANGERS, absent=f"/v1/photos/{ABSENT}/redactions",
        wrong_state=(("wang", "/v1/photos/{open_photo}/redactions", None, 404,
                      "redaction_not_found"),),
        bad_urls=(f"/v1/photos/{MARKER}/redactions",), **STAFF),
}  # fmt: skip


def things(there):
    """Suspicions of GRID, open and decided, and photos of its cases, covered and not."""
    data = picture()

    def reported():
        files = {"file": ("p.jpg", data, "image/jpeg")}
        liu = there.who["chen"]
        photo = there.client.post("/v1/photos", files=files, headers=liu).json()["id"]
        return there.desk.reported(INSIDE, reporter=there.cast.chen, photo_ids=[photo])

    first_case = reported()
    case, other = reported(), reported()
    wang = there.who["wang"]

    def first(of):
        url = f"/v1/cases/{of['id']}/suspicions"
        return there.client.get(url, headers=wang).json()["items"][0]["id"]

    done = first(other)
    there.client.post(f"/v1/suspicions/{done}/decision", json=DECISION, headers=wang)
    photos = {
        name: there.client.get(f"/v1/cases/{of['id']}", headers=wang).json()["photos"][0]["id"]
        for name, of in (("case_photo", case), ("covered_photo", other), ("open_photo", first_case))
    }
    covered = f"/v1/photos/{photos['covered_photo']}/redactions"
    assert there.client.put(covered, json={"boxes": []}, headers=wang).is_success
    return {"suspicion": first(case), "decided_suspicion": done, **photos}
