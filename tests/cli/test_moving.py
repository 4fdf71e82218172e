"""A village's file becomes a district's PostgreSQL, and the other way: the same rows, audited."""

import pytest
from cast import INSIDE
from dumping import dump
from flows.story import find_case, moved, report
from ledger.build import own_database
from sqlalchemy import text
from typer.testing import CliRunner

from app import tables
from app.cli import cli
from app.kit import carrying
from app.kit.db import make_database, work
from app.kit.migrate import upgrade
from app.ledger import audit as ledger_audit
from app.store import service as store


@pytest.fixture
def lived(client, db, cast, as_, drain):
    """A database with a case, points on their way, and what everybody did."""
    sent = report(client, as_(cast.liu_bo), INSIDE)
    drain()
    mine = client.get(f"/v1/reports/{sent['id']}", headers=as_(cast.liu_bo)).json()
    case = find_case(client, as_(cast.wang), mine["case_number"])
    moved(client, as_(cast.wang), case, "file", category_code="C0101")
    return db


@pytest.fixture
def target(engine_name, request, tmp_path):
    """The URL of an empty database of the other engine."""
    if engine_name == "postgresql":
        return f"sqlite:///{tmp_path}/target.db"
    folder = tmp_path / "target"
    folder.mkdir()
    with own_database("postgresql", request, folder) as db:
        return db.url.render_as_string(hide_password=False)


@pytest.fixture
def xinxin(url, monkeypatch, tmp_path):
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path / "bucket"))
    return lambda *words: CliRunner().invoke(cli, list(words))


def test_every_row_arrives_and_the_audit_is_clean(lived, target, xinxin):
    done = xinxin("migrate-data", target)
    assert done.exit_code == 0, done.output
    assert "audit: clean" in done.output
    goal = make_database(target)
    assert dump(goal) == dump(lived)
    goal.close()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_audit_takes_its_time(lived, target, xinxin, monkeypatch):
    """The goal is PostgreSQL, which cuts a statement off; SQLite has no such limit."""
    monkeypatch.setitem(make_database.__kwdefaults__, "statement_timeout_s", 1)
    monkeypatch.setitem(ledger_audit.CHECKS, "this rule takes long", "SELECT 1 FROM pg_sleep(1.2)")
    done = xinxin("migrate-data", target)
    assert "broken: this rule takes long: " in done.output, done.output


def test_life_goes_on_in_the_new_database(lived, target, xinxin):
    assert xinxin("migrate-data", target).exit_code == 0
    goal = make_database(target)
    with work(goal, write=True) as tx:
        assert store.add_item(tx, "tea", ("茶", "Tea"), points=3, cost_fen=200).published
    with pytest.raises(Exception, match="append-only"), goal.writer.begin() as connection:
        connection.execute(text("DELETE FROM transfers"))
    with pytest.raises(Exception, match=r"(?i)foreign key"), goal.writer.begin() as connection:
        connection.execute(text("DELETE FROM people"))
    goal.close()


def test_a_target_with_rows_is_left_alone(lived, target, xinxin):
    assert xinxin("migrate-data", target).exit_code == 0
    goal = make_database(target)
    before = dump(goal)
    again = xinxin("migrate-data", target)
    assert again.exit_code == 1
    assert "TargetNotEmpty" in again.output
    assert dump(goal) == before
    goal.close()


def test_broken_off_in_the_middle_nothing_has_changed(lived, target, monkeypatch):
    goal = make_database(target)
    upgrade(goal)
    copy, copied = carrying._copy, []

    def torn(reading, writing, table):
        copied.append(table.name)
        if len(copied) > 20:
            raise KeyboardInterrupt
        return copy(reading, writing, table)

    monkeypatch.setattr(carrying, "_copy", torn)
    with pytest.raises(KeyboardInterrupt):
        carrying.carry(lived, goal, tables.metadata)
    assert not any(dump(goal).values())
    monkeypatch.undo()
    carrying.carry(lived, goal, tables.metadata)
    assert dump(goal) == dump(lived)
    goal.close()
