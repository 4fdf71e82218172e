"""Reports over HTTP: what is taken in, what is refused, and who sees it again."""

import base64
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from cast import GRID, INSIDE, VILLAGE
from flows.story import key, report, upload
from matrix.stage import public_word

from app.grids import gcj02
from app.kit import clock
from app.kit.db import work
from app.reports.models import Report

DRAFT = {"description": "井盖破损，一踩就晃", "category": "manhole", "place": INSIDE}


@pytest.fixture
def liu(as_, newcomer):
    return as_(newcomer())


@pytest.fixture
def other(as_, newcomer):
    return as_(newcomer())


def send(client, headers, **changes):
    """A good report with these changes; a field that is `...` is left out."""
    draft = {**DRAFT, **changes}
    if "photo_ids" not in draft:
        draft["photo_ids"] = [upload(client, headers)]
    draft = {k: v for k, v in draft.items() if v is not ...}
    return client.post("/v1/reports", json=draft, headers={**headers, **key()})


def code(answer):
    return answer.status_code, answer.json()["code"]


def fields(answer):
    assert answer.status_code == 422, answer.text
    return {".".join(map(str, error["loc"])) for error in answer.json()["errors"]}


class TestSubmit:
    def test_works_and_is_seen_before_it_is_routed(self, client, liu):
        answer = send(client, liu)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert (body["status"], body["case_number"], body["grid_code"]) == ("received", None, None)
        assert (body["description"], body["category"]) == (DRAFT["description"], "manhole")
        assert body["place"] == {"lat": INSIDE["lat"], "lng": INSIDE["lng"]}
        assert client.get(f"/v1/reports/{body['id']}", headers=liu).json() == body
        assert client.get("/v1/reports", headers=liu).json()["items"] == [body]

    def test_and_afterwards_with_case_and_grid(self, client, liu, drain):
        sent = send(client, liu).json()
        drain()
        seen = client.get(f"/v1/reports/{sent['id']}", headers=liu).json()
        assert (seen["status"], seen["grid_code"], seen["grid_name"]) == (
            "reported", GRID, "莲花社区第1网格",
        )  # fmt: skip
        assert seen["case_number"].startswith("500152-")

    def test_needs_a_key(self, client, liu):
        draft = {**DRAFT, "photo_ids": [upload(client, liu)]}
        answer = client.post("/v1/reports", json=draft, headers=liu)
        assert code(answer) == (400, "idempotency_key_missing")

    @pytest.mark.parametrize("bad", ["short", "x" * 101, "with\ttab-and-more"])
    def test_needs_a_good_key(self, client, liu, bad):
        headers = {**liu, "Idempotency-Key": bad}
        answer = client.post(
            "/v1/reports", json={**DRAFT, "photo_ids": [str(uuid4())]}, headers=headers
        )
        assert code(answer) == (400, "idempotency_key_invalid")

    def test_the_same_key_is_one_report(self, client, liu):
        draft, headers = {**DRAFT, "photo_ids": [upload(client, liu)]}, {**liu, **key()}
        first, again = (client.post("/v1/reports", json=draft, headers=headers) for _ in "12")
        assert (first.status_code, again.status_code) == (201, 201)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
        assert len(client.get("/v1/reports", headers=liu).json()["items"]) == 1
        changed = {**draft, "description": "别的"}
        reused = client.post("/v1/reports", json=changed, headers=headers)
        assert code(reused) == (422, "idempotency_key_reused")


class TestPhotos:
    @pytest.mark.parametrize("count", [1, 9])
    def test_one_to_nine_in_their_order(self, client, liu, count):
        ids = [upload(client, liu) for _ in range(count)]
        body = send(client, liu, photo_ids=ids).json()
        assert [photo["id"] for photo in body["photos"]] == ids

    @pytest.mark.parametrize("count", [0, 10])
    def test_neither_none_nor_ten(self, client, liu, count):
        assert fields(send(client, liu, photo_ids=[str(uuid4()) for _ in range(count)])) == {
            "body.photo_ids",
        }  # fmt: skip

    def test_each_once(self, client, liu):
        assert fields(send(client, liu, photo_ids=[upload(client, liu)] * 2)) == {"body"}

    def test_somebody_elses_is_like_absent(self, client, liu, other):
        strange = send(client, liu, photo_ids=[upload(client, other)])
        absent = send(client, liu, photo_ids=[str(uuid4())])
        assert code(strange) == (404, "photo_not_found")
        assert public_word(strange) == public_word(absent)

    def test_used_before(self, client, liu):
        photo, fresh = upload(client, liu), upload(client, liu)
        assert send(client, liu, photo_ids=[photo]).status_code == 201
        assert code(send(client, liu, photo_ids=[fresh, photo])) == (409, "photo_used")
        # The refusal used nothing up.
        assert send(client, liu, photo_ids=[fresh]).status_code == 201

    def test_their_addresses_can_be_fetched_without_a_token(self, client, liu):
        urls = send(client, liu).json()["photos"][0]["urls"]
        for url in urls.values():
            answer = client.get(url)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
            assert answer.content.startswith(b"\xff\xd8\xff")

    @pytest.mark.parametrize("edit", ["signature", "expires", "variant", "photo"])
    def test_a_tampered_address(self, client, liu, edit):
        photo, strange = send(client, liu).json()["photos"][0], upload(client, liu)
        url = photo["urls"]["thumb"]
        tampered = {
            "signature": url[:-1] + ("A" if url[-1] != "A" else "B"),
            "expires": url.replace("expires=", "expires=1"),
            "variant": url.replace("/thumb", "/display"),
            "photo": url.replace(photo["id"], strange),
        }[edit]
        assert code(client.get(tampered)) == (403, "photo_link_invalid")

    def test_an_address_expires_within_twice_its_life(self, client, liu, settings):
        url = send(client, liu).json()["photos"][0]["urls"]["display"]
        life = timedelta(minutes=settings.media_url_minutes)
        clock.shift(life - timedelta(seconds=1))
        assert client.get(url).status_code == 200
        clock.shift(life + timedelta(seconds=2))
        assert code(client.get(url)) == (403, "photo_link_invalid")


class TestPlace:
    def stored(self, db, answer):
        assert answer.status_code == 201, answer.text
        with work(db, write=False) as tx:
            return tx.get_one(Report, answer.json()["id"])

    def test_gcj02_is_converted_and_the_raw_pair_kept(self, client, db, liu):
        lat, lng = gcj02.to_gcj02(30.2055, 105.8405)
        place = {"lat": lat, "lng": lng, "crs": "gcj02", "accuracy_m": 12.5, "source": "map"}
        row = self.stored(db, send(client, liu, place=place))
        assert (row.raw_lat, row.raw_lng, row.crs) == (lat, lng, "gcj02")
        assert (row.lat, row.lng) == pytest.approx((30.2055, 105.8405), abs=1e-9)
        assert (row.accuracy_m, row.place_source) == (12.5, "map")

    def test_wgs84_is_kept_as_it_is(self, client, db, liu):
        row = self.stored(db, send(client, liu))
        assert (row.lat, row.lng, row.raw_lat, row.raw_lng) == (30.2055, 105.8405) * 2

    def test_an_address_is_enough(self, client, db, liu):
        row = self.stored(db, send(client, liu, place=..., address="隆鑫商圈东门外"))
        assert (row.lat, row.crs, row.address) == (None, None, "隆鑫商圈东门外")

    def test_neither_is_too_little(self, client, liu):
        assert fields(send(client, liu, place=...)) == {"body"}

    def test_crs_has_no_default(self, client, liu):
        assert fields(send(client, liu, place={"lat": 30.2, "lng": 105.8})) == {"body.place.crs"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("lat", 90.1), ("lat", -91), ("lat", None), ("lat", "north"), ("lat", True),
            ("lng", 180.1), ("lng", []), ("lng", False), ("crs", "bd09"), ("crs", "WGS84"),
            ("accuracy_m", -1), ("accuracy_m", 100_001), ("accuracy_m", True),
            ("source", "guess"), ("altitude", 3),
        ],
    )  # fmt: skip
    def test_what_is_no_place(self, client, liu, field, value):
        answer = send(client, liu, place={**INSIDE, field: value}, photo_ids=[str(uuid4())])
        assert fields(answer) == {f"body.place.{field}"}

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
    def test_numbers_that_are_none(self, client, liu, number):
        place = f'{{"lat": {number}, "lng": 1, "crs": "wgs84"}}'
        text = f'{{"description": "x", "photo_ids": ["{uuid4()}"], "place": {place}}}'
        headers = {**liu, **key(), "Content-Type": "application/json"}
        assert client.post("/v1/reports", content=text, headers=headers).status_code == 422


class TestWords:
    def test_a_category_may_be_left_out(self, client, liu):
        assert send(client, liu, category=...).json()["category"] is None

    @pytest.mark.parametrize("unknown", ["nothing", "C0101"])
    def test_an_unknown_category(self, client, liu, unknown):
        assert code(send(client, liu, category=unknown)) == (422, "category_unknown")

    def test_a_chosen_region(self, client, liu):
        assert send(client, liu, region_code=VILLAGE).status_code == 201
        assert code(send(client, liu, region_code="nowhere")) == (422, "region_unknown")

    @pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\u0000b", "\u001b[2J", None, 5])
    def test_what_is_no_description(self, client, liu, text):
        assert fields(send(client, liu, description=text, photo_ids=[str(uuid4())])) == {
            "body.description",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["<b>井盖</b>", "a\nb", "'; DROP TABLE reports;--", "x" * 2000]
    )
    def test_a_description_is_kept_exactly(self, client, liu, text):
        assert send(client, liu, description=text).json()["description"] == text

    @pytest.mark.parametrize("value", [1, 0, "true", None])
    def test_anonymous_is_true_or_false(self, client, liu, value):
        assert fields(send(client, liu, anonymous=value, photo_ids=[str(uuid4())])) == {
            "body.anonymous",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "owned", ["id", "status", "case_number", "grid_code", "outcome", "person_id", "created_at"]
    )
    def test_what_the_server_owns(self, client, liu, owned):
        answer = send(client, liu, photo_ids=[str(uuid4())], **{owned: "x"})
        assert fields(answer) == {f"body.{owned}"}


class TestOwn:
    def test_the_list_holds_ones_own_newest_first_in_pages(self, client, liu, other):
        mine = [report(client, liu, INSIDE)["id"] for _ in range(3)][::-1]
        report(client, other, INSIDE)
        first = client.get("/v1/reports", headers=liu, params={"limit": 2}).json()
        params = {"limit": 2, "cursor": first["next_cursor"]}
        second = client.get("/v1/reports", headers=liu, params=params).json()
        assert [r["id"] for r in first["items"] + second["items"]] == mine
        assert second["next_cursor"] is None
        strange = client.get("/v1/reports", headers=other, params=params)
        assert code(strange) == (400, "cursor_invalid")

    @pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    def test_a_cursor_from_the_end_of_time(self, client, liu, when):
        """Our own cursor, decoded and edited: its parts are believed no further than they go."""
        for _ in range(2):
            report(client, liu, INSIDE)
        cursor = client.get("/v1/reports?limit=1", headers=liu).json()["next_cursor"]
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        parts[0] = when
        edited = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
        answer = client.get("/v1/reports", headers=liu, params={"cursor": edited})
        assert answer.status_code in {200, 400}, answer.text

    def test_others_hear_what_is_heard_of_nothing(self, client, cast, liu, other, as_):
        url = f"/v1/reports/{report(client, liu, INSIDE)['id']}"
        for headers in (other, as_(cast.wang), as_(cast.sun)):
            strange = client.get(url, headers=headers)
            assert code(strange) == (404, "report_not_found")
            absent = client.get(f"/v1/reports/{uuid4()}", headers=headers)
            assert public_word(strange) == public_word(absent)
