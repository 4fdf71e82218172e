"""Who is around is remembered for as long as nothing of it was written and no date has passed."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from cast import DISTRICT
from hearing import heard
from posts.build import Office, instant, make_village, ok
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.orm import Session

from app import tables
from app.categories import service as categories
from app.categories.models import CategoryTerms
from app.grids.models import GridVersion
from app.identity.models import Person, Role
from app.kit import clock
from app.kit.db import work
from app.posts import service as posts
from app.routing import recall, scene
from app.routing.models import RoutingStamp, RuleSet


@pytest.fixture(scope="module")
def office(client, db, cast, as_, newcomer):
    with work(db, write=True) as tx:
        posts.load_seed(tx)
    return Office(client, cast, as_, newcomer)


@pytest.fixture
def grid(db, office):
    """A new grid with somebody in a post."""
    grid = f"{make_village(db)}001"
    office.appointed(office.newcomer(), "grid_head", grid)
    return grid


@contextmanager
def taken_back(db):
    with db.writers, Session(db.writer) as tx:
        yield tx
        tx.rollback()


def asked(db, grid, at=None):
    """Who is around, and how many statements were asked for it."""
    with heard(db.reader) as said, work(db, write=False) as tx:
        found = scene.find_setting(tx, grid, None, at or clock.now())
    return found.holders, " ".join(statement for statement, _ in said)


def around(db, grid, at=None):
    """The same from memory and from the database."""
    asked(db, grid, at)
    remembered, _ = asked(db, grid, at)
    recall._eras.clear()
    read, said = asked(db, grid, at)
    assert "appointments" in said
    assert remembered == read
    return [holder for holder in read if holder.region_code == grid]


def test_what_was_read_is_not_read_again(db, grid):
    asked(db, grid)
    first, _ = asked(db, grid)
    again, said = asked(db, grid)
    assert first == again
    assert "appointments" not in said


def test_what_is_new_here_is_read_in_one_statement(db, grid):
    asked(db, grid)
    with heard(db.reader) as said, work(db, write=False) as tx:
        for category in ("C0101", "C0102"):
            assert scene.find_setting(tx, grid, category, clock.now()).holders
    assert len(said) == 2


def test_its_statement_is_kept_parsed():
    """psycopg parses one of more than 4,096 characters or 50 parameters anew each time."""
    made = scene._SCENE["postgresql"].compile(dialect=psycopg.dialect())
    assert len(str(made)) <= 4_096
    assert len(made.params) <= 50


def test_every_change_is_seen_at_once(db, office, grid):
    person, other = office.newcomer(), office.newcomer((Role.GRID_STAFF, DISTRICT))
    assert len(around(db, grid)) == 1
    made = office.appointed(person, "grid_staff_full", grid)
    assert [h.post_code for h in around(db, grid)] == ["grid_staff_full", "grid_head"]
    ok(office.shifts(made, [{"weekday": 1, "starts": "08:00", "ends": "08:01"}]))
    now = clock.now()
    friday = now + timedelta(days=(4 - clock.business_day(now).weekday()) % 7 + 7)
    assert [h.on_duty for h in around(db, grid, friday)] == [False, True]
    ok(office.shifts(made, []))
    assert [h.on_duty for h in around(db, grid, friday)] == [True, True]
    ok(office.leave(person, stand_in_id=str(other.id)), 201)
    assert around(db, grid)[0].person_id == other.id
    with work(db, write=True) as tx:
        tx.execute(update(Person).where(Person.id == other.id).values(state="disabled"))
    assert around(db, grid)[0].on_duty is False
    ok(office.end(made))
    assert [h.post_code for h in around(db, grid)] == ["grid_head"]


def test_a_leave_begins_and_ends_by_itself(db, office, grid):
    person = office.newcomer()
    office.appointed(person, "grid_staff_full", grid)
    ok(office.leave(person, starts_at=instant(hours=1), ends_at=instant(hours=2)), 201)
    on = []
    for _ in range(3):
        asked(db, grid)
        on.append(asked(db, grid)[0][0].on_duty)
        clock.shift(timedelta(minutes=75))
    assert on == [True, False, True]


@pytest.mark.parametrize("days", [-9, 9])
def test_a_look_at_another_time_is_read_and_not_kept(db, office, grid, days):
    asked(db, grid)
    asked(db, grid)
    then = clock.now() + timedelta(days=days)
    assert "appointments" in (asked(db, grid, then) and asked(db, grid, then))[1]
    assert "appointments" not in asked(db, grid)[1]


def test_what_was_taken_back_is_not_remembered(db, office, grid):
    asked(db, grid)
    before, _ = asked(db, grid)
    with taken_back(db) as tx:
        tx.execute(update(Person).values(state="disabled"))
        assert scene.find_setting(tx, grid, None, clock.now()).holders == []
    assert asked(db, grid)[0] == before


def test_each_write_of_one_transaction_is_seen_and_only_the_last_is_remembered(db, grid):
    before, _ = asked(db, grid)
    [holder] = [one for one in before if one.region_code == grid]
    him = update(Person).where(Person.id == holder.person_id)
    with work(db, write=True) as tx:
        for state, around in (("disabled", []), ("active", before), ("disabled", [])):
            tx.execute(him.values(state=state))
            found = scene.find_setting(tx, grid, None, clock.now()).holders
            assert [one for one in found if one.region_code == grid] == (
                [one for one in around if one.region_code == grid]
            )  # fmt: skip
        tx.execute(him.values(state="active"))
    assert asked(db, grid)[0] == before


@pytest.fixture(scope="module")
def manned(db, office):
    """A row in every table that is watched."""
    village = make_village(db)
    person = office.newcomer()
    made = office.appointed(person, "grid_staff_full", f"{village}001")
    ok(office.shifts(made, [{"weekday": 1, "starts": "08:00", "ends": "08:01"}]))
    ok(office.leave(person), 201)
    ok(office.joined("scene", village))
    with work(db, write=True) as tx:
        categories.load_seed(tx)
        tx.merge(GridVersion(id=1, version=1))
        tx.merge(RuleSet(district=DISTRICT, version=1, published_at=clock.now()))
        tx.flush()
        tx.merge(
            CategoryTerms(
                category_code="C0101", region_code=DISTRICT, version=1, questions=[],
                set_at=clock.now(),
            )
        )  # fmt: skip


WATCHED = [(name, kind) for name, kinds in tables._WATCHED.items() for kind in kinds]
VERSIONED = {"category_terms", "routing_rulesets"}  # and never changed


def stamp(tx):
    return tx.scalar(select(func.sum(RoutingStamp.stamp)))


@pytest.mark.parametrize(("name", "kind"), WATCHED)
def test_whatever_writes_gives_another_stamp(db, manned, name, kind):
    table = tables.metadata.tables[name]
    column = table.c["state" if name == "people" else table.primary_key.columns[0].name]
    with taken_back(db) as tx:
        # PostgreSQL's triggers are of statements, SQLite's of rows.
        where = text("true" if db.is_sqlite else "false")
        if db.is_sqlite:
            tx.execute(text("PRAGMA defer_foreign_keys = ON"))
        row = dict(tx.execute(select(table).limit(1)).mappings().one())
        if name in VERSIONED:
            row["version"] += 1_000
        elif kind == "insert" and db.is_sqlite:
            tx.execute(delete(table))
        before = stamp(tx)
        if kind == "update":
            tx.execute(update(table).values({column: column}).where(where))
        elif kind == "delete":
            tx.execute(delete(table).where(where))
        elif db.is_sqlite or name in VERSIONED:
            tx.execute(insert(table), row)
        else:
            tx.execute(insert(table).from_select(table.c.keys(), select(table).where(where)))
        assert stamp(tx) != before


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
class TestSideBySide:
    """SQLite has one writer."""

    def test_nobody_waits_for_another_s_commit(self, db, manned):
        change = update(Person).values(state=Person.state)
        with Session(db.writer) as one, Session(db.writer) as other:
            first, second = one.scalars(select(Person.id).limit(2))
            one.execute(change.where(Person.id == first))
            other.execute(text("SET LOCAL lock_timeout = '500ms'"))
            other.execute(change.where(Person.id == second))
            other.commit()
            one.commit()

    def test_each_is_told_whoever_commits_first(self, db, manned):
        seen, change = [], update(Person).values(state=Person.state)
        with Session(db.writer) as one, Session(db.writer) as other:
            first, second = one.scalars(select(Person.id).limit(2))
            seen.append(self.read(db))
            one.execute(change.where(Person.id == first))
            other.execute(change.where(Person.id == second))
            seen.append(self.read(db))
            other.commit()
            seen.append(self.read(db))
            one.commit()
            seen.append(self.read(db))
        assert seen[0] == seen[1]
        assert len(set(seen)) == 3

    def test_what_a_transaction_writes_it_reads_itself(self, db, grid):
        asked(db, grid)
        with taken_back(db) as tx:
            for state, most in (("disabled", 0), ("active", 1)):
                tx.execute(update(Person).values(state=state))
                assert len(scene.find_setting(tx, grid, None, clock.now()).holders[:1]) == most

    def test_old_stamps_go(self, db, manned):
        for _ in range(80):
            with work(db, write=True) as tx:
                tx.execute(update(Person).values(state=Person.state))
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).select_from(RoutingStamp)) <= 34

    def read(self, db):
        with work(db, write=False) as tx:
            return stamp(tx)
