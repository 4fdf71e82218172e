"""Patrols over HTTP and by the worker: one class an endpoint."""

import threading
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cast import DISTRICT, GRID, INSIDE, INSIDE_OTHER, OTHER_GRID, VILLAGE, make_fund
from flows.story import key, upload
from hearing import heard
from matrix.stage import public_word
from sqlalchemy import func, insert, select, text, update

from app.cases.models import Case
from app.grids.gcj02 import to_gcj02
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.clock import SHANGHAI
from app.kit.db import work
from app.notify.models import Message
from app.patrols import jobs, service
from app.patrols.models import Patrol, PatrolFinding, PatrolPlan, PatrolPoint
from app.rewards import service as rewards
from app.rewards.models import Award

METRE = 1 / 111_320
STOP = {"name": "东门", "lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}
FAR = "500231000000"


def code(answer):
    return answer.status_code, answer.json()["code"]


def post(client, path, headers, body=None):
    return client.post(f"/v1{path}", json=body, headers={**headers, **key()})


def draft(person, **more):
    return {
        "name": "早间巡查", "region_code": GRID, "person_id": str(person.id),
        "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59",
        "stops": [STOP], **more,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _in_the_morning(db):
    """Ten o'clock of tomorrow, whenever the suite runs; and no plans of other tests.

    Never back: a token that is older than the machine's clock says would have expired.
    """
    local = clock.now().astimezone(SHANGHAI)
    morning = local.replace(hour=10, minute=0, second=0, microsecond=0)
    clock.shift(morning + timedelta(days=1) - local)
    with work(db, write=True) as tx:
        tx.execute(update(PatrolPlan).values(active=False))


@pytest.fixture
def planned(client, db, cast, as_, newcomer):
    """A walker's own patrol of today, planned for them: `(patrol, walker's headers, walker)`."""

    def make(**more):
        walker = newcomer((Role.GRID_STAFF, GRID), name="网格员小何")
        answer = post(client, "/patrol-plans", as_(cast.qian), draft(walker, **more))
        assert answer.status_code == 201, answer.text
        run(db, jobs.plan_today)
        found = client.get("/v1/patrols?mine=true", headers=as_(walker)).json()["items"]
        return found[0], as_(walker), walker

    return make


@pytest.fixture
def started(client, planned):
    def make(**more):
        patrol, headers, walker = planned(**more)
        answer = post(client, f"/patrols/{patrol['id']}/start", headers)
        assert answer.status_code == 200, answer.text
        return answer.json(), headers, walker

    return make


def run(db, job):
    with work(db, write=True) as tx:
        job(tx, {})


def actions(db, thing, action):
    with work(db, write=False) as tx:
        mine = (StaffAction.object_id == str(thing), StaffAction.action == action)
        return list(tx.scalars(select(StaffAction.actor_id).where(*mine)))


def place_of(patrol, north_m=0.0, crs="wgs84"):
    lat, lng = STOP["lat"] + north_m * METRE, STOP["lng"]
    lat, lng = to_gcj02(lat, lng) if crs == "gcj02" else (lat, lng)
    return {"lat": lat, "lng": lng, "crs": crs}


class TestAddPlan:
    def test_works(self, client, desk, cast, db):
        body = draft(cast.wang, weekdays=[3, 1])
        answer = post(client, "/patrol-plans", desk.qian, body)
        assert answer.status_code == 201, answer.text
        plan = answer.json()
        assert (plan["person"]["name"], plan["weekdays"], plan["active"]) == ("wang", [1, 3], True)
        assert plan["stops"][0] | {"done_at": None} == {
            "name": "东门", "lat": STOP["lat"], "lng": STOP["lng"], "done_at": None
        }  # fmt: skip
        assert actions(db, plan["id"], "patrol_plan.added") == [cast.qian.id]

    def test_stops_are_kept_in_wgs84(self, client, desk, cast):
        stop = {"name": "东门", **place_of(None, crs="gcj02")}
        answer = post(client, "/patrol-plans", desk.qian, draft(cast.wang, stops=[stop]))
        kept = answer.json()["stops"][0]
        assert kept["lat"] == pytest.approx(STOP["lat"], abs=1e-7)
        assert kept["lng"] == pytest.approx(STOP["lng"], abs=1e-7)

    def test_grid_staff_403(self, client, desk, cast):
        assert code(post(client, "/patrol-plans", desk.wang, draft(cast.wang))) == (
            403, "role_missing"
        )  # fmt: skip

    def test_a_head_of_another_region_403(self, client, cast, newcomer, as_):
        head = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        answer = post(client, "/patrol-plans", head, draft(cast.wang))
        assert code(answer) == (403, "patrol_plan_forbidden")

    def test_an_unknown_region_422(self, client, desk, cast):
        body = draft(cast.wang, region_code="nowhere")
        assert code(post(client, "/patrol-plans", desk.qian, body)) == (422, "region_unknown")

    @pytest.mark.parametrize("who", ["zhao", "liu_bo", "li"])
    def test_someone_without_a_post_there_422(self, client, desk, cast, who):
        answer = post(client, "/patrol-plans", desk.qian, draft(getattr(cast, who)))
        assert code(answer) == (422, "patrol_walker_unfit")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"starts": "10:00", "ends": "10:00"}, {"starts": "24:00"}, {"starts": "8:00"},
            {"weekdays": []}, {"weekdays": [0]}, {"weekdays": [1, 1]}, {"weekdays": [True]},
            {"stops": [{**STOP, "crs": "bd09"}]}, {"stops": [{**STOP, "lat": 91}]},
        ],
    )  # fmt: skip
    def test_nonsense_422(self, client, desk, cast, wrong):
        answer = post(client, "/patrol-plans", desk.qian, draft(cast.wang, **wrong))
        assert code(answer) == (422, "unprocessable")


class TestListPlans:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/patrol-plans", headers=headers, params={"limit": 100, **params})
        return {item["id"] for item in answer.json()["items"]}

    def test_heads_and_whoever_walks(self, client, desk, cast):
        plan = post(client, "/patrol-plans", desk.qian, draft(cast.wang)).json()["id"]
        assert plan in self.listed(client, desk.qian)
        assert plan in self.listed(client, desk.wang)
        assert plan not in self.listed(client, desk.zhao)

    def test_by_region(self, client, desk, cast):
        plan = post(client, "/patrol-plans", desk.qian, draft(cast.wang)).json()["id"]
        for region, there in {DISTRICT: True, GRID: True, OTHER_GRID: False, "x": False}.items():
            assert (plan in self.listed(client, desk.qian, region=region)) is there


class TestEndPlan:
    def test_works_and_takes_todays_along(self, client, desk, planned, db, cast):
        patrol, headers, _ = planned()
        answer = post(client, f"/patrol-plans/{patrol['plan_id']}/end", desk.qian)
        assert (answer.status_code, answer.json()["active"]) == (200, False)
        assert client.get(f"/v1/patrols/{patrol['id']}", headers=headers).status_code == 404
        run(db, jobs.plan_today)
        assert client.get("/v1/patrols?mine=true", headers=headers).json()["items"] == []
        assert actions(db, patrol["plan_id"], "patrol_plan.ended") == [cast.qian.id]

    def test_leaves_what_was_begun(self, client, desk, started):
        patrol, headers, _ = started()
        post(client, f"/patrol-plans/{patrol['plan_id']}/end", desk.qian)
        assert client.get(f"/v1/patrols/{patrol['id']}", headers=headers).status_code == 200

    def test_twice_409(self, client, desk, planned):
        url = f"/patrol-plans/{planned()[0]['plan_id']}/end"
        post(client, url, desk.qian)
        assert code(post(client, url, desk.qian)) == (409, "patrol_plan_ended")

    def test_a_stranger_404(self, client, planned, newcomer, as_):
        head = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        strange = post(client, f"/patrol-plans/{planned()[0]['plan_id']}/end", head)
        assert code(strange) == (404, "patrol_plan_not_found")
        nothing = post(client, f"/patrol-plans/{uuid4()}/end", head)
        assert public_word(strange) == public_word(nothing)

    def test_ones_own_without_being_its_head_403(self, client, desk, newcomer, as_):
        both = newcomer((Role.GRID_STAFF, GRID), (Role.GRID_HEAD, OTHER_GRID))
        plan = post(client, "/patrol-plans", desk.qian, draft(both)).json()["id"]
        answer = post(client, f"/patrol-plans/{plan}/end", as_(both))
        assert code(answer) == (403, "patrol_plan_forbidden")


class TestTheDay:
    def of(self, db, walker):
        with work(db, write=False) as tx:
            mine = select(Patrol).where(Patrol.person_id == walker.id).order_by(Patrol.day)
            return [(p.day, p.state) for p in tx.scalars(mine)]

    def test_is_planned_once(self, db, planned):
        patrol, _, walker = planned(ends="18:30")
        run(db, jobs.plan_today)
        today = clock.business_day(clock.now())
        assert self.of(db, walker) == [(today.isoformat(), "planned")]
        assert patrol["due_at"] == f"{today.isoformat()}T10:30:00Z"

    def test_is_planned_once_by_two_workers(self, db, desk, client, newcomer):
        walker = newcomer((Role.GRID_STAFF, GRID))
        post(client, "/patrol-plans", desk.qian, draft(walker))
        start = threading.Barrier(2)

        def plan():
            start.wait()
            run(db, jobs.plan_today)

        threads = [threading.Thread(target=plan) for _ in "12"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(self.of(db, walker)) == 1

    def test_of_shanghai_decides_the_weekday(self, db, desk, client, newcomer):
        walker = newcomer((Role.GRID_STAFF, GRID))
        tomorrow = (clock.business_day(clock.now()) + timedelta(days=1)).isoweekday()
        post(client, "/patrol-plans", desk.qian, draft(walker, weekdays=[tomorrow]))
        run(db, jobs.plan_today)
        assert self.of(db, walker) == []
        # One past midnight in Shanghai is still the day before in UTC.
        clock.shift(timedelta(hours=15))
        run(db, jobs.plan_today)
        assert [state for _, state in self.of(db, walker)] == ["planned"]

    def test_a_plan_made_after_its_hours_begins_the_next_day(self, db, desk, client, newcomer):
        walker = newcomer((Role.GRID_STAFF, GRID))
        post(client, "/patrol-plans", desk.qian, draft(walker, ends="09:59"))
        run(db, jobs.plan_today)
        assert self.of(db, walker) == []
        clock.shift(timedelta(days=1))
        run(db, jobs.plan_today)
        assert [state for _, state in self.of(db, walker)] == ["planned"]


class TestMissed:
    def told(self, db, patrol):
        with work(db, write=False) as tx:
            mine = select(Message).where(Message.subject == patrol["id"])
            return list(tx.scalars(mine.where(Message.kind == "patrol.missed")))

    def test_is_shown_and_told_once(self, db, planned, client, as_, cast, newcomer):
        patrol, _headers, walker = planned(ends="10:30")
        head = newcomer((Role.GRID_HEAD, VILLAGE))
        other = newcomer((Role.GRID_HEAD, OTHER_GRID))
        run(db, jobs.tell_missed)
        assert self.told(db, patrol) == []
        clock.shift(timedelta(minutes=31))
        run(db, jobs.tell_missed)
        run(db, jobs.tell_missed)
        people = [message.person_id for message in self.told(db, patrol)]
        assert len(people) == len(set(people))
        assert {walker.id, head.id, cast.qian.id, cast.sun.id} <= set(people)
        assert not {other.id, cast.wang.id, cast.li.id} & set(people)
        params = {"state": "missed", "region": GRID, "limit": 100}
        listed = client.get("/v1/patrols", headers=as_(cast.qian), params=params).json()["items"]
        assert patrol["id"] in {item["id"] for item in listed}
        text = client.get("/v1/inbox", headers=as_(head)).json()["items"][0]["text"]
        assert text.endswith("00:00-10:30 的巡查“早间巡查”（网格员小何）未按时开始。")

    def test_is_not_what_was_begun(self, db, started):
        patrol, _, _ = started(ends="10:30")
        clock.shift(timedelta(hours=1))
        run(db, jobs.tell_missed)
        assert self.told(db, patrol) == []


class TestStart:
    def test_works(self, client, started, db):
        patrol, _, walker = started()
        assert patrol["state"] == "started"
        assert patrol["started_at"] is not None
        assert actions(db, patrol["id"], "patrol.started") == [walker.id]

    def test_twice_409(self, client, started):
        patrol, headers, _ = started()
        again = post(client, f"/patrols/{patrol['id']}/start", headers)
        assert code(again) == (409, "patrol_not_planned")

    def test_past_its_hours_409_though_the_worker_slept(self, client, planned, as_):
        patrol, _, walker = planned(ends="10:30")
        clock.shift(timedelta(minutes=31))
        late = post(client, f"/patrols/{patrol['id']}/start", as_(walker))
        assert code(late) == (409, "patrol_not_planned")

    def test_a_head_403_and_a_stranger_404(self, client, planned, desk):
        patrol, _, _ = planned()
        url = f"/patrols/{patrol['id']}/start"
        assert code(post(client, url, desk.qian)) == (403, "patrol_foreign")
        assert code(post(client, url, desk.wang)) == (404, "patrol_not_found")


class TestBegin:
    def test_works(self, client, desk):
        answer = post(client, "/patrols", desk.wang, {"region_code": GRID})
        assert answer.status_code == 201, answer.text
        patrol = answer.json()
        assert (patrol["state"], patrol["plan_id"], patrol["stops"]) == ("started", None, [])

    def test_elsewhere_403(self, client, desk):
        refused = post(client, "/patrols", desk.wang, {"region_code": OTHER_GRID})
        assert code(refused) == (403, "patrol_forbidden")

    def test_a_keeper_403(self, client, as_, cast):
        refused = post(client, "/patrols", as_(cast.li), {"region_code": GRID})
        assert code(refused) == (403, "patrol_forbidden")

    def test_an_unknown_region_422(self, client, desk):
        refused = post(client, "/patrols", desk.wang, {"region_code": "nowhere"})
        assert code(refused) == (422, "region_unknown")


class TestCheckIn:
    def check(self, client, patrol, headers, **body):
        body = {**place_of(patrol), **body}
        return post(client, f"/patrols/{patrol['id']}/check-ins", headers, body)

    def test_ticks_a_stop_off(self, client, started):
        patrol, headers, _ = started()
        answer = self.check(client, patrol, headers, stop=0)
        assert answer.status_code == 201, answer.text
        assert answer.json()["stops"][0]["done_at"] is not None

    def test_without_a_stop_ticks_nothing_off(self, client, started, db):
        patrol, headers, _ = started()
        answer = self.check(client, patrol, headers)
        assert answer.json()["stops"][0]["done_at"] is None
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).where(PatrolPoint.patrol_id == patrol["id"])) == 1

    @pytest.mark.parametrize(
        ("north_m", "accuracy_m", "near"), [(99, None, True), (101, None, False), (140, 50, True)]
    )
    @pytest.mark.parametrize("crs", ["wgs84", "gcj02"])
    def test_is_near_within_100_m_and_the_accuracy(
        self, client, started, north_m, accuracy_m, near, crs
    ):
        patrol, headers, _ = started()
        place = place_of(patrol, north_m, crs)
        answer = self.check(client, patrol, headers, stop=0, accuracy_m=accuracy_m, **place)
        if near:
            assert answer.status_code == 201, answer.text
        else:
            assert code(answer) == (409, "patrol_stop_too_far")
            assert answer.json()["distance_m"] == 101

    def test_an_unknown_stop_422(self, client, started):
        patrol, headers, _ = started()
        answer = self.check(client, patrol, headers, stop=1)
        assert code(answer) == (422, "patrol_stop_unknown")

    def test_not_begun_409_and_of_others_403_404(self, client, planned, desk):
        patrol, headers, _ = planned()
        assert code(self.check(client, patrol, headers)) == (409, "patrol_not_started")
        assert code(self.check(client, patrol, desk.qian)) == (403, "patrol_foreign")
        assert code(self.check(client, patrol, desk.wang)) == (404, "patrol_not_found")


class TestTrack:
    def follow(self, client, patrol, headers, *steps, crs="wgs84"):
        begun = clock.now()
        points = [
            {**place_of(patrol, north_m, crs),
             "at": (begun + timedelta(seconds=seconds)).isoformat()}
            for north_m, seconds in steps
        ]  # fmt: skip
        return post(client, f"/patrols/{patrol['id']}/track", headers, {"points": points})

    @pytest.mark.parametrize("crs", ["wgs84", "gcj02"])
    def test_adds_up_over_calls(self, client, started, crs):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        answer = self.follow(client, patrol, headers, (0, -60), (100, -30), crs=crs)
        assert (answer.status_code, answer.json()["distance_m"]) == (200, 100)
        answer = self.follow(client, patrol, headers, (250, 0), crs=crs)
        assert answer.json()["distance_m"] == 250

    def test_jumps_are_left_out(self, client, started):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        answer = self.follow(client, patrol, headers, (0, -60), (9000, -59), (50, -30))
        assert answer.json()["distance_m"] == 50
        whole = client.get(f"/v1/patrols/{patrol['id']}", headers=headers).json()
        assert len(whole["points"]) == 2

    @pytest.mark.parametrize(
        "steps", [[(0, -601)], [(0, -10), (0, -10)], [(0, -10), (0, -20)], [(0, 300)]]
    )
    def test_before_the_start_out_of_order_or_ahead_422(self, client, started, steps, db):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        answer = self.follow(client, patrol, headers, *steps)
        assert code(answer) == (422, "patrol_track_impossible")
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).where(PatrolPoint.patrol_id == patrol["id"])) == 0

    def test_before_the_last_point_422(self, client, started):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        assert self.follow(client, patrol, headers, (0, -10)).status_code == 200
        again = self.follow(client, patrol, headers, (0, -20))
        assert code(again) == (422, "patrol_track_impossible")

    @pytest.mark.parametrize(("count", "status"), [(200, 200), (201, 422), (0, 422)])
    def test_two_hundred_points_a_call(self, client, started, count, status):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        steps = [(n, n - 500) for n in range(count)]
        assert self.follow(client, patrol, headers, *steps).status_code == status

    def test_two_at_once_leave_one_way(self, client, started, db):
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        start, answers = threading.Barrier(2), []

        def send(seconds):
            start.wait()
            answers.append(self.follow(client, patrol, headers, (0, seconds)).status_code)

        threads = [threading.Thread(target=send, args=(s,)) for s in (-10, -5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 200 in answers
        assert set(answers) <= {200, 422}
        with work(db, write=False) as tx:
            mine = select(PatrolPoint.position).where(PatrolPoint.patrol_id == patrol["id"])
            assert sorted(tx.scalars(mine)) == list(range(1, answers.count(200) + 1))

    def test_not_begun_409_and_of_others_403_404(self, client, planned, desk):
        patrol, headers, _ = planned()
        assert code(self.follow(client, patrol, headers, (0, 0))) == (409, "patrol_not_started")
        assert code(self.follow(client, patrol, desk.qian, (0, 0))) == (403, "patrol_foreign")
        assert code(self.follow(client, patrol, desk.wang, (0, 0))) == (404, "patrol_not_found")


class TestFinish:
    def test_works_and_ends_it(self, client, started):
        patrol, headers, _ = started()
        url = f"/patrols/{patrol['id']}"
        answer = post(client, f"{url}/finish", headers, {"summary": "一切正常"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["summary"]) == ("done", "一切正常")
        for path, body in (("finish", {}), ("check-ins", place_of(patrol))):
            assert code(post(client, f"{url}/{path}", headers, body)) == (409, "patrol_not_started")

    def test_of_others_403_404(self, client, started, desk):
        url = f"/patrols/{started()[0]['id']}/finish"
        assert code(post(client, url, desk.qian, {})) == (403, "patrol_foreign")
        assert code(post(client, url, desk.wang, {})) == (404, "patrol_not_found")


class TestOver:
    """Who forgets to finish is finished two hours after the hours."""

    def of(self, client, patrol, headers):
        shown = client.get(f"/v1/patrols/{patrol['id']}", headers=headers).json()
        return shown["state"], shown["ended_at"]

    def test_two_hours_after_its_hours(self, client, db, started, as_):
        patrol, headers, walker = started(ends="11:00")
        clock.shift(timedelta(hours=2, minutes=59))
        run(db, jobs.tell_missed)
        assert self.of(client, patrol, as_(walker)) == ("started", None)
        clock.shift(timedelta(minutes=2))
        run(db, jobs.tell_missed)
        headers = as_(walker)
        assert self.of(client, patrol, headers) == ("done", patrol["due_at"])
        again = post(client, f"/patrols/{patrol['id']}/finish", headers, {})
        assert code(again) == (409, "patrol_not_started")

    def test_ends_with_its_last_point(self, client, db, started, as_):
        patrol, _, walker = started(ends="11:00")
        clock.shift(timedelta(minutes=20))
        last = (clock.now() - timedelta(seconds=5)).replace(microsecond=0)
        points = [{**place_of(patrol), "at": last.isoformat()}]
        url = f"/patrols/{patrol['id']}/track"
        assert post(client, url, as_(walker), {"points": points}).status_code == 200
        clock.shift(timedelta(hours=3))
        run(db, jobs.tell_missed)
        state, ended_at = self.of(client, patrol, as_(walker))
        assert (state, datetime.fromisoformat(ended_at)) == ("done", last)

    def test_unplanned_ones_in_the_night(self, client, db, newcomer, as_):
        walker = newcomer((Role.GRID_STAFF, GRID))
        patrol = post(client, "/patrols", as_(walker), {"region_code": GRID}).json()
        clock.shift(timedelta(hours=15, minutes=50))
        run(db, jobs.tell_missed)
        assert self.of(client, patrol, as_(walker))[0] == "started"
        clock.shift(timedelta(minutes=11))
        run(db, jobs.tell_missed)
        assert self.of(client, patrol, as_(walker)) == ("done", patrol["due_at"])

    def test_what_is_planned_or_done_stays(self, client, db, planned, started, as_):
        waiting, _, one = planned(ends="23:50")
        ended, headers, other = started(ends="11:00")
        post(client, f"/patrols/{ended['id']}/finish", headers, {})
        before = self.of(client, ended, headers)
        clock.shift(timedelta(hours=4))
        run(db, jobs.tell_missed)
        assert self.of(client, ended, as_(other)) == before
        assert self.of(client, waiting, as_(one)) == ("planned", None)


class TestFull:
    @pytest.fixture
    def nearly(self, db, started):
        """A patrol that may have one point more."""
        patrol, headers, _ = started()
        clock.shift(timedelta(minutes=10))
        row = {"patrol_id": UUID(patrol["id"]), "kind": "check_in", "at": clock.now(),
               "lat": STOP["lat"], "lng": STOP["lng"]}  # fmt: skip
        with work(db, write=True) as tx:
            rows = [{**row, "position": n} for n in range(1, service.MOST_POINTS)]
            tx.execute(insert(PatrolPoint), rows)
        return patrol, headers

    def test_no_track_and_no_check_in_beyond_five_thousand(self, client, db, nearly):
        patrol, headers = nearly
        url = f"/patrols/{patrol['id']}"
        at = [(clock.now() - timedelta(seconds=s)).isoformat() for s in (30, 20)]
        two = [{**place_of(patrol), "at": moment} for moment in at]
        assert code(post(client, f"{url}/track", headers, {"points": two})) == (409, "patrol_full")
        assert post(client, f"{url}/track", headers, {"points": two[:1]}).status_code == 200
        one_more = post(client, f"{url}/track", headers, {"points": two[1:]})
        assert code(one_more) == (409, "patrol_full")
        check = post(client, f"{url}/check-ins", headers, place_of(patrol))
        assert code(check) == (409, "patrol_full")
        with work(db, write=False) as tx:
            mine = select(func.count()).where(PatrolPoint.patrol_id == patrol["id"])
            assert tx.scalar(mine) == service.MOST_POINTS == 5_000
        assert post(client, f"{url}/finish", headers, {}).status_code == 200


class TestFindings:
    def find(self, client, patrol, headers, **more):
        body = {
            "description": "人行道井盖破损", "photo_ids": [upload(client, headers)],
            "place": INSIDE, **more,
        }  # fmt: skip
        return post(client, f"/patrols/{patrol['id']}/findings", headers, body)

    def test_become_a_case_of_their_place(self, client, started, db):
        patrol, headers, _walker = started()
        answer = self.find(client, patrol, headers, category_code="C0101")
        assert answer.status_code == 201, answer.text
        (found,) = answer.json()["findings"]
        with work(db, write=False) as tx:
            case = tx.get_one(Case, UUID(found["case_id"]))
            linked = tx.scalars(
                select(PatrolFinding.patrol_id).where(PatrolFinding.case_id == case.id)
            ).one()
        assert (case.source, case.region_code, case.number) == ("patrol", GRID, found["number"])
        assert str(linked) == patrol["id"]
        shown = client.get(f"/v1/cases/{case.id}", headers=headers)
        assert shown.status_code == 200, shown.text

    def test_lie_where_they_lie(self, client, started, db):
        patrol, headers, _ = started()
        lat, lng = to_gcj02(INSIDE_OTHER["lat"], INSIDE_OTHER["lng"])
        place = {"lat": lat, "lng": lng, "crs": "gcj02"}
        (found,) = self.find(client, patrol, headers, place=place).json()["findings"]
        with work(db, write=False) as tx:
            assert tx.get_one(Case, UUID(found["case_id"])).region_code == OTHER_GRID

    def test_need_a_key_and_are_one_case_when_sent_twice(self, client, started, db):
        patrol, headers, _ = started()
        body = {
            "description": "井盖破损", "photo_ids": [upload(client, headers)], "place": INSIDE,
        }  # fmt: skip
        url = f"/v1/patrols/{patrol['id']}/findings"
        bare = client.post(url, json=body, headers=headers)
        assert code(bare) == (400, "idempotency_key_missing")
        keyed = {**headers, **key()}
        first, again = (client.post(url, json=body, headers=keyed) for _ in "12")
        assert first.json() == again.json()
        assert len(again.json()["findings"]) == 1

    def test_earn_nothing_yet_though_a_rule_pays(self, client, started, db, cast):
        patrol, headers, walker = started()
        with work(db, write=True) as tx:
            fund = make_fund(tx, cast.ma, cast.wu, 10_000)
            rewards.add_rule(
                tx, code="patrol", event="patrol.found", names=("巡查发现", "Found on patrol"),
                points=1, caps=(5, 50), validity_days=None, fund_id=fund.id,
            )  # fmt: skip
        assert self.find(client, patrol, headers).status_code == 201
        # Points follow the case, and nobody has filed it.
        with work(db, write=False) as tx:
            assert tx.scalars(select(Award.id).where(Award.person_id == walker.id)).all() == []

    @pytest.mark.parametrize("category", ["nothing", "C01"])
    def test_an_unknown_category_422(self, client, started, category):
        patrol, headers, _ = started()
        answer = self.find(client, patrol, headers, category_code=category)
        assert code(answer) == (422, "category_unknown")

    def test_photos_of_others_404_and_used_ones_409(self, client, started, desk):
        patrol, headers, _ = started()
        answer = self.find(client, patrol, headers, photo_ids=[upload(client, desk.qian)])
        assert code(answer) == (404, "photo_not_found")
        photo = upload(client, headers)
        assert self.find(client, patrol, headers, photo_ids=[photo]).status_code == 201
        again = self.find(client, patrol, headers, photo_ids=[photo])
        assert code(again) == (409, "photo_used")

    def test_not_begun_409_and_of_others_403_404(self, client, planned, desk):
        patrol, headers, _ = planned()
        assert code(self.find(client, patrol, headers)) == (409, "patrol_not_started")
        assert code(self.find(client, patrol, desk.qian)) == (403, "patrol_foreign")
        assert code(self.find(client, patrol, desk.wang)) == (404, "patrol_not_found")


class TestRead:
    def read(self, client, patrol, headers):
        return client.get(f"/v1/patrols/{patrol['id']}", headers=headers)

    def test_ones_own_is_nobodys_look(self, client, started, db):
        patrol, headers, _ = started()
        url = f"/patrols/{patrol['id']}/check-ins"
        post(client, url, headers, {**place_of(patrol), "stop": 0})
        answer = self.read(client, patrol, headers)
        assert answer.status_code == 200, answer.text
        (point,) = answer.json()["points"]
        assert (point["kind"], point["stop"]) == ("check_in", 0)
        assert actions(db, patrol["id"], "patrol.read") == []

    def test_a_heads_look_is_written_down(self, client, started, desk, db, cast):
        patrol, _, _ = started()
        assert self.read(client, patrol, desk.qian).status_code == 200
        assert actions(db, patrol["id"], "patrol.read") == [cast.qian.id]

    @pytest.mark.parametrize(
        "grant",
        [
            (Role.GRID_STAFF, GRID), (Role.CHECKER, DISTRICT), (Role.AUDITOR, DISTRICT),
            (Role.GRID_HEAD, OTHER_GRID), (Role.KEEPER, DISTRICT),
        ],
    )  # fmt: skip
    def test_colleagues_and_heads_elsewhere_404(self, client, started, newcomer, as_, grant, db):
        patrol, _, _ = started()
        headers = as_(newcomer(grant))
        strange = self.read(client, patrol, headers)
        assert code(strange) == (404, "patrol_not_found")
        assert public_word(strange) == public_word(self.read(client, {"id": uuid4()}, headers))
        listed = client.get("/v1/patrols?limit=100", headers=headers).json()["items"]
        assert patrol["id"] not in {item["id"] for item in listed}
        assert actions(db, patrol["id"], "patrol.read") == []

    def test_a_list_says_nothing_of_places(self, client, started, desk):
        patrol, headers, _ = started()
        post(client, f"/patrols/{patrol['id']}/check-ins", headers, place_of(patrol))
        listed = client.get("/v1/patrols?state=started", headers=desk.qian)
        assert patrol["id"] in listed.text
        assert "lat" not in listed.text

    def test_days_are_those_of_shanghai_and_31_at_first(self, client, db, newcomer, as_, cast):
        walker, today = newcomer((Role.GRID_STAFF, GRID)), clock.business_day(clock.now())
        days = {n: (today - timedelta(days=n)) for n in (0, 30, 31, 99, 100)}
        made = {}
        for n, day in days.items():
            patrol = post(client, "/patrols", as_(walker), {"region_code": GRID}).json()["id"]
            with work(db, write=True) as tx:
                row = tx.get_one(Patrol, UUID(patrol))
                ago = {"due_at": row.due_at - timedelta(days=n), "day": day.isoformat()}
                tx.execute(update(Patrol).where(Patrol.id == row.id).values(**ago))
            made[patrol] = n

        def listed(person, **params):
            url, params = "/v1/patrols", {"limit": 100, **params}
            answer = client.get(url, headers=as_(person), params=params)
            assert answer.status_code == 200, answer.text
            return sorted(made[p["id"]] for p in answer.json()["items"] if p["id"] in made)

        assert listed(cast.qian) == [0, 30]
        assert listed(cast.qian, to=days[31]) == [31]
        assert listed(cast.qian, **{"from": days[31], "to": days[30]}) == [30, 31]
        assert listed(cast.qian, **{"from": days[99]}) == [0, 30, 31, 99]
        assert listed(walker, mine=True) == listed(walker, mine=True, state="started")
        assert listed(walker, mine=True) == [0, 30, 31, 99, 100]
        assert listed(walker, mine=True, to=days[99]) == [99, 100]
        assert listed(walker) == [0, 30]

    @pytest.mark.parametrize(
        "days",
        [{"from": 0, "to": 1}, {"from": 100}, {"from": -1}, {"from": 200, "to": 100}],
    )
    def test_days_out_of_order_or_too_many_422(self, client, desk, days):
        today = clock.business_day(clock.now())
        params = {name: today - timedelta(days=n) for name, n in days.items()}
        answer = client.get("/v1/patrols", headers=desk.qian, params=params)
        assert code(answer) == (422, "patrol_days_invalid")

    def test_pages_of_a_head_follow_each_other(self, client, newcomer, as_, cast):
        walker = as_(newcomer((Role.GRID_STAFF, GRID)))
        made = set()
        for n in range(7):
            patrol = post(client, "/patrols", walker, {"region_code": GRID}).json()["id"]
            made.add(patrol)
            if n % 2:
                post(client, f"/patrols/{patrol}/finish", walker, {})
        seen, cursor = [], None
        while cursor or not seen:
            params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/patrols", headers=as_(cast.qian), params=params).json()
            seen += [(item["due_at"], item["id"]) for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == sorted(set(seen), reverse=True)
        assert made <= {patrol for _, patrol in seen}

    @pytest.mark.parametrize(
        ("params", "index"), [({"mine": True}, "ix_patrols_person"), ({}, "ix_patrols_state")]
    )
    def test_pages_walk_an_index(self, client, app, db, desk, params, index):
        def plan(connection, statement, parameters):
            if db.is_sqlite:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                return "\n".join(row[3] for row in rows)
            # A handful of rows would be read as they lie, and sorted.
            for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
                connection.execute(text(f"SET LOCAL enable_{way} = off"))
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            return "\n".join(row[0] for row in rows)

        with heard(app.state.db.reader) as said:
            client.get("/v1/patrols", headers=desk.qian, params=params)
        asked = [one for one in said if "FROM patrols" in one[0]]
        # Of the writer, whose transactions last: a reader's settings end with their statement.
        with app.state.db.writer.connect() as connection, connection.begin():
            plans = [plan(connection, *one) for one in asked]
        assert len(plans) == (1 if params else 4)
        assert all(index in told for told in plans), plans

    def test_pages_follow_each_other(self, client, newcomer, as_):
        wang = as_(newcomer((Role.GRID_STAFF, GRID)))
        made = [
            post(client, "/patrols", wang, {"region_code": GRID}).json()["id"]
            for _ in range(3)
        ]  # fmt: skip
        seen, cursor = [], None
        while len(seen) < 3:
            params = {"mine": True, "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/patrols", headers=wang, params=params).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen[:3] == made[::-1]
