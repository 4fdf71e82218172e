"""Groupings (联村) beside the tree, over HTTP."""

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from sqlalchemy import select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions import queries
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"


@pytest.fixture(scope="module")
def far(db, cast):
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])


def draft(*regions, **more):
    return {
        "name": "莲花联村", "kind": "joint_villages", "district": DISTRICT,
        "region_codes": list(regions), **more,
    }  # fmt: skip


def code_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def put(client, desk):
    def send(code, body, by=None):
        return client.put(f"/v1/groupings/{code}", json=body, headers=by or desk.sun)

    return send


class TestPut:
    def test_answers_and_is_public(self, client, db, put):
        answer = put("LC01", draft(OTHER_GRID, GRID))
        assert (answer.status_code, answer.json()) == (
            200, {"code": "LC01", **draft(GRID, OTHER_GRID)},
        )  # fmt: skip
        listed = client.get("/v1/groupings", params={"district": DISTRICT}).json()["items"]
        assert {"code": "LC01", **draft(GRID, OTHER_GRID)} in listed
        assert client.get("/v1/groupings", params={"district": "nowhere"}).json() == {"items": []}
        with work(db, write=False) as tx:
            assert [region.code for region in queries.members(tx, "LC01")] == [GRID, OTHER_GRID]
            query = select(StaffAction.action).where(StaffAction.object_id == "LC01")
            assert list(tx.scalars(query)) == ["grouping.put"]

    def test_replaces(self, put):
        put("LC02", draft(GRID, OTHER_GRID))
        changed = draft(VILLAGE, VILLAGE, name="改名", kind="other")
        assert put("LC02", changed).json() == {
            "code": "LC02", **draft(VILLAGE, name="改名", kind="other"),
        }  # fmt: skip

    def test_by_an_administrator_of_the_district_only(self, put, as_, newcomer, far):
        street = as_(newcomer((Role.ADMINISTRATOR, STREET)))
        refused = put("LC03", draft(GRID), by=street)
        assert code_of(refused) == (403, "outside_subtree")
        elsewhere = as_(newcomer((Role.ADMINISTRATOR, FAR)))
        assert code_of(put("LC03", draft(GRID), by=elsewhere)) == (403, "outside_subtree")
        # A grouping is not drawn away into another district either.
        put("LC03", draft(GRID))
        taken = draft(FAR, district=FAR)
        assert code_of(put("LC03", taken, by=elsewhere)) == (403, "outside_subtree")
        assert code_of(put("LC03", taken)) == (403, "outside_subtree")

    def test_members_are_of_the_district(self, put, far):
        assert code_of(put("LC04", draft(GRID, FAR))) == (422, "member_outside")
        assert code_of(put("LC04", draft(GRID, "nowhere"))) == (422, "region_unknown")
        assert code_of(put("LC04", draft(GRID, district="nowhere"))) == (422, "region_unknown")
        assert code_of(put("LC04", draft())) == (422, "unprocessable")
