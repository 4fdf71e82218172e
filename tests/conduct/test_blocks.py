"""Blocks: what a blocked person may not, what stays theirs, and how a block ends."""

import threading
from datetime import timedelta

import pytest
from cast import DISTRICT, GRID, INSIDE, STREET
from conduct.hands import reported
from flows.story import key, picture, report, upload
from sqlalchemy import select

from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work


@pytest.fixture
def block(client, db, desk):
    """The district's dispatcher blocks somebody, who reported there."""

    def make(person, by=None, **more):
        reported(db, person.id, GRID)
        body = {
            "member_no": person.member_no, "region_code": DISTRICT, "reason": "false_reports",
            "note": "三次上报均不属实", **more,
        }  # fmt: skip
        return client.post("/v1/blocks", json=body, headers={**(by or desk.qian), **key()})

    return make


def sends(client, headers, photo):
    body = {"description": "路灯不亮", "photo_ids": [photo], "place": INSIDE}
    return client.post("/v1/reports", json=body, headers={**headers, **key()})


def code(answer):
    return answer.status_code, answer.json()["code"]


class TestBlocked:
    def test_may_not_report_but_read_and_is_told_why_and_until_when(
        self, client, block, newcomer, as_
    ):
        person = newcomer()
        who, until = as_(person), clock.now() + timedelta(days=7)
        sent, photo = report(client, who, INSIDE), upload(client, who)
        made = block(person, until=until.isoformat())
        assert made.status_code == 201, made.text
        assert made.json()["active"]
        assert made.json()["name"] == "新*"

        refused = sends(client, who, photo)
        assert code(refused) == (403, "blocked")
        assert refused.json()["until"] == until.isoformat()
        assert refused.json()["reason"] == "false_reports"
        files = {"file": ("p.jpg", picture(), "image/jpeg")}
        assert code(client.post("/v1/photos", files=files, headers=who)) == (403, "blocked")

        assert client.get(f"/v1/reports/{sent['id']}", headers=who).status_code == 200
        told = client.get("/v1/inbox", headers=who).json()["items"][0]
        assert told["kind"] == "conduct.blocked"
        assert "三次上报均不属实" in told["text"]
        seen = client.get("/v1/me/standing", headers=who).json()
        assert seen["block"]["reason_text"] == "多次上报不实信息"
        assert report(client, as_(newcomer()), INSIDE)

    def test_until_the_instant_and_not_a_moment_longer(self, client, block, newcomer, as_):
        person = newcomer()
        until = clock.now() + timedelta(minutes=10)
        made = block(person, until=until.isoformat())
        photo = None
        clock.shift(timedelta(minutes=9, seconds=50))
        files = {"file": ("p.jpg", picture(), "image/jpeg")}
        assert client.post("/v1/photos", files=files, headers=as_(person)).status_code == 403
        clock.shift(timedelta(seconds=10))
        photo = upload(client, as_(person))
        assert sends(client, as_(person), photo).status_code == 201
        assert client.get("/v1/me/standing", headers=as_(person)).json()["block"] is None
        again = block(person, reason="abuse")
        assert again.status_code == 201
        assert again.json()["id"] != made.json()["id"]

    def test_without_an_end_until_it_is_lifted_once(self, client, desk, db, block, newcomer, as_):
        person = newcomer()
        block_id = block(person).json()["id"]
        clock.shift(timedelta(days=400))
        qian = as_(desk._cast.qian)
        files = {"file": ("p.jpg", picture(), "image/jpeg")}
        assert client.post("/v1/photos", files=files, headers=as_(person)).status_code == 403
        lifted = client.post(f"/v1/blocks/{block_id}/lift", headers={**qian, **key()})
        assert (lifted.status_code, lifted.json()["active"]) == (200, False)
        assert lifted.json()["lifted_by"] == lifted.json()["created_by"]
        again = client.post(f"/v1/blocks/{block_id}/lift", headers={**qian, **key()})
        assert code(again) == (409, "block_over")
        assert sends(client, as_(person), upload(client, as_(person))).status_code == 201
        with work(db, write=False) as tx:
            logged = select(StaffAction.action).where(StaffAction.object_id == block_id)
            assert sorted(tx.scalars(logged)) == ["person.blocked", "person.unblocked"]


class TestWho:
    def test_only_who_decides_for_the_district(self, client, block, newcomer, as_):
        person = newcomer()
        street = as_(newcomer((Role.DISPATCHER, STREET)))
        assert code(block(person, by=street)) == (403, "block_forbidden")
        assert code(client.get("/v1/blocks", headers=street)) == (403, "block_forbidden")
        assert code(client.get("/v1/standings", headers=street)) == (403, "block_forbidden")
        assert code(block(person, region_code=STREET)) == (403, "block_forbidden")

    def test_staff_are_not_blocked(self, block, newcomer):
        assert code(block(newcomer((Role.KEEPER, STREET)))) == (409, "staff_not_blocked")

    def test_nobody_twice_not_even_at_once(self, client, block, newcomer):
        person, found, start = newcomer(), [], threading.Barrier(2)

        def one() -> None:
            start.wait()
            found.append(block(person).status_code)

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [201, 409]
        assert code(block(person)) == (409, "already_blocked")

    def test_not_into_the_past(self, block, newcomer):
        past = clock.now() - timedelta(seconds=1)
        assert code(block(newcomer(), until=past.isoformat())) == (409, "until_passed")


def test_the_list_tells_those_that_hold_from_those_that_ended(client, desk, block, newcomer):
    person = newcomer()
    first = block(person, until=(clock.now() + timedelta(minutes=1)).isoformat()).json()["id"]
    clock.shift(timedelta(minutes=2))
    second = block(person).json()["id"]

    def listed(**wanted) -> list[str]:
        query = {"member_no": person.member_no, **wanted}
        answer = client.get("/v1/blocks", params=query, headers=desk.qian)
        return [item["id"] for item in answer.json()["items"]]

    assert listed() == [second, first]
    assert listed(active="true") == [second]
    assert listed(active="false") == [first]
