"""A role covers its region's subtree, and nothing beside it."""

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from sqlalchemy import select

from app.identity import access, service
from app.identity.access import Actor, Held
from app.identity.errors import PersonOnly, RoleMissing, ScopeMissing, SessionEnded, StaffOnly
from app.identity.models import Grant, Person, Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.regions.models import Region
from app.regions.queries import spans, under_any
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

PATH = f"/{DISTRICT}/{STREET}/{VILLAGE}/"


def actor(*held):
    return Actor(new_id(), new_id(), "ABCD2345", tuple(Held(*one) for one in held))


def claims(signed, keys):
    return keys.verify(signed.access_token)


class TestHolds:
    @pytest.mark.parametrize(
        ("at", "covered"),
        [
            (f"/{DISTRICT}/", False),
            (f"/{DISTRICT}/{STREET}/", True),
            (PATH, True),
            (f"{PATH}{GRID}/", True),
            # A code that begins like ours is a sibling, not a child.
            (f"/{DISTRICT}/{STREET}1/", False),
            (f"/{DISTRICT}/{STREET}1/{VILLAGE}/", False),
            (f"/{STREET}/", False),
            ("/", False),
        ],
    )
    def test_the_subtree(self, at, covered):
        street = actor((Role.GRID_HEAD, f"/{DISTRICT}/{STREET}/"))
        assert street.holds({Role.GRID_HEAD}, at) is covered

    def test_the_role_counts_too(self):
        both = actor((Role.CHECKER, PATH), (Role.KEEPER, f"{PATH}{GRID}/"))
        assert both.holds({Role.CHECKER}, PATH)
        assert not both.holds({Role.KEEPER}, PATH)
        assert both.holds({Role.KEEPER, Role.AUDITOR}, f"{PATH}{GRID}/")
        assert not both.holds(set(), PATH)
        assert (both.has(Role.KEEPER), both.has(Role.AUDITOR)) == (True, False)


@pytest.fixture(scope="module")
def tree(db, cast):
    with work(db, write=True) as tx:
        import_regions(
            tx,
            [
                RegionDraft("9", "甲区", "甲区", 0, "区", None),
                RegionDraft("91", "一街", "一街", 1, "街道", "9"),
                RegionDraft("910", "十街", "十街", 1, "街道", "9"),
                RegionDraft("91a", "一甲街", "一甲街", 1, "街道", "9"),
                RegionDraft("911", "社区", "社区", 2, "社区", "91"),
                RegionDraft("90", "乙区", "乙区", 0, "区", None),
                RegionDraft("9z", "丙区", "丙区", 0, "区", None),
            ],
        )


class TestSees:
    """The same rule as a condition of a select."""

    @pytest.mark.parametrize(
        ("path", "seen"),
        [
            ("/9/", {"9", "91", "910", "91a", "911"}),
            ("/9/91/", {"91", "911"}),
            ("/9/910/", {"910"}),
            ("/90/", {"90"}),
            ("/nowhere/", set()),
        ],
    )
    def test_the_subtree(self, db, tree, path, seen):
        who = actor((Role.CHECKER, path))
        with work(db, write=False) as tx:
            paths = who.paths({Role.CHECKER})
            query = select(Region.code).where(under_any(Region.path, len(paths)))
            assert set(tx.scalars(query, spans(paths))) == seen
            # The rule in Python agrees with the rule in SQL on every region there is.
            for region in tx.scalars(select(Region)):
                assert who.holds({Role.CHECKER}, region.path) == (region.code in seen)

    def test_without_the_role_nothing(self, db, tree):
        who = actor((Role.KEEPER, "/9/"))
        with work(db, write=False) as tx:
            assert who.paths({Role.CHECKER}) == []
            assert not tx.scalars(select(Region).where(under_any(Region.path, 0))).all()


class TestFinding:
    def test_roles_are_read_at_each_request(self, db, app, cast, newcomer, sign_in):
        person = newcomer()
        asked = claims(sign_in(person), app.state.token_keys)
        with work(db, write=True) as tx:
            with pytest.raises(StaffOnly):
                access.find_staff(tx, asked)
            service.grant(tx, cast.sun.id, person.id, Role.CHECKER, VILLAGE)
            tx.flush()
            assert access.find_staff(tx, asked).held == (Held("checker", PATH),)
            tx.scalars(
                select(Grant).where(Grant.person_id == person.id)
            ).one().revoked_at = clock.now()
            tx.flush()
            with pytest.raises(StaffOnly):
                access.find_staff(tx, asked)

    def test_a_resolver_for_one_role(self, db, app, cast, sign_in):
        find = access.holding(Role.FUND_MANAGER, Role.FUND_APPROVER)
        keys = app.state.token_keys
        with work(db, write=False) as tx:
            assert find(tx, claims(sign_in(cast.ma), keys)).person_id == cast.ma.id
            assert find(tx, claims(sign_in(cast.wu), keys)).person_id == cast.wu.id
            with pytest.raises(RoleMissing):
                find(tx, claims(sign_in(cast.sun), keys))

    @pytest.mark.parametrize("state", ["disabled", "deleted"])
    def test_whoever_is_gone(self, db, app, newcomer, sign_in, state):
        person = newcomer((Role.CHECKER, DISTRICT))
        asked = claims(sign_in(person), app.state.token_keys)
        with work(db, write=True) as tx:
            tx.get_one(Person, person.id).state = state
            tx.flush()
            with pytest.raises(SessionEnded):
                access.find_actor(tx, asked)

    def test_programs_and_people_are_kept_apart(self, db, app, cast, sign_in):
        keys = app.state.token_keys
        program = keys.verify(keys.issue(f"client:{cast.client_id}", scope="points:read"))
        with work(db, write=False) as tx:
            assert access.with_scope("points:read")(tx, program).region_code == DISTRICT
            with pytest.raises(PersonOnly):
                access.find_actor(tx, program)
            with pytest.raises(ScopeMissing):
                access.with_scope("points:read")(tx, claims(sign_in(cast.sun), keys))
            with pytest.raises(ScopeMissing):
                access.with_scope("points:write")(tx, program)

    def test_granting_is_logged_with_who_did_it(self, db, cast, newcomer):
        person = newcomer()
        with work(db, write=True) as tx:
            service.grant(tx, cast.sun.id, person.id, Role.KEEPER, OTHER_GRID)
        with work(db, write=False) as tx:
            row = tx.scalars(
                select(StaffAction).where(StaffAction.object_id == str(person.id))
            ).one()
            assert (row.action, row.actor_id) == ("role.granted", cast.sun.id)
            assert row.detail == {"role": "keeper", "region": OTHER_GRID}
