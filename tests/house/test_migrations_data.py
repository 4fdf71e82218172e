"""The database of the first version, with cases in it, carried forward and back on both engines."""

from datetime import timedelta
from uuid import UUID

import alembic.op
import pytest
import sqlalchemy as sa
from house.test_migrations import blank  # noqa: F401 - a fixture is found by its name
from sqlalchemy import inspect, select, text

from app import tables
from app.cases import audit, queries, service
from app.cases.models import (
    Case,
    CaseEntry,
    CaseMove,
    CaseNumber,
    CaseReport,
    CaseScope,
    CaseText,
)  # fmt: skip
from app.cases.schemas import CaseMoveDraft
from app.cases.service import Means
from app.categories.models import Category
from app.clocks.models import Clock
from app.desk import queue
from app.desk.queue import Filters
from app.grids.service import GridCache
from app.identity.access import Actor, Held
from app.identity.models import Grant, Person, Role
from app.kit import actions, clock, columns, migrate
from app.kit.audit import broken
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.media.models import Photo
from app.regions.models import Region
from app.reports.models import Report

DISTRICT, GRID = "500152000000", "500152000000-G1"
STATUSES = (
    "reported", "verifying", "filed", "dispatched", "in_progress", "resolved", "closed",
    "rejected", "withdrawn",
)  # fmt: skip
# The moves that brought a case to its status, as the first version wrote them.
LIVES = {
    "reported": (), "verifying": ("verify",), "filed": ("file",),
    "dispatched": ("file", "dispatch"),
    "in_progress": ("file", "dispatch", "accept"),
    "resolved": ("file", "dispatch", "accept", "resolve"),
    "closed": ("file", "dispatch", "accept", "resolve", "close"), "rejected": ("reject",),
    "withdrawn": ("withdraw",),
}  # fmt: skip
LEADS = {
    "verify": "verifying", "file": "filed", "dispatch": "dispatched", "accept": "in_progress",
    "resolve": "resolved", "close": "closed", "reject": "rejected", "withdraw": "withdrawn",
}  # fmt: skip
NOTES = sa.table(
    "case_notes", sa.column("id", columns.IdType()), sa.column("case_id", columns.IdType()),
    sa.column("actor_id", columns.IdType()), sa.column("text"),
    sa.column("created_at", columns.InstantType()),
)  # fmt: skip
MEANS = Means(timedelta(hours=72), GridCache())


class Old:
    """A database at the first revision: three people, one grid, a case in every status."""

    def __init__(self, db) -> None:
        self.db, self.now = db, clock.now().replace(microsecond=123_456)
        self.cases: dict[str, UUID] = {}
        self.liu, self.wang, self.sun = (new_id() for _ in range(3))
        migrate.upgrade(db, "0001")
        with db.writer.begin() as self.connection:
            self._ground()
            for number, status in enumerate(STATUSES, start=1):
                self.cases[status] = self._case(number, status)
            self.add(CaseNumber, district=DISTRICT, day="20261101", last=len(STATUSES))
        self.before = dump(db)

    def add(self, table, **row) -> None:
        self.connection.execute(sa.insert(getattr(table, "__table__", table)).values(**row))

    def _ground(self) -> None:
        for code, level, parent, path in (
            (DISTRICT, 0, None, f"/{DISTRICT}/"), (GRID, 1, DISTRICT, f"/{DISTRICT}/{GRID}/"),
        ):  # fmt: skip
            self.add(
                Region, code=code, parent_code=parent, path=path, level=level, kind="x", name=code,
                official_name=code, updated_at=self.now,
            )  # fmt: skip
        for person, name in ((self.liu, "刘波"), (self.wang, "王"), (self.sun, "孙")):
            self.add(
                Person, id=person, member_no=name, name=name, occupation="rider", state="active",
                created_at=self.now,
            )  # fmt: skip
        self.add(
            Grant, id=new_id(), person_id=self.wang, role="grid_staff", region_code=GRID,
            granted_at=self.now,
        )  # fmt: skip
        for code, parent in (("C01", None), ("C0101", "C01")):
            self.add(
                Category, code=code, parent_code=parent, national_code=code[1:], kind="component",
                name="井盖", name_en="cover", hazard=True, due_hours=24, accept_hours=1,
                duplicate_radius_m=15, filing_condition="破损", version=1, source="x",
                verified=True, active=True, updated_at=self.now,
            )  # fmt: skip
        self.add(
            actions.StaffAction, id=new_id(), at=self.now, actor_id=self.wang, action="case.noted",
            object_kind="case", object_id="1", detail={"a": 1},
        )  # fmt: skip

    def _case(self, number: int, status: str) -> UUID:
        case_id, report_id, moves = new_id(), new_id(), LIVES[status]
        at = self.now + timedelta(minutes=number)
        sent = "dispatch" in moves
        due = at + timedelta(hours=24) if sent else None
        told = f"500152-20261101-{number:04}"
        self.add(
            Report, id=report_id, person_id=self.liu, description="井盖破损", anonymous=False,
            status=status, case_number=told, created_at=at, updated_at=at,
            region_code=GRID, address="菜市场门口",
            outcome="fixed" if status == "closed" else None,
        )  # fmt: skip
        self.add(
            Case, id=case_id, number=told, version=len(moves) + 1, status=status, region_code=GRID,
            routing={"rule": "grid"}, category_code="C0101" if "file" in moves else None,
            hazard=True, description=f"{status}处井盖破损", address="菜市场门口",
            lat=30.2055 if number % 2 else None, lng=105.8405 if number % 2 else None,
            assignee_id=self.wang if sent else None,
            outcome="fixed" if status == "closed" else None, rework=0, returns=0,
            accept_due_at=at + timedelta(hours=1), handle_due_at=due,
            clock_rule={"due_hours": 24, "from": at.isoformat()} if sent else {},
            created_at=at, updated_at=at,
        )  # fmt: skip
        self.add(CaseReport, case_id=case_id, report_id=report_id, joined_at=at)
        self._life(case_id, moves, at)
        return case_id

    def _life(self, case_id: UUID, moves: tuple[str, ...], at) -> None:
        before = None
        for version, name in enumerate(("route", *moves), start=1):
            after = LEADS.get(name, "reported")
            by = {"route": None, "close": self.sun, "withdraw": self.liu}.get(name, self.wang)
            self.add(
                CaseMove, id=new_id(), case_id=case_id, version=version, move=name,
                from_status=before, to_status=after, actor_id=by, note=f"{name}了",
                public_note=None, data={"n": version, "文": "字"},
                created_at=at + timedelta(seconds=2 * version),
            )  # fmt: skip
            before = after
        # One between the first two moves, one after all.
        for seconds, said in ((3, "已电话联系"), (999, "再看一次 <b>")):
            self.add(
                NOTES, id=new_id(), case_id=case_id, actor_id=self.wang, text=said,
                created_at=at + timedelta(seconds=seconds),
            )  # fmt: skip


def dump(db) -> dict[str, list[dict]]:
    """Every row of every table as the engine itself gives it; ids of notes are left out."""
    found = {}
    with db.reader.connect() as connection:
        for name in inspect(connection).get_table_names():
            if name == "alembic_version" or name.startswith(migrate.FULL_TEXT):
                continue
            all_of_it = text(f"SELECT * FROM {name}")  # noqa: S608 - the database's own names
            rows = [dict(row) for row in connection.execute(all_of_it).mappings()]
            if name == "case_notes":
                rows = [{key: row[key] for key in row if key != "id"} for row in rows]
            found[name] = sorted(rows, key=str)
    return found


@pytest.fixture
def old(blank):  # noqa: F811
    return Old(blank)


@pytest.fixture
def carried(old):
    migrate.upgrade(old.db)
    return old


def actor(person: UUID, role: Role, path: str = f"/{DISTRICT}/") -> Actor:
    return Actor(person, new_id(), "M1", (Held(role, path),))


def entries(tx, case_id: UUID):
    query = select(CaseEntry).where(CaseEntry.case_id == case_id)
    return tx.scalars(query.order_by(CaseEntry.position)).all()


class TestForward:
    def test_nothing_is_lost(self, carried):
        after = dump(carried.db)
        for name, rows in carried.before.items():
            if name == "case_notes":
                continue
            columns_of_old = list(rows[0]) if rows else []
            kept = [{key: row[key] for key in columns_of_old} for row in after[name]]
            assert sorted(kept, key=str) == rows, name
        assert "case_notes" not in after

    def test_the_service_starts_on_it(self, carried):
        migrate.check(carried.db, tables.GUARDED)

    def test_the_audit_finds_nothing(self, carried):
        with work(carried.db, write=False) as tx:
            assert broken(tx, audit.CHECKS) == []
            assert list(audit.broken_histories(tx)) == []

    def test_moves_and_notes_are_one_history(self, carried):
        for status in STATUSES:
            self.one_history(carried, status)

    @staticmethod
    def one_history(carried, status):
        case_id = carried.cases[status]
        with work(carried.db, write=False) as tx:
            found, case = entries(tx, case_id), tx.get_one(Case, case_id)
            moves = tx.scalars(
                select(CaseMove).where(CaseMove.case_id == case_id).order_by(CaseMove.version)
            ).all()
        names = ["route", *LIVES[status]]
        told = [entry.data.get("move") or entry.kind for entry in found]
        # The first note came between the first two moves.
        assert told == [names[0], "note", *names[1:], "note"]
        assert [entry.note for entry in found if entry.kind == "note"] == [
            "已电话联系", "再看一次 <b>",
        ]  # fmt: skip
        assert [entry.position for entry in found] == [*range(1, len(found) + 1)]
        assert (case.entries, case.chain) == (len(found), found[-1].hash)
        for move, entry in zip(moves, [e for e in found if e.kind == "move"], strict=True):
            assert (entry.actor_id, entry.note, entry.created_at) == (
                move.actor_id, move.note, move.created_at,
            )  # fmt: skip
            assert entry.data == {
                **move.data, "move": move.move, "version": move.version, "from": move.from_status,
                "to": move.to_status,
            }  # fmt: skip

    def test_every_case_stands_under_its_regions_with_its_words(self, carried):
        with work(carried.db, write=False) as tx:
            for status, case_id in carried.cases.items():
                scopes = tx.execute(
                    select(CaseScope.region_code, CaseScope.status).where(
                        CaseScope.case_id == case_id
                    )
                ).all()
                assert set(scopes) == {(DISTRICT, status), (GRID, status)}
                words = tx.scalars(select(CaseText.words).where(CaseText.case_id == case_id)).one()
                assert {"井盖", "盖破", "破损", "市场", "门口", "20261101"} <= set(words.split())

    def test_the_clocks_that_are_live_are_there_with_the_deadlines_of_old(self, carried):
        for status, live in {
            "reported": {"accept": "running"}, "verifying": {"accept": "running"},
            "filed": {"accept": "running"}, "dispatched": {"handle": "running"},
            "in_progress": {"handle": "running"},
            "resolved": {"handle": "paused", "check": "running"}, "closed": {}, "rejected": {},
            "withdrawn": {},
        }.items():  # fmt: skip
            self.live(carried, status, live)

    @staticmethod
    def live(carried, status, live):
        case_id = carried.cases[status]
        with work(carried.db, write=False) as tx:
            rows = tx.scalars(select(Clock).where(Clock.case_id == case_id)).all()
            case = tx.get_one(Case, case_id)
        assert {row.kind: row.state for row in rows} == live
        for row in rows:
            if row.kind != "check":
                assert row.due_at == {
                    "accept": case.accept_due_at, "handle": case.handle_due_at,
                }[row.kind]  # fmt: skip
        running = [row for row in rows if row.state == "running"]
        assert case.due_at == min((row.due_at for row in running), default=None)
        assert (case.cell is None) == (case.lat is None)

    def test_queue_and_search_find_the_cases(self, carried):
        wang = actor(carried.wang, Role.GRID_STAFF, f"/{DISTRICT}/{GRID}/")
        with work(carried.db, write=False) as tx:

            def found(**wanted):
                page = queue.queue(tx, wang, Filters(**wanted), 50, None)
                return {row.id for row in page.rows}

            assert found() == set(carried.cases.values())
            assert found(words="井盖破损") == set(carried.cases.values())
            for status, case_id in carried.cases.items():
                assert found(status=status) == {case_id}
                assert found(words=f"{status}处") == {case_id}
            assert found(words="0003") == {carried.cases["filed"]}
            assert found(mine=True, open=True) == {
                carried.cases[status] for status in ("dispatched", "in_progress", "resolved")
            }

    def test_lives_go_on(self, carried):
        """Each old case is moved on to its end by the new rules, and the books stay whole."""
        wang = actor(carried.wang, Role.GRID_STAFF, f"/{DISTRICT}/{GRID}/")
        sun = actor(carried.sun, Role.CHECKER)
        with work(carried.db, write=True) as tx:
            self.go(tx, sun, carried.cases["resolved"], "rework", note="还在晃")
            case = tx.get_one(Case, carried.cases["resolved"])
            tx.refresh(case)
            assert case.due_at == case.handle_due_at, "the handler's clock runs on"
        for status, steps in {
            "reported": ("file", "dispatch", "accept", "resolve", "close"),
            "dispatched": ("accept", "resolve", "close"), "in_progress": ("resolve", "close"),
            "resolved": ("resolve", "close"), "filed": ("escalate",),
        }.items():  # fmt: skip
            for name in steps:
                with work(carried.db, write=True) as tx:
                    who = sun if name == "close" else wang
                    self.go(tx, who, carried.cases[status], name, **self.fields(tx, carried, name))
        with work(carried.db, write=False) as tx:
            assert broken(tx, audit.CHECKS) == []
            assert list(audit.broken_histories(tx)) == []

    @staticmethod
    def fields(tx, old, name):
        if name == "resolve":
            photo = new_id()
            insert_row(
                tx, Photo, id=photo, owner_id=old.wang, content_type="image/jpeg", bytes=1, width=1,
                height=1, sha256=photo.hex * 2, dhash="0" * 16, created_at=clock.now(),
            )  # fmt: skip
            return {"photo_ids": [photo], "note": "好了"}
        return {
            "file": {"category_code": "C0101"}, "dispatch": {"assignee_id": old.wang},
            "close": {"outcome": "fixed"}, "escalate": {"note": "解决不了"},
        }.get(name, {})  # fmt: skip

    @staticmethod
    def go(tx, who, case_id, name, **fields):
        version = queries.get_case(tx, who, case_id).case.version
        service.move(tx, who, case_id, CaseMoveDraft(move=name, **fields), version, MEANS)


class TestBack:
    def test_the_rows_are_as_they_were(self, carried):
        migrate.downgrade(carried.db, "0001")
        assert dump(carried.db) == carried.before

    def test_and_forward_once_more(self, carried):
        migrate.downgrade(carried.db, "0001")
        migrate.upgrade(carried.db)
        migrate.check(carried.db, tables.GUARDED)
        with work(carried.db, write=False) as tx:
            assert list(audit.broken_histories(tx)) == []
            assert len(entries(tx, carried.cases["closed"])) == 8

    def test_one_step_back_and_forward_again(self, carried):
        migrate.downgrade(carried.db, "0002")
        migrate.upgrade(carried.db)
        migrate.check(carried.db, tables.GUARDED)
        with work(carried.db, write=False) as tx:
            assert list(audit.broken_histories(tx)) == []


class TestKilled:
    @pytest.mark.parametrize("step", ["create_index", "drop_table"])
    def test_on_the_way_forward_the_first_version_is_whole(self, old, monkeypatch, step):
        self.kill(monkeypatch, step, lambda: migrate.upgrade(old.db))
        assert dump(old.db) == old.before
        migrate.upgrade(old.db)
        migrate.check(old.db, tables.GUARDED)

    @pytest.mark.parametrize("step", ["create_table", "drop_index"])
    def test_on_the_way_back_the_newest_is(self, carried, monkeypatch, step):
        before = dump(carried.db)
        self.kill(monkeypatch, step, lambda: migrate.downgrade(carried.db, "0001"))
        assert dump(carried.db) == before
        migrate.check(carried.db, tables.GUARDED)

    @staticmethod
    def kill(monkeypatch, step, call) -> None:
        def killed(*_given, **_how) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(alembic.op, step, killed)
            with pytest.raises(KeyboardInterrupt):
                call()
