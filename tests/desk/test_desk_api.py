"""Counters, bulk dispatch and saved filters over HTTP: one class an endpoint."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from cast import DISTRICT, GRID, INSIDE_OTHER, OTHER_GRID
from flows.story import key
from sqlalchemy import func, select, update

from app.cases import indexing
from app.cases.models import Case, CaseEntry, CaseScope
from app.desk import service
from app.desk.models import SavedFilter
from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import insert_row, insert_rows, work
from app.kit.ids import new_id
from app.posts.models import Appointment, Post, Unit


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.unshift()


@pytest.fixture
def unit(db, cast):
    """A unit that Zhao works in."""
    return make_unit(db, cast.zhao)


def make_unit(db, person):
    code = f"U{uuid4().hex[:8]}"
    with work(db, write=True) as tx:
        insert_row(tx, Unit, code=code, name="农业服务中心", region_code=DISTRICT, active=True)
        insert_row(
            tx, Post, code=code, name="农技员", name_en="Agronomist", role="grid_staff", duties=[],
            on_board=False, position=1, active=True,
        )  # fmt: skip
        insert_row(
            tx, Appointment, id=new_id(), person_id=person.id, post_code=code,
            region_code=OTHER_GRID, unit_code=code, starts_on="2020-01-01",
            created_at=clock.now(),
        )  # fmt: skip
    return code


class TestCounters:
    def counted(self, client, headers, **params):
        answer = client.get("/v1/desk/counters", headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def grown(self, client, headers, act, **params):
        before = self.counted(client, headers, **params)
        act()
        after = self.counted(client, headers, **params)
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    def test_each_status_in_its_counter(self, client, desk):
        for act, expected in (
            (desk.reported, {"to_verify": 1}), (desk.verifying, {"to_verify": 1}),
            (desk.filed, {"to_dispatch": 1}), (desk.resolved, {"to_check": 1}),
            (desk.closed, {}),
        ):  # fmt: skip
            assert self.grown(client, desk.qian, act) == expected

    def test_what_is_given_to_me(self, client, desk):
        assert self.grown(client, desk.wang, desk.dispatched) == {"to_sign": 1, "mine": 1}
        assert self.grown(client, desk.wang, desk.in_progress) == {"in_progress": 1, "mine": 1}
        assert self.grown(client, desk.wang, desk.closed) == {}

    def test_what_is_given_to_my_unit_wherever_it_is(self, client, desk, unit):
        def act():
            desk.moved(desk.filed(), "dispatch", unit_code=unit)

        assert self.grown(client, desk.zhao, act) == {"to_sign": 1, "mine": 1}
        assert self.grown(client, desk.wang, act) == {"to_sign": 1}
        assert self.grown(client, desk.zhao, act, region=GRID) == {"to_sign": 1, "mine": 1}
        assert self.grown(client, desk.zhao, act, region=OTHER_GRID) == {"mine": 1}

    def test_mine_counts_a_case_once_that_is_given_to_both(self, client, db, cast, desk):
        case, unit = desk.dispatched(), make_unit(db, cast.wang)

        def act():
            with work(db, write=True) as tx:
                tx.execute(update(Case).where(Case.id == case["id"]).values(unit_code=unit))

        assert self.grown(client, desk.wang, act) == {}

    def test_flags_of_open_cases(self, client, db, desk):
        open_case, ended = desk.reported(), desk.closed()

        def act():
            with work(db, write=True) as tx:
                flags = update(Case).where(Case.id.in_([open_case["id"], ended["id"]]))
                tx.execute(flags.values(suspected=True, supervised=True))
                for case in (open_case, ended):
                    indexing.keep(tx, UUID(case["id"]))

        assert self.grown(client, desk.qian, act) == {"suspected": 1, "supervised": 1}

    def test_due_soon_until_overdue(self, client, db, desk):
        case, now = desk.reported(), clock.now()

        def due(warn, at):
            def act():
                with work(db, write=True) as tx:
                    times = {
                        "warn_at": now + timedelta(hours=warn), "due_at": now + timedelta(hours=at),
                    }  # fmt: skip
                    tx.execute(update(Case).where(Case.id == case["id"]).values(times))
                    indexing.keep(tx, UUID(case["id"]))

            return act

        assert self.grown(client, desk.qian, due(1, 2)) == {}
        assert self.grown(client, desk.qian, due(-1, 1)) == {"due_soon": 1}
        assert self.grown(client, desk.qian, due(-2, -1)) == {"due_soon": -1, "overdue": 1}

    def test_of_the_regions_that_one_reads(self, client, desk):
        here, there = desk.filed, lambda: desk.reported(place=INSIDE_OTHER)
        assert self.grown(client, desk.zhao, here) == {}
        assert self.grown(client, desk.zhao, there) == {"to_verify": 1}
        assert self.grown(client, desk.qian, here, region=OTHER_GRID) == {}
        assert self.grown(client, desk.qian, here, region=GRID) == {"to_dispatch": 1}
        assert self.grown(client, desk.zhao, here, region=GRID) == {}

    def test_of_nothing(self, client, as_, newcomer):
        keeper = as_(newcomer((Role.KEEPER, DISTRICT)))
        found = self.counted(client, keeper)
        assert found.pop("counted_to") == 1_000
        assert set(found.values()) == {0}

    def test_up_to_a_thousand(self, client, db, desk):
        """The next one is not counted, and nothing that is counted costs more than so many."""
        case = desk.reported(place=INSIDE_OTHER)
        with work(db, write=True) as tx:
            found = tx.execute(select(Case.__table__).where(Case.id == case["id"])).one()
            late = {"due_at": clock.now() - timedelta(hours=1), "suspected": True}
            copies = [
                {**found._mapping, **late, "id": (one := new_id()), "number": f"x-{one.hex[-20:]}"}
                for _ in range(1_001)
            ]
            insert_rows(tx, Case, copies)
            kept = [{name: copy[name] for name in indexing.KEPT} for copy in copies]
            scopes = [
                {**same, "case_id": copy["id"], "created_at": found.created_at, "region_code": GRID}
                for same, copy in zip(kept, copies, strict=True)
            ]
            insert_rows(tx, CaseScope, scopes)
        counted = self.counted(client, desk.qian, region=GRID)
        assert [counted[name] for name in ("to_verify", "overdue", "suspected")] == [1_000] * 3
        assert counted["to_dispatch"] < 1_000


class TestDispatches:
    def post(self, client, headers, cases, **to):
        items = [{"case_id": case["id"], "version": case["version"]} for case in cases]
        body = {"items": items, **to}
        return client.post("/v1/desk/dispatches", json=body, headers={**key(), **headers})

    def sent(self, client, headers, cases, **to):
        answer = self.post(client, headers, cases, **to)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_gives_every_case_to_the_person(self, client, desk, cast, db):
        cases = [desk.filed(), desk.filed()][::-1]
        done = self.sent(
            client, desk.qian, cases, assignee_id=str(cast.wang.id), note="今天办完",
            public_note="已安排人员",
        )  # fmt: skip
        assert done["dispatched"] == 2
        assert [item["case_id"] for item in done["items"]] == [case["id"] for case in cases]
        for case, item in zip(cases, done["items"], strict=True):
            now = client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json()
            assert item["ok"]
            assert item["version"] == now["version"] == case["version"] + 1
            assert (now["status"], now["assignee_id"]) == ("dispatched", str(cast.wang.id))
            last = client.get(f"/v1/cases/{case['id']}/events", headers=desk.wang).json()["items"]
            assert (last[-1]["note"], last[-1]["public_note"]) == ("今天办完", "已安排人员")
            with work(db, write=False) as tx:
                logged = select(StaffAction.action).where(StaffAction.object_id == case["id"])
                assert "case.dispatch" in tx.scalars(logged).all()

    def test_gives_them_to_a_unit(self, client, desk, unit):
        done = self.sent(client, desk.qian, [desk.filed()], unit_code=unit)
        assert done["dispatched"] == 1

    def test_one_bad_item_never_stops_the_others(self, client, desk, cast, db):
        good, fresh, stale, other = desk.filed(), desk.reported(), desk.filed(), desk.filed()
        stale["version"] -= 1
        absent = {"id": str(uuid4()), "version": 1}
        cases = [stale, fresh, good, absent, other]
        done = self.sent(client, desk.qian, cases, assignee_id=str(cast.wang.id))
        codes = [item["code"] for item in done["items"]]
        assert codes == ["stale_version", "move_impossible", None, "case_not_found", None]
        assert done["dispatched"] == 2
        assert done["items"][0]["title"]
        assert done["items"][0]["title_en"]
        status = [
            client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["status"]
            for case in (stale, fresh, good, other)
        ]
        assert status == ["filed", "reported", "dispatched", "dispatched"]

    def test_a_refused_item_leaves_no_trace(self, client, desk, db):
        case = desk.filed()

        def entries():
            with work(db, write=False) as tx:
                of_case = CaseEntry.case_id == case["id"]
                return tx.scalar(select(func.count()).where(of_case))

        before = entries()
        # Nobody has this id, which is found out after the case was locked.
        done = self.sent(client, desk.qian, [case], assignee_id=str(uuid4()))
        assert done["items"][0]["code"] == "assignee_unknown"
        assert entries() == before

    def test_of_a_stranger_is_not_found(self, client, desk, cast):
        done = self.sent(client, desk.zhao, [desk.filed()], assignee_id=str(cast.zhao.id))
        assert [item["code"] for item in done["items"]] == ["case_not_found"]

    def test_by_those_who_may_only_look(self, client, desk, cast):
        done = self.sent(client, desk.sun, [desk.filed()], assignee_id=str(cast.wang.id))
        assert [item["code"] for item in done["items"]] == ["move_forbidden"]

    def test_again_with_the_same_key_is_the_same_answer(self, client, desk, cast):
        cases, same = [desk.filed()], {**desk.qian, **key()}
        first = self.post(client, same, cases, assignee_id=str(cast.wang.id))
        again = self.post(client, same, cases, assignee_id=str(cast.wang.id))
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first.json()

    @pytest.mark.parametrize(
        "to", [{}, {"assignee_id": str(uuid4()), "unit_code": "U"}], ids=["nobody", "both"]
    )
    def test_to_one_target(self, client, desk, to):
        case = {"id": str(uuid4()), "version": 1}
        assert self.post(client, desk.qian, [case], **to).status_code == 422

    def test_each_case_once_and_fifty_at_most(self, client, desk):
        case = {"id": str(uuid4()), "version": 1}
        assert self.post(client, desk.qian, [case, case], unit_code="U").status_code == 422
        many = [{"id": str(uuid4()), "version": 1} for _ in range(51)]
        assert self.post(client, desk.qian, many, unit_code="U").status_code == 422


class TestFilters:
    def put(self, client, headers, name, **body):
        return client.put(f"/v1/desk/filters/{name}", json={"filters": {}, **body}, headers=headers)

    def names(self, client, headers):
        items = client.get("/v1/desk/filters", headers=headers).json()["items"]
        return [item["name"] for item in items]

    @pytest.fixture
    def me(self, as_, newcomer):
        return as_(newcomer((Role.DISPATCHER, DISTRICT)))

    def test_saves_what_the_queue_takes(self, client, db, me):
        wanted = {
            "status": ["filed", "dispatched"], "region": GRID, "category": "C0101", "net": "city",
            "mine": True, "overdue": True, "due_soon": True, "open": True, "suspected": True,
            "supervised": True, "q": "井盖",
        }  # fmt: skip
        saved = self.put(client, me, "今天的", filters=wanted)
        assert saved.status_code == 200, saved.text
        assert saved.json() == {"name": "今天的", "position": 1, "filters": wanted}
        listed = client.get("/v1/desk/filters", headers=me).json()["items"]
        assert listed == [saved.json()]
        answer = client.get("/v1/cases", params=listed[0]["filters"], headers=me)
        assert answer.status_code == 200, answer.text
        with work(db, write=False) as tx:
            row = tx.scalars(select(SavedFilter).order_by(SavedFilter.id.desc())).first()
            logged = select(StaffAction.action).where(StaffAction.object_id == str(row.id))
            assert tx.scalars(logged).all() == ["filter.saved"]

    def test_as_they_were_saved_before(self, client, db, me):
        """One status as a word, or none; and nothing of what came later."""
        self.put(client, me, "旧")
        for old, status in (("filed", ["filed"]), (None, [])):
            with work(db, write=True) as tx:
                row = tx.scalars(select(SavedFilter).order_by(SavedFilter.id.desc())).first()
                row.filters = {"status": old, "region": None, "open": True}
            (item,) = client.get("/v1/desk/filters", headers=me).json()["items"]
            assert item["filters"]["status"] == status
            assert (item["filters"]["open"], item["filters"]["due_soon"]) == (True, False)
        saved = self.put(client, me, "旧", filters={"status": "filed"}).json()
        assert saved["filters"]["status"] == ["filed"]

    def test_in_their_order_and_in_the_place_of_the_one_before(self, client, me):
        for name in ("一", "二"):
            self.put(client, me, name)
        self.put(client, me, "三", position=1)
        assert self.names(client, me) == ["一", "三", "二"]
        moved = self.put(client, me, "一", position=9, filters={"open": True}).json()
        assert (moved["position"], moved["filters"]["open"]) == (9, True)
        assert self.names(client, me) == ["三", "二", "一"]
        assert self.put(client, me, "一").json()["position"] == 9

    def test_deletes_and_gives_what_is_left(self, client, me):
        for name in ("一", "二"):
            self.put(client, me, name)
        left = client.delete("/v1/desk/filters/一", headers=me)
        assert [item["name"] for item in left.json()["items"]] == ["二"]
        assert client.delete("/v1/desk/filters/一", headers=me).json()["code"] == "filter_not_found"

    def test_are_ones_own(self, client, me, desk):
        self.put(client, me, "我的")
        assert "我的" not in self.names(client, desk.qian)
        answer = client.delete("/v1/desk/filters/我的", headers=desk.qian)
        assert answer.status_code == 404
        self.put(client, desk.qian, "我的", filters={"open": True})
        mine = client.get("/v1/desk/filters", headers=me).json()["items"][0]
        assert mine["filters"]["open"] is False

    def test_thirty_at_most(self, client, me):
        for n in range(service.MOST_FILTERS):
            assert self.put(client, me, f"f{n}").status_code == 200
        full = self.put(client, me, "one more")
        assert (full.status_code, full.json()["code"]) == (409, "filters_full")
        # One that is there can still be changed.
        assert self.put(client, me, "f0", filters={"mine": True}).status_code == 200
