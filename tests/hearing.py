"""What an engine is asked, while a test listens."""

from contextlib import contextmanager

from sqlalchemy import event


@contextmanager
def heard(engine):
    """A list that every statement is added to with its parameters, once it is about to run."""
    said = []

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hear)
