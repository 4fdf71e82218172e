"""Whose people a district sees, blocks and lifts: of those who report there, and of nobody else."""

import pytest
from cast import DISTRICT, GRID
from conduct.hands import FAR, reported
from flows.story import key

from app.conduct.models import Standing
from app.identity.models import Role
from app.kit import clock
from app.kit.db import insert_row, work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions


@pytest.fixture(scope="module")
def far(db, as_, newcomer):
    """The dispatcher of another district."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
    return as_(newcomer((Role.DISPATCHER, FAR)))


@pytest.fixture
def person(db, newcomer):
    """Somebody watched, who reported in the district of the cast."""
    made = newcomer()
    reported(db, made.id, GRID)
    with work(db, write=True) as tx:
        insert_row(
            tx, Standing, person_id=made.id, verified=0, false_reports=3, level="watched",
            counted_at=clock.now(),
        )  # fmt: skip
    return made


@pytest.fixture
def block(client):
    def make(by, person, district):
        body = {
            "member_no": person.member_no, "region_code": district, "reason": "flooding",
            "note": "短时间大量上报",
        }  # fmt: skip
        return client.post("/v1/blocks", json=body, headers={**by, **key()})

    return make


@pytest.fixture
def listed(client):
    def members(by, url):
        items = client.get(f"/v1/{url}", params={"limit": 100}, headers=by).json()["items"]
        return {item["member_no"] for item in items}

    return members


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_only_who_reported_there(db, desk, far, person, block, listed):
    assert person.member_no in listed(desk.qian, "standings")
    assert person.member_no not in listed(far, "standings")
    assert code(block(far, person, FAR)) == (404, "person_not_found")
    reported(db, person.id, FAR)
    assert person.member_no in listed(far, "standings")
    assert block(far, person, FAR).status_code == 201


def test_nobody_is_told_of_who_reported_nowhere(desk, newcomer, block):
    assert code(block(desk.qian, newcomer(), DISTRICT)) == (404, "person_not_found")


def test_each_district_of_a_person_sees_and_lifts_a_block(
    client, db, desk, far, person, block, listed
):
    """It holds everywhere: who meets it as `already_blocked` must be able to look at it."""
    block_id = block(desk.qian, person, DISTRICT).json()["id"]
    url = f"/v1/blocks/{block_id}/lift"
    assert person.member_no not in listed(far, "blocks")
    assert code(client.post(url, headers={**far, **key()})) == (404, "block_not_found")
    reported(db, person.id, FAR)
    assert code(block(far, person, FAR)) == (409, "already_blocked")
    assert person.member_no in listed(far, "blocks")
    lifted = client.post(url, headers={**far, **key()})
    assert (lifted.status_code, lifted.json()["active"]) == (200, False)
