"""Migrations: the same schema as the models, all or nothing, and guarded for good."""

import alembic.op
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from cast import make_cast
from sqlalchemy import event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app import tables
from app.identity import passwords
from app.kit import actions, migrate
from app.kit.db import make_database, work
from app.kit.migrate import SchemaWrong
from app.settings import Settings


@pytest.fixture
def blank(engine_name, request, tmp_path):
    """A database without a single table."""
    if engine_name == "sqlite":
        db = make_database(f"sqlite:///{tmp_path}/blank.db")
        yield db
        db.close()
        return
    # A schema of its own: PostgreSQL makes and drops a whole database a hundred times slower.
    db = make_database(request.getfixturevalue("postgresql_url"))
    for engine in (db.writer, db.reader):
        event.listen(engine, "connect", _in_schema_blank)
    with db.writer.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS blank CASCADE"))
        connection.execute(text("CREATE SCHEMA blank"))
    yield db
    with db.writer.begin() as connection:
        connection.execute(text("DROP SCHEMA blank CASCADE"))
    db.close()


def _in_schema_blank(connection, _record) -> None:
    connection.execute("SET search_path TO blank")
    connection.commit()


def differences(db) -> list:
    with db.writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": migrate.ours}
        )
        return compare_metadata(context, tables.metadata)


def names(db) -> set[str]:
    found = inspect(db.reader).get_table_names()
    return {name for name in found if not name.startswith(migrate.FULL_TEXT)}


def counts(db) -> dict[str, int]:
    with work(db, write=False) as tx:
        return {
            table.name: tx.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.metadata.sorted_tables
        }


def triggers(db) -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if db.is_sqlite
        else "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    )
    with db.reader.connect() as connection:
        return set(connection.scalars(text(query)))


class TestUpgrade:
    def test_of_a_blank_database_gives_what_the_models_say(self, blank):
        migrate.upgrade(blank)
        assert differences(blank) == []
        assert names(blank) == {*tables.metadata.tables, "alembic_version"}

    def test_names_every_constraint_as_the_models_do(self, db):
        """Data are moved with the foreign keys taken away and put back by the models' names."""
        inspector = inspect(db.reader)
        for table in tables.metadata.sorted_tables:
            found = {
                each["name"]
                for each in (
                    *inspector.get_check_constraints(table.name),
                    *inspector.get_foreign_keys(table.name),
                    *inspector.get_unique_constraints(table.name),
                    inspector.get_pk_constraint(table.name),
                )
            }
            assert found == {str(each.name) for each in table.constraints}, table.name

    def test_of_a_filled_database_loses_nothing(self, db, monkeypatch):
        # Eight honest argon2 hashes take seconds, and nobody signs in here.
        monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {password}")
        with work(db, write=True) as tx:
            make_cast(tx)
        before, guards = counts(db), triggers(db)
        migrate.upgrade(db)
        assert (counts(db), triggers(db)) == (before, guards)
        assert sum(before.values()) > 50
        migrate.check(db, tables.GUARDED)

    def test_down_to_nothing_and_up_again_is_the_same(self, blank):
        migrate.upgrade(blank)
        guards = triggers(blank)
        migrate.downgrade(blank, "base")
        assert names(blank) == {"alembic_version"}
        assert triggers(blank) == set()
        migrate.upgrade(blank)
        assert differences(blank) == []
        assert triggers(blank) == guards
        migrate.check(blank, tables.GUARDED)

    @pytest.mark.parametrize("step", ["create_index", "execute"])
    def test_killed_in_the_middle_leaves_nothing(self, blank, monkeypatch, step):
        def killed(*_given, **_how) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(alembic.op, step, killed)
            with pytest.raises(KeyboardInterrupt):
                migrate.upgrade(blank)
        assert names(blank) == set()
        migrate.upgrade(blank)
        assert differences(blank) == []

    def test_of_a_downgrade_killed_in_the_middle_loses_nothing(self, db, monkeypatch):
        before, guards = names(db), triggers(db)

        def killed(*_given, **_how) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(alembic.op, "drop_index", killed)
            with pytest.raises(KeyboardInterrupt):
                migrate.downgrade(db, "base")
        assert (names(db), triggers(db)) == (before, guards)
        migrate.check(db, tables.GUARDED)


class TestStart:
    def test_on_the_newest_schema_is_allowed(self, db):
        migrate.check(db, tables.GUARDED)

    def test_on_a_blank_database_is_refused(self, blank):
        with pytest.raises(SchemaWrong, match="xinxin migrate"):
            migrate.check(blank, tables.GUARDED)

    def test_on_another_revision_is_refused(self, db):
        self.set_revision(db, "0000")
        try:
            with pytest.raises(SchemaWrong, match="database at 0000"):
                migrate.check(db, tables.GUARDED)
        finally:
            self.set_revision(db, migrate_head())

    @staticmethod
    def set_revision(db, revision: str) -> None:
        with db.writer.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    def test_without_one_trigger_is_refused(self, blank):
        migrate.upgrade(blank)
        for table in tables.APPEND_ONLY:
            for trigger in sorted(t for t in triggers(blank) if t.startswith(f"{table}_")):
                on = "" if blank.is_sqlite else f" ON {table}"
                with blank.writer.connect() as connection, connection.begin() as unit:
                    connection.execute(text(f"DROP TRIGGER {trigger}{on}"))
                    unit.commit()
                break
        with pytest.raises(SchemaWrong) as caught:
            migrate.check(blank, tables.GUARDED)
        assert all(f"{table}_" in str(caught.value) for table in tables.APPEND_ONLY)

    def test_with_a_disabled_trigger_is_refused(self, blank):
        if blank.is_sqlite:
            pytest.skip("SQLite cannot disable a trigger")
        migrate.upgrade(blank)
        with blank.writer.begin() as connection:
            off = "ALTER TABLE journals DISABLE TRIGGER journals_append_only"
            connection.execute(text(off))
        with pytest.raises(SchemaWrong, match="journals"):
            migrate.check(blank, tables.GUARDED)


class TestAppendOnly:
    @pytest.mark.parametrize("table", tables.APPEND_ONLY)
    def test_table_has_all_its_triggers(self, db, table):
        ways = ("no_update", "no_delete", "no_replace")
        wanted = ways if db.is_sqlite else ("append_only", "no_truncate")
        assert {f"{table}_{way}" for way in wanted} <= triggers(db)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE staff_actions SET action = 'nothing'",
            "DELETE FROM staff_actions",
            "TRUNCATE staff_actions",
            "INSERT OR REPLACE INTO staff_actions SELECT * FROM staff_actions",
        ],
    )
    def test_row_stays_as_it_was_written(self, db, change):
        with work(db, write=True) as tx:
            actions.record(tx, None, "looked", "person", "1")
        with pytest.raises(DBAPIError), work(db, write=True) as tx:
            tx.execute(text(change))
        with work(db, write=False) as tx:
            assert tx.scalars(select(actions.StaffAction.action)).all() == ["looked"]


def migrate_head() -> str:
    return str(ScriptDirectory.from_config(migrate._config()).get_current_head())


def test_alembic_s_own_way_uses_the_settings(tmp_path, monkeypatch):
    """`alembic upgrade head` without a handed connection goes where the settings point."""
    url = f"sqlite:///{tmp_path}/settings.db"
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    assert Settings(_env_file=None).database_url == url
    command.upgrade(migrate._config(), "head")
    db = make_database(url)
    migrate.check(db, tables.GUARDED)
    db.close()
