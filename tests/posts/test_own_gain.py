"""Nobody gives themselves a role that they do not have: by post, by grouping, by standing in."""

from cast import DISTRICT, GRID, OTHER_GRID
from posts.build import code_of, day, make_village, ok

from app.identity.models import Role

ADMIN = (Role.ADMINISTRATOR, DISTRICT)
REFUSED = (403, "self_appointment")


class TestAppoint:
    def test_not_oneself_to_more(self, office, as_, newcomer):
        me = newcomer(ADMIN)
        for post, region in (("grid_staff_full", GRID), ("grid_staff_part", GRID)):
            assert code_of(office.appoint(me, post, region, by=as_(me))) == REFUSED
        assert office.roles(me) == [("administrator", DISTRICT)]

    def test_the_role_elsewhere_is_not_the_role_here(self, office, as_, newcomer):
        me = newcomer(ADMIN, (Role.GRID_STAFF, OTHER_GRID))
        assert code_of(office.appoint(me, by=as_(me))) == REFUSED
        ok(office.appoint(me, region=OTHER_GRID, by=as_(me)), 201)

    def test_oneself_to_what_one_has_from_above(self, office, as_, newcomer):
        me = newcomer(ADMIN, (Role.GRID_STAFF, DISTRICT))
        ok(office.appoint(me, by=as_(me)), 201)

    def test_another_role_is_not_enough(self, office, as_, newcomer):
        me = newcomer(ADMIN, (Role.CHECKER, DISTRICT), (Role.GRID_HEAD, DISTRICT))
        assert code_of(office.appoint(me, by=as_(me))) == REFUSED

    def test_a_colleague_may(self, office, as_, newcomer):
        me, colleague = newcomer(ADMIN), newcomer(ADMIN)
        ok(office.appoint(me, by=as_(colleague)), 201)
        assert ("grid_staff", GRID) in office.roles(me)

    def test_nor_in_one_of_a_groupings_villages(self, db, office, as_, newcomer):
        one, two = make_village(db), make_village(db)
        ok(office.joined("OG-A", one, two))
        me = newcomer(ADMIN, (Role.GRID_STAFF, one))
        answer = office.appoint(me, "joint_staff", grouping_code="OG-A", by=as_(me))
        assert code_of(answer) == REFUSED


class TestGrouping:
    def test_not_wider_for_oneself(self, db, office, as_, newcomer):
        one, two = make_village(db), make_village(db)
        ok(office.joined("OG-B", one))
        me = newcomer(ADMIN)
        ok(office.appoint(me, "joint_staff", grouping_code="OG-B"), 201)
        assert code_of(office.joined("OG-B", one, two, by=as_(me))) == REFUSED
        assert office.roles(me) == [("administrator", DISTRICT), ("grid_staff", one)]
        ok(office.joined("OG-B", one, name="改名", by=as_(me)))
        ok(office.joined("OG-B", one, two))
        assert ("grid_staff", two) in office.roles(me)

    def test_not_before_ones_post_begins_either(self, db, office, as_, newcomer):
        one, two = make_village(db), make_village(db)
        ok(office.joined("OG-C", one))
        me = newcomer(ADMIN)
        later = {"starts_on": day(3), "grouping_code": "OG-C"}
        ok(office.appoint(me, "joint_staff", **later), 201)
        assert code_of(office.joined("OG-C", one, two, by=as_(me))) == REFUSED
        ok(office.joined("OG-C", one, name="改名", by=as_(me)))


class TestStandIn:
    def test_not_oneself_for_more(self, office, as_, newcomer):
        me, absent = newcomer(ADMIN), office.newcomer()
        office.appointed(absent)
        answer = office.leave(absent, by=as_(me), stand_in_id=str(me.id))
        assert code_of(answer) == (403, "stand_in_forbidden")
        assert office.roles(me) == [("administrator", DISTRICT)]

    def test_oneself_for_what_one_has(self, office, as_, newcomer):
        me, absent = newcomer(ADMIN, (Role.GRID_STAFF, DISTRICT)), office.newcomer()
        office.appointed(absent)
        ok(office.leave(absent, by=as_(me), stand_in_id=str(me.id)), 201)
