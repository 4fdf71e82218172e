"""Every column of every table is in the inventory of personal data, once, and says whose it is."""

import ast

from house.sources import trees

from app import tables
from app.privacy.inventory import LOG_FIELDS, TABLES
from app.privacy.inventory.common import COMMON
from app.privacy.inventory.own import OWN


def test_names_every_table_and_column_and_no_others():
    found = {t.name: sorted(c.name for c in t.columns) for t in tables.metadata.sorted_tables}
    assert {name: sorted(sheet.all()) for name, sheet in TABLES.items()} == found
    assert not OWN.keys() & COMMON.keys()


def test_says_of_every_person_in_a_row_what_they_are_there():
    """A column that names a person is how the row is found as theirs, or an office."""
    for table in tables.metadata.sorted_tables:
        sheet = TABLES[table.name]
        named = {c.name for c in table.columns for fk in c.foreign_keys
                 if fk.column.table.name == "people"}  # fmt: skip
        whose = set(sheet.whose.replace("|", " ").replace("&", " ").split())
        assert named <= whose | set(sheet.of("office")), table.name


def test_finds_the_rows_of_everything_that_is_somebodys():
    assert [name for name, sheet in OWN.items() if not sheet.whose] == []
    assert [name for name, sheet in COMMON.items() if sheet.whose or sheet.goes] == []


def test_names_every_field_of_the_log():
    found = set()
    for tree in trees().values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            written = ast.unparse(call.func)
            if written.startswith(("log.", "getattr(log,")) or written.endswith("bind_contextvars"):
                found |= {keyword.arg for keyword in call.keywords}
    assert found == LOG_FIELDS
