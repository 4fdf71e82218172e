"""Nets, units, posts, groupings and appointments as files, by the script, on both databases."""

import itertools

import pytest
from bringing import *  # noqa: F403 - fixtures are found by their names
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE, make_staff
from posts.build import day, instant
from sqlalchemy import func, select

from app.cli.acting import operator
from app.identity.models import Grant
from app.kit import sheets
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts import exports, files, loading, service
from app.posts.models import Appointment, Net, Post, Unit
from app.regions import queries as regions

NUMBER = itertools.count(1)
NET = {"code": "n-1", "name": "环保", "name_en": "Environment", "position": "9"}
UNIT = {"code": "u-1", "name": "农业服务中心", "region_code": STREET, "active": "1"}
POST = {
    "code": "p-1", "name": "护林员", "name_en": "Ranger", "role": "grid_staff", "position": "90",
    "duties": "巡山|报火情", "level": "3", "rung": "1", "net_code": "", "on_board": "是",
}  # fmt: skip
GROUPING = {
    "code": "lc-1", "name": "联村", "kind": "joint_villages", "district": DISTRICT,
    "region_codes": f"{OTHER_GRID}|{GRID}",
}  # fmt: skip


@pytest.fixture
def seeded(db, cast):
    with work(db, write=True) as tx:
        service.load_seed(tx)


@pytest.fixture
def ranger(db, cast):
    """A new member of staff, by user name."""
    name = f"ranger{next(NUMBER)}"
    with work(db, write=True) as tx:
        return make_staff(tx, name)


def appointment(person, **more):
    row = {"username": person.name, "post_code": "grid_staff_full", "region_code": GRID}
    return row | {"starts_on": day(), "phone": "13812348000"} | more


def roles(db, person):
    with work(db, write=False) as tx:
        living = select(Grant.role, Grant.region_code).where(Grant.revoked_at.is_(None))
        return set(tx.execute(living.where(Grant.person_id == person.id)).all())


def imported(db, kind):
    with work(db, write=False) as tx:
        query = select(StaffAction.actor_id, StaffAction.detail).order_by(StaffAction.id)
        return tx.execute(query.where(StaffAction.action == f"{kind}.imported")).all()


class TestRoundTrip:
    @pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
    @pytest.mark.parametrize("kind", [*files.TABLES, "categories"])
    def test_what_goes_out_comes_back_unchanged(
        self, xinxin, bring, seeded, ranger, tmp_path, kind, suffix
    ):
        for other, row in (
            ("units", UNIT | {"name": "=1+1"}), ("groupings", GROUPING),
            ("appointments", appointment(ranger, unit_code="u-1", ends_on=day(5))),
            ("appointments", appointment(ranger, region_code="", grouping_code="lc-1")),
            ("leaves", {"username": ranger.name, "stand_in_username": "wang", "note": "=1+1",
                        "starts_at": instant(hours=-1), "ends_at": instant(days=1)}),
        ):  # fmt: skip
            done = bring(other, row, by="sun")
            assert done.exit_code == 0, done.output
        file = tmp_path / f"out{suffix}"
        count = int(xinxin("export", kind, file).output.split()[0])
        assert count > 0
        again = xinxin("import", kind, file, "--by", "sun")
        assert (again.exit_code, again.output) == (0, f"{kind}: {count} unchanged\n")

    def test_an_appointment_names_its_person(self, db, bring, seeded, ranger):
        assert bring("appointments", appointment(ranger)).exit_code == 0
        with work(db, write=False) as tx:
            (row,) = (
                row for row in exports.rows(tx, "appointments") if row["username"] == ranger.name
            )
        assert (row["member_no"], row["name"], row["phone"]) == (
            ranger.member_no, ranger.name, "13812348000",
        )  # fmt: skip


class TestNets:
    def test_added_changed_unchanged(self, db, bring, cast):
        code = f"n-{next(NUMBER)}x"
        row = NET | {"code": code}
        assert bring("nets", row, suffix=".xlsx").output == f"added {code}\nnets: 1 added\n"
        assert bring("nets", row).output == "nets: 1 unchanged\n"
        changed = bring("nets", row | {"position": "8", "name": " 生态 "})
        assert changed.output == (
            f"changed {code}: name 环保 -> 生态; position 9 -> 8\nnets: 1 changed\n"
        )
        with work(db, write=False) as tx:
            net = tx.get_one(Net, code)
            assert (net.name, net.position) == ("生态", 8)

    def test_a_dry_run_says_the_same_and_writes_nothing(self, db, bring, cast):
        code = f"n-{next(NUMBER)}x"
        before = imported(db, "nets")
        dry = bring("nets", NET | {"code": code}, dry=True)
        assert (dry.exit_code, dry.output) == (0, f"added {code}\nnets: 1 added\n")
        with work(db, write=False) as tx:
            assert tx.get(Net, code) is None
        assert imported(db, "nets") == before

    def test_one_action_of_nobody(self, db, bring, cast):
        before = imported(db, "nets")
        bring("nets", NET, NET | {"code": "n-2"})
        (action,) = imported(db, "nets")[len(before) :]
        assert action.actor_id is None
        assert action.detail["rows"] == 2


class TestFaults:
    def refused(self, db, done, *findings):
        assert done.exit_code == 1
        for finding in findings:
            assert finding in done.output

    def test_all_are_told_by_their_lines_and_nothing_is_written(self, db, bring, cast):
        good = NET | {"code": "n-good"}
        done = bring(
            "nets", good, NET | {"code": "n/3"}, NET | {"code": "n-4", "position": "two"},
            good, NET | {"code": "n-5", "name": ""}, NET | {"code": "n-6", "name_en": "a\x0bb"},
        )  # fmt: skip
        self.refused(
            db, done, "第 3 行 line 3: code 缺失或格式不对 missing or malformed",
            "第 4 行 line 4: position 缺失", "第 5 行 line 5: n-good 重复 occurs twice",
            "第 6 行 line 6: name 缺失",
        )  # fmt: skip
        with work(db, write=False) as tx:
            assert tx.get(Net, "n-good") is None

    def test_a_column_that_is_missing(self, db, bring, cast):
        done = bring("nets", {"code": "n-9", "name": "x"})
        self.refused(db, done, "缺少列 missing columns: name_en, position")

    def test_a_file_that_is_no_table(self, xinxin, db, cast, tmp_path):
        (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
        self.refused(db, xinxin("import", "nets", tmp_path / "x.xlsx"), "not a valid XLSX")

    @pytest.mark.parametrize(
        ("kind", "row", "finding"),
        [
            ("units", UNIT | {"region_code": "nowhere"}, "The chosen region does not exist"),
            ("units", UNIT | {"active": "maybe"}, "active 缺失"),
            ("posts", POST | {"net_code": "nowhere"}, "The chosen net does not exist"),
            ("posts", POST | {"role": "fund_manager"}, "role 缺失"),
            ("posts", POST | {"rung": "10"}, "rung 缺失"),
            ("groupings", GROUPING | {"region_codes": "nowhere"}, "region does not exist"),
            ("groupings", GROUPING | {"region_codes": ""}, "region_codes 缺失"),
            ("groupings", GROUPING | {"district": VILLAGE, "region_codes": STREET}, "member must"),
        ],
    )
    def test_what_services_refuse_is_told_too(self, db, bring, seeded, kind, row, finding):
        ok = {"units": UNIT, "posts": POST, "groupings": GROUPING}[kind] | {"code": "first-1"}
        before = imported(db, kind)
        self.refused(db, bring(kind, ok, row), "第 3 行 line 3: ", finding)
        with work(db, write=False) as tx:
            assert "first-1" not in exports.current(tx, kind)
        assert imported(db, kind) == before

    def test_a_dry_run_tells_them_as_well(self, db, bring, seeded):
        done = bring("units", UNIT | {"region_code": "nowhere"}, dry=True)
        self.refused(db, done, "The chosen region does not exist")

    def test_the_role_of_a_post_that_is_held(self, db, bring, seeded, ranger):
        assert bring("posts", POST | {"code": "p-held"}).exit_code == 0
        assert bring("appointments", appointment(ranger, post_code="p-held")).exit_code == 0
        done = bring("posts", POST | {"code": "p-held", "role": "checker"})
        self.refused(db, done, "its role cannot change")
        with work(db, write=False) as tx:
            assert tx.get_one(Post, "p-held").role == "grid_staff"


class TestPostsAndUnits:
    def test_every_column_arrives(self, db, bring, seeded):
        assert bring("posts", POST).exit_code == 0
        assert bring("units", UNIT | {"active": "否"}).exit_code == 0
        with work(db, write=False) as tx:
            post, unit = tx.get_one(Post, "p-1"), tx.get_one(Unit, "u-1")
            assert post.duties == ["巡山", "报火情"]
            assert (post.level, post.rung, post.net_code, post.on_board, post.active) == (
                3, 1, None, True, True,
            )  # fmt: skip
            assert (unit.region_code, unit.active) == (STREET, False)
        bring("units", UNIT)

    def test_groupings_have_their_members(self, db, bring, cast):
        assert bring("groupings", GROUPING | {"code": "lc-2"}).exit_code == 0
        with work(db, write=False) as tx:
            (grouping,) = regions.groupings(tx, code="lc-2")
            assert grouping.region_codes == [GRID, OTHER_GRID]


class TestAppointments:
    def test_give_the_role_of_the_post(self, db, bring, seeded, ranger):
        done = bring("appointments", appointment(ranger))
        assert "appointments: 1 added" in done.output
        assert roles(db, ranger) == {("grid_staff", GRID)}
        with work(db, write=False) as tx:
            made = tx.scalars(select(Appointment).where(Appointment.person_id == ranger.id)).one()
            assert (made.created_by, made.phone) == (None, "13812348000")

    def test_by_member_number_for_a_grouping(self, db, bring, seeded, ranger):
        bring("groupings", GROUPING)
        row = appointment(ranger, member_no=ranger.member_no, region_code="", grouping_code="lc-1")
        assert bring("appointments", row | {"username": ""}).exit_code == 0
        assert roles(db, ranger) == {("grid_staff", GRID), ("grid_staff", OTHER_GRID)}

    def test_again_changes_nothing(self, db, bring, seeded, ranger):
        row = appointment(ranger)
        bring("appointments", row)
        assert bring("appointments", row).output == "appointments: 1 unchanged\n"
        assert roles(db, ranger) == {("grid_staff", GRID)}

    def test_phone_unit_and_end_are_changed_in_place(self, db, bring, seeded, ranger):
        bring("units", UNIT)
        bring("appointments", appointment(ranger))
        done = bring(
            "appointments",
            appointment(ranger, phone="13912348000", unit_code="u-1", ends_on=day(3)),
        )
        assert "appointments: 1 changed" in done.output
        with work(db, write=False) as tx:
            (made,) = tx.scalars(select(Appointment).where(Appointment.person_id == ranger.id))
            assert (made.phone, made.unit_code, made.ends_on) == ("13912348000", "u-1", day(3))

    def test_an_end_is_not_taken_back(self, db, bring, seeded, ranger):
        bring("appointments", appointment(ranger, ends_on=day(3)))
        done = bring("appointments", appointment(ranger, phone="13912348000"))
        assert (done.exit_code, "These days cannot be" in done.output) == (1, True)
        with work(db, write=False) as tx:
            (made,) = tx.scalars(select(Appointment).where(Appointment.person_id == ranger.id))
            assert (made.phone, made.ends_on) == ("13812348000", day(3))

    @pytest.mark.parametrize(
        ("more", "finding"),
        [
            ({"username": "nobody"}, "查无此人 no such person"),
            ({"username": ""}, "查无此人 no such person"),
            ({"post_code": "nowhere"}, "The chosen post does not exist"),
            ({"region_code": STREET}, "does not stand at this region's level"),
            ({"region_code": ""}, "The chosen region does not exist"),
            ({"grouping_code": "lc-1"}, "The chosen region does not exist"),
            ({"unit_code": "nowhere"}, "The chosen unit does not exist"),
            ({"starts_on": "2026-02-30"}, "starts_on 缺失"),
            ({"phone": "12"}, "phone 缺失"),
            ({"ends_on": "2020-01-01"}, "These days cannot be"),
        ],
    )
    def test_one_fault_appoints_nobody(self, db, bring, seeded, ranger, more, finding):
        good = appointment(ranger, region_code=OTHER_GRID)
        done = bring("appointments", good, appointment(ranger, **more))
        assert (done.exit_code, finding in done.output) == (1, True), done.output
        assert roles(db, ranger) == set()

    def test_those_that_are_over_are_not_exported(self, db, bring, seeded, ranger):
        with work(db, write=True) as tx:
            row = sheets.Sheet(
                files.TABLES["appointments"].columns,
                [dict.fromkeys(files.TABLES["appointments"].columns, "") | appointment(ranger)],
                [2],
            )
            assert loading.load(tx, operator(tx), "appointments", row).findings == []
            made = tx.scalars(select(Appointment).where(Appointment.person_id == ranger.id)).one()
            made.ended_at = made.created_at
        with work(db, write=False) as tx:
            assert ranger.name not in {row["username"] for row in exports.rows(tx, "appointments")}


class TestCategories:
    def test_a_change_comes_in_from_xlsx(self, db, xinxin, cast, tmp_path):
        xinxin("export", "categories", tmp_path / "c.csv")
        sheet = sheets.read(tmp_path / "c.csv", "c.csv")
        sheet.rows[-1]["due_hours"] = "77"
        data = sheets.write_xlsx(sheet.rows, sheet.columns, "categories")
        (tmp_path / "c.xlsx").write_bytes(data)
        before = len(imported(db, "categories"))
        done = xinxin("import", "categories", tmp_path / "c.xlsx")
        assert done.exit_code == 0, done.output
        assert done.output.startswith(f"changed {sheet.rows[-1]['code']}: due_hours")
        assert f"1 changed, {len(sheet.rows) - 1} unchanged" in done.output
        assert len(imported(db, "categories")) == before + 1

    def test_a_fault_is_told_and_nothing_written(self, db, xinxin, cast, tmp_path):
        xinxin("export", "categories", tmp_path / "c.csv")
        sheet = sheets.read(tmp_path / "c.csv", "c.csv")
        sheet.rows[-1]["net_code"] = "nowhere"
        (tmp_path / "c.csv").write_bytes(sheets.write_csv(sheet.rows, sheet.columns))
        done = xinxin("import", "categories", tmp_path / "c.csv")
        assert (done.exit_code, "unknown net nowhere" in done.output) == (1, True)
        sheet.rows[-1]["net_code"] = "-"
        sheet.rows[-1]["due_hours"] = "soon"
        (tmp_path / "c.csv").write_bytes(sheets.write_csv(sheet.rows, sheet.columns))
        done = xinxin("import", "categories", tmp_path / "c.csv")
        assert (done.exit_code, "due_hours" in done.output) == (1, True)


def test_nobody_is_counted_twice(db, bring, seeded, ranger):
    """A file whose second row is refused leaves the first row's person without an appointment."""
    rows = [appointment(ranger), appointment(ranger, starts_on=day(1))]
    done = bring("appointments", *rows)
    assert (done.exit_code, "already holds this post" in done.output) == (1, True)
    with work(db, write=False) as tx:
        held = select(func.count()).where(Appointment.person_id == ranger.id)
        assert tx.scalar(held.select_from(Appointment)) == 0
