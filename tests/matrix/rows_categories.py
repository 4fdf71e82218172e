"""Rows of the matrix for the categories, their terms in a district, and suggestions."""

from cast import DISTRICT, STREET
from matrix.row import EVERY_ROLE, MARKER, ME, PROGRAM, REPORTERS, STAFF, TEXTS, Row, but

from app.identity.models import Role

TERMS = "/v1/categories/C0102/terms"
DRAFT = {"region_code": DISTRICT, "due_hours": 12}
PLAIN = {"name": "井盖", "name_en": "Cover", "category_code": "C0101", "position": 1}
QUESTION = {"code": "depth", "text": "多深？", "kind": "number"}
CHOICE = {"code": "depth", "text": "多深？", "kind": "choice"}
KEYWORDS = "/v1/categories/C0102/keywords"
WORD = {"word": "污水井", "weight": 2.5}

ROWS: dict[str, Row] = {
    "GET /v1/categories": Row(
        f"/v1/categories?region={STREET}", 200, absent="/v1/categories?region=nowhere",
        bad_urls=(f"?region={MARKER}!",)),
    "GET /v1/categories/{code}/terms": Row(
        f"{TERMS}?region={STREET}", works=("wang", "qian", "administrator"), by="wang",
        absent=f"/v1/categories/nothing/terms?region={STREET}",
        bad_urls=(TERMS, f"{TERMS}?region={MARKER}!", f"/v1/categories/{MARKER}!/terms?region=1"),
        **STAFF),
    "PUT /v1/categories/{code}/terms": Row(
        TERMS, body=DRAFT, by="administrator", absent="/v1/categories/nothing/terms",
        # Categories and districts are public: an administrator of another one is no stranger.
        forbidden={"role_missing": (*REPORTERS, *but(Role.ADMINISTRATOR), "elsewhere"),
                   "person_only": PROGRAM},
        wrong_state=(
            ("administrator", TERMS, {"region_code": "nowhere"}, 422, "region_unknown"),
            ("administrator", TERMS, {"region_code": STREET}, 422, "region_not_district"),
            ("administrator", TERMS, {**DRAFT, "net_code": "nothing"}, 422, "net_unknown"),
            ("administrator", TERMS, {**DRAFT, "unit_code": "nothing"}, 422, "unit_unknown"),
            ("administrator", TERMS, {**DRAFT, "level": 9}, 422, "level_unknown"),
            ("administrator", "/v1/categories/C01/terms", DRAFT, 404, "category_not_found")),
        malformed=(
            *TEXTS, {**DRAFT, "clock": MARKER}, {**DRAFT, "due_hours": 0},
            {**DRAFT, "due_hours": True}, {**DRAFT, "accept_hours": "4"}, {**DRAFT, "level": 10},
            {**DRAFT, "hazard": "yes"}, {**DRAFT, "most_returns": 10}, {**DRAFT, "version": 7},
            {**DRAFT, "duplicate_radius_m": -1}, {**DRAFT, "filing_condition": MARKER * 400},
            {**DRAFT, "questions": [CHOICE]}, {**DRAFT, "questions": [QUESTION, QUESTION]},
            {**DRAFT, "questions": [{**QUESTION, "choices": ["深", "浅"]}]},
            {**DRAFT, "questions": [{**CHOICE, "choices": ["深", "深"]}]},
            {**DRAFT, "questions": [{**QUESTION, "kind": MARKER}]},
            {**DRAFT, "questions": [{**QUESTION, "code": MARKER}]})),
    "GET /v1/categories/{code}/keywords": Row(
        KEYWORDS, works=("wang", "qian", "administrator"), by="wang",
        absent="/v1/categories/nothing/keywords",
        bad_urls=(f"/v1/categories/{MARKER}!/keywords",), **STAFF),
    "PUT /v1/categories/{code}/keywords": Row(
        KEYWORDS, body={"items": [WORD]}, by="administrator",
        absent="/v1/categories/nothing/keywords",
        # All districts share them, and nobody here administers both.
        forbidden={"role_missing": (*REPORTERS, *EVERY_ROLE, "elsewhere"), "person_only": PROGRAM},
        wrong_state=(("administrator", "/v1/categories/C01/keywords", {"items": []}, 404,
                      "category_not_found"),),
        malformed=(
            *TEXTS, {"items": [WORD, WORD]}, {"items": [{**WORD, "word": ""}]},
            {"items": [{**WORD, "word": MARKER * 7}]}, {"items": [{**WORD, "weight": MARKER}]},
            {"items": [{**WORD, "weight": 0}]}, {"items": [{**WORD, "weight": 10.5}]},
            {"items": [{**WORD, "weight": True}]}, {"items": [WORD] * 201})),
    "PUT /v1/categories/choices/{code}": Row(
        "/v1/categories/choices/manhole", body=PLAIN, by="administrator",
        # All districts share them, and nobody here administers both.
        forbidden={"role_missing": (*REPORTERS, *EVERY_ROLE, "elsewhere"), "person_only": PROGRAM},
        bad_urls=(f"/v1/categories/choices/{MARKER}!",),
        malformed=(*TEXTS, {**PLAIN, "name": MARKER * 20}, {**PLAIN, "position": MARKER},
                   {**PLAIN, "position": -1}, {**PLAIN, "category_code": MARKER + "!"})),
    "POST /v1/categories/suggestions": Row(
        "/v1/categories/suggestions", body={"text": "路边井盖不见了", "region_code": STREET}, **ME,
        wrong_state=(("liu_bo", "/v1/categories/suggestions",
                      {"text": "井盖", "region_code": "nowhere"}, 404, "region_not_found"),),
        malformed=(*TEXTS, {"text": ""}, {"text": MARKER * 400}, {"text": "井\u0000盖"},
                   {"text": "井盖", "region_code": MARKER + "!"})),
}  # fmt: skip
