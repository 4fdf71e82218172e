"""Cases given to a unit: any of its people signs, and they see it while they belong to it."""

import pytest
from cases.case_build import (
    code,
    enlist,
    events,
    get,
    listed,
    make_member,
    make_unit,
    offered,
    wrong_fields,
)
from cast import DISTRICT, VILLAGE
from flows.story import move, moved, upload
from posts.build import day
from sqlalchemy import update

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.posts.models import Appointment
from app.regions.models import Region


@pytest.fixture
def unit(db, newcomer):
    """A unit with two people."""
    people = [make_member(newcomer, name) for name in ("甲", "乙")]
    return make_unit(db, *people), *people


def given(desk, unit, **how):
    return desk.moved(desk.filed(**how), "dispatch", unit_code=unit)


class TestDispatch:
    def test_to_a_unit_names_nobody(self, client, desk, unit):
        case = given(desk, unit[0])
        assert (case["status"], case["unit_code"], case["assignee_id"]) == (
            "dispatched", unit[0], None,
        )  # fmt: skip
        assert events(client, desk.wang, case)[-1]["data"] == {"unit_code": unit[0]}

    def test_either_a_person_or_a_unit(self, client, desk, cast, unit):
        case, person = desk.filed(), str(cast.wang.id)
        both = move(client, desk.wang, case, "dispatch", unit_code=unit[0], assignee_id=person)
        assert wrong_fields(both) == {"unit_code": "extra_forbidden"}
        assert wrong_fields(move(client, desk.wang, case, "dispatch")) == {"assignee_id": "missing"}

    def test_to_one_that_is_absent_or_out_of_use(self, client, db, desk):
        case = desk.filed()
        for name in ("nothing", make_unit(db, active=False)):
            refused = move(client, desk.wang, case, "dispatch", unit_code=name)
            assert code(refused) == (422, "unit_unknown")

    def test_to_one_of_another_district(self, client, db, desk):
        with work(db, write=True) as tx:
            facts = {"kind": "区", "name": "垫江县", "official_name": "垫江县"}
            row = Region(
                code="500231000000", path="/500231000000/", level=0, updated_at=clock.now(), **facts
            )
            if tx.get(Region, row.code) is None:
                tx.add(row)
        away = make_unit(db, region="500231000000")
        refused = move(client, desk.wang, desk.filed(), "dispatch", unit_code=away)
        assert code(refused) == (422, "unit_unknown")

    @pytest.mark.parametrize("region", [DISTRICT, VILLAGE])
    def test_to_any_of_the_own_district(self, db, desk, region):
        assert given(desk, make_unit(db, region=region))["status"] == "dispatched"

    def test_to_a_person_after_the_unit_returned_it(self, client, desk, cast, unit, as_):
        case = moved(
            client, as_(unit[1]), given(desk, unit[0]), "return", reason_code="other", note="换人"
        )
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        assert (case["unit_code"], case["assignee_id"]) == (None, str(cast.wang.id))


class TestMembers:
    def test_any_of_them_signs_and_then_it_is_theirs(self, client, desk, unit, as_):
        name, one, two = unit
        case = given(desk, name)
        expected = {"accept", "return", "make_safe", "escalate"}
        assert offered(client, as_(one), case) == offered(client, as_(two), case) == expected
        case = moved(client, as_(two), case, "accept")
        assert (case["assignee_id"], case["unit_code"]) == (str(two.id), name)
        # The colleague still sees what became of it.
        assert offered(client, as_(one), case) == set()
        assert code(move(client, as_(one), case, "make_safe", note="x")) == (403, "move_forbidden")

    def test_two_cannot_sign_for_it(self, client, desk, unit, as_):
        name, one, two = unit
        case = given(desk, name)
        moved(client, as_(one), case, "accept")
        assert code(move(client, as_(two), case, "accept")) == (412, "stale_version")

    def test_to_its_end(self, client, desk, unit, as_):
        name, one, _ = unit
        case = moved(client, as_(one), given(desk, name), "accept")
        photo = upload(client, as_(one))
        case = moved(client, as_(one), case, "resolve", photo_ids=[photo], note="好了")
        case = moved(client, desk.sun, case, "close", outcome="fixed")
        assert (case["status"], case["unit_code"]) == ("closed", name)

    def test_others_are_no_members(self, client, db, desk, newcomer, as_):
        case = given(desk, make_unit(db))
        stranger = make_member(newcomer)
        make_unit(db, stranger)
        assert get(client, as_(stranger), case).status_code == 404
        # Staff of the grid see it and are not the ones to sign.
        assert code(move(client, desk.wang, case, "accept")) == (403, "move_forbidden")

    def test_a_checker_of_the_unit_that_may_still_sign_does_not_suspend(
        self, client, db, desk, newcomer, as_
    ):
        both = newcomer((Role.DISPATCHER, DISTRICT))
        case = given(desk, make_unit(db, both))
        on = {"review_on": day(3), "note": "等配件"}
        assert code(move(client, as_(both), case, "suspend", **on)) == (403, "checker_is_handler")


class TestSight:
    def seen(self, client, headers, case):
        answer = get(client, headers, case)
        in_queue = case["id"] in listed(client, headers)
        mine = case["id"] in listed(client, headers, mine=True)
        assert len({answer.status_code == 200, in_queue, mine}) == 1, "one rule for all"
        return in_queue

    @pytest.mark.parametrize(
        ("terms", "sees"),
        [
            ({}, True),
            ({"ends_on": 0}, True),
            ({"ends_on": -1}, False),
            ({"starts_on": 0}, True),
            ({"starts_on": 1}, False),
        ],
    )
    def test_on_the_days_of_the_appointment(self, client, db, desk, newcomer, as_, terms, sees):
        member, name = make_member(newcomer), make_unit(db)
        enlist(db, name, member, **{key: day(offset) for key, offset in terms.items()})
        assert self.seen(client, as_(member), given(desk, name)) is sees

    def test_until_it_is_ended(self, client, db, desk, unit, as_):
        name, one, two = unit
        case = given(desk, name)
        assert self.seen(client, as_(one), case)
        with work(db, write=True) as tx:
            mine = update(Appointment).where(Appointment.person_id == one.id)
            tx.execute(mine.values(ended_at=clock.now()))
        assert not self.seen(client, as_(one), case)
        assert code(move(client, as_(one), case, "accept")) == (404, "case_not_found")
        assert self.seen(client, as_(two), case)

    def test_what_one_signed_stays_visible_after_leaving(self, client, db, desk, unit, as_):
        name, one, _ = unit
        case = moved(client, as_(one), given(desk, name), "accept")
        with work(db, write=True) as tx:
            mine = update(Appointment).where(Appointment.person_id == one.id)
            tx.execute(mine.values(ended_at=clock.now()))
        assert self.seen(client, as_(one), case)

    def test_until_it_is_returned(self, client, desk, unit, as_):
        name, one, two = unit
        case = given(desk, name)
        moved(client, as_(one), case, "return", reason_code="not_mine", note="不归我管")
        assert not self.seen(client, as_(one), case)
        assert not self.seen(client, as_(two), case)

    def test_the_queue_lists_a_case_once(self, client, db, desk, newcomer, as_):
        """Held region, own case and unit's case at once: three walks, one line."""
        both = newcomer((Role.GRID_STAFF, VILLAGE))
        case = moved(client, as_(both), given(desk, make_unit(db, both)), "accept")
        items = client.get("/v1/cases", headers=as_(both), params={"limit": 100}).json()["items"]
        assert [item["id"] for item in items].count(case["id"]) == 1

    def test_the_queue_of_a_member_is_narrowed_like_any_other(self, client, desk, unit, as_):
        name, one, _ = unit
        first, second = given(desk, name), given(desk, name)
        second = moved(client, as_(one), second, "accept")
        me = as_(one)
        assert listed(client, me) == {first["id"], second["id"]}
        assert listed(client, me, status="dispatched") == {first["id"]}
        assert listed(client, me, region=VILLAGE) == {first["id"], second["id"]}
        assert listed(client, me, region="500152001001002") == set()
        assert listed(client, me, q=first["number"]) == {first["id"]}
        assert listed(client, me, category="C0102") == set()


class TestReturn:
    def test_with_whom_one_proposes(self, client, desk, cast, unit, as_):
        why = {"reason_code": "other_unit", "note": "归市政"}
        case = moved(
            client, as_(unit[1]), given(desk, unit[0]), "return", **why,
            proposed_unit=unit[0], proposed_id=str(cast.wang.id),
        )  # fmt: skip
        assert (case["unit_code"], case["assignee_id"], case["returns"]) == (None, None, 1)
        assert events(client, desk.wang, case)[-1]["data"] == {
            "reason_code": "other_unit", "assignee_id": None, "unit_code": unit[0],
            "proposed_id": str(cast.wang.id), "proposed_unit": unit[0],
        }  # fmt: skip

    def test_a_proposal_binds_nobody(self, client, desk, cast, unit, as_):
        why = {"reason_code": "other_unit", "note": "归市政", "proposed_unit": unit[0]}
        case = desk.moved(desk.dispatched(), "return", **why)
        assert get(client, as_(unit[1]), case).status_code == 404
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        assert case["status"] == "dispatched"

    def test_a_person_who_cannot_handle_it(self, client, desk, cast):
        why = {"reason_code": "other_unit", "note": "换人", "proposed_id": str(cast.liu_bo.id)}
        refused = move(client, desk.wang, desk.dispatched(), "return", **why)
        assert (refused.status_code, refused.json()["code"]) == (422, "assignee_unknown")

    def test_a_unit_that_is_none(self, client, desk):
        case = desk.dispatched()
        why = {"reason_code": "other_unit", "note": "归市政", "proposed_unit": "nothing"}
        assert code(move(client, desk.wang, case, "return", **why)) == (422, "unit_unknown")
        assert get(client, desk.wang, case).json()["returns"] == 0
