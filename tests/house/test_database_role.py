"""The application's own role on PostgreSQL: it writes facts, and has no right to change one."""

import re
from pathlib import Path

import pytest
from cast import contribute, make_cast
from flows import test_story as story
from psycopg import errors
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from app import tables
from app.identity import passwords
from app.kit import migrate
from app.kit.db import work
from app.main import create_app

FILE = Path(__file__).parents[2] / "deploy" / "postgresql-roles.sql"
SQL = FILE.read_text()


def revoked(rights):
    """The tables on which the file takes these rights back."""
    (names,) = re.findall(rf"REVOKE {rights} ON\n(.*?)FROM xinxin_app", SQL, re.DOTALL)
    return {name.strip() for name in names.split(",")}


def test_the_file_names_every_table_of_facts():
    assert revoked("UPDATE, DELETE") == set(tables.APPEND_ONLY)
    assert revoked("DELETE") == set(tables.FROZEN)


@pytest.fixture
def engine_name():
    """Only PostgreSQL has roles."""
    return "postgresql"


@pytest.fixture
def app(db, settings):
    """The application as its own role, on tables of another."""
    with db.writer.connect() as connection:
        connection.connection.driver_connection.execute(SQL)
    application = create_app(settings)
    application.state.strict = True
    for engine in (application.state.db.writer, application.state.db.reader):
        event.listen(engine, "connect", be_the_application)
    yield application
    application.state.db.close()


def be_the_application(connection, _record):
    connection.execute("SET ROLE xinxin_app")
    connection.commit()


@pytest.fixture
def cast(db, monkeypatch):
    monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {password}")
    with work(db, write=True) as tx:
        return make_cast(tx)


def test_the_whole_story_by_the_application_s_role(client, app, db, cast, as_, drain):
    """Report, case, points, redemption, hand-out, jobs; and money that comes and goes."""
    story.test_the_whole_story(client, db, cast, as_, drain)
    with work(app.state.db, write=True) as tx:
        assert tx.scalar(text("SELECT current_user")) == "xinxin_app"
        given = contribute(tx, cast.fund.id, cast.ma, cast.wu, 500)
    url = f"/v1/funds/{cast.fund.id}/contributions/{given}/returns"
    asked = {"fen": 500, "reason": "余款退还"}
    made = client.post(url, json=asked, headers={**as_(cast.ma), **story.key()}).json()
    done = client.post(f"{url}/{made['id']}/approve", headers=as_(cast.wu))
    assert done.status_code == 200, done.text
    # A server that finds its schema starts; it changes nothing, for it could not.
    migrate.check(app.state.db, tables.GUARDED)
    migrate.upgrade(app.state.db)


FORBIDDEN = (
    *(f"{verb} {table}" for table in tables.APPEND_ONLY for verb in ("DELETE FROM", "TRUNCATE")),
    *(f"{verb} {table}" for table in tables.FROZEN for verb in ("DELETE FROM", "TRUNCATE")),
    "UPDATE transfers SET amount = 1", "UPDATE seals SET chain = ''", "DELETE FROM alembic_version",
    "DROP TRIGGER transfers_append_only ON transfers", "DROP TABLE transfers",
    "ALTER TABLE transfers DISABLE TRIGGER ALL", "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS ''",
)  # fmt: skip


def test_has_no_right_to_change_a_fact(app):
    for statement in FORBIDDEN:
        with (
            app.state.db.writer.connect() as connection,
            pytest.raises(ProgrammingError) as refusal,
        ):
            connection.execute(text(statement))
        assert isinstance(refusal.value.orig, errors.InsufficientPrivilege), statement


def test_no_table_of_facts_may_be_updated(app, db):
    with db.reader.connect() as connection:
        asked = text("SELECT has_table_privilege('xinxin_app', :table, 'UPDATE')")
        may = {
            table.name: connection.scalar(asked, {"table": table.name})
            for table in tables.metadata.sorted_tables
        }
    assert {name for name, right in may.items() if not right} == set(tables.APPEND_ONLY)
