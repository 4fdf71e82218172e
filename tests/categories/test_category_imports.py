"""Categories as files: the seed with and without nets, and CSV there and back with a dry run."""

import csv
import io

import pytest
from sqlalchemy import func, select

from app.categories import imports, queries, service, views
from app.categories.imports import CategoryFileInvalid, Change
from app.categories.models import Category
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts.models import Net

LINE = "E0999,E05,0999,event,占用盲道,Blocked tactile path,0,working,4,,8,8,,15,现场可见,1,me,0,1"


@pytest.fixture(scope="module")
def seeded(db):
    """The seed alone: no district has nets yet."""
    with work(db, write=True) as tx:
        kinds = ("categories", "choices", "keywords")
        assert service.load_seed(tx) == sum(len(rows_of(kind)) for kind in kinds)
    return db


@pytest.fixture
def undone(seeded):
    """A unit that leaves nothing behind."""
    with work(seeded, write=True) as tx:
        yield tx
        tx.rollback()


def rows_of(name):
    return imports.read_seed(name)


def file(*lines):
    return "\n".join([",".join(imports.COLUMNS), *lines])


def one(line=LINE, **changed):
    row = next(csv.DictReader(io.StringIO(file(line)))) | changed
    out = io.StringIO()
    csv.DictWriter(out, imports.COLUMNS).writerow(row)
    return file(out.getvalue())


def rows(text):
    found, findings = imports.read_csv(text)
    assert findings == []
    return found


class TestSeed:
    def test_hazards_run_by_all_hours_and_others_by_working_hours(self):
        for row in rows_of("categories"):
            hazard = row["hazard"]
            assert row["clock"] == ("continuous" if hazard else "working"), row["code"]
            assert row["check_hours"] == (24 if hazard else 8)
            # A sick field is no hazard, and still somebody is there within a day.
            assert (row["code"] == "E0601") <= (row["safe_hours"] == 24)
            assert hazard or row["code"] == "E0601" or row["safe_hours"] is None
            assert row["net_code"] in {"city", "governance", "building", "party"}

    def test_the_manhole_cover_and_the_sick_rice(self):
        seed = {row["code"]: row for row in rows_of("categories")}
        names = ("hazard", "accept_hours", "safe_hours", "due_hours")
        assert [seed["C0101"][name] for name in names] == [True, 1, 1, 24]
        rice = seed["E0601"]
        assert (rice["parent_code"], rice["net_code"]) == ("E06", "governance")
        assert [rice[name] for name in names] == [False, 2, 24, 8]
        assert (rice["source"], rice["verified"]) == ("district sample", False)
        assert seed["E0101"]["net_code"] == "building"

    def test_national_codes_are_unique_per_kind(self):
        pairs = [(row["kind"], row["national_code"]) for row in rows_of("categories")]
        assert len(pairs) == len(set(pairs))

    def test_the_nets_may_come_later(self, undone):
        tx = undone
        assert set(tx.scalars(select(Category.net_code))) == {None}
        edited = tx.get_one(Category, "C0102")
        edited.version = 2
        tx.add_all(Net(code=c, name=c, name_en=c, position=1) for c in ("city", "building"))
        tx.flush()
        assert service.load_seed(tx) == 0
        found = {c.code: c.net_code for c in tx.scalars(select(Category))}
        assert (found["C0101"], found["E0101"]) == ("city", "building")
        # A net that is still absent, and a category that the district changed.
        assert (found["E0601"], found["C0102"]) == (None, None)

    def test_what_a_reporter_taps_for_a_sick_field(self, undone):
        assert queries.category_of_choice(undone, "crops") == "E0601"


class TestReading:
    def test_a_good_row(self):
        (row,) = rows("\ufeff" + one())
        assert (row["code"], row["hazard"], row["due_hours"], row["safe_hours"]) == (
            "E0999", False, 8, None,
        )  # fmt: skip
        assert row["net_code"] is None

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("code", "a b"), ("code", ""), ("parent_code", "?"), ("national_code", ""),
            ("kind", "thing"), ("name", ""), ("name", "长" * 201), ("hazard", "yes"),
            ("clock", ""), ("accept_hours", "0"), ("due_hours", ""), ("due_hours", "-1"),
            ("due_hours", "1.5"), ("due_hours", "١"), ("safe_hours", "0"), ("check_hours", "x"),
            ("duplicate_radius_m", ""), ("version", "0"), ("active", ""), ("source", ""),
        ],
    )  # fmt: skip
    def test_a_bad_value_is_named_and_not_repeated(self, column, value):
        found, findings = imports.read_csv(one(**{column: value}))
        assert found == []
        assert findings == [f"第 2 行无效 invalid: {column}"]

    def test_good_rows_are_read_beside_bad_ones(self):
        found, findings = imports.read_csv(file("x", LINE, LINE + ",more"))
        assert [row["code"] for row in found] == ["E0999"]
        assert len(findings) == 2

    def test_columns_that_are_missing(self):
        assert imports.read_csv("code,name\nC1,x") == (
            [], ["缺少列 missing columns: " + ", ".join(
                c for c in imports.COLUMNS if c not in {"code", "name"})],
        )  # fmt: skip
        assert imports.read_csv("")[1]

    def test_the_same_code_twice(self):
        assert imports.read_csv(file(LINE, LINE))[1] == ["E0999: 重复的 code duplicate code"]


class TestPlan:
    def test_there_and_back_is_unchanged(self, undone):
        text = imports.export_csv(undone)
        changes = imports.plan(undone, rows(text))
        assert {change.kind for change in changes} == {"unchanged"}
        assert len(changes) == len(rows_of("categories"))

    def test_a_dry_run_says_what_would_change_and_writes_nothing(self, undone):
        text = imports.export_csv(undone)
        text = text.replace("路灯,Street light,0,working,4,,24", "路灯,Street lamp,0,working,4,,16")
        changes = imports.plan(undone, rows(text + LINE))
        kinds = {change.code: change for change in changes if change.kind != "unchanged"}
        assert kinds == {
            "C0118": Change("C0118", "changed", ("name_en", "due_hours")),
            "E0999": Change("E0999", "added"),
        }
        assert imports.export_csv(undone) != text
        assert undone.get(Category, "E0999") is None

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"parent_code": "E77"}, "no main category"),
            ({"parent_code": "E0507"}, "no main category"),
            ({"parent_code": "C01"}, "another kind"),
            ({"net_code": "nothing"}, "unknown net nothing"),
            ({"national_code": "0507"}, "national code taken 0507"),
            ({"code": "E05", "national_code": "05", "parent_code": "E04"}, "has no parent"),
        ],
    )
    def test_what_does_not_fit(self, undone, changed, said):
        with pytest.raises(CategoryFileInvalid, match=said):
            service.apply(undone, None, rows(one(**changed)))

    def test_no_formula_leaves_and_the_text_comes_back(self, undone):
        undone.get_one(Category, "C0118").name = "=HYPERLINK(1)"
        text = imports.export_csv(undone)
        assert ",'=HYPERLINK(1)," in text
        assert {c.kind for c in imports.plan(undone, rows(text))} == {"unchanged"}


class TestApply:
    def test_each_change_raises_the_version(self, undone):
        tx = undone
        for hours in (16, 32):
            text = one(due_hours=str(hours))
            kinds = [change.kind for change in service.apply(tx, None, rows(text))]
            assert kinds == ["added" if hours == 16 else "changed"]
        category = tx.get_one(Category, "E0999")
        assert (category.version, category.due_hours) == (2, 32)
        assert [c.kind for c in service.apply(tx, None, rows(text))] == ["unchanged"]
        assert category.version == 2

    def test_children_may_stand_before_their_parent(self, undone):
        parent = "E99,,99,event,新大类,New group,0,working,4,,8,8,,20,,1,me,0,1"
        child = LINE.replace("E05", "E99")
        service.apply(undone, None, rows(file(child, parent)))
        assert queries.get_category(undone, "E0999").parent_code == "E99"

    def test_what_the_file_leaves_out_stays(self, undone):
        count = select(func.count()).select_from(Category)
        before = undone.scalar(count)
        service.apply(undone, None, rows(one()))
        assert undone.scalar(count) == before + 1

    def test_it_is_logged(self, undone):
        service.apply(undone, None, rows(one()))
        service.apply(undone, None, rows(one(hazard="1")))
        found = undone.execute(
            select(StaffAction.action, StaffAction.detail).where(StaffAction.object_id == "E0999")
        )
        assert sorted((action, detail["fields"]) for action, detail in found) == [
            ("category.added", []), ("category.changed", ["hazard"]),
        ]  # fmt: skip

    def test_a_retired_category_is_gone_from_the_catalogue(self, undone):
        service.apply(undone, None, rows(one(active="0")))
        assert "E0999" not in {c.code for c in views.catalogue(undone).categories}
