"""The full-text index over `case_texts`: FTS5 with triggers on SQLite, GIN on PostgreSQL.

Words are cut by `app.kit.bigrams`, so neither engine needs a dictionary or an extension.
"""

from alembic import op

from migrations.guards import on_sqlite

_VECTOR = "array_to_tsvector(string_to_array(words, ' '))"
_SYNC = (
    "CREATE TRIGGER case_texts_added AFTER INSERT ON case_texts BEGIN"
    ' INSERT INTO case_words("rowid", words) VALUES (NEW."row", NEW.words); END',
    "CREATE TRIGGER case_texts_dropped AFTER DELETE ON case_texts BEGIN"
    " INSERT INTO case_words(case_words, rowid, words)"
    " VALUES ('delete', OLD.\"row\", OLD.words); END",
    "CREATE TRIGGER case_texts_changed AFTER UPDATE ON case_texts BEGIN"
    " INSERT INTO case_words(case_words, rowid, words)"
    " VALUES ('delete', OLD.\"row\", OLD.words);"
    ' INSERT INTO case_words("rowid", words) VALUES (NEW."row", NEW.words); END',
)


def build() -> None:
    """Makes the index and fills it from the rows that are there."""
    if not on_sqlite():
        op.execute(f"CREATE INDEX case_words ON case_texts USING gin (({_VECTOR}))")
        return
    op.execute(
        "CREATE VIRTUAL TABLE case_words USING"
        " fts5(words, content='case_texts', content_rowid='row', detail='none')"
    )
    for trigger in _SYNC:
        op.execute(trigger)
    op.execute("INSERT INTO case_words(case_words) VALUES ('rebuild')")


def drop() -> None:
    if not on_sqlite():
        op.execute("DROP INDEX case_words")
        return
    for name in ("added", "dropped", "changed"):
        op.execute(f"DROP TRIGGER case_texts_{name}")
    op.execute("DROP TABLE case_words")
