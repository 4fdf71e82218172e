"""Rules for some people or some outcomes only, rules that are paused, funds that are closed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cases.case_reopening import closed_again, reopened
from cast import DISTRICT, INSIDE, STREET, VILLAGE
from flows.story import report, upload
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from rewards.build import (  # noqa: F401
    HERE,
    _clean,
    announce,
    campaign,
    event,
    fund_of,
    grant,
    rule,
    used,
)
from sqlalchemy import select, update

from app.cases import rewarding
from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.ledger.models import Fund
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.rewards import reversing, rules, service, waiting
from app.rewards.errors import RuleMissing
from app.rewards.models import Award, Rule
from app.rewards.rules import Spot, Vouched

STREETS = Spot(f"/{DISTRICT}/{STREET}/")
RULES = "/v1/points/rules"
TWENTY = Vouched(rules.BY_HAND, 20)
NEVER = datetime(2020, 1, 1, tzinfo=UTC)
_villages = iter(range(50, 100))


@pytest.fixture
def village(db):
    """A village that no other test knows, so that no other rule stands there."""
    code = f"5001520019{next(_villages):02}"
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(code, "新村", "新村", 2, "村", STREET)])
    return code


@pytest.fixture
def fund(db, cast, village):
    with work(db, write=True) as tx:
        return fund_of(tx, cast, village)


@pytest.fixture
def spot(village):
    return Spot(f"/{DISTRICT}/{STREET}/{village}/", "C0101")


@pytest.fixture
def people(tx):
    """A rider and a courier, made in the test's own unit."""
    kinds = (Occupation.RIDER, Occupation.COURIER)
    return [identity.add_person(tx, "新来的", kind) for kind in kinds]


def drafted(fund, **more):
    return {
        "code": f"rule-{fund.code[-8:]}", "event": "report.filed", "name": "核实",
        "name_en": "Is so", "points": 5, "day_cap": 20, "month_cap": 300,
        "fund_id": str(fund.id), **more,
    }  # fmt: skip


def published(client, headers, fund, **more):
    answer = client.post(RULES, json=drafted(fund, **more), headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def seen(award):
    return award.state, award.points, award.reason


class TestOccupation:
    def test_a_rule_of_ones_own_comes_before_the_rule_of_everybody(self, tx, cast, people):
        of, (rider, courier) = event(), people
        rule(tx, cast.fund, of, 15, occupation="courier")
        assert grant(tx, rider, of) is None, "it pays couriers only"
        rule(tx, cast.fund, of, 10)
        assert grant(tx, rider, of).points == 10
        mine = grant(tx, courier, of)
        assert (mine.points, mine.inputs["occupation"]) == (15, "courier")
        assert "occupation" not in grant(tx, rider, of).inputs

    def test_where_comes_before_what_before_whom(self, tx, cast, people):
        of, courier = event(), people[1]
        rule(tx, cast.fund, of, 11, occupation="courier")
        rule(tx, cast.fund, of, 12, category_code="C01")
        rule(tx, cast.fund, of, 13, category_code="C0101")
        rule(tx, fund_of(tx, cast, STREET), of, 14)
        rule(tx, cast.fund, of, 15, category_code="C0101", occupation="courier")
        there = ((HERE.path, "E0102"), (HERE.path, "C0102"), (HERE.path, "C0101"))
        given = [grant(tx, courier, of, Spot(*spot)).points for spot in there]
        assert given == [11, 12, 15]
        assert grant(tx, people[0], of, Spot(HERE.path, "C0101")).points == 13
        assert grant(tx, courier, of, Spot(STREETS.path, "C0101")).points == 14

    def test_over_http(self, client, as_, cast, fund):
        sun = as_(cast.sun)
        published(client, sun, fund)
        code = "c" + fund.code[-8:]
        one = published(client, sun, fund, code=code, occupation="courier")
        assert (one["occupation"], one["outcomes"], one["paused_at"]) == ("courier", None, None)
        again = client.post(
            RULES, json=drafted(fund, code="d" + code, occupation="courier"), headers=sun
        )
        assert (again.status_code, again.json()["code"]) == (409, "rule_overlaps")
        assert again.json()["rule"] == code
        wrong = client.post(RULES, json=drafted(fund, occupation="king"), headers=sun)
        assert wrong.status_code == 422

    def test_the_owner_reads_it_in_why(self, client, as_, db, cast, newcomer):
        of, courier = event(), newcomer()
        with work(db, write=True) as tx:
            rule(tx, cast.fund, of, 10, occupation="rider")
            award = grant(tx, courier, of)
        why = client.get(f"/v1/awards/{award.id}", headers=as_(courier)).json()
        assert why["inputs"]["occupation"] == "rider"

    def test_points_by_hand_follow_it(self, tx, cast, people):
        rider, courier = people
        far = fund_of(tx, cast, VILLAGE)
        rule(tx, far, rules.BY_HAND, 20, occupation="courier")
        there = Spot(f"/{DISTRICT}/{STREET}/{VILLAGE}/")
        assert reversing.rule_by_hand(tx, courier.id, there, TWENTY)[1] == 20
        with pytest.raises(RuleMissing):
            reversing.rule_by_hand(tx, rider.id, there, TWENTY)


class TestPause:
    def test_leaves_awards_without_points_that_say_so(
        self, client, as_, db, cast, fund, spot, newcomer
    ):
        sun, rider = as_(cast.sun), newcomer()
        code = published(client, sun, fund)["code"]
        with work(db, write=True) as tx:
            campaign(tx, fund, "report.filed")
        paused = client.post(f"{RULES}/{code}/pause", headers=sun)
        assert paused.status_code == 200, paused.text
        assert paused.json()["paused_at"]
        shown = client.get(RULES).json()["items"]
        assert [r["paused_at"] for r in shown if r["code"] == code] == [paused.json()["paused_at"]]
        with work(db, write=True) as tx:
            award = grant(tx, rider, "report.filed", spot)
            assert seen(award) == ("capped", 0, "rule_paused")
            assert used(tx, rider, code) == {}
            announce(tx, award, 0)
        mine = client.get("/v1/points/awards", headers=as_(rider)).json()["items"]
        assert [(a["asked"], a["points"], a["reason"]) for a in mine] == [(5, 0, "rule_paused")]
        resumed = client.post(f"{RULES}/{code}/resume", headers=sun)
        assert (resumed.status_code, resumed.json()["paused_at"]) == (200, None)
        with work(db, write=True) as tx:
            assert grant(tx, rider, "report.filed", spot).points == 7
            verbs = select(StaffAction.action).where(StaffAction.object_id == code)
            assert list(tx.scalars(verbs.order_by(StaffAction.id))) == [
                "rule.published", "rule.paused", "rule.resumed",
            ]  # fmt: skip

    def test_what_was_granted_before_is_settled(self, client, as_, db, cast, fund, spot, newcomer):
        sun, rider = as_(cast.sun), newcomer()
        code = published(client, sun, fund)["code"]
        with work(db, write=True) as tx:
            award = grant(tx, rider, "report.filed", spot)
        client.post(f"{RULES}/{code}/pause", headers=sun)
        with work(db, write=True) as tx:
            award = tx.get_one(Award, award.id)
            announce(tx, award, 0)
            assert seen(award) == ("settled", 5, "rule")

    def test_is_kept_by_the_next_version_and_by_what_is_planned(
        self, client, as_, db, cast, fund, spot, newcomer
    ):
        sun, later = as_(cast.sun), clock.now() + timedelta(days=3)
        code = published(client, sun, fund)["code"]
        published(client, sun, fund, points=6, effective_from=str(later))
        client.post(f"{RULES}/{code}/pause", headers=sun)
        with work(db, write=True) as tx:
            award = grant(tx, newcomer_in(tx), "report.filed", spot, at=later)
            assert (award.asked, award.reason) == (6, "rule_paused")
        after = clock.now() + timedelta(days=4)
        third = published(client, sun, fund, points=7, effective_from=str(after))
        assert third["paused_at"]
        client.post(f"{RULES}/{code}/resume", headers=sun)
        found = client.get(f"{RULES}/{code}/versions", headers=sun).json()["items"]
        assert [one["paused_at"] for one in found] == [None, None, None]
        client.post(f"{RULES}/{code}/pause", headers=sun)
        client.post(f"{RULES}/{code}/end", headers=sun)
        assert published(client, sun, fund)["paused_at"] is None, "what ended is no more paused"

    def test_refused(self, client, as_, cast, fund, newcomer):
        sun = as_(cast.sun)
        code = published(client, sun, fund)["code"]
        manager = as_(newcomer((Role.FUND_MANAGER, STREET)))
        stranger = as_(newcomer((Role.FUND_MANAGER, VILLAGE)))

        def asked(headers, verb, of=code):
            answer = client.post(f"{RULES}/{of}/{verb}", headers=headers)
            return answer.status_code, answer.json().get("code")

        assert asked(sun, "resume") == (409, "rule_not_paused")
        assert asked(manager, "pause") == (200, code)
        assert asked(sun, "pause") == (409, "rule_paused")
        for verb in ("pause", "resume"):
            assert asked(stranger, verb) == (403, "rule_forbidden")
            assert asked(as_(cast.wu), verb) == (403, "role_missing")
            assert asked(sun, verb, "nothing") == (404, "rule_not_found")
        client.post(f"{RULES}/{code}/end", headers=sun)
        assert asked(sun, "pause") == (409, "rule_ended")
        assert asked(sun, "resume") == (409, "rule_ended")

    def test_gives_nothing_by_hand(self, fund, spot, tx, people):
        made = rule(tx, fund, rules.BY_HAND, 20)
        assert reversing.rule_by_hand(tx, people[0].id, spot, TWENTY) == (made, 20)
        made.paused_at = clock.now()
        tx.flush()
        with pytest.raises(RuleMissing):
            reversing.rule_by_hand(tx, people[0].id, spot, TWENTY)


def newcomer_in(tx):
    return identity.add_person(tx, "新来的", Occupation.RIDER)


class TestClosedFund:
    def test_leaves_awards_without_points_that_say_so(self, fund, spot, tx, people):
        of = event()
        code = rule(tx, fund, of, 10).code
        tx.get_one(Fund, fund.id).state = "closed"
        tx.flush()
        award = grant(tx, people[0], of, spot)
        assert seen(award) == ("capped", 0, "fund_closed")
        assert used(tx, people[0], code) == {}

    def test_stands_back_behind_every_other_rule(self, cast, fund, spot, tx, people):
        of = event()
        rule(tx, fund, of, 10)
        rule(tx, cast.fund, of, 3)
        assert grant(tx, people[0], of, spot).points == 10
        tx.get_one(Fund, fund.id).state = "closed"
        tx.flush()
        assert grant(tx, people[0], of, spot).points == 3

    def test_what_waits_for_it_is_shown_as_such(self, client, as_, db, cast, village, newcomer):
        of, rider = event(), newcomer()
        with work(db, write=True) as tx:
            poor = fund_of(tx, cast, village, 100)
            rule(tx, poor, of, 10)
            award = grant(tx, rider, of, Spot(f"/{DISTRICT}/{STREET}/{village}/"))
            assert award.state == "waiting"

        def shown():
            mine = client.get("/v1/points/awards", headers=as_(rider)).json()["items"]
            why = client.get(f"/v1/awards/{award.id}", headers=as_(rider)).json()
            assert [(a["state"], a["reason"]) for a in mine] == [(why["state"], why["reason"])]
            return why["state"], why["reason"]

        assert shown() == ("waiting", "pool_exhausted")
        for state, reason in (("closed", "fund_closed"), ("active", "pool_exhausted")):
            with work(db, write=True) as tx:
                tx.get_one(Fund, poor.id).state = state
                tx.flush()
                assert waiting.pay_oldest(tx, poor.id) is None
            assert shown() == ("waiting", reason)


class TestOutcomes:
    def test_each_award_goes_by_its_rule(self, tx, cast, people):
        of, (rider, courier) = event(), people
        rule(tx, cast.fund, of, 10)
        rule(tx, cast.fund, of, 15, occupation="courier", outcomes=["unable"])
        for outcome, states in (
            ("fixed", ["settled", "voided"]), ("unable", ["voided", "settled"]),
            ("not_responsible", ["voided", "voided"]), (None, ["settled", "settled"]),
        ):  # fmt: skip
            given = [grant(tx, p, of, source=f"{of}-{outcome}-{p.id}") for p in (rider, courier)]
            for award in given:
                service.close(tx, event=of, source=award.source, after=timedelta(), outcome=outcome)
            assert [award.state for award in given] == states
            reasons = {award.reason for award in given if award.state == "voided"}
            assert reasons <= {outcome}

    def test_what_waits_for_its_window_is_taken_back_by_an_unpaid_closing(self, tx, cast, people):
        of = event()
        rule(tx, cast.fund, of, 10)
        award = grant(tx, people[0], of)
        announce(tx, award)
        service.close(tx, event=of, source=award.source, after=timedelta(), outcome="unable")
        assert seen(award) == ("voided", 10, "unable")

    def test_after_the_end_only_what_pays_for_it_is_granted(self, tx, cast, people):
        of = event()
        rule(tx, cast.fund, of, 10, outcomes=["unable"])

        def asked(source, outcome):
            service.grant(
                tx, event=of, source=source, person_id=people[0].id, reported_at=clock.now(),
                spot=HERE, outcome=outcome,
            )  # fmt: skip
            return tx.query(Award).filter_by(event=of, source=source).one_or_none()

        assert asked(f"{of}-1", "fixed") is None
        assert asked(f"{of}-2", "unable").points == 10

    @pytest.mark.parametrize("outcomes", [[], ["nothing"], "fixed", [None]])
    def test_that_cannot_be(self, client, as_, cast, fund, outcomes):
        answer = client.post(RULES, json=drafted(fund, outcomes=outcomes), headers=as_(cast.sun))
        assert answer.status_code == 422

    def test_only_of_events_that_a_case_ends(self, client, as_, cast, fund):
        draft = drafted(fund, event="rating.given", outcomes=["fixed"])
        assert client.post(RULES, json=draft, headers=as_(cast.sun)).status_code == 422
        draft = drafted(fund, event="hazard.reported", outcomes=["unable", "fixed", "unable"])
        answer = client.post(RULES, json=draft, headers=as_(cast.sun))
        assert answer.json()["outcomes"] == ["fixed", "unable"]


class TestCases:
    """The same over HTTP, in a village whose rules this module keeps."""

    @pytest.fixture(autouse=True)
    def _rules(self, db, cast):
        with work(db, write=True) as tx:
            known = set(tx.scalars(select(Rule.code)))
            for code, of, points, more in (
                ("unable", "report.filed", 8, {"outcomes": ["unable"]}),
                ("shared", "report.joined", 2, {"outcomes": ["unable"]}),
                ("hazard", "hazard.reported", 20, {}),
            ):
                if code not in known:
                    home = fund_of(tx, cast, VILLAGE) if code == "unable" else cast.fund
                    rule(tx, home, of, points, code=code, **more)

    def earned(self, db, person, of):
        with work(db, write=False) as tx:
            mine = select(Award).where(Award.person_id == person.id, Award.event == of)
            return [(a.state, a.points) for a in tx.scalars(mine.order_by(Award.id))]

    def closed(self, client, desk, case, outcome):
        case = desk.moved(case, "dispatch", assignee_id=str(desk._cast.wang.id))
        case = desk.moved(case, "accept")
        photo = upload(client, desk.wang)
        case = desk.moved(case, "resolve", photo_ids=[photo], note="好")
        return desk.moved(case, "close", by=desk.sun, outcome=outcome)

    def test_the_first_reporter_is_paid_for_what_the_rule_says(self, desk, db):
        for outcome, state in (("fixed", "voided"), ("unable", "settled")):
            desk.closed(outcome)
            assert self.earned(db, desk.reporter, "report.filed") == [(state, 8)]

    def test_and_again_in_the_next_round(self, client, desk, db):
        case = desk.closed("fixed")
        case = reopened(client, desk, case)
        closed_again(client, desk, case, "unable")
        assert self.earned(db, desk.reporter, "report.filed") == [("voided", 8), ("settled", 8)]

    @pytest.mark.parametrize(("outcome", "state"), [("fixed", "voided"), ("unable", "settled")])
    def test_shares_too(self, client, desk, db, as_, drain, newcomer, outcome, state):
        case, second = desk.filed(), newcomer()
        report(client, as_(second), INSIDE, joins=case["number"])
        drain()
        self.closed(client, desk, case, outcome)
        drain()
        assert self.earned(db, second, "report.joined") == [(state, 2)]

    @pytest.mark.parametrize(("outcome", "states"), [("fixed", []), ("unable", [("settled", 2)])])
    def test_a_share_whose_job_comes_after_the_end(
        self, client, desk, db, as_, drain, newcomer, outcome, states
    ):
        case, second = desk.filed(), newcomer()
        with work(db, write=True) as tx:
            tx.execute(update(Rule).where(Rule.code == "shared").values(effective_to=NEVER))
        report(client, as_(second), INSIDE, joins=case["number"])
        drain()
        self.closed(client, desk, case, outcome)
        drain()
        with work(db, write=True) as tx:
            tx.execute(update(Rule).where(Rule.code == "shared").values(effective_to=None))
            rewarding.follow(tx, UUID(case["id"]), second.id, timedelta())
        assert self.earned(db, second, "report.joined") == states

    def test_a_hazard_earns_its_first_reporter_more(self, client, desk, db, as_, drain, newcomer):
        case = desk.filed()
        assert case["hazard"]
        second = newcomer()
        report(client, as_(second), INSIDE, joins=case["number"])
        drain()
        first = desk.reporter
        assert self.earned(db, first, "hazard.reported") == [("granted", 20)]
        assert self.earned(db, second, "hazard.reported") == []
        self.closed(client, desk, case, "fixed")
        drain()
        assert self.earned(db, first, "report.filed") == [("voided", 8)]
        assert self.earned(db, first, "hazard.reported") == [("settled", 20)]
        inbox = client.get("/v1/inbox", headers=as_(first)).json()["items"]
        assert "20 积分" in next(m["text"] for m in inbox if m["kind"] == "report.closed")

    def test_what_is_no_hazard_earns_none(self, client, desk, db, drain):
        desk.moved(desk.reported(), "file", category_code="E0102")
        drain()
        assert self.earned(db, desk.reporter, "hazard.reported") == []

    def test_a_hazard_that_was_none_after_all(self, client, desk, db, drain):
        case = desk.filed()
        drain()
        case = desk.moved(case, "correct", category_code="E0102", note="不是井盖")
        assert not case["hazard"]
        self.closed(client, desk, case, "fixed")
        drain()
        assert self.earned(db, desk.reporter, "hazard.reported") == [("voided", 20)]

    def test_a_hazard_that_turned_out_to_be_one(self, client, desk, db, drain):
        case = desk.moved(desk.reported(), "file", category_code="E0102")
        case = desk.moved(case, "correct", category_code="C0101", note="是井盖")
        self.closed(client, desk, case, "fixed")
        drain()
        assert self.earned(db, desk.reporter, "hazard.reported") == [("settled", 20)]

    def test_a_withdrawn_hazard_earns_nothing(self, client, desk, db, drain):
        desk.filed()
        drain()
        url = f"/v1/reports/{desk.report['id']}/withdraw"
        assert client.post(url, json={}, headers=desk.liu).status_code == 200
        drain()
        assert self.earned(db, desk.reporter, "hazard.reported") == [("voided", 20)]

    def test_its_job_again_changes_nothing(self, client, desk, db, drain):
        case = desk.filed()
        drain()
        for _ in range(2):
            with work(db, write=True) as tx:
                rewarding.follow(tx, UUID(case["id"]), desk.reporter.id, timedelta())
        assert self.earned(db, desk.reporter, "hazard.reported") == [("granted", 20)]
