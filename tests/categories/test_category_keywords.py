"""The words that speak for a category: as files, over HTTP, and through the upgrade."""

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import DISTRICT, STREET
from house.test_migrations import blank  # noqa: F401 - a fixture is found by its name
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from app.categories import imports, queries, service
from app.categories.models import Category, CategoryKeyword
from app.categories.schemas import SuggestionDraft
from app.identity.models import Role
from app.kit import clock, migrate
from app.kit.actions import StaffAction
from app.kit.db import work

URL = "/v1/categories/{}/keywords"
WORD = {"category_code": "C0209", "word": "标牌", "weight": "2.5"}


def suggested(db, text):
    with work(db, write=False) as tx:
        found = service.suggestions(tx, SuggestionDraft(text=text)).items
    return [item.code for item in found]


def words(db, code):
    with work(db, write=False) as tx:
        return {k.word: k.weight for k in queries.keywords(tx) if k.code == code}


class TestFiles:
    def test_a_word_that_comes_in_changes_what_is_suggested(self, db, cast, bring):
        assert suggested(db, "健步道的塑胶鼓包了") == []
        row = WORD | {"category_code": "C0126", "word": "健步道", "weight": "3"}
        done = bring("keywords", row, encoding="gbk")
        assert (done.exit_code, done.output) == (
            0, "added 健步道 C0126\nkeywords: 1 added\n",
        )  # fmt: skip
        assert suggested(db, "健步道的塑胶鼓包了") == ["C0126"]
        changed = bring("keywords", row | {"weight": "0.1"}, suffix=".xlsx")
        assert changed.output == (
            "changed 健步道 C0126: weight 3.0 -> 0.1\nkeywords: 1 changed\n"
        )  # fmt: skip
        assert suggested(db, "健步道的塑胶鼓包了") == []

    def test_a_dry_run_says_the_same_and_writes_nothing(self, db, cast, bring):
        dry = bring("keywords", WORD | {"word": "干跑"}, dry=True)
        assert dry.output == "added 干跑 C0209\nkeywords: 1 added\n"
        assert "干跑" not in words(db, "C0209")

    def test_what_goes_out_comes_back_unchanged(self, db, cast, bring, again, taken):
        bring("keywords", WORD | {"word": "=1 +1"}, WORD | {"word": "a b", "weight": "0.3"})
        with work(db, write=False) as tx:
            count = tx.scalar(select(func.count()).select_from(CategoryKeyword))
        assert again("keywords") == count
        rows = {
            (row["category_code"], row["word"]): row["weight"] for row in taken("keywords").rows
        }
        assert (rows["C0209", "=1 +1"], rows["C0209", "a b"]) == ("2.5", "0.3")

    @pytest.mark.parametrize(
        ("more", "finding"),
        [
            ({"category_code": "nothing"}, "category_code: 没有这个类别 No such category"),
            ({"category_code": "C02"}, "category_code: 没有这个类别"),
            ({"category_code": "C0103"}, "category_code: 没有这个类别"),
            ({"category_code": ""}, "category_code 缺失"),
            ({"word": ""}, "word 缺失"),
            ({"word": "长" * 41}, "word 缺失"),
            ({"weight": ""}, "weight 缺失"),
            ({"weight": "heavy"}, "weight 缺失"),
            ({"weight": "0"}, "weight 缺失"),
            ({"weight": "-1"}, "weight 缺失"),
            ({"weight": "10.1"}, "weight 缺失"),
            ({"weight": "nan"}, "weight 缺失"),
            ({"word": "第一"}, "第一 C0209 重复 occurs twice"),
        ],
    )
    def test_a_fault_is_told_by_row_and_column_and_nothing_written(
        self, db, cast, bring, more, finding
    ):
        with work(db, write=True) as tx:
            tx.get_one(Category, "C0103").active = False
        done = bring("keywords", WORD | {"word": "第一"}, WORD | more)
        assert (done.exit_code, f"第 3 行 line 3: {finding}" in done.output) == (1, True), (
            done.output
        )
        assert "第一" not in words(db, "C0209")


class TestOverHttp:
    @pytest.fixture
    def put(self, client, as_, newcomer):
        def send(code, *items, role=Role.ADMINISTRATOR, region=DISTRICT):
            headers = as_(newcomer((role, region)))
            return client.put(URL.format(code), json={"items": list(items)}, headers=headers)

        return send

    def test_all_words_of_a_category_are_replaced(self, client, as_, cast, db, put):
        others = words(db, "C0101")
        body = {"items": [{"word": "交接箱", "weight": 3.0}, {"word": "箱门", "weight": 2.0}]}
        answer = put("C0115", *reversed(body["items"]))
        assert (answer.status_code, answer.json()) == (200, body)
        assert client.get(URL.format("C0115"), headers=as_(cast.wang)).json() == body
        assert suggested(db, "箱门开着") == ["C0115"]
        assert put("C0115").json() == {"items": []}
        assert suggested(db, "箱门开着") == []
        assert words(db, "C0101") == others

    def test_of_a_category_that_is_none_or_out_of_use(self, client, as_, cast, put, db):
        with work(db, write=True) as tx:
            tx.get_one(Category, "C0103").active = False
        for code in ("nothing", "C01", "C0103"):
            answer = put(code, {"word": "x", "weight": 1})
            assert (answer.status_code, answer.json()["code"]) == (404, "category_not_found")
        answer = client.get(URL.format("nothing"), headers=as_(cast.wang))
        assert answer.json()["code"] == "category_not_found"

    def test_by_an_administrator_of_every_district_only(self, db, put):
        before = words(db, "C0101")
        for who in ({"role": Role.DISPATCHER}, {"region": STREET}):
            answer = put("C0101", **who)
            assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
        assert words(db, "C0101") == before

    def test_it_is_logged(self, db, put):
        put("C0113", {"word": "灭火", "weight": 2})
        with work(db, write=False) as tx:
            logged = select(StaffAction).where(StaffAction.action == "keywords.put")
            (done,) = tx.scalars(logged.where(StaffAction.object_id == "C0113"))
        assert done.detail == {}


class TestTable:
    @pytest.mark.parametrize("weight", [0, -1, 10.5, float("nan"), float("inf")])
    def test_no_weight_is_none_or_without_end(self, db, cast, weight):
        row = {"word": "无", "category_code": "C0101", "weight": weight}
        with pytest.raises(DBAPIError), work(db, write=True) as tx:
            tx.execute(insert(CategoryKeyword).values(**row))

    def test_a_category_out_of_use_is_not_suggested_by_its_words(self, db, cast):
        with work(db, write=True) as tx:
            tx.get_one(Category, "C0118").active = False
        try:
            assert "C0118" not in suggested(db, "路灯不亮")
        finally:
            with work(db, write=True) as tx:
                tx.get_one(Category, "C0118").active = True
        assert suggested(db, "路灯不亮")[0] == "C0118"


class TestUpgrade:
    def test_suggestions_survive_it(self, blank):  # noqa: F811
        """A district at the revision before, which left two of the seed's categories out."""
        migrate.upgrade(blank, "0006")
        left_out = {"E0506", "E0507"}
        seed = [row for row in imports.read_seed("categories") if row["code"] not in left_out]
        with work(blank, write=True) as tx:
            tx.add_all(
                Category(**row | {"net_code": None}, updated_at=clock.now())
                for row in sorted(seed, key=lambda row: row["parent_code"] is not None)
            )
        migrate.upgrade(blank)
        expected = {
            (row["word"], row["category_code"], row["weight"])
            for row in imports.read_seed("keywords")
            if row["category_code"] not in left_out
        }
        with work(blank, write=False) as tx:
            assert set(queries.keywords(tx)) == expected
        assert suggested(blank, "井盖不见了")[0] == "C0101"
        with work(blank, write=True) as tx:
            assert service.load_seed(tx) > len(left_out)
            assert service.load_seed(tx) == 0
