"""Photos that were seen before: flagged with the evidence, decided on by people."""

import itertools
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from cast import GRID, INSIDE, INSIDE_OTHER
from flows.story import key
from media.media_build import opened, photo, saved
from PIL import Image, ImageEnhance
from relations_build import case_of, code, events, inbox, joined, kinds, sent
from sqlalchemy import select, update

from app.cases.models import Case
from app.identity.models import Role
from app.kit import clock, outbox
from app.kit.actions import StaffAction
from app.kit.db import work
from app.relations.models import Suspicion
from app.reports.models import Report

SEEDS = itertools.count(100)
ROAD, COBBLES = photo("pixel_road.jpg"), photo("lund_cobbles.jpg")


def scene(seed, quality=90):
    """A picture with texture that resembles no other seed's."""
    small = Image.frombytes("L", (9, 8), Random(seed).randbytes(72))
    big = small.resize((900, 800), Image.Resampling.BICUBIC).convert("RGB")
    return saved(big, quality=quality)


def pressed(data, quality=35):
    return saved(opened(data).convert("RGB"), quality=quality)


def suspicions(client, headers, case):
    answer = client.get(f"/v1/cases/{case['id']}/suspicions", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def decide(client, headers, suspicion, state="dismissed", note="看过现场"):
    url = f"/v1/suspicions/{suspicion['id']}/decision"
    return client.post(url, json={"state": state, "note": note}, headers={**headers, **key()})


@pytest.fixture
def reported(client, desk, newcomer, as_):
    """A case whose report shows these very bytes."""

    def make(*pictures, place=INSIDE, reporter=None):
        reporter = reporter or newcomer()
        photos = [sent(client, as_(reporter), data) for data in pictures]
        return desk.reported(place, reporter=reporter, photo_ids=photos)

    return make


class TestFinding:
    def test_the_same_bytes_of_another_person(self, client, desk, reported):
        data = scene(1)
        first = reported(data, place=INSIDE_OTHER)
        again = reported(data)
        (found,) = suspicions(client, desk.qian, again)
        assert (found["kind"], found["distance"], found["state"]) == ("same_bytes", 0, "open")
        evidence = found["evidence"]
        assert 90 <= evidence.pop("metres") <= 100
        assert evidence == {
            "number": first["number"], "days": 0, "same_person": False, "weak": False,
        }  # fmt: skip
        assert found["photo"]["id"] == case_of(client, desk.qian, again)["photos"][0]["id"]
        assert found["other_photo"]["id"] == case_of(client, desk.qian, first)["photos"][0]["id"]
        assert case_of(client, desk.qian, again)["suspected"] is True
        (entry,) = [e for e in events(client, desk.qian, again) if e["kind"] == "suspected"]
        assert entry["data"].keys() == {"kind", "distance", "days", "metres"}
        assert first["number"] not in str(entry)
        assert entry["actor"] is None
        # The first one did nothing wrong, and nobody was refused.
        assert suspicions(client, desk.qian, first) == []
        assert again["status"] == "reported"
        assert inbox(client, desk.liu) == []

    def test_a_copy_pressed_and_shrunk_after_months(self, client, desk, db, reported):
        first = reported(ROAD)
        with work(db, write=True) as tx:
            mine, ago = Report.id == UUID(desk.report["id"]), clock.now() - timedelta(days=100)
            tx.execute(update(Report).where(mine).values(created_at=ago))
        small = opened(ROAD).convert("RGB").resize((500, 375))
        (found,) = suspicions(client, desk.qian, reported(saved(small, quality=50)))
        assert (found["kind"], found["evidence"]["days"]) == ("look_alike", 100)
        assert found["evidence"]["number"] == first["number"]
        assert found["distance"] <= 8

    def test_a_brighter_one_by_the_same_person(self, client, desk, reported, newcomer):
        person = newcomer()
        reported(COBBLES, reporter=person)
        bright = ImageEnhance.Brightness(opened(COBBLES).convert("RGB")).enhance(1.15)
        (found,) = suspicions(client, desk.qian, reported(saved(bright), reporter=person))
        assert found["evidence"]["same_person"] is True

    def test_a_weak_likeness_counts_for_one_person_only(self, client, desk, reported, newcomer):
        person, road = newcomer(), photo("sony_as300_road2.jpg")
        image = opened(road).convert("RGB").rotate(2, Image.Resampling.BICUBIC)
        margin = int(image.width * 0.04)
        turned = saved(image.crop((margin, margin, image.width - margin, image.height - margin)))
        reported(road, reporter=person)
        mine = reported(turned, reporter=person)
        (found,) = suspicions(client, desk.qian, mine)
        assert (found["evidence"]["weak"], 8 < found["distance"] <= 12) == (True, True)
        # Of somebody else only the same bytes count, not that it is a little like the first.
        theirs = suspicions(client, desk.qian, reported(turned))
        assert [one["kind"] for one in theirs] == ["same_bytes"]

    def test_different_pictures_and_one_burst_are_none(self, client, desk, reported):
        data = scene(2)
        case = reported(data, pressed(data, 80), pressed(data, 60))
        other = reported(scene(3))
        assert suspicions(client, desk.qian, case) == suspicions(client, desk.qian, other) == []
        assert case_of(client, desk.qian, case)["suspected"] is False

    def test_a_photo_in_a_drawer_accuses_nobody(self, client, desk, reported):
        data = scene(4)
        sent(client, desk.wang, data)
        assert suspicions(client, desk.qian, reported(data)) == []

    def test_whoever_used_it_first_is_not_accused_by_an_older_upload(
        self, client, desk, reported, newcomer, as_
    ):
        data, person = scene(5), newcomer()
        early = sent(client, as_(person), data)
        first = reported(data)
        second = desk.reported(INSIDE, reporter=person, photo_ids=[early])
        assert suspicions(client, desk.qian, first) == []
        assert [s["photo"]["id"] for s in suspicions(client, desk.qian, second)] == [early]

    def test_an_after_photo_that_looks_like_the_one_before(self, client, desk, reported, cast):
        data = scene(6)
        case = reported(data)
        case = desk.moved(case, "file", category_code="C0101")
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "accept")
        after = sent(client, desk.wang, pressed(data, 50))
        desk.moved(case, "resolve", photo_ids=[after], note="已修好")
        desk._drain()
        (found,) = suspicions(client, desk.qian, case)
        assert (found["kind"], found["photo"]["id"]) == ("after_equals_before", after)
        assert found["evidence"]["metres"] == 0

    def test_a_co_report_with_somebody_elses_photo(
        self, client, desk, reported, newcomer, as_, drain
    ):
        data = scene(7)
        case, person = reported(data), newcomer()
        copied = sent(client, as_(person), data)
        joined(client, as_(person), drain, case["number"], INSIDE, photo_ids=[copied])
        (found,) = suspicions(client, desk.qian, case)
        assert (found["kind"], found["photo"]["id"]) == ("same_bytes", copied)
        assert found["evidence"]["number"] == case["number"]

    def test_once_however_often_it_is_compared(self, client, desk, db, reported, drain):
        data = scene(8)
        first = reported(data)
        case = reported(data)
        for one in (case, first) * 2:
            with work(db, write=True) as tx:
                outbox.enqueue(tx, "photos.compared", case_id=UUID(one["id"]))
        drain()
        assert len(suspicions(client, desk.qian, case)) == 1
        assert suspicions(client, desk.qian, first) == []
        assert kinds(client, desk.qian, case).count("suspected") == 1

    def test_at_most_five_for_a_photo(self, client, desk, reported):
        data = scene(9)
        for _ in range(6):
            reported(data)
        assert len(suspicions(client, desk.qian, reported(data))) == 5

    def test_plain_pictures_resemble_nothing(self, client, desk, reported):
        night = Image.new("RGB", (400, 300), (8, 8, 10))
        reported(saved(night))
        assert suspicions(client, desk.qian, reported(saved(night, quality=40))) == []


class TestList:
    def test_the_other_photo_only_with_its_case(self, client, desk, reported):
        data = scene(10)
        other = reported(data, place=INSIDE_OTHER)
        case = reported(data)
        (found,) = suspicions(client, desk.wang, case)
        assert found["other_photo"] is None
        assert found["evidence"]["number"] is None
        assert other["number"] not in str(events(client, desk.wang, case))
        (found,) = suspicions(client, desk.qian, case)
        assert found["other_photo"] is not None
        assert found["evidence"]["number"] == other["number"]

    def test_strangers(self, client, desk, reported):
        case = reported(scene(11))
        url = f"/v1/cases/{case['id']}/suspicions"
        assert code(client.get(url, headers=desk.zhao)) == (404, "case_not_found")
        assert code(client.get(url, headers=desk.liu)) == (403, "staff_only")


class TestEveryCase:
    def listed(self, client, headers, **params):
        answer = client.get("/v1/suspicions", headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @pytest.fixture
    def pairs(self, reported):
        """A case of this grid, of the next and of this; each with a photo that was seen before."""

        def twice(place):
            data = scene(next(SEEDS))
            reported(data, place=place)
            return reported(data, place=place)

        return [twice(place) for place in (INSIDE, INSIDE_OTHER, INSIDE)]

    def test_of_the_cases_that_are_seen_the_newest_first(self, client, desk, pairs):
        def cases(headers):
            return [item["case_id"] for item in self.listed(client, headers, limit=100)["items"]]

        ours, theirs, ours_too = (case["id"] for case in pairs)
        assert cases(desk.qian)[:3] == [ours_too, theirs, ours]
        assert cases(desk.wang)[:2] == [ours_too, ours]
        assert theirs not in cases(desk.wang)
        assert cases(desk.zhao)[0] == theirs
        assert not {ours, ours_too} & {*cases(desk.zhao)}
        items = self.listed(client, desk.wang, limit=2)["items"]
        assert items[0] == suspicions(client, desk.wang, pairs[-1])[0]

    def test_page_by_page(self, client, desk, pairs):
        whole = self.listed(client, desk.wang, limit=100)["items"]
        found, more = [], {}
        while more is not None:
            page = self.listed(client, desk.wang, limit=2, **more)
            found += page["items"]
            more = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        assert found == whole
        assert len(found) > 2

    def test_by_state(self, client, desk, pairs):
        by_state = dict(zip(("confirmed", "open", "dismissed"), pairs, strict=True))
        for state in ("confirmed", "dismissed"):
            (one,) = suspicions(client, desk.wang, by_state[state])
            decide(client, desk.wang, one, state)
        for state, case in by_state.items():
            (newest,) = self.listed(client, desk.qian, state=state, limit=1)["items"]
            assert (newest["case_id"], newest["state"]) == (case["id"], state)
        assert self.listed(client, desk.qian) == self.listed(client, desk.qian, state="open")

    def test_a_cursor_of_another_state(self, client, desk, pairs):
        page = self.listed(client, desk.qian, limit=1)
        other = {"state": "dismissed", "cursor": page["next_cursor"]}
        answer = client.get("/v1/suspicions", headers=desk.qian, params=other)
        assert code(answer) == (400, "cursor_invalid")

    def test_not_for_reporters(self, client, desk, pairs):
        answer = client.get("/v1/suspicions", headers=desk.liu)
        assert code(answer) == (403, "staff_only")


class TestDecision:
    @pytest.fixture
    def doubted(self, reported):
        def make(seed):
            data = scene(seed)
            reported(data)
            reported(data)
            return reported(data)

        return make

    def test_the_flag_goes_with_the_last_open_one(self, client, desk, db, cast, doubted):
        case = doubted(20)
        one, other = suspicions(client, desk.wang, case)
        answer = decide(client, desk.wang, one, "confirmed", "与上次同一张照片")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["state"], body["note"], body["decided_by"]) == (
            "confirmed", "与上次同一张照片", "wang",
        )  # fmt: skip
        assert case_of(client, desk.wang, case)["suspected"] is True
        assert decide(client, desk.qian, other).status_code == 200
        after = case_of(client, desk.wang, case)
        assert (after["suspected"], after["status"]) == (False, "reported")
        decided = [e for e in events(client, desk.wang, case) if e["kind"] == "suspicion_decided"]
        assert [e["data"]["state"] for e in decided] == ["confirmed", "dismissed"]
        with work(db, write=False) as tx:
            query = select(StaffAction.actor_id).where(
                StaffAction.action == "suspicion.confirmed", StaffAction.object_id == one["id"]
            )
            assert tx.scalars(query).all() == [cast.wang.id]

    def test_is_made_once(self, client, desk, doubted):
        one, _ = suspicions(client, desk.wang, doubted(21))
        decide(client, desk.wang, one)
        assert code(decide(client, desk.qian, one, "confirmed")) == (409, "suspicion_decided")

    def test_only_grid_staff_of_the_region(self, client, desk, doubted, as_, newcomer):
        one, _ = suspicions(client, desk.wang, doubted(22))
        for role in (Role.CHECKER, Role.AUDITOR, Role.ADMINISTRATOR):
            answer = decide(client, as_(newcomer((role, "500152000000"))), one)
            assert code(answer) == (403, "decision_forbidden")
        assert code(decide(client, desk.zhao, one)) == (404, "suspicion_not_found")
        assert code(decide(client, desk.liu, one)) == (403, "staff_only")
        absent = {"id": "0190f0f0-0000-7000-8000-00000000dead"}
        assert code(decide(client, desk.wang, absent)) == (404, "suspicion_not_found")

    def test_not_by_the_reporter_nor_by_whose_photo_it_is(
        self, client, desk, reported, newcomer, as_, cast
    ):
        data, person = scene(23), newcomer((Role.GRID_STAFF, GRID))
        reported(data)
        case = reported(data, reporter=person)
        (one,) = suspicions(client, desk.wang, case)
        assert code(decide(client, as_(person), one)) == (403, "own_report")
        case = desk.moved(case, "file", category_code="C0101")
        case = desk.moved(case, "dispatch", assignee_id=str(cast.wang.id))
        case = desk.moved(case, "accept")
        after = sent(client, desk.wang, pressed(data, 50))
        desk.moved(case, "resolve", photo_ids=[after], note="已修好")
        desk._drain()
        theirs = [s for s in suspicions(client, desk.wang, case) if s["photo"]["id"] == after]
        assert theirs
        assert code(decide(client, desk.wang, theirs[0])) == (403, "own_photo")

    def test_needs_its_words(self, client, desk, doubted):
        one, _ = suspicions(client, desk.wang, doubted(24))
        assert decide(client, desk.wang, one, "open").status_code == 422
        assert decide(client, desk.wang, one, note="").status_code == 422


def test_a_case_is_flagged_while_a_suspicion_is_open(db):
    with work(db, write=False) as tx:
        flagged = set(tx.scalars(select(Case.id).where(Case.suspected)))
        open_ones = set(tx.scalars(select(Suspicion.case_id).where(Suspicion.state == "open")))
    assert flagged == open_ones != set()
