"""Nets, units, posts and the duty board over HTTP."""

import json

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from flows.story import upload
from posts.build import PHONE, code_of, day, instant, make_village, ok
from sqlalchemy import select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.posts import imports, service
from app.posts.models import Post
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

POST = {
    "name": "河长", "name_en": "River head", "level": 2, "net_code": "city", "role": "handler",
    "duties": ["巡河"], "rung": None, "on_board": True, "position": 900, "active": True,
}  # fmt: skip
NET = {"name": "城市管理", "name_en": "City", "position": 3}
FAR = "500231000000"


@pytest.fixture
def street_admin(as_, newcomer):
    return as_(newcomer((Role.ADMINISTRATOR, STREET)))


@pytest.fixture(scope="module")
def far_admin(db, as_, newcomer):
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(FAR, "垫江县", "垫江县", 0, "县", None)])
    return as_(newcomer((Role.ADMINISTRATOR, FAR)))


def noted(db, action, thing):
    with work(db, write=False) as tx:
        query = select(StaffAction.detail).where(
            StaffAction.action == action, StaffAction.object_id == thing
        )
        return list(tx.scalars(query))


class TestSeed:
    def test_again_leaves_edits_alone(self, db, office):
        with work(db, write=True) as tx:
            tx.get_one(Post, "doctor").name = "家庭医生"
            assert service.load_seed(tx) == 0
            assert tx.get_one(Post, "doctor").name == "家庭医生"

    def test_how_many_duties_each_level_has(self):
        posts = imports.seed_posts()
        assert {code: len(post.duties) for code, post in posts.items() if code[:3] == "dj_"} == {
            "dj_first_head": 5, "dj_first_deputy": 4, "dj_second_head": 5, "dj_second_deputy": 3,
            "dj_third_head": 10, "dj_grid_staff": 6,
        }  # fmt: skip

    def test_the_ladder_is_whole(self):
        assert {post.rung for post in imports.seed_posts().values()} == {None, 1, 2, 3, 4, 5}

    def test_no_duty_is_empty_and_no_code_twice(self):
        rows = imports._rows("posts")
        assert len({row["code"] for row in rows}) == len(rows)
        assert {post.net_code for post in imports.seed_posts().values()} - {None} <= set(
            imports.seed_nets()
        )


class TestNets:
    def test_public_in_their_order(self, client, office):
        items = ok(client.get("/v1/nets"))["items"]
        assert [net["code"] for net in items] == ["party", "governance", "city", "building"]
        assert items[0] == {
            "code": "party", "name": "城市党建", "name_en": "Party building", "position": 1,
        }  # fmt: skip

    def test_put(self, client, db, office):
        answer = client.put("/v1/nets/city", json=NET, headers=office.sun)
        assert ok(answer) == {"code": "city", **NET}
        assert noted(db, "net.put", "city") == [{}]

    def test_not_while_another_district_uses_it(self, client, db, office, far_admin):
        ok(client.put("/v1/nets/shared", json=NET, headers=office.sun))
        body = {**POST, "net_code": "shared"}
        ok(client.put("/v1/posts/of_net", json=body, headers=office.sun))
        changed = {**NET, "name": "别的"}
        ok(client.put("/v1/nets/shared", json=NET, headers=far_admin))
        office.appointed(office.newcomer(), "of_net", make_village(db))
        answer = client.put("/v1/nets/shared", json=changed, headers=far_admin)
        assert code_of(answer) == (403, "shared_across_districts")
        ok(client.put("/v1/nets/shared", json=changed, headers=office.sun))

    def test_not_by_a_streets_administrator(self, client, street_admin):
        answer = client.put("/v1/nets/city", json=NET, headers=street_admin)
        assert code_of(answer) == (403, "outside_subtree")


class TestUnits:
    def put(self, client, headers, code, region, **more):
        body = {"name": "农业服务中心", "region_code": region, **more}
        return client.put(f"/v1/units/{code}", json=body, headers=headers)

    def listed(self, client, headers, **params):
        items = ok(client.get("/v1/units", headers=headers, params=params))["items"]
        return {item["code"] for item in items}

    def test_put_and_seen_in_the_subtree(self, client, office, desk):
        made = ok(self.put(client, office.sun, "U1", STREET))
        assert made == {
            "code": "U1", "name": "农业服务中心", "region_code": STREET, "active": True,
        }  # fmt: skip
        ok(self.put(client, office.sun, "U2", GRID))
        assert self.listed(client, office.sun) >= {"U1", "U2"}
        assert self.listed(client, desk.wang) & {"U1", "U2"} == {"U2"}
        assert self.listed(client, desk.zhao) & {"U1", "U2"} == set()
        assert self.listed(client, office.sun, region=VILLAGE) & {"U1", "U2"} == {"U2"}
        assert self.listed(client, office.sun, region="nowhere") == set()

    def test_only_in_ones_own_subtree(self, client, office, street_admin):
        ok(self.put(client, street_admin, "U3", VILLAGE))
        answer = self.put(client, street_admin, "U4", DISTRICT)
        assert code_of(answer) == (403, "outside_subtree")
        # Neither is a unit of the district drawn into the street.
        ok(self.put(client, office.sun, "U5", DISTRICT))
        assert code_of(self.put(client, street_admin, "U5", STREET)) == (403, "outside_subtree")
        assert code_of(self.put(client, office.sun, "U6", "nowhere")) == (422, "region_unknown")


class TestPosts:
    def test_public_with_their_duties(self, client, office):
        posts = {post["code"]: post for post in ok(client.get("/v1/posts"))["items"]}
        assert posts["agronomist"]["level"] == 1
        assert posts["dj_third_head"]["rung"] == 3
        assert len(posts["dj_third_head"]["duties"]) == 10

    def test_put_then_out_of_use(self, client, db, office):
        url = "/v1/posts/river_head"
        assert ok(client.put(url, json=POST, headers=office.sun)) == {"code": "river_head", **POST}
        assert noted(db, "post.put", "river_head") == [{"role": "handler"}]
        ok(client.put(url, json={**POST, "active": False}, headers=office.sun))
        shown = {post["code"] for post in ok(client.get("/v1/posts"))["items"]}
        assert "river_head" not in shown
        refused = office.appoint(office.newcomer(), "river_head", VILLAGE)
        assert code_of(refused) == (422, "post_unknown")

    def test_not_while_another_district_uses_it(self, client, db, office, as_, newcomer, far_admin):
        ok(client.put("/v1/posts/shared", json=POST, headers=office.sun))
        village = make_village(db)
        made = office.appointed(office.newcomer(), "shared", village)
        for change in ({"active": False}, {"rung": 1}, {"level": None}, {"name": "别名"}):
            answer = client.put("/v1/posts/shared", json={**POST, **change}, headers=far_admin)
            assert code_of(answer) == (403, "shared_across_districts")
            ok(client.put("/v1/posts/shared", json={**POST, **change}, headers=office.sun))
        # As it is, and once nobody is in it, it harms nobody.
        ok(client.put("/v1/posts/shared", json=POST, headers=office.sun))
        ok(client.put("/v1/posts/shared", json=POST, headers=far_admin))
        ok(office.end(made))
        ok(client.put("/v1/posts/shared", json={**POST, "active": False}, headers=far_admin))

    def test_nor_for_a_grouping_of_another_district(self, client, db, office, far_admin):
        ok(client.put("/v1/posts/joint", json={**POST, "level": None}, headers=office.sun))
        ok(office.joined("LC-shared", make_village(db)))
        office.appointed(office.newcomer(), "joint", grouping_code="LC-shared")
        answer = client.put("/v1/posts/joint", json=POST, headers=far_admin)
        assert code_of(answer) == (403, "shared_across_districts")

    def test_an_administrator_of_both_may(self, client, db, office, as_, newcomer, far_admin):
        ok(client.put("/v1/posts/both", json=POST, headers=office.sun))
        office.appointed(office.newcomer(), "both", make_village(db))
        both = as_(newcomer((Role.ADMINISTRATOR, DISTRICT), (Role.ADMINISTRATOR, FAR)))
        ok(client.put("/v1/posts/both", json={**POST, "active": False}, headers=both))

    def test_a_new_one_by_any_districts_administrator(self, client, far_admin):
        ok(client.put("/v1/posts/far_one", json=POST, headers=far_admin))
        ok(client.put("/v1/nets/far_net", json=NET, headers=far_admin))

    def test_not_by_a_streets_administrator(self, client, street_admin):
        answer = client.put("/v1/posts/mine", json=POST, headers=street_admin)
        assert code_of(answer) == (403, "outside_subtree")

    def test_of_a_net_that_is_not(self, client, office):
        body = {**POST, "net_code": "nothing"}
        answer = client.put("/v1/posts/mine", json=body, headers=office.sun)
        assert code_of(answer) == (422, "net_unknown")

    @pytest.mark.parametrize("role", ["fund_manager", "fund_approver", "auditor", "administrator"])
    def test_never_carries_money_audit_or_administration(self, client, db, office, role):
        answer = client.put("/v1/posts/treasurer", json={**POST, "role": role}, headers=office.sun)
        assert code_of(answer) == (422, "unprocessable")
        # Were such a post made some other way, nobody would get its role.
        with work(db, write=True) as tx:
            tx.merge(Post(code="treasurer", **{**POST, "role": role}))
        person = office.newcomer()
        refused = office.appoint(person, "treasurer", VILLAGE)
        assert code_of(refused) == (422, "post_unknown")
        assert office.roles(person) == []

    def test_its_role_is_fixed_once_somebody_has_it(self, client, office):
        url = "/v1/posts/bridge_head"
        ok(client.put(url, json=POST, headers=office.sun))
        ok(client.put(url, json={**POST, "role": "checker"}, headers=office.sun))
        office.appointed(office.newcomer(), "bridge_head", VILLAGE)
        refused = client.put(url, json={**POST, "role": "dispatcher"}, headers=office.sun)
        assert code_of(refused) == (409, "post_in_use")
        renamed = {**POST, "role": "checker", "name": "桥长"}
        assert ok(client.put(url, json=renamed, headers=office.sun))["name"] == "桥长"


class TestTeam:
    """上岗公示: everyone may read it, so it says no more than a board at the village gate."""

    def board(self, client, url):
        return ok(client.get(url))["items"]

    def test_the_regions_own_people_and_those_above(self, client, db, office):
        village = make_village(db)
        grid = f"{village}001"
        photo = upload(client, office.sun)
        head = office.newcomer(name="李网格")
        office.appointed(head, "grid_head", grid, phone=PHONE, photo_id=photo)
        office.appointed(office.newcomer(name="王站长"), "community_duty", village)
        office.appointed(office.newcomer(name="赵农技"), "agronomist", STREET)
        office.appointed(office.newcomer(name="别处"), "grid_head", OTHER_GRID)
        found = self.board(client, f"/v1/grids/{GRID}/team")
        assert {one["name"] for one in found} >= {"赵农技"}
        # The new grid has no shape, so it is a region and no grid of the map.
        assert code_of(client.get(f"/v1/grids/{grid}/team")) == (404, "grid_not_found")
        found = self.board(client, f"/v1/regions/{grid}/team")
        assert [(one["name"], one["level"]) for one in found if one["level"]][:2] == [
            ("李网格", 3), ("王站长", 2),
        ]  # fmt: skip
        assert "赵农技" in {one["name"] for one in found}
        assert "别处" not in {one["name"] for one in found}
        thumb = found[0].pop("photo_url")
        assert found[0] == {
            "level": 3, "region_name": "网格", "post": "网格长", "post_en": "Grid head",
            "name": "李网格", "duties": imports.seed_posts()["grid_head"].duties,
            "phone": "138****8000", "on_duty": True, "stand_in": None,
        }  # fmt: skip
        assert client.get(thumb).status_code == 200
        assert self.board(client, f"/v1/regions/{village}/team")[0]["name"] == "王站长"

    def test_never_the_whole_phone_or_an_id(self, client, db, office):
        grid = f"{make_village(db)}001"
        person = office.newcomer()
        made = office.appointed(person, "grid_head", grid, phone=PHONE)
        told = json.dumps(ok(client.get(f"/v1/regions/{grid}/team")))
        assert "138****8000" in told
        assert PHONE not in told
        assert str(person.id) not in told
        assert made["id"] not in told
        assert person.member_no not in told
        assert made["phone"] == "138****8000"

    def test_only_posts_of_the_board(self, client, db, office):
        village = make_village(db)
        hidden = {**POST, "on_board": False}
        ok(client.put("/v1/posts/hidden", json=hidden, headers=office.sun))
        office.appointed(office.newcomer(name="不公示"), "hidden", village)
        names = {one["name"] for one in self.board(client, f"/v1/regions/{village}/team")}
        assert "不公示" not in names

    def test_who_has_ended_or_not_begun_is_not_shown(self, client, db, office):
        village = make_village(db)
        office.end(office.appointed(office.newcomer(name="去者"), "community_duty", village))
        later = office.newcomer(name="来者")
        office.appointed(later, "community_duty", village, starts_on=day(1))
        names = {one["name"] for one in self.board(client, f"/v1/regions/{village}/team")}
        assert not names & {"去者", "来者"}

    def test_on_leave_with_and_without_a_stand_in(self, client, db, office):
        village = make_village(db)
        away, instead = office.newcomer(name="请假人"), office.newcomer(name="顶岗人")
        office.appointed(away, "community_duty", village)
        office.appointed(instead, "joint_staff", village)
        ok(office.leave(away, stand_in_id=str(instead.id)), 201)
        board = {one["name"]: one for one in self.board(client, f"/v1/regions/{village}/team")}
        assert (board["请假人"]["on_duty"], board["请假人"]["stand_in"]) == (False, "顶岗人")
        assert board["顶岗人"]["on_duty"] is True

    def test_off_duty_by_the_roster(self, client, db, office):
        village = make_village(db)
        made = office.appointed(office.newcomer(name="值班人"), "community_duty", village)
        url = f"/v1/regions/{village}/team"
        from app.kit import clock

        weekday = clock.now().astimezone(clock.SHANGHAI).isoweekday()
        other = (weekday + 2) % 7 + 1
        ok(office.shifts(made, [{"weekday": other, "starts": "08:00", "ends": "17:00"}]))
        assert [one["on_duty"] for one in self.board(client, url) if one["name"] == "值班人"] == [
            False
        ]
        ok(office.shifts(made, []))
        assert [one["on_duty"] for one in self.board(client, url) if one["name"] == "值班人"] == [
            True
        ]

    def test_of_nowhere(self, client):
        assert code_of(client.get("/v1/regions/nowhere/team")) == (404, "region_not_found")
        assert code_of(client.get("/v1/grids/nowhere/team")) == (404, "grid_not_found")
        assert instant()
