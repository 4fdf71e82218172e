"""Points of a case that is asked for again: once a round, never twice, within the same caps."""

from datetime import timedelta
from uuid import UUID

import pytest
from cases.case_reopening import closed_again, reopened
from cast import DISTRICT, INSIDE, actor
from flows.story import report
from ledger.build import broken, points
from races.together import at_once
from sqlalchemy import select

from app.cases import rewarding, service
from app.cases.models import Case
from app.cases.schemas import CaseMoveDraft
from app.cases.service import Means
from app.grids.service import GridCache
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.rewards import service as rewards
from app.rewards.models import Award, Rule

NOW, WINDOW = timedelta(), timedelta(hours=72)


@pytest.fixture(scope="module", autouse=True)
def _rules(db, cast):
    """A published rule for those who join and for what patrols find."""
    with work(db, write=True) as tx:
        for code, event, points in (("joined", "report.joined", 2), ("found", "patrol.found", 3)):
            if tx.scalar(select(Rule.id).where(Rule.event == event)) is None:
                rewards.add_rule(
                    tx, code=code, event=event, names=("共同上报", "Joined"), points=points,
                    caps=(45, 450), validity_days=365, fund_id=cast.fund.id,
                )  # fmt: skip


@pytest.fixture(autouse=True)
def _clean(db):
    """Whatever a test did, the books are in order after it."""
    yield
    assert broken(db) == []


def awards(db, person):
    """Rounds and states of a person's awards, the oldest first; a source is `number[/round]`."""
    with work(db, write=False) as tx:
        mine = select(Award).where(Award.person_id == person.id).order_by(Award.id)
        return [(a.source.partition("/")[2], a.state, a.points) for a in tx.scalars(mine)]


def spendable(db, person):
    with work(db, write=False) as tx:
        return points(tx, person)[0]


def join(client, as_, drain, person, case):
    sent = report(client, as_(person), INSIDE, joins=case["number"])
    drain()
    mine = client.get(f"/v1/reports/{sent['id']}", headers=as_(person)).json()
    assert mine["case_number"] == case["number"]
    return mine


class TestFirstReporter:
    def test_what_an_unpaid_closing_took_is_paid_by_the_next(self, client, desk, db):
        case = desk.closed("unable")
        assert awards(db, desk.reporter) == [("", "voided", 10)]
        case = reopened(client, desk, case)
        assert awards(db, desk.reporter) == [("", "voided", 10), ("2", "granted", 10)]
        assert spendable(db, desk.reporter) == 0
        closed_again(client, desk, case)
        assert awards(db, desk.reporter) == [("", "voided", 10), ("2", "settled", 10)]
        assert spendable(db, desk.reporter) == 10

    def test_each_round_has_an_award_of_its_own(self, client, desk, db):
        case = desk.closed("unable")
        case = closed_again(client, desk, reopened(client, desk, case), "not_responsible")
        case = closed_again(client, desk, reopened(client, desk, case))
        assert [state for _, state, _ in awards(db, desk.reporter)] == [
            "voided", "voided", "settled",
        ]  # fmt: skip
        assert spendable(db, desk.reporter) == 10

    def test_paid_once_though_it_is_fixed_again_and_again(self, client, desk, db):
        case = desk.closed()
        for outcome in ("fixed", "unable", "fixed"):
            case = closed_again(client, desk, reopened(client, desk, case), outcome)
        assert awards(db, desk.reporter) == [("", "settled", 10)]
        assert spendable(db, desk.reporter) == 10

    def test_the_hold_stays_until_the_new_closing(self, client, desk, db, cast):
        """Reopened within the window for objections: what was on its way goes on waiting."""
        case = desk.resolved()
        checker, draft = actor(cast.sun, Role.CHECKER), CaseMoveDraft(move="close", outcome="fixed")
        with work(db, write=True) as tx:
            service.move(
                tx, checker, UUID(case["id"]), draft, case["version"], Means(WINDOW, GridCache())
            )
        case = reopened(client, desk, case)
        with work(db, write=True) as tx:
            held = tx.scalars(select(Award).where(Award.person_id == desk.reporter.id)).one()
            assert (held.state, held.due_at) == ("granted", None)
            assert rewards.settle(tx, held.id) == 0
        closed_again(client, desk, case)
        assert awards(db, desk.reporter) == [("", "settled", 10)]
        assert spendable(db, desk.reporter) == 10

    def test_the_news_and_the_list_name_the_case(self, client, desk, db, drain):
        case = desk.closed("unable")
        case = closed_again(client, desk, reopened(client, desk, case))
        drain()
        shown = client.get("/v1/points/awards", headers=desk.liu).json()["items"]
        assert [(one["source"], one["state"]) for one in shown] == [
            (case["number"], "settled"), (case["number"], "voided"),
        ]  # fmt: skip
        inbox = client.get("/v1/inbox", headers=desk.liu).json()["items"]
        last = next(one for one in inbox if one["kind"] == "report.closed")
        assert "10" in last["text"]


class TestShares:
    def test_follow_into_the_next_round(self, client, desk, db, as_, drain, newcomer):
        case, second = desk.resolved(), newcomer()
        join(client, as_, drain, second, case)
        case = desk.moved(case, "close", by=desk.sun, outcome="unable")
        drain()
        assert awards(db, second) == [("", "voided", 2)]
        case = reopened(client, desk, case)
        drain()
        assert awards(db, second) == [("", "voided", 2), ("2", "granted", 2)]
        closed_again(client, desk, case)
        drain()
        assert awards(db, second) == [("", "voided", 2), ("2", "settled", 2)]
        assert (spendable(db, second), spendable(db, desk.reporter)) == (2, 10)

    def test_late_jobs_pay_the_same(self, client, desk, db, as_, drain, newcomer):
        """Nobody ran a job between the unpaid closing and the paid one."""
        case, second = desk.resolved(), newcomer()
        join(client, as_, drain, second, case)
        case = desk.moved(case, "close", by=desk.sun, outcome="unable")
        case = closed_again(client, desk, reopened(client, desk, case))
        drain()
        assert (spendable(db, second), spendable(db, desk.reporter)) == (2, 10)
        assert [state for _, state, _ in awards(db, second)] == ["settled"]

    def test_not_for_who_left(self, client, desk, db, as_, drain, newcomer):
        case, second = desk.resolved(), newcomer()
        mine = join(client, as_, drain, second, case)
        url = f"/v1/reports/{mine['id']}/withdraw"
        assert client.post(url, json={}, headers=as_(second)).status_code == 200
        drain()
        case = desk.moved(case, "close", by=desk.sun, outcome="unable")
        closed_again(client, desk, reopened(client, desk, case))
        drain()
        assert awards(db, second) == [("", "voided", 2)]

    def test_many_jobs_at_once_ask_once(self, client, desk, db, as_, drain, newcomer):
        case, second = desk.resolved(), newcomer()
        join(client, as_, drain, second, case)
        case = desk.moved(case, "close", by=desk.sun, outcome="unable")
        drain()
        reopened(client, desk, case)
        case_id = UUID(case["id"])

        def follow():
            with work(db, write=True) as tx:
                rewarding.follow(tx, case_id, second.id, NOW)

        at_once([follow] * 4)
        drain()
        assert awards(db, second) == [("", "voided", 2), ("2", "granted", 2)]


def test_what_a_patrol_found_is_paid_in_the_next_round(db, cast):
    """The same for the finder's award, which hangs on the case's source."""
    with work(db, write=True) as tx:
        case = Case(
            number="P-1", source="patrol", status="closed", outcome="unable", round=1,
            region_code=DISTRICT, category_code="road", lat=30.19, lng=105.84,
        )  # fmt: skip
        rewarding._grant(tx, case, rewarding.FOUND, cast.zhao.id, clock.now())
        rewarding._turn(tx, case, rewarding.FOUND, "close", NOW)
        case.status, case.outcome, case.round = "dispatched", None, 2
        rewarding._turn(tx, case, rewarding.FOUND, "reopen", NOW)
        rewarding._turn(tx, case, rewarding.FOUND, "reopen", NOW)
        case.status, case.outcome = "closed", "fixed"
        rewarding._turn(tx, case, rewarding.FOUND, "close", NOW)
    assert awards(db, cast.zhao) == [("", "voided", 3), ("2", "settled", 3)]
