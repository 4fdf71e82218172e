"""Groups over HTTP: one class an endpoint, and a robot's address that is never told."""

from uuid import uuid4

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from flows.story import key
from groups.conftest import WEBHOOK
from matrix.stage import public_word
from shapely import box
from sqlalchemy import select

from app.grids import service as grids
from app.grids.imports import GridDraft
from app.groups.models import Group, GroupMessage
from app.groups.schemas import GroupDraft
from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions import service as regions
from app.regions.schemas import RegionDraft

ROBOT = "693a91f6-7aaa-4bc4-97a0-0ec2e9f1c0ab"
FAR = "500231000000"


def draft(**more):
    return {"name": "莲花一格群", "members": 120, "grid_codes": [GRID], **more}


def code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def sun(as_, cast):
    return as_(cast.sun)


@pytest.fixture
def head(newcomer, as_):
    return lambda *regions: as_(newcomer(*((Role.GRID_HEAD, region) for region in regions)))


class TestAdd:
    def add(self, client, headers, **more):
        return client.post("/v1/groups", json=draft(**more), headers={**headers, **key()})

    def test_works(self, client, sun):
        answer = self.add(client, sun, grid_codes=[OTHER_GRID, GRID, GRID])
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert [grid["code"] for grid in body["grids"]] == [GRID, OTHER_GRID]
        assert (body["region_code"], body["robot"], body["active"]) == (VILLAGE, False, True)
        assert (body["waiting"], body["failed"]) == (0, 0)

    def test_a_head_of_all_its_grids(self, client, head):
        assert self.add(client, head(GRID), grid_codes=[GRID]).status_code == 201
        assert self.add(client, head(STREET), grid_codes=[GRID, OTHER_GRID]).status_code == 201
        assert self.add(client, head(GRID, OTHER_GRID), grid_codes=[GRID, OTHER_GRID]).is_success

    def test_a_head_of_one_of_its_grids_403(self, client, head):
        answer = self.add(client, head(GRID), grid_codes=[GRID, OTHER_GRID])
        assert code(answer) == (403, "group_forbidden")

    @pytest.mark.parametrize("who", ["wang", "qian"])
    def test_another_role_403(self, client, desk, who):
        assert code(self.add(client, getattr(desk, who))) == (403, "role_missing")

    @pytest.mark.parametrize("grids", [["nowhere"], [GRID, "nowhere"], [VILLAGE]])
    def test_what_is_no_grid_422(self, client, sun, grids):
        assert code(self.add(client, sun, grid_codes=grids)) == (422, "grid_unknown")

    def test_wrote_who_did_it_and_not_the_key(self, client, sun, cast, db):
        made = self.add(client, sun, webhook=WEBHOOK + ROBOT).json()
        with work(db, write=False) as tx:
            row = tx.scalars(select(StaffAction).where(StaffAction.object_id == made["id"])).one()
        assert (row.action, row.actor_id) == ("group.added", cast.sun.id)
        assert row.detail == {"robot": True}


class TestWebhook:
    @pytest.mark.parametrize(
        "address",
        [
            "", ROBOT, WEBHOOK, WEBHOOK + "x", WEBHOOK + ROBOT + "&x=1", WEBHOOK + ROBOT + "#x",
            WEBHOOK + ROBOT + "\nx", WEBHOOK + ROBOT[:-1] + "１", WEBHOOK + ROBOT.upper(),
            "http" + WEBHOOK.removeprefix("https") + ROBOT,
            (WEBHOOK + ROBOT).replace("weixin.qq.com/", "weixin.qq.com:443/"),
            (WEBHOOK + ROBOT).replace("weixin.qq.com/", "weixin.qq.com./"),
            (WEBHOOK + ROBOT).replace("weixin.qq.com/", "weixin.qq.com.evil.example/"),
            (WEBHOOK + ROBOT).replace("weixin.qq.com/", "weixin.qq.com@127.0.0.1/"),
            (WEBHOOK + ROBOT).replace("https://", "https://qyapi.weixin.qq.com@"),
            (WEBHOOK + ROBOT).replace("https://", "https://user:word@"),
            (WEBHOOK + ROBOT).replace("https://", "https://evil.example/"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "qyapi.weixin.qq.com\\.evil.example"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "qyapi-weixin.qq.com"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "qyapi.weixin-qq.com"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "qyapi.weixin.qq-com"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "QYAPI.weixin.qq.com"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "127.0.0.1"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "[::1]"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "169.254.169.254"),
            (WEBHOOK + ROBOT).replace("qyapi.weixin.qq.com", "qyapi。weixin。qq。com"),
            (WEBHOOK + ROBOT).replace("/send", "/send/../upload_media"),
            (WEBHOOK + ROBOT).replace("/send", "/upload_media"),
            (WEBHOOK + ROBOT).replace("/cgi-bin", "/%63gi-bin"),
            (WEBHOOK + ROBOT).replace("/cgi-bin", "//cgi-bin"),
            "file:///etc/passwd", "javascript:alert(1)", 7, True, ["x"],
        ],
    )  # fmt: skip
    def test_another_address_is_refused_and_not_repeated(self, client, sun, address):
        answer = client.post("/v1/groups", json=draft(webhook=address), headers={**sun, **key()})
        assert code(answer) == (422, "unprocessable")
        assert ROBOT[:8] not in answer.text
        assert "evil" not in answer.text

    def test_is_sealed_and_never_answered(self, client, sun, db, app):
        made = client.post(
            "/v1/groups", json=draft(webhook=WEBHOOK + ROBOT), headers={**sun, **key()}
        )
        url = f"/v1/groups/{made.json()['id']}"
        body = draft(webhook=WEBHOOK + ROBOT)
        answers = [
            made, client.get(url, headers=sun), client.put(url, json=body, headers=sun),
            client.get("/v1/groups", headers=sun, params={"limit": 100}),
        ]  # fmt: skip
        assert all(answer.is_success for answer in answers)
        assert not any(ROBOT in answer.text or "sealed" in answer.text for answer in answers)
        assert made.json()["robot"] is True
        with work(db, write=False) as tx:
            sealed = tx.get_one(Group, made.json()["id"]).sealed_key
        assert ROBOT not in sealed
        assert app.state.seal.open(sealed) == ROBOT
        # Nor is what it is sealed as; each sealing is another text, but all begin alike.
        assert not any(sealed[:4] in answer.text for answer in answers)

    def test_is_nowhere_in_the_database(self, client, sun, db):
        robot = str(uuid4())
        client.post("/v1/groups", json=draft(webhook=WEBHOOK + robot), headers={**sun, **key()})
        with db.reader.connect() as connection:
            for table in Group.metadata.sorted_tables:
                assert robot not in str(connection.execute(table.select()).all()), table.name

    def test_is_hidden_from_repr(self):
        assert ROBOT not in repr(GroupDraft(**draft(webhook=WEBHOOK + ROBOT)))


class TestChange:
    def change(self, client, headers, made, **more):
        return client.put(f"/v1/groups/{made['id']}", json=draft(**more), headers=headers)

    def test_works_and_keeps_the_robot_that_it_does_not_name(self, client, sun, group):
        made, _ = group()
        changed = self.change(client, sun, made, name="新名字", grid_codes=[OTHER_GRID]).json()
        assert (changed["name"], changed["robot"]) == ("新名字", True)
        assert [grid["code"] for grid in changed["grids"]] == [OTHER_GRID]
        assert changed["region_code"] == OTHER_GRID

    def test_null_removes_the_robot_and_what_it_had_to_say(self, client, sun, group, db):
        made, _ = group()
        url = f"/v1/groups/{made['id']}/notices"
        assert client.post(url, json={"text": "停水"}, headers=sun).status_code == 201
        changed = self.change(client, sun, made, webhook=None).json()
        assert (changed["robot"], changed["waiting"], changed["failed"]) == (False, 0, 1)

    def test_a_stranger_404_as_for_nothing(self, client, group, newcomer, as_, head):
        made, _ = group()
        other = head(OTHER_GRID)
        strange = self.change(client, other, made, grid_codes=[OTHER_GRID])
        assert code(strange) == (404, "group_not_found")
        assert public_word(strange) == public_word(self.change(client, other, {"id": uuid4()}))

    def test_seen_and_not_led_403(self, client, group, head):
        made, _ = group(grid_codes=[GRID, OTHER_GRID])
        assert code(self.change(client, head(GRID), made)) == (403, "group_forbidden")

    def test_no_head_takes_a_group_to_grids_of_others(self, client, group, head):
        made, _ = group()
        answer = self.change(client, head(GRID), made, grid_codes=[GRID, OTHER_GRID])
        assert code(answer) == (403, "group_forbidden")


class TestRead:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/groups", headers=headers, params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        return {item["id"] for item in answer.json()["items"]}

    def test_staff_of_one_of_its_grids(self, client, desk, group, newcomer, as_):
        made, _ = group(grid_codes=[GRID, OTHER_GRID])
        for headers in (desk.wang, desk.zhao, desk.qian):
            assert client.get(f"/v1/groups/{made['id']}", headers=headers).status_code == 200
            assert made["id"] in self.listed(client, headers)

    def test_staff_elsewhere_and_keepers_404(self, client, desk, group, newcomer, as_):
        made, _ = group()
        for headers in (desk.zhao, as_(newcomer((Role.KEEPER, DISTRICT)))):
            strange = client.get(f"/v1/groups/{made['id']}", headers=headers)
            assert code(strange) == (404, "group_not_found")
            assert made["id"] not in self.listed(client, headers)

    def test_by_region(self, client, sun, group):
        one, _ = group()
        other, _ = group(grid_codes=[OTHER_GRID])
        both = {one["id"], other["id"]}
        for region, expected in {
            DISTRICT: both, VILLAGE: both, GRID: {one["id"]}, "nowhere": set()
        }.items():  # fmt: skip
            assert both & self.listed(client, sun, region=region) == expected


class TestNotice:
    def notice(self, client, headers, made, text="今晚停水"):
        url = f"/v1/groups/{made['id']}/notices"
        return client.post(url, json={"text": text}, headers={**headers, **key()})

    def test_works(self, client, sun, group, db):
        made, _ = group()
        answer = self.notice(client, sun, made)
        assert (answer.status_code, answer.json()["state"]) == (201, "waiting")
        with work(db, write=False) as tx:
            row = tx.get_one(GroupMessage, answer.json()["id"])
        assert (row.kind, row.text) == ("notice", "【通知】\n今晚停水")

    def test_a_head_of_one_grid_403_and_of_none_404(self, client, group, head):
        made, _ = group(grid_codes=[GRID, OTHER_GRID])
        assert code(self.notice(client, head(GRID), made)) == (403, "group_forbidden")
        made, _ = group()
        assert code(self.notice(client, head(OTHER_GRID), made)) == (404, "group_not_found")

    @pytest.mark.parametrize("state", [{"webhook": None}, {"active": False}])
    def test_without_a_robot_or_inactive_409(self, client, sun, group, state):
        made, _ = group(**state)
        assert code(self.notice(client, sun, made)) == (409, "robot_missing")

    @pytest.mark.parametrize("text", ["", " ", "长" * 501, "a\x00b"])
    def test_no_text_or_too_much(self, client, sun, group, text):
        made, _ = group()
        assert code(self.notice(client, sun, made, text)) == (422, "unprocessable")


def test_grids_of_two_districts_are_no_group(client, db, newcomer, as_):
    with work(db, write=True) as tx:
        regions.import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
        shape = box(107.30, 30.30, 107.31, 30.31)
        far = GridDraft(
            code="500231001", name="远网格", level=1, parent=FAR, net=1, town=FAR, shape=shape
        )
        grids.import_grids(tx, [far])
    both = as_(newcomer((Role.ADMINISTRATOR, DISTRICT), (Role.ADMINISTRATOR, FAR)))
    body = draft(grid_codes=[GRID, "500231001"])
    answer = client.post("/v1/groups", json=body, headers={**both, **key()})
    assert code(answer) == (422, "grids_apart")
