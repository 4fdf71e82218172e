"""公示 and objections: announced, doubted, decided, and only then spendable; over HTTP."""

from datetime import timedelta

import pytest
from cast import DISTRICT, STREET, actor
from flows.story import key
from matrix.row import ABSENT
from matrix.stage import *  # noqa: F403 - fixtures are found by their names
from matrix.stage import _quick  # noqa: F401
from races.together import at_once
from rewards.build import HERE, _clean, announce, event, far_fund, grant, rule, used  # noqa: F401
from sqlalchemy import select
from windows import fresh_window

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.notify.models import Message
from app.rewards import objections, service
from app.rewards.models import Award, Objection
from app.rewards.schemas import DecisionDraft, ObjectionDraft

REASON = {"reason": "照片是旧的"}
UPHOLD = {"verdict": "uphold", "decision": "照片确系旧照"}
DISMISS = {"verdict": "dismiss", "decision": "现场核实无误"}


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.unshift()


@pytest.fixture(scope="module")
def auditor(newcomer):
    return newcomer((Role.AUDITOR, DISTRICT), name="审计")


@pytest.fixture
def given(db, cast, newcomer):
    """An award of 10 points, announced for three days, and its rule's code."""

    def make(hours=72):
        of, liu = event(), newcomer(name="刘波")
        with work(db, write=True) as tx:
            made = rule(tx, cast.fund, of, 10)
            award = grant(tx, liu, of)
            if hours is not None:
                announce(tx, award, hours)
            return award, liu, made.code

    return make


def state_of(db, award):
    with work(db, write=False) as tx:
        return tx.get_one(Award, award.id).state


def told(db, person):
    with work(db, write=False) as tx:
        return sorted(tx.scalars(select(Message.kind).where(Message.person_id == person.id)))


def raised(client, as_, award, person):
    answer = client.post(
        f"/v1/awards/{award.id}/objections", json=REASON, headers={**as_(person), **key()}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def decided(client, as_, objection, person, how):
    return client.post(f"/v1/objections/{objection['id']}/decide", json=how, headers=as_(person))


class TestAnnounced:
    def test_everyone_sees_it_with_a_masked_name(self, client, db, given):
        award, liu, _ = given()
        shown = client.get(f"/v1/points/announced?region={DISTRICT}&limit=100").json()["items"]
        mine = next(one for one in shown if one["award_id"] == str(award.id))
        assert (mine["name"], mine["points"], mine["source"]) == ("刘*", 10, award.source)
        assert mine["disputed"] is False
        assert mine["spendable_at"] > clock.now().isoformat()
        assert liu.member_no not in str(mine)

    def test_neither_before_the_closing_nor_when_spendable(self, client, given):
        awards = given(None)[0], given(0)[0]
        shown = client.get(f"/v1/points/announced?region={DISTRICT}&limit=100").json()["items"]
        assert not {str(a.id) for a in awards} & {one["award_id"] for one in shown}

    def test_of_one_region(self, client, given):
        award, _, _ = given()
        street = client.get(f"/v1/points/announced?region={STREET}").json()["items"]
        assert str(award.id) not in {one["award_id"] for one in street}
        assert client.get("/v1/points/announced?region=nowhere").status_code == 404


class TestWhy:
    def test_the_owner_and_the_funds_staff(self, client, as_, given, auditor, newcomer, cast):
        award, liu, code = given()
        url = f"/v1/awards/{award.id}"
        why = client.get(url, headers=as_(liu)).json()
        assert (why["rule"], why["rule_points"], why["points"]) == (f"{code}/1", 10, 10)
        assert (why["inputs"]["used_day"], why["day_cap"], why["state"]) == (0, 45, "granted")
        assert [change["state"] for change in why["history"]] == ["granted"]
        assert why["region_code"] == DISTRICT
        assert client.get(url, headers=as_(auditor)).json() == why
        for stranger in (newcomer(), cast.wang):
            assert client.get(url, headers=as_(stranger)).status_code == 404


class TestRaise:
    def test_holds_the_points(self, client, db, as_, given, drain, newcomer, cast):
        award, liu, _ = given()
        one = raised(client, as_, award, newcomer())
        assert (one["state"], one["award_state"]) == ("open", "granted")
        shown = client.get(f"/v1/points/announced?region={DISTRICT}&limit=100").json()["items"]
        assert next(s for s in shown if s["award_id"] == str(award.id))["disputed"]
        clock.shift(timedelta(hours=73))
        drain()
        assert state_of(db, award) == "granted"
        assert told(db, liu) == ["award.objected"]
        assert "objection.raised" in told(db, cast.wu)

    def test_once_each(self, client, as_, given, newcomer):
        award, _, _ = given()
        chen = newcomer()
        raised(client, as_, award, chen)
        again = client.post(f"/v1/awards/{award.id}/objections", json=REASON, headers=as_(chen))
        assert (again.status_code, again.json()["code"]) == (409, "objection_raised")
        raised(client, as_, award, newcomer())

    @pytest.mark.parametrize(
        ("hours", "own", "status", "code"),
        [(72, True, 403, "own_award"), (0, False, 409, "objection_late"),
         (None, False, 404, "award_not_found")],
    )  # fmt: skip
    def test_refused(self, client, as_, given, newcomer, hours, own, status, code):
        award, liu, _ = given(hours)
        headers = as_(liu if own else newcomer())
        answer = client.post(f"/v1/awards/{award.id}/objections", json=REASON, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        if code == "objection_late":
            assert "/v1/corrections" in answer.json()["detail"]

    def test_staff_before_the_closing(self, client, as_, given, auditor, db):
        award, _, _ = given(None)
        raised(client, as_, award, auditor)
        with work(db, write=True) as tx:
            service.close(tx, event=award.event, source=award.source, after=timedelta())
        assert state_of(db, award) == "granted", "the closing waits for the decision too"

    def test_not_of_what_was_taken_back(self, client, as_, db, given, newcomer):
        award, _, _ = given()
        with work(db, write=True) as tx:
            service.void(tx, event=award.event, source=award.source, reason="rejected")
        answer = client.post(
            f"/v1/awards/{award.id}/objections", json=REASON, headers=as_(newcomer())
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "objection_pointless")

    def test_not_without_end(self, client, as_, given, newcomer):
        fresh_window()
        headers = as_(newcomer())
        answers = [
            client.post(f"/v1/awards/{given()[0].id}/objections", json=REASON, headers=headers)
            for _ in range(11)
        ]
        assert [a.status_code for a in answers] == [201] * 10 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0


class TestDecide:
    def test_upheld_takes_the_points_back_with_their_caps(
        self, client, db, as_, given, auditor, newcomer
    ):
        award, liu, code = given()
        chen = newcomer()
        one = raised(client, as_, award, chen)
        answer = decided(client, as_, one, auditor, UPHOLD)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["award_state"]) == ("upheld", "voided")
        with work(db, write=False) as tx:
            assert used(tx, liu, code) == {"day": 0, "month": 0}
        assert told(db, liu) == ["award.objected", "objection.upheld"]
        assert told(db, chen) == ["objection.upheld"]
        why = client.get(f"/v1/awards/{award.id}", headers=as_(liu)).json()
        assert [(h["state"], h["reason"]) for h in why["history"]][-1] == ("voided", "objection")
        assert why["objections"][0]["decision"] == UPHOLD["decision"]

    def test_dismissed_in_time_settles_when_due(
        self, client, db, as_, given, drain, newcomer, cast
    ):
        award, _, _ = given()
        one = raised(client, as_, award, newcomer())
        assert decided(client, as_, one, cast.wu, DISMISS).json()["award_state"] == "granted"
        clock.shift(timedelta(hours=73))
        drain()
        assert state_of(db, award) == "settled"

    def test_dismissed_late_settles_at_once(self, client, db, as_, given, drain, newcomer, cast):
        award, liu, _ = given()
        one = raised(client, as_, award, newcomer())
        clock.shift(timedelta(hours=73))
        drain()
        assert state_of(db, award) == "granted"
        assert decided(client, as_, one, cast.wu, DISMISS).json()["award_state"] == "settled"
        assert told(db, liu) == ["award.objected", "objection.dismissed", "points.settled"]

    def test_every_one_must_be_decided(self, client, as_, db, given, newcomer, cast):
        award, _, _ = given()
        two = [raised(client, as_, award, newcomer()) for _ in "12"]
        clock.shift(timedelta(hours=73))
        decided(client, as_, two[0], cast.wu, DISMISS)
        assert state_of(db, award) == "granted"
        decided(client, as_, two[1], cast.wu, DISMISS)
        assert state_of(db, award) == "settled"

    def test_once_by_another_person_of_the_region(
        self, client, as_, given, auditor, newcomer, db, cast
    ):
        award, liu, _ = given()
        one = raised(client, as_, award, auditor)
        with work(db, write=True) as tx:
            far_fund(tx, cast)
        far = newcomer((Role.AUDITOR, "500231000000"))
        manager = newcomer((Role.FUND_MANAGER, DISTRICT))
        for person, status, code in (
            (auditor, 403, "decider_needed"), (manager, 403, "decider_needed"),
            (far, 404, "objection_not_found"), (liu, 403, "staff_only"),
        ):  # fmt: skip
            answer = decided(client, as_, one, person, UPHOLD)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        other = newcomer((Role.AUDITOR, DISTRICT))
        assert decided(client, as_, one, other, UPHOLD).status_code == 200
        again = decided(client, as_, one, newcomer((Role.AUDITOR, DISTRICT)), DISMISS)
        assert (again.status_code, again.json()["code"]) == (409, "objection_decided")

    def test_never_by_whose_award_it_is(self, client, as_, db, cast, newcomer):
        of, both = event(), newcomer((Role.AUDITOR, DISTRICT))
        with work(db, write=True) as tx:
            rule(tx, cast.fund, of, 10)
            award = grant(tx, both, of)
            announce(tx, award)
        one = raised(client, as_, award, newcomer())
        answer = decided(client, as_, one, both, DISMISS)
        assert (answer.status_code, answer.json()["code"]) == (403, "own_award")

    def test_listed_for_the_funds_staff(self, client, as_, given, auditor, newcomer, cast):
        award, _, _ = given()
        one = raised(client, as_, award, newcomer())
        listed = client.get("/v1/objections?state=open&limit=100", headers=as_(auditor)).json()
        assert one["id"] in {o["id"] for o in listed["items"]}
        assert client.get("/v1/objections", headers=as_(cast.wang)).json()["items"] == []
        missing = {"id": ABSENT}
        assert decided(client, as_, missing, auditor, UPHOLD).status_code == 404


class TestAtOnce:
    def test_an_objection_and_the_settling(self, db, given, newcomer):
        """Whoever comes first: doubted points are never spendable."""
        for _ in range(5):
            award, _, _ = given(0.00001)
            person = newcomer()

            def object_to(award=award, person=person):
                return _objected(db, award, person)

            def settle(award=award):
                with work(db, write=True) as tx:
                    return service.settle(tx, award.id)

            clock.shift(timedelta(minutes=1))
            answers = at_once([object_to, settle])
            clock.unshift()
            with work(db, write=False) as tx:
                doubts = tx.query(Objection).filter_by(award_id=award.id).count()
            assert (answers, state_of(db, award)) in (
                ([True, 0], "granted"), ([False, 10], "settled"),
            )  # fmt: skip
            assert doubts == answers[0]

    def test_two_decisions(self, db, given, newcomer):
        award, _, _ = given(0.00001)
        assert _objected(db, award, newcomer())
        with work(db, write=False) as tx:
            doubt = tx.query(Objection).filter_by(award_id=award.id).one().id
        people = [newcomer((Role.AUDITOR, DISTRICT)) for _ in "1234"]

        def decide(person, verdict):
            draft = DecisionDraft(verdict=verdict, decision="核实")
            try:
                with work(db, write=True) as tx:
                    objections.decide(tx, _auditor(person), doubt, draft)
            except objections.ObjectionDecided:
                return False
            return True

        clock.shift(timedelta(minutes=1))
        hows = zip(people, ("uphold", "dismiss") * 2, strict=True)
        answers = at_once([lambda p=p, v=v: decide(p, v) for p, v in hows])
        assert sum(answers) == 1
        assert state_of(db, award) in {"voided", "settled"}


def _auditor(person):
    return actor(person, Role.AUDITOR)


def _objected(db, award, person):
    try:
        with work(db, write=True) as tx:
            objections.object_to(tx, actor(person), award.id, ObjectionDraft(reason="旧照"))
    except objections.ObjectionLate:
        return False
    return True
