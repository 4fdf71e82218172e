"""What a reporter is shown around a spot, and what not."""

import json
import re
from datetime import timedelta

from cast import DISTRICT, INSIDE
from flows.story import report
from relations_build import METRE, code, redact, spot
from sqlalchemy import event, select, text, update

from app.cases.models import Case
from app.categories.models import Category
from app.grids.cells import cell
from app.kit import clock
from app.kit.db import insert_rows, work
from app.kit.ids import new_id
from app.relations import nearby


def near(client, headers, place, **more):
    params = {"lat": place["lat"], "lng": place["lng"], "crs": place["crs"], **more}
    return client.get("/v1/reports/nearby", headers=headers, params=params)


def numbers(answer):
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


class TestNearby:
    def test_the_nearest_first_with_what_anyone_may_know(self, client, desk):
        far = desk.reported(spot(1, 42), address="隆鑫商圈")
        close = desk.reported(spot(1, 11))
        answer = near(client, desk.liu, spot(1))
        assert numbers(answer) == [close["number"], far["number"]]
        assert answer.json()["radius_m"] == 50
        first = answer.json()["items"][0]
        # Nobody of the staff has looked for faces and plates yet.
        assert first.pop("thumbs") == []
        assert first == {
            "number": close["number"], "status": "reported", "category": "井盖问题",
            "category_en": first["category_en"], "distance_m": 10, "joinable": True, "reports": 1,
            "created_on": clock.business_day(clock.now()).isoformat(),
        }  # fmt: skip

    def test_tells_nothing_of_people_words_and_places(self, client, desk, cast):
        case = desk.reported(spot(2), address="隆鑫商圈东门", description="我住三楼 1380000")
        text = json.dumps(near(client, desk.liu, spot(2)).json(), ensure_ascii=False)
        assert case["number"] in text
        for secret in (
            "三楼",
            "隆鑫",
            case["id"],
            desk.report["id"],
            str(desk.reporter.id),
            "30.4",
        ):
            assert secret not in text

    def test_anonymous_photos_are_not_shown(self, client, desk):
        redact(client, desk, desk.reported(spot(3), anonymous=True))
        (item,) = near(client, desk.liu, spot(3)).json()["items"]
        assert (item["thumbs"], item["reports"]) == ([], 1)

    def test_the_radius_is_the_categorys_else_the_callers_else_fifty(self, client, desk, db):
        with work(db, write=True) as tx:
            changed = update(Category).where(Category.code == "C0101")
            tx.execute(changed.values(duplicate_radius_m=80))
        case = desk.reported(spot(4, 70))["number"]
        assert numbers(near(client, desk.liu, spot(4))) == []
        by_category = near(client, desk.liu, spot(4), category="manhole")
        assert by_category.json()["radius_m"] == 80
        assert numbers(by_category) == [case]
        assert numbers(near(client, desk.liu, spot(4), category="manhole", radius_m=60)) == []
        assert numbers(near(client, desk.liu, spot(4), radius_m=75)) == [case]

    def test_a_districts_own_radius_comes_first(self, client, desk):
        terms = {"region_code": DISTRICT, "duplicate_radius_m": 33}
        url = "/v1/categories/E0108/terms"
        assert client.put(url, json=terms, headers=desk.sun).status_code == 200
        for place in (INSIDE, spot(4)):
            assert near(client, desk.liu, place, category="road").json()["radius_m"] == 33
        terms["duplicate_radius_m"] = 2000
        client.put(url, json=terms, headers=desk.sun)
        assert near(client, desk.liu, INSIDE, category="road").json()["radius_m"] == 500

    def test_a_category_hides_others_but_not_the_unnamed(self, client, desk, db):
        lamp = desk.reported(spot(5), category="light")["number"]
        manhole = desk.reported(spot(5, 5))["number"]
        unnamed = desk.reported(spot(5, 10), category=None)["number"]
        found = numbers(near(client, desk.liu, spot(5), category="manhole"))
        assert found == [manhole, unnamed]
        assert numbers(near(client, desk.liu, spot(5)))[0] == lamp

    def test_what_another_reporter_called_the_same_is_shown(self, client, desk, db):
        number = desk.reported(spot(6))["number"]
        with work(db, write=True) as tx:
            tx.execute(update(Case).where(Case.number == number).values(category_code="C0102"))
        assert numbers(near(client, desk.liu, spot(6), category="manhole")) == [number]

    def test_closed_ones_for_thirty_days(self, client, desk, db):
        case = desk.closed(place=INSIDE)
        (item,) = [i for i in near(client, desk.liu, INSIDE).json()["items"]
                   if i["number"] == case["number"]]  # fmt: skip
        assert (item["status"], item["joinable"]) == ("closed", False)
        for minutes, shown in ((-1, True), (1, False)):
            with work(db, write=True) as tx:
                old = {"updated_at": clock.now() - timedelta(days=30, minutes=minutes)}
                tx.execute(update(Case).where(Case.number == case["number"]).values(**old))
            assert (case["number"] in numbers(near(client, desk.liu, INSIDE))) == shown

    def test_rejected_and_withdrawn_ones_are_not_shown(self, client, desk):
        case = desk.reported(spot(7))
        desk.moved(
            case, "reject", by=desk.qian, reason_code="not_found", public_note="现场未发现"
        )  # fmt: skip
        assert numbers(near(client, desk.liu, spot(7))) == []

    def test_suspended_ones_count_as_open(self, client, desk):
        case = desk.in_progress(place=INSIDE)
        day = (clock.business_day(clock.now()) + timedelta(days=9)).isoformat()
        desk.moved(case, "suspend", by=desk.qian, review_on=day, note="等待配件")
        (item,) = [i for i in near(client, desk.liu, INSIDE).json()["items"]
                   if i["number"] == case["number"]]  # fmt: skip
        assert (item["status"], item["joinable"]) == ("suspended", True)

    def test_at_most_ten(self, client, desk, db):
        filled(db, desk.reported(spot(8)), [spot(8)] * 12)
        assert len(numbers(near(client, desk.liu, spot(8)))) == 10

    def test_gcj02_pairs_are_turned(self, client, desk):
        answer = near(client, desk.liu, {**spot(1), "crs": "gcj02"})
        assert numbers(answer) == []

    def test_an_unknown_category_and_odd_numbers(self, client, desk):
        assert code(near(client, desk.liu, spot(1), category="nothing"))[0] == 422
        for bad in ({"radius_m": 501}, {"radius_m": 0}, {"crs": "utm"}):
            assert near(client, desk.liu, spot(1), **bad).status_code == 422

    def test_a_report_by_its_id_is_still_found(self, client, desk):
        sent = report(client, desk.liu, spot(9))
        assert client.get(f"/v1/reports/{sent['id']}", headers=desk.liu).status_code == 200


def filled(db, like, places):
    """Copies of a case at these places, past every service."""
    with work(db, write=True) as tx:
        found = tx.execute(select(Case.__table__).where(Case.number == like["number"])).one()
        rows = [
            {**found._mapping, "id": (one := new_id()), "number": f"x-{one.hex[-20:]}",
             "lat": p["lat"], "lng": p["lng"], "cell": cell(p["lat"], p["lng"])}
            for p in places
        ]  # fmt: skip
        insert_rows(tx, Case, rows)


def test_many_cases_answer_like_few(client, desk, db):
    """What is near is found by the cells, and nothing else is read: asked of the plan itself.

    The statistics are fresh, as they are minutes after any insert; SQLite has none.
    """
    like = desk.reported(spot(10))
    # 60 lie around the middle, all others elsewhere in the district.
    here = [{"lat": 29.95 + n * METRE, "lng": 105.51} for n in range(-30, 30)]
    elsewhere = [
        {"lat": 29.9 + n % 300 * 0.001, "lng": 105.6 + n // 300 * 0.001} for n in range(20_000)
    ]
    filled(db, like, [*here, *elsewhere])
    if not db.is_sqlite:
        with db.writer.begin() as connection:
            connection.execute(text("ANALYZE"))
    for category in (None, "C0102"):
        used = indexes(db, nearby.Around(29.95, 105.51, 500, "manhole"), category)
        assert {"ix_cases_cell", "ix_cases_cell_open"} <= used
        assert "cases" not in used, "a scan"
        assert not any("status" in name for name in used)


def indexes(db, spot, category):
    """By which indexes a plan reads the cases around; "cases" for a scan of the table."""
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(db.reader, "before_cursor_execute", note)
    try:
        with work(db, write=False) as tx:
            assert len(nearby._near(tx, spot, 500, category)) == 10
            (statement, given), explain = (
                asked[-1],
                "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN ",
            )
            rows = tx.connection().exec_driver_sql(explain + statement, given).all()
    finally:
        event.remove(db.reader, "before_cursor_execute", note)
    plan = "\n".join(str(row[-1]) for row in rows)
    scans = {"cases"} if re.search(r"SCAN cases|Seq Scan on cases", plan) else set()
    return scans | set(re.findall(r"ix_cases_\w+", plan))
