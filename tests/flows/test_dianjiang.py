"""Dianjiang's four nets (四网) in three levels on the county's own map, over HTTP."""

from types import SimpleNamespace

import pytest
from flows.county import COUNTY, County
from flows.story import move
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from sqlalchemy import func, select

from app.kit.db import work
from app.regions.models import Region

# 桂溪街道 and two of its communities; 澄溪镇 is another town.
STREET, COMMUNITY, OTHER_COMMUNITY = "500231001000", "500231001001", "500231001002"
OTHER_TOWN = "500231109000"
GRID, OTHER_GRID = f"{COMMUNITY}001", f"{OTHER_COMMUNITY}001"
NETS = ["party", "governance", "city", "building"]
# Whom each net's cases go to, and in which level's region.
WAYS = {
    "party": ("dj_first_deputy", STREET), "governance": ("dj_third_head", GRID),
    "city": ("dj_grid_staff", GRID), "building": ("dj_second_deputy", COMMUNITY),
}  # fmt: skip
# No category of the seed is of 城市党建: the county makes one so, by its own terms.
CATEGORIES = {"party": "E0204", "governance": "C0501", "city": "E0102", "building": "E0101"}


@pytest.fixture(scope="module")
def county(client, db, as_, drain):
    return County(client, db, as_, drain)


@pytest.fixture(scope="module")
def team(county):
    """Everyone of the three levels above GRID, and the street's enforcement unit."""
    posts = {
        "first": ("dj_first_head", STREET), "first_deputy": ("dj_first_deputy", STREET),
        "second": ("dj_second_head", COMMUNITY), "second_deputy": ("dj_second_deputy", COMMUNITY),
        "third": ("dj_third_head", GRID), "worker": ("dj_grid_staff", GRID),
    }  # fmt: skip
    people = {name: county.appoint(post, region) for name, (post, region) in posts.items()}
    county.put("/v1/units/GX-ZF", {"name": "桂溪街道综合行政执法大队", "region_code": STREET})
    county.put(
        "/v1/posts/dj_enforcer",
        {
            "name": "执法队员", "name_en": "Enforcement officer", "level": 1, "role": "handler",
            "net_code": "building", "duties": ["依法查处违法建设"], "position": 560,
        },
    )  # fmt: skip
    people["enforcer"] = county.appoint("dj_enforcer", STREET, unit_code="GX-ZF")
    return SimpleNamespace(**people)


class TestMap:
    def test_the_county_is_whole(self, county, db):
        with work(db, write=False) as tx:
            levels = select(Region.level, func.count()).group_by(Region.level)
            found = dict(row for row in tx.execute(levels))
        assert found == {0: 1, 1: 26, 2: 301, 3: 900}

    def test_each_grid_owns_its_inside_and_stands_below_community_and_street(self, county, app, db):
        with work(db, write=False) as tx:
            index = app.state.grids.current(tx)
            paths = dict(row for row in tx.execute(select(Region.code, Region.path)))
        for grid in county.shapes:
            place = county.inside(grid)
            assert index.locate(place["lat"], place["lng"]).grid == grid
            street, community = f"{grid[:9]}000", grid[:12]
            assert paths[grid] == f"/{COUNTY}/{street}/{community}/{grid}/"


def test_the_board_shows_the_duties_of_all_three_levels(county, team):
    board = county.client.get(f"/v1/grids/{GRID}/team").json()["items"]
    shown = [(one["level"], one["post"], len(one["duties"])) for one in board]
    assert sorted(shown) == sorted([
        (1, "一级网格长", 5), (1, "一级副网格长", 4), (1, "执法队员", 1),
        (2, "二级网格长", 5), (2, "二级副网格长", 3), (3, "三级网格长", 10), (3, "网格员", 6),
    ])  # fmt: skip


@pytest.fixture(scope="class")
def four_ways(county, team):
    """A rule for each net, and a category of each."""
    rules = [{"name": net, "net_code": net, "post_code": WAYS[net][0]} for net in NETS]
    published = county.put("/v1/routing/rules", {"region_code": COUNTY, "rules": rules})
    assert published["findings"] == []
    terms = {"region_code": COUNTY, "net_code": "party"}
    county.put(f"/v1/categories/{CATEGORIES['party']}/terms", terms)
    yield
    county.put("/v1/routing/rules", {"region_code": COUNTY, "rules": []})


@pytest.fixture(scope="class")
def twice(county):
    """The county lets an illegal building be returned twice, no more."""
    terms = {"region_code": COUNTY, "most_returns": 2}
    assert county.put("/v1/categories/E0101/terms", terms)["most_returns"] == 2


@pytest.mark.usefixtures("four_ways")
class TestFourNets:
    """Each net has its own way through the one tree of three levels."""

    def test_are_the_four_that_the_county_published(self, county):
        nets = county.client.get("/v1/nets").json()["items"]
        assert [(net["code"], net["name"]) for net in nets] == list(
            zip(NETS, ["城市党建", "综合治理", "城市管理", "违建整治"], strict=True)
        )

    @pytest.mark.parametrize("net", NETS)
    def test_a_trial_says_who_would_get_it(self, county, team, net):
        body = {"place": county.inside(GRID), "net_code": net}
        headers = county.as_(county.administrator)
        answer = county.client.post("/v1/routing/trial", json=body, headers=headers).json()
        post = answer["explained"]["post"]
        assert (post["post"], post["region_code"]) == WAYS[net]
        assert (answer["grid_code"], answer["explained"]["rule_name"]) == (GRID, net)

    @pytest.mark.parametrize("net", NETS)
    def test_what_a_patrol_finds_goes_that_way(self, county, team, net):
        post, region = WAYS[net]
        case = county.found(team.worker, GRID, CATEGORIES[net])
        assert (case["net_code"], case["grid_code"]) == (net, GRID)
        chosen = case["routing"]["post"]
        assert (chosen["post"], chosen["region_code"]) == (post, region)
        got = {
            "dj_first_deputy": team.first_deputy, "dj_third_head": team.third,
            "dj_grid_staff": team.worker, "dj_second_deputy": team.second_deputy,
        }[post]  # fmt: skip
        assert case["number"] in county.told(got)


@pytest.mark.usefixtures("twice")
class TestIllegalBuilding:
    """Three levels, returned twice, decided by the level above (分级办理)."""

    @pytest.fixture
    def returned(self, county, team):
        """Reported, filed by the grid worker, returned by the head and by the enforcers."""
        number = county.reported(GRID, category="other", description="楼顶正在搭建彩钢棚")
        assert number in county.told(team.worker)
        case = county.moved(team.worker, county.the_case(team.worker, number), "verify")
        case = county.moved(team.worker, case, "file", category_code="E0101")
        assert (case["net_code"], case["level_code"], case["grid_code"]) == ("building", None, GRID)
        case = county.moved(team.worker, case, "dispatch", assignee_id=str(team.third.id))
        case = county.moved(team.third, case, "return", reason_code="not_mine", note="网格无权拆除")
        case = county.moved(team.worker, case, "dispatch", unit_code="GX-ZF")
        case = county.the_case(team.enforcer, number)
        return county.moved(
            team.enforcer, case, "return", reason_code="other_unit", note="须街道先认定"
        )

    def handed_up(self, county, team, case):
        """Past the cap nobody returns it any more: it goes to the community."""
        case = county.moved(team.worker, case, "dispatch", assignee_id=str(team.third.id))
        refused = move(
            county.client, county.as_(team.third), case, "return", reason_code="not_mine",
            note="第三次",
        )  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (409, "returns_exhausted")
        return county.moved(team.third, case, "escalate", note="退单两次，请社区决定")

    def test_the_community_decides(self, county, team, returned):
        case = self.handed_up(county, team, returned)
        assert (case["status"], case["level_code"], case["returns"]) == ("filed", COMMUNITY, 2)
        assert self.may_not(county, case, team.worker, team.third)
        case = county.the_case(team.second, case["number"])
        case = county.moved(team.second, case, "dispatch", assignee_id=str(team.third.id))
        # The decision stands: it can be carried out or taken further up, and not returned.
        offered = {m["move"] for m in county.the_case(team.third, case["number"])["moves"]}
        assert offered & {"accept", "return", "escalate"} == {"accept", "escalate"}
        case = county.resolved(team.third, case, "住户已自行拆除")
        case = county.moved(county.checker, case, "close", outcome="fixed")
        assert (case["status"], case["level_code"]) == ("closed", COMMUNITY)

    def test_the_street_decides(self, county, team, returned):
        case = self.handed_up(county, team, returned)
        case = county.the_case(team.second_deputy, case["number"])
        case = county.moved(team.second_deputy, case, "escalate", note="涉及执法，请街道决定")
        assert (case["status"], case["level_code"]) == ("filed", STREET)
        assert self.may_not(county, case, team.worker, team.third, team.second, team.second_deputy)
        case = county.the_case(team.first, case["number"])
        case = county.moved(team.first, case, "dispatch", unit_code="GX-ZF", note="依法拆除")
        offered = {m["move"] for m in county.the_case(team.enforcer, case["number"])["moves"]}
        assert "return" not in offered
        case = county.resolved(team.enforcer, case, "已依法拆除")
        refused = move(county.client, county.as_(team.first), case, "close", outcome="fixed")
        assert (refused.status_code, refused.json()["code"]) == (403, "move_forbidden")
        case = county.moved(county.checker, case, "close", outcome="fixed")
        self.the_history_tells(county, team, case)

    def may_not(self, county, case, *people):
        """Those below still see it, are offered nothing, and are refused."""
        for person in people:
            seen = county.the_case(person, case["number"])
            assert (seen["moves"], seen["level_code"]) == ([], case["level_code"])
            tried = move(
                county.client, county.as_(person), seen, "dispatch", assignee_id=str(person.id)
            )
            assert (tried.status_code, tried.json()["code"]) == (403, "move_forbidden")
        return True

    def the_history_tells(self, county, team, case):
        events = county.get(team.first, f"/cases/{case['id']}/events").json()["items"]
        moves = [event for event in events if event["kind"] == "move"]
        assert [event["move"] for event in moves] == [
            "route", "verify", "file", "dispatch", "return", "dispatch", "return", "dispatch",
            "escalate", "escalate", "dispatch", "accept", "resolve", "close",
        ]  # fmt: skip
        raised = [m["data"]["level_code"] for m in moves if m["move"] == "escalate"]
        assert raised == [COMMUNITY, STREET]

    def test_no_other_street_or_community_sees_it(self, county, team, returned):
        case = self.handed_up(county, team, returned)
        for post, region in (
            ("dj_first_head", OTHER_TOWN), ("dj_second_head", OTHER_COMMUNITY),
            ("dj_third_head", OTHER_GRID), ("dj_grid_staff", OTHER_GRID),
        ):  # fmt: skip
            stranger = county.appoint(post, region)
            assert case["number"] not in county.numbers(stranger)
            assert county.get(stranger, f"/cases/{case['id']}").status_code == 404
            headers = county.as_(stranger)
            tried = move(county.client, headers, case, "escalate", note="不是我的")
            assert (tried.status_code, tried.json()["code"]) == (404, "case_not_found")
