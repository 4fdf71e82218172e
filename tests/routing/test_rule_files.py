"""A district's routing rules as a file: its next version, only where it differs."""

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import DISTRICT, STREET, VILLAGE
from routing.build import Town
from sqlalchemy import func, select

from app.kit.db import work
from app.posts import service as posts
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.routing import queries
from app.routing.models import RuleSet

OTHER = "500231000000"


@pytest.fixture(scope="module", autouse=True)
def there(db, cast):
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        import_regions(tx, [RegionDraft(OTHER, "垫江县", "垫江县", 0, "县", None)])
        Town(tx, None).unit("U1")


def rule(position, name, district=DISTRICT, **more):
    return {"district": district, "position": position, "name": name, **more}


HEAD = {"post_code": "grid_head"}
FULL = {
    "category_code": "E0601", "net_code": "governance", "region_code": VILLAGE, "source": "report",
    "weekdays": "6|7", "starts": "22:00", "ends": "06:00", "unit_code": "U1",
}  # fmt: skip


def published(db, district=DISTRICT):
    """Version and rules."""
    with work(db, write=False) as tx:
        found = queries.find_set(tx, district, None)
        version = found.version if found else 0
        return version, queries.of_version(tx, district, version)


def test_the_next_version_as_a_whole_and_only_where_it_differs(db, bring):
    before, _ = published(db)
    rows = [rule(1, "夜间农事", **FULL), rule(2, "归网格长", **HEAD)]
    assert bring("rules", *rows).exit_code == 0
    version, rules = published(db)
    assert version == before + 1
    first = {name: getattr(rules[0], name) for name in FULL}
    assert first == FULL | {"weekdays": (6, 7)}
    assert bring("rules", *rows, suffix=".xlsx").output == "rules: 1 unchanged\n"
    # Positions only order, wherever the rows stand.
    apart = [rows[1] | {"position": 70}, rows[0] | {"position": 5, "weekdays": "7 | 6"}]
    assert bring("rules", *apart, encoding="gb18030").output == "rules: 1 unchanged\n"
    assert published(db)[0] == version
    done = bring("rules", rule(1, "归网格长", **HEAD))
    assert "rule 2 归网格长 (post_code=grid_head) -> -" in done.output
    assert [(r.position, r.name) for r in published(db)[1]] == [(1, "归网格长")]
    assert published(db)[0] == version + 1


def test_what_goes_out_comes_back_unchanged(db, bring, again, taken):
    bring("rules", rule(1, "夜间农事", **FULL), rule(2, "归网格长", **HEAD),
          rule(1, "归网格长", OTHER, **HEAD))  # fmt: skip
    with work(db, write=False) as tx:
        before = tx.scalar(select(func.count()).select_from(RuleSet))
    assert again("rules", objects=2) == 3
    with work(db, write=False) as tx:
        assert tx.scalar(select(func.count()).select_from(RuleSet)) == before
    assert taken("rules").rows[0]["weekdays"] == "6|7"


def test_each_district_by_itself(db, bring):
    bring("rules", rule(1, "一", **HEAD), rule(1, "二", OTHER, **HEAD))
    mine, theirs = published(db)[0], published(db, OTHER)[0]
    done = bring("rules", rule(1, "一", **HEAD), rule(1, "三", OTHER, **HEAD))
    assert "rules: 1 changed, 1 unchanged" in done.output
    assert (published(db)[0], published(db, OTHER)[0]) == (mine, theirs + 1)
    # A file that does not name a district leaves it alone.
    bring("rules", rule(1, "四", **HEAD))
    assert published(db, OTHER)[0] == theirs + 1


def test_a_dry_run_says_the_same_and_writes_nothing(db, bring):
    bring("rules", rule(1, "一", **HEAD))
    before = published(db)
    dry = bring("rules", rule(1, "五", **HEAD), dry=True)
    assert (
        f"changed {DISTRICT}: rule 1 一 (post_code=grid_head) -> 五 (post_code=grid_head)\n"
        in dry.output
    )
    assert published(db) == before


def test_what_is_wrong_with_them_now_is_noted_and_stops_nothing(db, bring):
    done = bring("rules", rule(2, "归医生", post_code="doctor"), rule(1, "归网格长", **HEAD))
    assert done.exit_code == 0
    assert "第 2 行 line 2: 第2条“归医生”指向的岗位或单位现在无人" in done.output


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (rule(9, "x", post_code="nothing"), "post_code: 分派规则里有不存在的代码"),
        (rule(9, "x", **HEAD, category_code="nothing"), "category_code: 分派规则里有不存在的代码"),
        (rule(9, "x", **HEAD, region_code=OTHER), "region_code: 分派规则里有不存在的代码"),
        (rule(9, "x", STREET, **HEAD), "district: 分派规则里有不存在的代码"),
        (rule(9, "x", "nowhere", **HEAD), "district: 没有这个区域"),
        (rule(9, "x", "a/b", **HEAD), "district 缺失"),
        (rule("", "x", **HEAD), "position 缺失"),
        (rule(0, "x", **HEAD), "position 缺失"),
        (rule(1, "x", **HEAD), "重复 occurs twice"),
        (rule(9, "", **HEAD), "name 缺失"),
        (
            rule(9, "x"),
            "各列不相符 columns do not fit: post_code 和 unit_code 要填且只填一个 either",
        ),
        (rule(9, "x", **HEAD, weekdays="1|8"), "weekdays.1 缺失"),
        (rule(9, "x", **HEAD, weekdays="Mo"), "weekdays 缺失"),
        (
            rule(9, "x", **HEAD, starts="08:00"),
            "各列不相符 columns do not fit: 开始和结束时间要一起填 starts and ends belong",
        ),
        (rule(9, "x", **HEAD, source="rumour"), "source 缺失"),
    ],
)
def test_a_fault_is_told_by_row_and_column(db, bring, row, finding):
    before = published(db)
    done = bring("rules", rule(1, "六", **HEAD), row)
    assert done.exit_code == 1
    assert f"第 3 行 line 3: {finding}" in done.output or "occurs twice" in finding, done.output
    assert finding in done.output
    assert published(db) == before


def test_more_rules_than_a_set_holds(db, bring):
    before = published(db)
    done = bring("rules", *(rule(n, "x", **HEAD) for n in range(1, 202)))
    assert (done.exit_code, "line 202: 超过 200 条" in done.output) == (1, True)
    assert published(db) == before
