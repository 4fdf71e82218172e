"""What argon2 is run for: nothing that tells a password apart, and nothing for whoever may not."""

import pytest
from accounts.hands import NEXT, OWN, bearer, code
from argon2 import PasswordHasher
from cast import DISTRICT
from sqlalchemy import func, select
from windows import fresh_window

from app.identity import passwords, steps
from app.identity.models import SignIn, StaffAccount
from app.kit.db import work


class Counting(PasswordHasher):
    """The least effort, counted; `during` happens while a password is verified."""

    def __init__(self):
        super().__init__(1, 8, 1)
        self.runs, self.during = 0, None

    def hash(self, *given, **more):
        self.runs += 1
        return super().hash(*given, **more)

    def verify(self, *given, **more):
        self.runs += 1
        if self.during is not None:
            self.during()
        return super().verify(*given, **more)


@pytest.fixture
def hasher(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.fixture
def staff(office):
    return office.made()


class TestTheOldPassword:
    def test_beyond_the_limit_nothing_is_verified(self, office, staff, hasher):
        """How long an answer takes would tell the right one, whatever the answer is."""
        fresh_window()
        here = bearer(office.enter(staff.username))
        for n in range(10):
            assert code(office.change(here, f"guess {n}", NEXT)) == (403, "password_wrong")
        hasher.runs = 0
        for old in ("guess", OWN):
            assert code(office.change(here, old, NEXT)) == (429, "sign_in_too_often")
        assert hasher.runs == 0

    def test_nor_for_a_session_that_ended(self, office, staff, hasher):
        here = bearer(office.enter(staff.username))
        office.send("sun", f"/v1/staff/{staff.id}/revoke-sessions")
        hasher.runs = 0
        assert code(office.change(here, OWN, NEXT)) == (401, "session_ended")
        assert hasher.runs == 0


def test_nothing_is_hashed_for_who_administers_nothing(office, staff, hasher, as_, newcomer):
    """Two at a time hash: a reporter would keep everybody from signing in."""
    draft = {"name": "新员工", "username": "unwanted", "region_code": DISTRICT}
    who = as_(newcomer())
    hasher.runs = 0
    assert code(office.send(who, "/v1/staff", draft)) == (403, "role_missing")
    refused = office.send(who, f"/v1/staff/{staff.id}/reset-password")
    assert code(refused) == (403, "role_missing")
    assert hasher.runs == 0


def test_a_sign_in_under_way_ends_with_the_password(office, staff, hasher, db):
    """The old one was right when it was verified, and is not any more when the session begins."""

    def reset():
        with work(db, write=True) as tx:
            steps.set_password(tx, tx.get_one(StaffAccount, staff.id), "another hash")

    def sessions():
        with work(db, write=False) as tx:
            mine = select(func.count()).where(SignIn.person_id == staff.id)
            return tx.scalar(mine)

    before, hasher.during = sessions(), reset
    assert code(office.enter(staff.username)) == (401, "credentials_wrong")
    assert sessions() == before
