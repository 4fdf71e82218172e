"""What a district makes of a category: versions over the category's own words, field by field."""

from typing import Any

import pytest
from cast import DISTRICT, GRID, STREET, VILLAGE
from races.together import at_once
from sqlalchemy import event, select, update
from sqlalchemy.exc import DBAPIError

from app.categories import queries, service
from app.categories.errors import CategoryUnknown
from app.categories.models import Category, CategoryTerms
from app.categories.queries import Terms
from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts.models import Net, Unit
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"
EVERYTHING: dict[str, Any] = {
    "net_code": "governance", "level": 1, "unit_code": "water-works", "clock": "working",
    "accept_hours": 2, "safe_hours": 3, "due_hours": 40, "check_hours": 5, "most_returns": 1,
    "hazard": False, "duplicate_radius_m": 0, "filing_condition": "井盖破损且在本区",
    "questions": [
        {"code": "depth_cm", "text": "多深（厘米）？", "text_en": "How deep?", "kind": "number",
         "choices": [], "required": True},
        {"code": "cover", "text": "井盖还在吗？", "text_en": None, "kind": "choice",
         "choices": ["在", "不在"], "required": False},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def there(db, cast):
    """Nets, units of this district and of another one, and an administrator of the other."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        for position, code in enumerate(("city", "governance", "building"), start=1):
            tx.add(Net(code=code, name=code, name_en=code, position=position))
        for code, region, active in (
            ("water-works", STREET, True), ("far-works", FAR, True), ("shut-works", STREET, False),
        ):  # fmt: skip
            tx.add(Unit(code=code, name=code, region_code=region, active=active))
        tx.flush()
        service.load_seed(tx)


@pytest.fixture
def put(client, as_, cast, there):
    def send(code, who=None, region=DISTRICT, **fields):
        body = {"region_code": region, **fields}
        headers = as_(who or cast.sun)
        return client.put(f"/v1/categories/{code}/terms", json=body, headers=headers)

    return send


def read(db, code, district=DISTRICT) -> Terms:
    with work(db, write=False) as tx:
        return queries.terms(tx, code, district)


class TestTerms:
    def test_without_a_districts_own_they_are_the_categorys(self, db, there):
        assert read(db, "C0101") == Terms(
            category_code="C0101", name="上水井盖", version="C0101/1", net_code="city", level=None,
            unit_code=None, clock="continuous", accept_hours=1, safe_hours=1, due_hours=24,
            check_hours=24, most_returns=3, hazard=True, duplicate_radius_m=15,
            filing_condition="破损、缺失、移位或影响安全", questions=[],
        )  # fmt: skip

    def test_each_field_overrides(self, db, put):
        assert put("C0103", **EVERYTHING).status_code == 200
        held = read(db, "C0103")
        assert {name: getattr(held, name) for name in EVERYTHING} == EVERYTHING
        assert held.version == f"C0103/1+{DISTRICT}/1"
        assert read(db, "C0103", FAR).version == "C0103/1"

    @pytest.mark.parametrize("name", EVERYTHING)
    def test_what_is_left_out_is_the_categorys(self, db, put, name):
        plain = read(db, "C0104", FAR)
        put("C0104", **{name: EVERYTHING[name]})
        held = read(db, "C0104")
        differing = {f for f in Terms.__slots__ if getattr(held, f) != getattr(plain, f)}
        assert differing == {name, "version"}
        assert getattr(held, name) == EVERYTHING[name]

    def test_the_newest_version_holds(self, db, put):
        for hours in (5, 6, 7):
            put("C0105", due_hours=hours)
        held = read(db, "C0105")
        assert (held.due_hours, held.version) == (7, f"C0105/1+{DISTRICT}/3")

    @pytest.mark.parametrize("code", ["C01", "nothing", "C0117"])
    def test_what_is_no_category_in_use(self, db, there, code):
        with work(db, write=True) as tx:
            tx.execute(update(Category).where(Category.code == "C0117").values(active=False))
            assert queries.find_terms(tx, code, DISTRICT) is None
            with pytest.raises(CategoryUnknown):
                queries.terms(tx, code, DISTRICT)

    def test_one_statement(self, db, there):
        said = []
        with work(db, write=False) as tx:
            event.listen(db.reader, "before_cursor_execute", lambda *a: said.append(a[2]))
            queries.terms(tx, "C0101", DISTRICT)
        assert len(said) == 1


class TestCatalogue:
    def of(self, client, **params):
        body = client.get("/v1/categories", params=params).json()
        return {category["code"]: category for category in body["categories"]}

    def test_without_a_region_there_are_no_terms(self, client, there):
        assert {c["terms"] for c in self.of(client).values()} == {None}

    @pytest.mark.parametrize("region", [DISTRICT, VILLAGE, GRID])
    def test_any_region_stands_for_its_district(self, client, put, region):
        put("C0106", due_hours=9, level=2, questions=EVERYTHING["questions"])
        found = self.of(client, region=region)["C0106"]
        assert (found["due_hours"], found["terms"]["due_hours"]) == (24, 9)
        assert (found["terms"]["level"], found["terms"]["net_code"]) == (2, "city")
        assert found["terms"]["questions"] == EVERYTHING["questions"]
        assert self.of(client, region=FAR)["C0106"]["terms"]["due_hours"] == 24

    def test_every_category_that_cases_are_filed_under_has_them(self, client, there):
        for category in self.of(client, region=STREET).values():
            assert (category["terms"] is None) == (category["parent_code"] is None)

    def test_an_unknown_region(self, client):
        answer = client.get("/v1/categories?region=nowhere")
        assert (answer.status_code, answer.json()["code"]) == (404, "region_not_found")


class TestSet:
    def test_answers_the_version_it_wrote(self, client, put, as_, cast):
        first, second = put("C0107", due_hours=3).json(), put("C0107", **EVERYTHING).json()
        assert (first["version"], second["version"]) == (1, 2)
        assert {name: second[name] for name in EVERYTHING} == EVERYTHING
        url = f"/v1/categories/C0107/terms?region={GRID}"
        assert client.get(url, headers=as_(cast.wang)).json()["items"] == [second, first]

    def test_many_at_once_write_one_after_the_other(self, put):
        hours = range(1, 9)
        answers = at_once([lambda h=h: put("C0116", due_hours=h) for h in hours])
        assert [answer.status_code for answer in answers] == [200] * len(hours)
        assert sorted(answer.json()["version"] for answer in answers) == list(hours)

    def test_the_same_again_is_no_new_version(self, put):
        assert put("C0111", **EVERYTHING).json() == put("C0111", **EVERYTHING).json()

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"net_code": "nothing"}, "net_unknown"),
            ({"unit_code": "nothing"}, "unit_unknown"),
            ({"unit_code": "far-works"}, "unit_unknown"),
            ({"unit_code": "shut-works"}, "unit_unknown"),
            ({"level": 4}, "level_unknown"),
            ({"region": STREET}, "region_not_district"),
            ({"region": "nowhere"}, "region_unknown"),
        ],
    )
    def test_what_does_not_exist(self, db, put, fields, code):
        answer = put("C0113", **fields)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert read(db, "C0113").version == "C0113/1"

    @pytest.mark.parametrize("region", [FAR, STREET])
    def test_an_administrator_of_another_place(self, put, newcomer, region):
        other = newcomer((Role.ADMINISTRATOR, region))
        answer = put("C0113", who=other, due_hours=1)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")

    @pytest.mark.parametrize("who", ["qian", "wang", "liu_bo"])
    def test_nobody_else(self, put, cast, who):
        assert put("C0113", who=getattr(cast, who), due_hours=1).status_code == 403

    @pytest.mark.parametrize("code", ["C01", "nothing"])
    def test_what_is_no_category(self, put, code):
        answer = put(code, due_hours=1)
        assert (answer.status_code, answer.json()["code"]) == (404, "category_not_found")

    def test_it_is_logged(self, put, db, cast):
        put("C0114", due_hours=1)
        with work(db, write=False) as tx:
            found = tx.scalars(select(StaffAction).where(StaffAction.object_id == "C0114")).one()
        assert (found.action, found.actor_id) == ("category.set", cast.sun.id)
        assert found.detail == {"region": DISTRICT, "version": 1}

    @pytest.mark.parametrize("verb", ["update", "delete"])
    def test_a_version_is_never_changed(self, put, db, verb):
        put("C0115", due_hours=1)
        table = CategoryTerms.__table__
        change = table.update().values(due_hours=2) if verb == "update" else table.delete()
        with pytest.raises(DBAPIError, match=r"append|never"), work(db, write=True) as tx:
            tx.execute(change.where(table.c.category_code == "C0115"))


class TestVersions:
    def test_for_staff_only(self, client, as_, cast, there):
        url = f"/v1/categories/C0101/terms?region={DISTRICT}"
        asked = [client.get(url, headers=h) for h in (as_(cast.qian), as_(cast.liu_bo), {})]
        assert [answer.status_code for answer in asked] == [200, 403, 401]

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            (f"nothing/terms?region={DISTRICT}", "category_not_found"),
            ("C0101/terms?region=nowhere", "region_not_found"),
        ],
    )
    def test_what_is_absent(self, client, as_, cast, path, code):
        answer = client.get(f"/v1/categories/{path}", headers=as_(cast.qian))
        assert (answer.status_code, answer.json()["code"]) == (404, code)
