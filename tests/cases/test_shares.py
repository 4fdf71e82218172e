"""Who is paid for a case with several reports: once each, never for a guess, never for own work."""

import pytest
from cases.case_build import code
from cast import DISTRICT, GRID, INSIDE, OTHER_GRID
from flows.story import key, move, moved, report
from races.together import at_once
from sqlalchemy import select

from app.identity.models import Role
from app.kit.db import work
from app.rewards import service as rewards
from app.rewards.models import Award, Rule


@pytest.fixture(autouse=True)
def shared(db, cast):
    """A published rule for those who join."""
    with work(db, write=True) as tx:
        for code, event, points in (("joined", "report.joined", 2), ("found", "patrol.found", 3)):
            if tx.scalar(select(Rule.id).where(Rule.event == event)) is None:
                rewards.add_rule(
                    tx, code=code, event=event, names=("共同上报", "Joined"), points=points,
                    caps=(45, 450), validity_days=365, fund_id=cast.fund.id,
                )  # fmt: skip


def states(db, person):
    with work(db, write=False) as tx:
        query = select(Award.event, Award.state).where(Award.person_id == person.id)
        return sorted(tuple(row) for row in tx.execute(query))


def join(client, as_, drain, person, number, place=INSIDE, **more):
    sent = report(client, as_(person), place, joins=number, **more)
    drain()
    return client.get(f"/v1/reports/{sent['id']}", headers=as_(person)).json()


def read(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}", headers=headers).json()


class TestJoining:
    @pytest.mark.parametrize("where", [{"address": "另一个镇的河边", "region_code": DISTRICT}])
    def test_a_number_alone_joins_nothing(self, client, desk, as_, drain, newcomer, where):
        case = desk.filed()
        stranger = newcomer()
        sent = join(client, as_, drain, stranger, case["number"], None, **where)
        assert sent["case_number"] not in {None, case["number"]}

    def test_one_person_is_paid_once_for_a_case(self, client, desk, db, as_, drain):
        case = desk.filed()
        for _ in range(2):
            join(client, as_, drain, desk.reporter, case["number"])
        assert read(client, desk.wang, case)["reports"] == 3
        assert states(db, desk.reporter) == [("report.filed", "granted")]

    def test_whoever_handles_a_case_gets_no_share(self, client, desk, db, cast, as_, drain):
        case = desk.in_progress()
        join(client, as_, drain, cast.wang, case["number"])
        assert ("report.joined", "granted") not in states(db, cast.wang)

    def test_a_share_follows_the_case(self, client, desk, db, as_, drain, newcomer):
        case = desk.resolved()
        second = newcomer()
        join(client, as_, drain, second, case["number"])
        assert states(db, second) == [("report.joined", "granted")]
        desk.moved(case, "close", by=desk.sun, outcome="unable")
        drain()
        assert states(db, second) == [("report.joined", "voided")]

    def test_a_share_ends_with_the_report(self, client, desk, db, as_, drain, newcomer):
        case, second = desk.filed(), newcomer()
        sent = join(client, as_, drain, second, case["number"])
        url = f"/v1/reports/{sent['id']}/withdraw"
        assert client.post(url, json={}, headers=as_(second)).json()["status"] == "withdrawn"
        drain()
        assert states(db, second) == [("report.joined", "voided")]
        assert read(client, desk.wang, case)["status"] == "filed"


class TestUnmerging:
    def merged(self, client, desk, drain):
        into = desk.filed()
        case = desk.reported()
        case = moved(client, desk.wang, case, "merge", into=into["number"])
        drain()
        return case, into, desk.reporter, desk.report

    def test_gives_back_the_report_and_its_share(self, client, desk, db, drain):
        case, into, person, _ = self.merged(client, desk, drain)
        assert states(db, person) == [("report.joined", "granted")]
        case = moved(client, desk.wang, case, "unmerge", note="不是同一处")
        drain()
        assert states(db, person) == [("report.joined", "voided")]
        assert read(client, desk.wang, case)["reports"] == 1
        assert read(client, desk.wang, into)["reports"] == 1

    def test_is_over_once_the_other_case_has_ended(self, client, desk, cast, drain, as_):
        case, into, *_ = self.merged(client, desk, drain)
        into = read(client, desk.wang, into)
        moved(client, desk.wang, into, "dispatch", assignee_id=str(cast.wang.id))
        answer = client.post(
            f"/v1/reports/{desk.report['id']}/withdraw", json={}, headers=as_(desk.reporter)
        )
        assert answer.status_code == 200
        refused = move(client, desk.wang, read(client, desk.wang, case), "unmerge", note="分开")
        # The only report it brought was taken back meanwhile.
        assert code(refused) == (409, "move_impossible")

    def test_is_not_for_one_s_own_report(self, client, desk, cast, as_, drain):
        into = desk.filed()
        case = desk.reported(reporter=cast.wang)
        case = moved(client, desk.qian, case, "merge", into=into["number"])
        drain()
        refused = move(client, desk.wang, case, "unmerge", note="我的")
        assert code(refused) == (403, "own_report")

    def test_no_merge_into_a_case_that_is_only_seen(self, client, desk, newcomer, as_):
        both = as_(newcomer((Role.GRID_STAFF, GRID), (Role.AUDITOR, OTHER_GRID)))
        there = desk.reported({**INSIDE, "lng": 105.8415})
        here = desk.reported()
        refused = move(client, both, here, "merge", into=there["number"])
        assert code(refused) == (403, "move_forbidden")


class TestNotes:
    def test_those_who_only_read_write_none(self, client, desk, newcomer, as_):
        url = f"/v1/cases/{desk.reported()['id']}/notes"
        auditor = as_(newcomer((Role.AUDITOR, DISTRICT)))
        refused = client.post(url, json={"text": "看过"}, headers={**auditor, **key()})
        assert code(refused) == (403, "move_forbidden")


def test_two_cases_with_the_same_reporters_never_deadlock(
    client, desk, db, as_, drain, newcomer, cast
):
    """Each case's unit touches one member's points; shares follow one by one."""
    one, two = newcomer(), newcomer()
    for _ in range(3):
        cases = []
        for first, second in ((one, two), (two, one)):
            case = desk.reported(reporter=first)
            join(client, as_, drain, second, case["number"])
            cases.append(read(client, desk.wang, case))
        answers = at_once(
            [
                lambda case=case: move(client, desk.wang, case, "file", category_code="C0101")
                for case in cases
            ]
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        drain()
