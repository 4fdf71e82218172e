"""A notice to all groups of a region's grids: who may, who is told, how many, and how fast."""

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from flows.story import key
from sqlalchemy import select, update

from app.groups.models import Group, GroupMessage
from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

FAR = "500231000000"


@pytest.fixture(autouse=True)
def _no_other_groups(db, wecom):
    """Each test's groups are the only ones that speak, and have nothing left to say."""
    wecom.said.clear()
    with work(db, write=True) as tx:
        tx.execute(
            update(GroupMessage).where(GroupMessage.state == "waiting").values(state="failed")
        )
        tx.execute(update(Group).values(active=False))


@pytest.fixture
def send(client, as_, cast):
    def post(region, by=None, text="今晚停水"):
        body = {"region_code": region, "text": text}
        headers = {**(by or as_(cast.sun)), **key()}
        return client.post("/v1/group-notices", json=body, headers=headers)

    return post


@pytest.fixture
def head(newcomer, as_):
    return lambda role, region: as_(newcomer((role, region)))


def code(answer):
    return answer.status_code, answer.json()["code"]


def messages(db, group):
    with work(db, write=False) as tx:
        return tx.scalars(select(GroupMessage).where(GroupMessage.group_id == group["id"])).all()


def said(wecom, robot):
    return [message for message in wecom.said if message.key == robot]


class TestNotice:
    def test_reaches_every_group_of_the_subtree_once(self, db, send, group, wecom, minute):
        one, one_robot = group()
        both, both_robot = group(grid_codes=[GRID, OTHER_GRID])
        other, other_robot = group(grid_codes=[OTHER_GRID])
        answer = send(VILLAGE)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["groups"], answer.json()["region_code"]) == (3, VILLAGE)
        minute(2)
        for robot in (one_robot, both_robot, other_robot):
            (message,) = said(wecom, robot)
            assert "今晚停水" in str(message)
        for made in (one, both, other):
            (row,) = messages(db, made)
            assert (row.kind, row.state, row.subject) == ("notice", "sent", answer.json()["id"])

    def test_of_a_grid_reaches_its_own_groups_alone(self, db, send, group):
        one, _ = group()
        both, _ = group(grid_codes=[GRID, OTHER_GRID])
        other, _ = group(grid_codes=[OTHER_GRID])
        assert send(GRID).json()["groups"] == 2
        assert [len(messages(db, made)) for made in (one, both, other)] == [1, 1, 0]

    def test_counts_those_that_cannot_speak(self, db, send, group):
        before = send(VILLAGE).json()["silent"]
        speaking, _ = group()
        mute, _ = group(webhook=None)
        asleep, _ = group(active=False)
        answer = send(VILLAGE).json()
        assert (answer["groups"], answer["silent"]) == (1, before + 2)
        assert [len(messages(db, made)) for made in (speaking, mute, asleep)] == [1, 0, 0]

    def test_where_no_group_is(self, db, send, newcomer, as_):
        with work(db, write=True) as tx:
            import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        far = as_(newcomer((Role.DISPATCHER, FAR)))
        answer = send(FAR, by=far)
        assert (answer.status_code, answer.json()["groups"], answer.json()["silent"]) == (201, 0, 0)

    def test_twenty_a_minute_though_all_share_a_robot(self, send, group, wecom, minute):
        _, robot = group()
        group(robot=robot)
        for n in range(15):
            assert send(VILLAGE, text=f"第{n}条").json()["groups"] == 2
        counts = []
        for _ in range(6):
            minute()
            counts.append(len(said(wecom, robot)))
        assert counts[-1] == 30
        rounds = [0, *counts]
        assert all(
            later - sooner <= 20 for sooner, later in zip(rounds[:-2], rounds[2:], strict=True)
        )

    def test_sent_again_with_its_key_is_one_notice(self, client, db, group, as_, cast):
        made, _ = group()
        headers = {**as_(cast.sun), **key()}
        body = {"region_code": GRID, "text": "停水"}
        first, again = (
            client.post("/v1/group-notices", json=body, headers=headers) for _ in range(2)
        )
        assert first.json() == again.json()
        assert len(messages(db, made)) == 1

    @pytest.mark.parametrize("role", [Role.GRID_HEAD, Role.DISPATCHER, Role.ADMINISTRATOR])
    def test_by_heads_dispatchers_and_administrators_of_the_region(self, send, head, role):
        who = head(role, VILLAGE)
        assert send(VILLAGE, by=who).status_code == 201
        assert send(GRID, by=who).status_code == 201
        for above in (STREET, DISTRICT):
            assert code(send(above, by=who)) == (403, "outside_subtree")

    @pytest.mark.parametrize("role", [Role.GRID_STAFF, Role.HANDLER, Role.CHECKER, Role.AUDITOR])
    def test_by_nobody_else(self, send, head, role):
        assert code(send(VILLAGE, by=head(role, DISTRICT))) == (403, "role_missing")

    def test_another_role_there_does_not_help(self, send, newcomer, as_):
        both = as_(newcomer((Role.GRID_HEAD, GRID), (Role.GRID_STAFF, DISTRICT)))
        assert code(send(VILLAGE, by=both)) == (403, "outside_subtree")

    def test_an_unknown_region_422(self, send):
        assert code(send("nowhere")) == (422, "region_unknown")

    @pytest.mark.parametrize("text", ["", " ", "长" * 501, "a\x00b"])
    def test_no_text_or_too_much(self, send, text):
        assert code(send(VILLAGE, text=text)) == (422, "unprocessable")

    def test_wrote_who_did_it_and_how_many_it_reached(self, db, send, group, cast):
        group()
        made = send(GRID).json()
        with work(db, write=False) as tx:
            rows = tx.scalars(select(StaffAction).where(StaffAction.action == "region.noticed"))
            (row,) = [row for row in rows if row.detail["notice"] == made["id"]]
        assert (row.actor_id, row.object_kind, row.object_id) == (cast.sun.id, "region", GRID)
        assert row.detail == {"notice": made["id"], "groups": 1}
