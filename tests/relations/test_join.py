"""Joining a case as a co-reporter; merging cases and undoing it, also at once."""

from cast import INSIDE
from flows.story import key, move, moved
from races.together import at_once
from relations_build import case_of, code, events, inbox, joined, kinds, redact, spot
from sqlalchemy import select

from app.cases.models import CaseMerge, CaseReport
from app.kit.db import work
from app.rewards import service as rewards
from app.rewards.models import Award


def behind(db, case):
    with work(db, write=False) as tx:
        return set(
            map(str, tx.scalars(select(CaseReport.report_id).where(CaseReport.case_id == case)))
        )


def awards(db, person):
    with work(db, write=False) as tx:
        query = select(Award.event, Award.state).where(Award.person_id == person.id)
        return [tuple(row) for row in tx.execute(query)]


class TestJoining:
    def test_a_co_reporter_stands_behind_the_case_and_gets_its_news(
        self, client, desk, db, cast, as_, drain, newcomer
    ):
        with work(db, write=True) as tx:
            rewards.add_rule(
                tx, code="co_reported", event="report.joined", names=("共同上报", "Co-reported"),
                points=2, caps=(20, 200), validity_days=365, fund_id=cast.fund.id,
            )  # fmt: skip
        case = desk.resolved(place=INSIDE)
        first, second = desk.reporter, newcomer()
        mine = as_(second)
        sent = joined(client, mine, drain, case["number"], INSIDE)
        assert (sent["case_number"], sent["status"]) == (case["number"], "resolved")
        now = case_of(client, desk.wang, case)
        assert (now["reports"], len(now["photos"])) == (2, 2)
        assert "joined" in kinds(client, desk.wang, case)
        desk.moved(now, "close", by=desk.sun, outcome="fixed")
        drain()
        assert "report.closed" in inbox(client, mine)
        assert "report.closed" in inbox(client, as_(first))
        assert awards(db, first) == [("report.filed", "settled")]
        assert awards(db, second) == [("report.joined", "settled")]
        assert client.get("/v1/points", headers=mine).json()["spendable"] == 2

    def test_who_joins_is_not_named_in_the_history(self, client, desk, as_, drain, newcomer):
        case = desk.reported(spot(20))
        joined(client, as_(newcomer(name="秘密的人")), drain, case["number"], spot(20))
        (entry,) = [e for e in events(client, desk.qian, case) if e["kind"] == "joined"]
        assert entry["actor"] is None

    def test_too_far_away_it_is_a_case_of_its_own(self, client, desk, as_, drain, newcomer):
        case = desk.reported(spot(21))
        near = joined(client, as_(newcomer()), drain, case["number"], spot(21, 490))
        far = joined(client, as_(newcomer()), drain, case["number"], spot(21, 510))
        assert near["case_number"] == case["number"]
        assert far["case_number"] not in {None, case["number"]}
        assert far["status"] == "reported"

    def test_an_ended_or_unknown_case_is_never_an_error(self, client, desk, as_, drain, newcomer):
        ended = desk.moved(
            desk.reported(spot(22)), "reject", by=desk.qian, reason_code="not_found",
            public_note="没有",
        )["number"]  # fmt: skip
        for number in (ended, "500152-20200101-0001", "nonsense"):
            sent = joined(client, as_(newcomer()), drain, number, spot(22))
            assert sent["case_number"] not in {None, ended}
            assert sent["status"] == "reported"

    def test_what_is_no_number_does_not_parse(self, client, desk):
        body = {"description": "x", "photo_ids": [], "place": INSIDE, "joins": "a b"}
        answer = client.post("/v1/reports", json=body, headers={**desk.liu, **key()})
        assert "joins" in {error["loc"][-1] for error in answer.json()["errors"]}

    def test_it_is_counted_nearby(self, client, desk, as_, drain, newcomer):
        case = desk.reported(spot(23), anonymous=True)
        joined(client, as_(newcomer()), drain, case["number"], spot(23))
        params = {**spot(23), "radius_m": 20}
        (item,) = client.get("/v1/reports/nearby", headers=desk.liu, params=params).json()["items"]
        assert (item["reports"], item["thumbs"]) == (2, [])
        redact(client, desk, case)
        (item,) = client.get("/v1/reports/nearby", headers=desk.liu, params=params).json()["items"]
        # The first one reported anonymously.
        assert len(item["thumbs"]) == 1
        assert item["distance_m"] == 0

    def test_withdrawing_a_co_report_leaves_the_case_alive(
        self, client, desk, as_, drain, newcomer
    ):
        case = desk.reported(spot(24))
        first = desk.liu, desk.report["id"]
        mine = as_(newcomer())
        sent = joined(client, mine, drain, case["number"], spot(24))
        answer = client.post(f"/v1/reports/{sent['id']}/withdraw", json={}, headers=mine)
        assert answer.json()["status"] == "withdrawn"
        assert case_of(client, desk.qian, case)["status"] == "reported"
        # And the last one takes the case with it.
        client.post(f"/v1/reports/{first[1]}/withdraw", json={}, headers=first[0])
        assert case_of(client, desk.qian, case)["status"] == "withdrawn"

    def test_the_first_reporter_may_leave_too(self, client, desk, as_, drain, newcomer):
        case = desk.reported(spot(25))
        first = desk.liu, desk.report["id"]
        joined(client, as_(newcomer()), drain, case["number"], spot(25))
        answer = client.post(f"/v1/reports/{first[1]}/withdraw", json={}, headers=first[0])
        assert answer.json()["status"] == "withdrawn"
        now = case_of(client, desk.qian, case)
        assert (now["status"], now["reports"]) == ("reported", 1)


class TestMerging:
    def test_reports_change_hands_and_everyone_is_told(self, client, desk, db, drain):
        one = desk.reported(spot(30))
        first = desk.liu, desk.report["id"]
        other = desk.reported(spot(30, 20))
        second = desk.liu, desk.report["id"]
        merged = moved(client, desk.qian, other, "merge", into=one["number"])
        drain()
        assert (merged["status"], merged["merged_into"]) == ("merged", one["id"])
        assert behind(db, one["id"]) == {first[1], second[1]}
        sent = client.get(f"/v1/reports/{second[1]}", headers=second[0]).json()
        assert (sent["case_number"], sent["status"]) == (one["number"], "reported")
        assert "report.merged" in inbox(client, second[0])
        assert "report.merged" not in inbox(client, first[0])
        assert "merged_in" in kinds(client, desk.qian, one)
        # From now on the news of the one case is everyone's.
        moved(client, desk.qian, case_of(client, desk.qian, one), "verify")
        sent = client.get(f"/v1/reports/{second[1]}", headers=second[0]).json()
        assert sent["status"] == "verifying"

    def test_undoing_brings_the_reports_back(self, client, desk, db, drain):
        one = desk.reported(spot(41))
        first = desk.report["id"]
        other = desk.reported(spot(41, 20))
        second = desk.liu, desk.report["id"]
        merged = moved(client, desk.qian, other, "merge", into=one["number"])
        again = moved(client, desk.qian, merged, "unmerge", note="不是同一处")
        drain()
        assert (again["status"], again["merged_into"]) == ("verifying", None)
        assert behind(db, other["id"]) == {second[1]}
        assert behind(db, one["id"]) == {first}
        sent = client.get(f"/v1/reports/{second[1]}", headers=second[0]).json()
        assert (sent["case_number"], sent["status"]) == (other["number"], "verifying")
        assert "report.unmerged" in inbox(client, second[0])
        assert "merge_undone" in kinds(client, desk.qian, one)

    def test_what_it_cannot_be_merged_into(self, client, desk):
        case = desk.reported(spot(31))
        for into, expected in (
            (case["number"], (409, "merge_target_invalid")), ("nothing", (422, "case_unknown")),
        ):  # fmt: skip
            assert code(move(client, desk.qian, case, "merge", into=into)) == expected

    def test_two_that_cross(self, client, desk, db):
        """A into B and B into A at once: one wins, the other is told, and nothing is lost."""
        for number in range(6):
            one = desk.reported(spot(32 + number))
            mine = desk.report["id"]
            other = desk.reported(spot(32 + number, 10))
            yours = desk.report["id"]
            answers = at_once(
                [
                    lambda a=one, b=other: move(client, desk.qian, a, "merge", into=b["number"]),
                    lambda a=one, b=other: move(client, desk.qian, b, "merge", into=a["number"]),
                ]
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses[0] == 200, [answer.text for answer in answers]
            assert statuses[1] in {409, 412}, [answer.text for answer in answers]
            into = other if answers[0].status_code == 200 else one
            assert behind(db, into["id"]) == {mine, yours}
            with work(db, write=False) as tx:
                pair = (one["id"], other["id"])
                found = tx.scalars(select(CaseMerge).where(CaseMerge.undone_at.is_(None)))
                assert len([m for m in found if str(m.case_id) in pair]) == 1

    def test_relations_name_merged_cases(self, client, desk):
        one, other = desk.reported(spot(40)), desk.reported(spot(40, 9))
        moved(client, desk.qian, other, "merge", into=one["number"])
        url = "/v1/cases/{}/relations"
        there = client.get(url.format(one["id"]), headers=desk.qian).json()
        assert [c["number"] for c in there["merged"]] == [other["number"]]
        here = client.get(url.format(other["id"]), headers=desk.qian).json()
        assert here["merged_into"]["number"] == one["number"]
