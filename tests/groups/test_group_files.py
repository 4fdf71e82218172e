"""Grid groups as a file: their grids, never their robots, in somebody's name."""

import itertools
from uuid import UUID, uuid4

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import DISTRICT, GRID, OTHER_GRID, VILLAGE
from groups.conftest import WEBHOOK
from shapely import box
from sqlalchemy import func, select

from app.grids import service as grids
from app.grids.imports import GridDraft
from app.groups.models import Group, GroupGrid
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions import service as regions
from app.regions.schemas import RegionDraft

NUMBER = itertools.count(1)
FAR, FAR_GRID = "500231000000", "500231001001001"


@pytest.fixture(scope="module", autouse=True)
def far(db, cast):
    """A grid in another district."""
    with work(db, write=True) as tx:
        regions.import_regions(
            tx,
            [
                RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None),
                RegionDraft("500231001000", "桂溪", "桂溪", 1, "街道", FAR),
                RegionDraft("500231001001", "村", "村", 2, "村", "500231001000"),
            ],
        )
        shape = box(107.30, 30.30, 107.31, 30.31)
        draft = GridDraft(
            code=FAR_GRID, name="垫江格", level=3, parent="500231001001", net=1,
            town="500231001000", shape=shape,
        )  # fmt: skip
        grids.import_grids(tx, [draft])


@pytest.fixture
def name():
    return f"莲花{next(NUMBER)}群"


def row(name, *codes, **more):
    return {"name": name, "members": 120, "grid_codes": "|".join(codes or [GRID]), **more}


def groups(db, name):
    """Region, members, whether in use and grids of the groups with a name."""
    with work(db, write=False) as tx:
        found = tx.scalars(select(Group).where(Group.name == name).order_by(Group.id)).all()
        inside = select(GroupGrid.region_code).order_by(GroupGrid.region_code)
        return [
            (g.region_code, g.members, g.active,
             list(tx.scalars(inside.where(GroupGrid.group_id == g.id))))
            for g in found
        ]  # fmt: skip


def test_added_in_the_name_of_who_answers_for_it(db, bring, cast, name):
    done = bring("groups", row(name, OTHER_GRID, GRID), by="sun", encoding="gbk")
    assert done.output == f"added {DISTRICT} {name}\ngroups: 1 added\n"
    assert groups(db, name) == [(VILLAGE, 120, True, [GRID, OTHER_GRID])]
    with work(db, write=False) as tx:
        assert tx.scalars(select(Group.created_by).where(Group.name == name)).one() == cast.sun.id
        done = select(StaffAction.actor_id).where(StaffAction.action == "groups.imported")
        assert set(tx.scalars(done)) == {cast.sun.id}


def test_changed_by_its_name_and_again_by_nothing(db, bring, name):
    bring("groups", row(name), by="sun")
    changed = row(name, GRID, OTHER_GRID, members=5, active="否")
    done = bring("groups", changed, by="sun", suffix=".xlsx")
    assert f"grid_codes {GRID} -> {GRID}|{OTHER_GRID}; active True -> False" in done.output
    assert groups(db, name) == [(VILLAGE, 5, False, [GRID, OTHER_GRID])]
    assert bring("groups", changed, by="sun").output == "groups: 1 unchanged\n"
    # The same name in another district is another group.
    assert "1 added" in bring("groups", row(name, FAR_GRID), by="sun").output


def test_renamed_by_its_id(db, bring, taken, name):
    bring("groups", row(name), by="sun")
    (mine,) = (line for line in taken("groups").rows if line["name"] == name)
    done = bring("groups", mine | {"name": f"{name}新"}, by="sun")
    assert f"changed {mine['id']}: name {name} -> {name}新" in done.output
    assert (len(groups(db, name)), len(groups(db, f"{name}新"))) == (0, 1)
    # Of another installation's ids only the names count.
    assert bring("groups", mine | {"name": f"{name}新", "id": str(uuid4())}, by="sun").output == (
        "groups: 1 unchanged\n"
    )


def test_what_goes_out_comes_back_unchanged_and_tells_no_key(
    db, bring, again, xinxin, tmp_path, group, name
):
    _, key = group(name=name)
    group(name=name)
    group(name=f"{name}旧", active=False)
    assert again("groups", "--by", "sun") >= 3
    for suffix in (".csv", ".xlsx"):
        xinxin("export", "groups", tmp_path / f"out{suffix}")
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    with work(db, write=False) as tx:
        sealed = [word for word in tx.scalars(select(Group.sealed_key)) if word]
    assert sealed
    assert not any(word in text for word in (key, "qyapi", *sealed))


def test_a_robot_stays_and_none_comes_by_a_file(db, bring, group, name):
    made, _ = group(name=name)
    bring("groups", row(name, members=7, webhook=WEBHOOK + str(uuid4())), by="sun")
    bring("groups", row(f"{name}2", webhook=WEBHOOK + str(uuid4())), by="sun")
    with work(db, write=False) as tx:
        had = tx.get_one(Group, UUID(made["id"]))
        assert (had.members, had.sealed_key is not None) == (7, True)
        assert tx.scalars(select(Group).where(Group.name == f"{name}2")).one().sealed_key is None


def test_a_dry_run_says_the_same_and_writes_nothing(db, bring, name):
    dry = bring("groups", row(name), by="sun", dry=True)
    assert dry.output == f"added {DISTRICT} {name}\ngroups: 1 added\n"
    assert groups(db, name) == []


@pytest.mark.parametrize("by", [None, "nobody"])
def test_somebody_answers_for_it(db, bring, name, by):
    done = bring("groups", row(name), by=by)
    assert (done.exit_code, "--by" in done.output or "signs in as" in done.output) == (2, True)
    assert groups(db, name) == []


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"grid_codes": VILLAGE}, "grid_codes: 所选网格不存在"),
        ({"grid_codes": "nowhere"}, "grid_codes: 所选网格不存在"),
        ({"grid_codes": f"{GRID}|{FAR_GRID}"}, "grid_codes: 一个群的网格须在同一区县"),
        ({"grid_codes": ""}, "grid_codes 缺失"),
        ({"members": "many"}, "members 缺失"),
        ({"name": ""}, "name 缺失"),
        ({"active": "maybe"}, "active 缺失"),
    ],
)
def test_a_fault_is_told_by_row_and_column(db, bring, name, more, finding):
    with work(db, write=False) as tx:
        before = tx.scalar(select(func.count()).select_from(Group))
    done = bring("groups", row(name), row(f"{name}2") | more, by="sun")
    assert (done.exit_code, f"第 3 行 line 3: {finding}" in done.output) == (1, True), done.output
    with work(db, write=False) as tx:
        assert tx.scalar(select(func.count()).select_from(Group)) == before


def test_a_name_that_several_have_needs_the_id(bring, group, name):
    group(name=name)
    group(name=name)
    done = bring("groups", row(name), by="sun")
    assert (done.exit_code, "line 2: id: 同名的群不止一个" in done.output) == (1, True)
