"""Plain choices and a district's terms as files, by the script, on both databases."""

import json

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import DISTRICT, STREET
from sqlalchemy import func, select

from app.categories import queries, service
from app.categories.models import CategoryTerms, PlainChoice
from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts.models import Net, Unit
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"
QUESTIONS = [
    {"code": "depth_cm", "text": "多深（厘米）？", "text_en": "How deep?", "kind": "number",
     "choices": [], "required": True},
    {"code": "cover", "text": "井盖还在吗？", "text_en": None, "kind": "choice",
     "choices": ["在", "不在"], "required": False},
]  # fmt: skip
WHOLE = {
    "net_code": "governance", "level": 1, "unit_code": "water-works", "clock": "working",
    "accept_hours": 2, "safe_hours": 3, "due_hours": 40, "check_hours": 5, "most_returns": 1,
    "hazard": False, "duplicate_radius_m": 0, "filing_condition": "井盖破损且在本区",
}  # fmt: skip
CHOICE = {
    "code": "drain", "name": "下水道堵塞", "name_en": "Blocked drain", "category_code": "C0102",
    "position": 30,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def there(db, cast):
    """Nets, a unit, the seed, and another district."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        for code in ("city", "governance", "building", "party"):
            tx.add(Net(code=code, name=code, name_en=code, position=1))
        tx.add(Unit(code="water-works", name="水务", region_code=STREET, active=True))
        tx.flush()
        service.load_seed(tx)


def terms(code, **more):
    return {"region_code": DISTRICT, "category_code": code, **more}


def versions(db, code, district=DISTRICT):
    with work(db, write=False) as tx:
        return queries.own_terms(tx, code, district)


class TestTerms:
    @pytest.mark.parametrize(
        ("code", "how"), [("C0101", {}), ("C0102", {"suffix": ".xlsx"}),
                          ("C0103", {"encoding": "gb18030"})],
    )  # fmt: skip
    def test_every_column_arrives_as_a_version(self, db, bring, code, how):
        questions = json.dumps(QUESTIONS, ensure_ascii=False)
        done = bring("terms", terms(code, **WHOLE, questions=questions), **how)
        assert (done.exit_code, done.output) == (
            0, f"added {DISTRICT} {code}\nterms: 1 added\n",
        )  # fmt: skip
        (row,) = versions(db, code)
        assert {name: getattr(row, name) for name in WHOLE} == WHOLE
        assert (row.version, row.set_by, row.questions) == (1, None, QUESTIONS)

    def test_what_goes_out_comes_back_unchanged(self, db, bring, again):
        bring("terms", terms("C0104", due_hours=9, questions=json.dumps(QUESTIONS[:1])),
              {"region_code": FAR, "category_code": "C0104", "hazard": "是"})  # fmt: skip
        with work(db, write=False) as tx:
            before = tx.scalar(select(func.count()).select_from(CategoryTerms))
        assert again("terms") >= 2
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).select_from(CategoryTerms)) == before

    def test_only_what_differs_is_a_new_version(self, db, bring):
        rows = [terms(code, due_hours=9, accept_hours=2) for code in ("C0105", "C0106")]
        bring("terms", *rows)
        rows[1]["due_hours"] = 8
        done = bring("terms", *rows)
        assert done.output == (
            f"changed {DISTRICT} C0106: due_hours 9 -> 8\nterms: 1 changed, 1 unchanged\n"
        )
        assert [len(versions(db, code)) for code in ("C0105", "C0106")] == [1, 2]
        assert versions(db, "C0106")[0].due_hours == 8
        assert bring("terms", *rows).output == "terms: 2 unchanged\n"

    def test_an_empty_cell_is_the_categorys_own_again(self, db, bring):
        bring("terms", terms("C0107", due_hours=9))
        done = bring("terms", terms("C0107", due_hours=""))
        assert f"changed {DISTRICT} C0107: due_hours 9 -> -" in done.output
        assert versions(db, "C0107")[0].due_hours is None

    def test_a_dry_run_says_the_same_and_writes_nothing(self, db, bring):
        dry = bring("terms", terms("C0111", due_hours=9), dry=True)
        assert dry.output == f"added {DISTRICT} C0111\nterms: 1 added\n"
        assert versions(db, "C0111") == []

    @pytest.mark.parametrize(
        ("row", "finding"),
        [
            (terms("C0113", net_code="nothing"), "net_code: 没有这张网 No such net"),
            (terms("C0113", unit_code="nothing"), "unit_code: 本区县没有这个责任单位"),
            (terms("C0113", level=7), "level: 本区县没有这一级网格"),
            (terms("C01"), "category_code: 没有这个类别 No such category"),
            (terms(""), "category_code 缺失"),
            (terms("C0113") | {"region_code": "nowhere"}, "region_code: 所选区域不存在"),
            (terms("C0113") | {"region_code": STREET}, "region_code: 类别办理条件按区县设置"),
            (terms("C0113", due_hours="soon"), "due_hours 缺失"),
            (terms("C0113", due_hours="9" * 5000), "due_hours 缺失"),
            (terms("C0113", due_hours=0), "due_hours 缺失"),
            (terms("C0113", clock="lunar"), "clock 缺失"),
            (terms("C0113", hazard="maybe"), "hazard 缺失"),
            (terms("C0113", questions="[{"), "questions 缺失"),
            (terms("C0113", questions="[" * 9000), "questions 缺失"),
            (terms("C0113", questions='[{"code": "a", "text": "?", "kind": "x"}]'),
             "questions.0.kind 缺失"),
            (terms("C0113", questions=json.dumps([QUESTIONS[0]] * 2)), "a question is named twice"),
        ],
    )  # fmt: skip
    def test_a_fault_is_told_by_row_and_column_and_nothing_written(self, db, bring, row, finding):
        done = bring("terms", terms("C0114", due_hours=9), row)
        assert done.exit_code == 1
        assert f"第 3 行 line 3: {finding}" in done.output or "named twice" in finding, done.output
        assert finding in done.output
        assert versions(db, "C0114") == []

    def test_the_same_category_twice(self, bring):
        done = bring("terms", terms("C0114"), terms("C0114", level=1))
        assert (done.exit_code, "line 3: " in done.output) == (1, True)
        assert "occurs twice" in done.output


class TestChoices:
    def test_added_changed_unchanged(self, db, bring, again):
        assert bring("choices", CHOICE, encoding="gbk").output == "added drain\nchoices: 1 added\n"
        changed = bring("choices", CHOICE | {"name": "污水外溢"}, suffix=".xlsx")
        assert changed.output == (
            "changed drain: name 下水道堵塞 -> 污水外溢\nchoices: 1 changed\n"
        )
        assert again("choices") > 8
        with work(db, write=False) as tx:
            assert tx.get_one(PlainChoice, "drain").name == "污水外溢"

    def test_a_dry_run_writes_nothing(self, db, bring):
        dry = bring("choices", CHOICE | {"code": "drain-2"}, dry=True)
        assert dry.output == "added drain-2\nchoices: 1 added\n"
        with work(db, write=False) as tx:
            assert tx.get(PlainChoice, "drain-2") is None

    @pytest.mark.parametrize(
        ("more", "finding"),
        [
            ({"category_code": "C01"}, "category_code: 没有这个类别 No such category"),
            ({"category_code": "nothing"}, "category_code: 没有这个类别"),
            ({"position": "x"}, "position 缺失"),
            ({"name": "很" * 65}, "name 缺失"),
            ({"code": "a b"}, "code 缺失"),
        ],
    )
    def test_a_fault_is_told_by_row_and_column(self, db, bring, more, finding):
        done = bring("choices", CHOICE | {"code": "first"}, CHOICE | more)
        assert (done.exit_code, f"第 3 行 line 3: {finding}" in done.output) == (1, True)
        with work(db, write=False) as tx:
            assert tx.get(PlainChoice, "first") is None


class TestPutChoice:
    @pytest.fixture
    def put(self, client, as_, newcomer):
        body = {name: word for name, word in CHOICE.items() if name != "code"}

        def send(code, *districts, **more):
            who = newcomer(*((Role.ADMINISTRATOR, district) for district in districts))
            url = f"/v1/categories/choices/{code}"
            return client.put(url, json=body | more, headers=as_(who))

        return send

    def test_adds_and_replaces(self, client, put):
        assert put("smell", DISTRICT, FAR).status_code == 200
        answer = put("smell", DISTRICT, FAR, name="臭味", position=0)
        assert answer.json() == CHOICE | {"code": "smell", "name": "臭味", "position": 0}
        assert client.get("/v1/categories").json()["choices"][0] == answer.json()

    def test_for_an_administrator_of_every_district_only(self, db, put):
        for districts in ([DISTRICT], [FAR], [STREET, FAR]):
            answer = put("smell-2", *districts)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
        with work(db, write=False) as tx:
            assert tx.get(PlainChoice, "smell-2") is None

    @pytest.mark.parametrize("category", ["C01", "nothing"])
    def test_what_is_no_category(self, put, category):
        answer = put("smell-3", DISTRICT, FAR, category_code=category)
        assert (answer.status_code, answer.json()["code"]) == (422, "category_unknown")

    def test_it_is_logged(self, db, put):
        put("smell-4", DISTRICT, FAR)
        with work(db, write=False) as tx:
            logged = select(StaffAction).where(StaffAction.object_id == "smell-4")
            assert tx.scalars(logged).one().action == "choice.put"
