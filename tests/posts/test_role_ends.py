"""A role ends by itself with the last day of its post or of the leave, whatever the worker does."""

from datetime import timedelta

import pytest
from cast import DISTRICT, GRID
from posts.build import day, instant, ok
from sqlalchemy import select, update

from app.cases import queries as cases
from app.identity import queries as identity
from app.identity.models import Grant, Role
from app.kit import clock
from app.kit.db import work
from app.posts import appointments, lists, queries


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.unshift()


def grants(db, made):
    with work(db, write=False) as tx:
        mine = select(Grant.revoked_at).where(Grant.appointment_id == made["id"])
        return list(tx.scalars(mine.order_by(Grant.granted_at)))


def midnight(days):
    """The instant at which the business day so many days from now is over."""
    today = clock.business_day(clock.now())
    return clock.day_start(today + timedelta(days=days + 1))


def to(instant):
    clock.shift(instant - clock.now())


def unsettled(db):
    with work(db, write=False) as tx:
        return tx.scalars(lists.unsettled(), queries.moment(clock.now())).all()


class TestLastDay:
    def test_counts_to_the_instant_and_without_a_job(self, db, client, office, as_):
        person = office.newcomer()
        made = office.appointed(person, ends_on=day(1))
        to(midnight(1) - timedelta(seconds=30))
        assert office.roles(person) == [("grid_staff", GRID)]
        assert client.get("/v1/cases", headers=as_(person)).status_code == 200
        to(midnight(0))
        assert office.roles(person) == []
        assert client.get("/v1/cases", headers=as_(person)).status_code == 403
        path = f"/{DISTRICT}/500152001000/500152001001/{GRID}/"
        with work(db, write=False) as tx:
            assert person.id not in identity.holding(tx, path, [Role.GRID_STAFF])
            assert person.id not in identity.nearest_holding(tx, path, [Role.GRID_STAFF])[1]
            assert person.id not in {row.id for row in cases.assignees(tx, path)}
        assert made["id"] not in {str(one) for one in unsettled(db)}

    def test_a_day_set_later_counts_too(self, db, office):
        person = office.newcomer()
        made = office.appointed(person)
        assert grants(db, made) == [None]
        ok(office.end(made, ends_on=day(2)))
        assert grants(db, made) == [midnight(2)]
        ok(office.end(made, ends_on=day(1)))
        assert grants(db, made) == [midnight(1)]
        ok(office.end(made))
        assert grants(db, made)[0] <= clock.now()
        assert office.roles(person) == []

    def test_the_hourly_job_leaves_it_alone(self, db, office):
        made = office.appointed(office.newcomer(), ends_on=day(2))
        assert unsettled(db) == []
        with work(db, write=True) as tx:
            appointments.turn(tx)
        assert grants(db, made) == [midnight(2)]

    def test_what_was_given_without_its_end_gets_it_from_the_job(self, db, office):
        made = office.appointed(office.newcomer(), ends_on=day(2))
        with work(db, write=True) as tx:
            mine = update(Grant).where(Grant.appointment_id == made["id"])
            tx.execute(mine.values(revoked_at=None))
        with work(db, write=True) as tx:
            appointments.turn(tx)
        assert grants(db, made) == [midnight(2)]


def test_a_stand_ins_role_ends_with_the_leave(office):
    absent, other = office.newcomer(), office.newcomer((Role.HANDLER, DISTRICT))
    office.appointed(absent, ends_on=day(9))
    ok(office.leave(absent, stand_in_id=str(other.id), ends_at=instant(hours=1)), 201)
    assert ("grid_staff", GRID) in office.roles(other)
    clock.shift(timedelta(hours=1, seconds=1))
    assert office.roles(other) == [("handler", DISTRICT)]
    assert office.roles(absent) == [("grid_staff", GRID)]


def test_a_stand_ins_role_ends_with_the_post(office):
    absent, other = office.newcomer(), office.newcomer((Role.HANDLER, DISTRICT))
    office.appointed(absent, ends_on=day())
    ok(office.leave(absent, stand_in_id=str(other.id), ends_at=instant(days=3)), 201)
    to(midnight(0))
    assert office.roles(other) == [("handler", DISTRICT)]
