"""What an appointment must not do besides: take people out of reach, make old sessions of staff."""

import pytest
from cast import DISTRICT
from posts.build import code_of, make_village, ok

from app.identity.models import Role


@pytest.fixture
def here(db):
    return make_village(db)


@pytest.fixture
def by(as_, newcomer, here):
    """The administrator of a village."""
    return as_(newcomer((Role.ADMINISTRATOR, here)))


class TestReach:
    """A role beside those that somebody has would keep their own administrators from them."""

    def test_not_whom_others_administer(self, db, office, by, here, newcomer):
        person = newcomer((Role.GRID_STAFF, make_village(db)))
        answer = office.appoint(person, region=f"{here}001", by=by)
        assert code_of(answer) == (403, "outside_subtree")
        assert "上级管理员" in answer.json()["detail"]
        # Whoever administers both may.
        ok(office.appoint(person, region=f"{here}001"), 201)

    def test_whose_region_it_lies_in(self, office, by, here, newcomer):
        """Their administrators administer this one too."""
        person = newcomer((Role.CHECKER, DISTRICT))
        ok(office.appoint(person, region=f"{here}001", by=by), 201)

    def test_who_is_nobodys_yet(self, office, by, here, newcomer):
        ok(office.appoint(newcomer(), region=f"{here}001", by=by), 201)


class TestSessions:
    """A reporter is signed in for thirty days, staff for twelve hours."""

    def test_a_reporter_signs_in_anew(self, client, office, as_, newcomer):
        person = newcomer()
        before = as_(person)
        office.appointed(person)
        assert client.get("/v1/me", headers=before).status_code == 401

    def test_staff_go_on(self, client, office, as_, newcomer):
        person = newcomer((Role.CHECKER, DISTRICT))
        before = as_(person)
        office.appointed(person)
        assert client.get("/v1/cases", headers=before).status_code == 200
