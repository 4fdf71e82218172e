"""Keeping rules and campaigns over HTTP, and what a rule would have paid."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from cast import DISTRICT, STREET, VILLAGE
from matrix.row import ABSENT
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from races.together import at_once
from rewards.build import (  # noqa: F401
    FAR,
    _clean,
    campaign,
    far_fund,
    fund_of,
    grant,
    rule,
)
from sqlalchemy import select

from app.cases.deeds import deeds
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.rewards import preview, queries, service
from app.rewards.models import Campaign
from app.rewards.rules import Offer, Spot, Step, replay
from app.rewards.schemas import PreviewDraft

RULE = {
    "code": "tidy", "event": "patrol.found", "name": "巡查发现", "name_en": "Found on patrol",
    "points": 5, "day_cap": 20, "month_cap": 300,
}  # fmt: skip


@pytest.fixture(scope="module")
def far(db, cast):
    with work(db, write=True) as tx:
        return far_fund(tx, cast)


@pytest.fixture
def fund(db, cast):
    """A fund of a village of its own, so that no other test's rule stands there."""
    with work(db, write=True) as tx:
        return fund_of(tx, cast, village(tx))


_villages = iter(range(100))


def village(tx):
    """A village that no other test knows."""
    code = f"5001520019{next(_villages):02}"
    import_regions(tx, [RegionDraft(code, "新村", "新村", 2, "村", STREET)])
    return code


@pytest.fixture
def sun(cast, as_):
    return as_(cast.sun)


def published(client, headers, fund, **more):
    return client.post(
        "/v1/points/rules", json={**RULE, "fund_id": str(fund.id), **more}, headers=headers
    )


def code_of(fund):
    return f"rule-{fund.code[-8:]}"


class TestPublish:
    def test_a_rule_and_its_next_version_without_a_gap(self, client, sun, fund):
        code = code_of(fund)
        first = published(
            client, sun, fund, code=code, category_code="C01", place_m=50, expiry_day="12-31",
            validity_days=30,
        )  # fmt: skip
        assert first.status_code == 201, first.text
        one = first.json()
        assert (one["version"], one["fund"], one["effective_to"]) == (1, fund.code, None)
        assert (one["category_code"], one["place_m"], one["expiry_day"]) == ("C01", 50, "12-31")
        second = published(client, sun, fund, code=code, points=7).json()
        assert (second["version"], second["points"], second["category_code"]) == (2, 7, None)
        found = client.get(f"/v1/points/rules/{code}/versions", headers=sun).json()["items"]
        assert [v["version"] for v in found] == [2, 1]
        assert found[1]["effective_to"] == found[0]["effective_from"]
        shown = client.get("/v1/points/rules").json()["items"]
        assert [r["version"] for r in shown if r["code"] == code] == [2]

    def test_from_a_later_moment_on(self, client, sun, fund, db):
        code, later = code_of(fund), clock.now() + timedelta(days=3)
        published(client, sun, fund, code=code)
        answer = published(client, sun, fund, code=code, points=9, effective_from=str(later))
        assert answer.status_code == 201, answer.text
        spot = Spot(f"/{DISTRICT}/{STREET}/{fund.region_code}/")
        with work(db, write=False) as tx:
            for at, points in ((later - timedelta(seconds=1), 5), (later, 9)):
                assert queries.find_rule(tx, "patrol.found", at, spot)[0].points == points
        again = published(client, sun, fund, code=code)
        assert (again.status_code, again.json()["code"]) == (409, "rule_planned")
        past = published(client, sun, fund, effective_from=str(clock.now() - timedelta(hours=1)))
        assert (past.status_code, past.json()["code"]) == (422, "begins_in_past")

    @pytest.mark.parametrize(
        "wrong",
        [{"day_cap": 4}, {"month_cap": 19}, {"points": 0}, {"points": True}, {"event": "nothing"},
         {"expiry_day": "02-30"}, {"expiry_day": "13-01"}, {"place_m": 0}, {"validity_days": 0}],
    )  # fmt: skip
    def test_that_cannot_be(self, client, sun, fund, wrong):
        assert published(client, sun, fund, **wrong).status_code == 422

    def test_one_rule_for_one_thing_in_one_region(self, client, sun, fund):
        published(client, sun, fund, code=code_of(fund))
        other = published(client, sun, fund, code="x" + code_of(fund))
        assert (other.status_code, other.json()["code"]) == (409, "rule_overlaps")
        assert other.json()["rule"] == code_of(fund)
        special = published(client, sun, fund, code="x" + code_of(fund), category_code="C0101")
        assert special.status_code == 201
        changed = published(client, sun, fund, code=code_of(fund), event="report.filed")
        assert (changed.status_code, changed.json()["code"]) == (409, "rule_event_fixed")
        unknown = published(client, sun, fund, category_code="Z9")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "category_unknown")

    def test_only_for_funds_of_ones_region(self, client, as_, sun, fund, far, newcomer, cast):
        manager = as_(newcomer((Role.FUND_MANAGER, STREET)))
        assert published(client, manager, fund, code=code_of(fund)).status_code == 201
        for headers, status, code in (
            (as_(newcomer((Role.FUND_MANAGER, VILLAGE))), 404, "fund_not_found"),
            (as_(newcomer((Role.AUDITOR, DISTRICT), (Role.FUND_MANAGER, VILLAGE))), 403,
             "rule_forbidden"),
            (as_(cast.wu), 403, "role_missing"), (as_(cast.liu_bo), 403, "role_missing"),
        ):  # fmt: skip
            answer = published(client, headers, fund, code=code_of(fund))
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert published(client, sun, far).status_code == 404
        # The code of somebody else's rule does not end that rule.
        far_sun = as_(newcomer((Role.ADMINISTRATOR, FAR)))
        taken = published(client, far_sun, far, code=code_of(fund))
        assert (taken.status_code, taken.json()["code"]) == (403, "rule_forbidden")

    def test_two_at_once_are_two_versions(self, client, sun, fund):
        code = code_of(fund)
        answers = at_once([lambda: published(client, sun, fund, code=code)] * 4)
        assert sorted(a.json()["version"] for a in answers) == [1, 2, 3, 4]
        found = client.get(f"/v1/points/rules/{code}/versions", headers=sun).json()["items"]
        for newer, older in pairwise(found):
            assert older["effective_to"] == newer["effective_from"]


class TestEnd:
    def test_now_and_what_was_planned(self, client, sun, fund, db):
        code, later = code_of(fund), clock.now() + timedelta(days=3)
        published(client, sun, fund, code=code)
        published(client, sun, fund, code=code, effective_from=str(later))
        ended = client.post(f"/v1/points/rules/{code}/end", headers=sun)
        assert ended.status_code == 200, ended.text
        spot = Spot(f"/{DISTRICT}/{STREET}/{fund.region_code}/")
        with work(db, write=False) as tx:
            for at in (clock.now(), later, later + timedelta(days=9)):
                found = queries.find_rule(tx, "patrol.found", at, spot)
                assert found is None or found[0].code != code
        again = client.post(f"/v1/points/rules/{code}/end", headers=sun)
        assert (again.status_code, again.json()["code"]) == (409, "rule_ended")
        assert published(client, sun, fund, code=code).json()["version"] == 3

    def test_not_what_is_not_there_or_another_regions(self, client, sun, as_, fund, newcomer):
        assert client.post("/v1/points/rules/nothing/end", headers=sun).status_code == 404
        published(client, sun, fund, code=code_of(fund))
        far = as_(newcomer((Role.FUND_MANAGER, VILLAGE)))
        answer = client.post(f"/v1/points/rules/{code_of(fund)}/end", headers=far)
        assert (answer.status_code, answer.json()["code"]) == (403, "rule_forbidden")


def drafted(fund, **more):
    return {
        "code": f"campaign-{fund.code[-8:]}", "name": "安全月", "name_en": "Safety month",
        "event": "patrol.found", "fund_id": str(fund.id), "percent": 200, "budget": 100,
        "ends_at": str(clock.now() + timedelta(days=7)), **more,
    }  # fmt: skip


class TestCampaigns:
    URL = "/v1/points/campaigns"

    def test_added_listed_ended(self, client, sun, fund, db):
        answer = client.post(self.URL, json=drafted(fund), headers=sun)
        assert answer.status_code == 201, answer.text
        one = answer.json()
        listed = client.get(self.URL, headers=sun).json()["items"]
        assert one in listed
        ended = client.post(f"{self.URL}/{one['code']}/end", headers=sun).json()
        assert ended["ends_at"] < one["ends_at"]
        again = client.post(f"{self.URL}/{one['code']}/end", headers=sun)
        assert (again.status_code, again.json()["code"]) == (409, "campaign_ended")

    def test_ended_before_it_began_it_never_is(self, client, sun, fund, db):
        begins = clock.now() + timedelta(days=2)
        one = client.post(self.URL, json=drafted(fund, begins_at=str(begins)), headers=sun).json()
        client.post(f"{self.URL}/{one['code']}/end", headers=sun)
        with work(db, write=True) as tx:
            rule(tx, fund, "patrol.found")
            spot = Spot(f"/{DISTRICT}/{STREET}/{fund.region_code}/")
            assert queries.find_rule(tx, "patrol.found", begins, spot)[1] is None
        other = drafted(fund, code="again-" + fund.code[-8:], begins_at=str(begins))
        assert client.post(self.URL, json=other, headers=sun).status_code == 201

    def test_refused(self, client, sun, as_, fund, far, newcomer, cast):
        client.post(self.URL, json=drafted(fund), headers=sun)
        past = str(clock.now() - timedelta(days=1))
        for headers, draft, status, code in (
            (sun, drafted(fund), 409, "campaign_exists"),
            (sun, drafted(fund, code="y" + fund.code[-8:]), 409, "campaign_overlaps"),
            (sun, drafted(fund, begins_at=past), 422, "begins_in_past"),
            (sun, drafted(fund, ends_at=past), 422, "begins_in_past"),
            (sun, drafted(far), 404, "fund_not_found"),
            (as_(cast.wu), drafted(fund), 403, "role_missing"),
        ):  # fmt: skip
            answer = client.post(self.URL, json=draft, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (
            client.post(self.URL, json=drafted(fund, percent=100), headers=sun).status_code == 422
        )
        strange = as_(newcomer((Role.FUND_MANAGER, FAR)))
        ended = client.post(f"{self.URL}/campaign-{fund.code[-8:]}/end", headers=strange)
        assert ended.status_code == 404
        code = {one["code"] for one in client.get(self.URL, headers=strange).json()["items"]}
        assert f"campaign-{fund.code[-8:]}" not in code


DAY = date(2026, 10, 5)


class TestReplay:
    """The pure part: awards in the order in which they were granted and taken back."""

    OFFER = Offer(10, 25, 40, None)

    def steps(self, *days):
        return [Step(n, "liu", DAY + timedelta(days=day)) for n, day in enumerate(days)]

    def paid(self, offer, steps, campaigns=None):
        return {key: points for key, (_, points) in replay(offer, steps, campaigns or {}).items()}

    def test_caps_of_day_and_month(self):
        assert self.paid(self.OFFER, self.steps(0, 0, 0, 0, 1, 1)) == {
            0: 10, 1: 10, 2: 5, 4: 10, 5: 5,
        }  # fmt: skip

    def test_what_was_taken_back_frees_its_share_from_then_on(self):
        first, *others = self.steps(0, 0, 0, 0)
        back = Step(0, "liu", DAY, back=True)
        assert self.paid(self.OFFER, [first, *others[:2], back, others[2]]) == {1: 10, 2: 5, 3: 10}

    def test_places(self):
        offer = Offer(10, 100, 400, 50)
        steps = [Step(n, "liu", DAY, 30.2, 105.8 + n // 2) for n in range(4)]
        assert self.paid(offer, steps) == {0: 10, 2: 10}

    def test_campaigns_within_their_budget(self):
        steps = [Step(n, n, DAY, campaign_id="c") for n in range(3)]
        assert self.paid(self.OFFER, steps, {"c": (150, 7)}) == {0: 15, 1: 12, 2: 10}


class TestPreview:
    URL = "/v1/points/rules/preview"

    def history(self, tx, fund, people, of):
        """A month of reports by some people at some places, some taken back, in a random order."""
        chance = random.Random(7)
        made = rule(tx, fund, of, 10, caps=(35, 160), place_m=50)
        made.effective_from = datetime(2025, 1, 1, tzinfo=UTC)
        on = campaign(tx, fund, of, percent=150, budget=60)
        on.begins_at, on.ends_at = (datetime(2026, 10, d, tzinfo=UTC) for d in (10, 20))
        tx.flush()
        path = f"/{DISTRICT}/{STREET}/{fund.region_code}/"
        given = []
        for _ in range(120):
            at = datetime(2026, 10, chance.randint(1, 12), chance.randint(0, 15), tzinfo=UTC)
            spot = Spot(path, "C0101", 30.2 + chance.randint(0, 3) / 100, 105.84)
            given.append(grant(tx, chance.choice(people), of, spot, at=at))
            if chance.random() < 0.2:
                gone = chance.choice(given)
                service.void(tx, event=of, source=gone.source, reason="rejected")
        return made

    def draft(self, fund, of, **more):
        offer = {"points": 10, "day_cap": 35, "month_cap": 160, "place_m": 50, **more}
        return PreviewDraft.model_construct(
            event=of, fund_id=fund.id, category_code=None, month="2026-10", **offer
        )

    def test_the_rule_that_was_in_force_pays_exactly_what_was_paid(self, db, fund, newcomer):
        people = [newcomer() for _ in range(4)]
        with work(db, write=True) as tx:
            self.history(tx, fund, people, "test.preview")
            told = preview.preview(tx, fund, self.draft(fund, "test.preview"), deeds)
            assert told.would_pay == told.was_paid
            assert told.was_paid.awards > 20
            assert told.was_paid.people == 4
            assert told.was_paid.fen == told.was_paid.points * 100
            used = tx.scalars(select(Campaign).where(Campaign.fund_id == fund.id)).one().used
            assert used > 0
            more = preview.preview(tx, fund, self.draft(fund, "test.preview", place_m=None), deeds)
            assert more.would_pay.points > told.was_paid.points
            less = preview.preview(tx, fund, self.draft(fund, "test.preview", points=3), deeds)
            assert 0 < less.would_pay.points < told.was_paid.points

    def test_over_http(self, client, sun, fund, as_, newcomer, db):
        liu = newcomer()
        with work(db, write=True) as tx:
            rule(tx, fund, "rating.given", 10, effective_to=None)
            spot = Spot(f"/{DISTRICT}/{STREET}/{fund.region_code}/", "C0101")
            grant(tx, liu, "rating.given", spot)
        month = clock.business_day(clock.now()).isoformat()[:7]
        draft = {
            "event": "rating.given", "fund_id": str(fund.id), "points": 4, "day_cap": 40,
            "month_cap": 400, "month": month,
        }  # fmt: skip
        answer = client.post(self.URL, json=draft, headers=sun)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "month": month,
            "would_pay": {"awards": 1, "people": 1, "points": 4, "fen": 400},
            "was_paid": {"awards": 1, "people": 1, "points": 10, "fen": 1000},
        }
        of_others = client.post(self.URL, json={**draft, "category_code": "E0102"}, headers=sun)
        assert of_others.json()["was_paid"]["awards"] == 0
        missing = client.post(self.URL, json={**draft, "fund_id": ABSENT}, headers=sun)
        assert missing.status_code == 404

    def test_leaves_to_a_more_special_rule_what_it_paid(self, db, fund, newcomer):
        of, path = "test.special", f"/{DISTRICT}/{STREET}/{fund.region_code}/"
        liu = newcomer()
        with work(db, write=True) as tx:
            for made in (rule(tx, fund, of, 10), rule(tx, fund, of, 20, category_code="C0101")):
                made.effective_from = datetime(2025, 1, 1, tzinfo=UTC)
            tx.flush()
            at = datetime(2026, 10, 3, 4, tzinfo=UTC)
            for code in ("C0101", "C0102"):
                grant(tx, liu, of, Spot(path, code), at=at)
            told = preview.preview(tx, fund, self.draft(fund, of, place_m=None), deeds)
            assert (told.was_paid.points, told.would_pay.points) == (10, 10)
            draft = self.draft(fund, of, place_m=None)
            draft.category_code = "C01"
            told = preview.preview(tx, fund, draft, deeds)
            assert (told.was_paid.points, told.would_pay.points) == (10, 10)
            draft.category_code = "C0101"
            told = preview.preview(tx, fund, draft, deeds)
            assert (told.was_paid.points, told.would_pay.points) == (20, 10)
