"""The schema of accounts: what deleting costs, and what going back before it must not open."""

from datetime import timedelta

import pytest
from house.test_migrations import blank  # noqa: F401 - a fixture is found by its name
from sqlalchemy import inspect, text

from app.identity import passwords, service
from app.identity.models import SignIn, StaffAccount, Step
from app.kit import clock, migrate
from app.kit.db import work
from app.kit.ids import new_id

OWN, GIVEN = "a river runs through it", "given for three days"


def test_each_deleted_token_is_looked_for_by_an_index(db):
    """Its own table points at it: without one each deletion reads all of it."""
    found = inspect(db.reader).get_indexes("refresh_tokens")
    assert ["successor"] in [index["column_names"] for index in found]


@pytest.fixture
def before_accounts(blank):  # noqa: F811
    """Two accounts with a session each, one of them not whole; then the revision before 0012."""
    migrate.upgrade(blank)
    now, ids = clock.now(), {}
    with work(blank, write=True) as tx:
        for name, password, step in (("whole", OWN, None), ("half", GIVEN, Step.PASSWORD)):
            person = service.add_staff(tx, name, password, name)
            ids[name] = new_id()
            tx.add(
                SignIn(id=ids[name], person_id=person.id, created_at=now, expires_at=now, step=step)
            )
            if step is not None:
                tx.get_one(StaffAccount, person.id).one_time_until = now - timedelta(days=1)
    migrate.downgrade(blank, "0011")
    return blank, ids


def test_what_was_not_whole_ends(before_accounts):
    db, ids = before_accounts
    with db.reader.connect() as connection:
        sessions = dict(
            connection.execute(text("SELECT revoked_why, id FROM sign_ins ORDER BY id")).all()
        )
        hashes = dict(
            connection.execute(text("SELECT username, password_hash FROM staff_accounts")).all()
        )
    assert {why: str(one).replace("-", "") for why, one in sessions.items()} == {
        None: ids["whole"].hex, "downgraded": ids["half"].hex,
    }  # fmt: skip
    assert passwords.matches(hashes["whole"], OWN)
    assert not passwords.matches(hashes["half"], GIVEN)
