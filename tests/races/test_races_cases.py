"""Cases under many hands at once: real commits, real threads, over HTTP, on both databases."""

from collections import Counter

import pytest
from cast import INSIDE, make_cast
from flows.story import find_case, key, move, moved, report, upload
from ledger.build import broken
from races.together import at_once
from sqlalchemy import select

from app.cases.models import Case, CaseEntry, CaseMove, CaseReport
from app.cases.workflow import ENDED
from app.identity import passwords
from app.kit.db import work

# Nobody needs more tries than this, or something waits for ever.
MOST_TRIES = 400


@pytest.fixture
def cast(db, monkeypatch):
    # Eight honest argon2 hashes take seconds, and nobody signs in with a password here.
    monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {password}")
    with work(db, write=True) as tx:
        return make_cast(tx)


@pytest.fixture
def town(db, client, cast, as_, drain):
    yield Town(db, client, cast, as_, drain)
    assert broken(db) == []


class Town:
    """Wang of the grid, Qian of the district and Sun who checks; cases of Liu Bo."""

    def __init__(self, db, client, cast, as_, drain) -> None:
        self.db, self.client, self.cast, self._drain = db, client, cast, drain
        self.liu, self.wang, self.qian, self.sun = (
            as_(person) for person in (cast.liu_bo, cast.wang, cast.qian, cast.sun)
        )

    def reported(self, category="litter"):
        sent = report(self.client, self.liu, INSIDE, category=category)
        self._drain()
        mine = self.client.get(f"/v1/reports/{sent['id']}", headers=self.liu).json()
        return find_case(self.client, self.qian, mine["case_number"])

    def resolved(self):
        case = self.made(self.reported("manhole"), "file", category_code="C0101")
        case = self.made(case, "dispatch", assignee_id=str(self.cast.wang.id))
        case = self.made(case, "accept")
        photo = upload(self.client, self.wang)
        return self.made(case, "resolve", photo_ids=[photo], note="好了")

    def made(self, case, name, **fields):
        return moved(self.client, self.wang, case, name, **fields)

    def read(self, headers, case):
        answer = self.client.get(f"/v1/cases/{case['id']}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, case):
        with work(self.db, write=False) as tx:
            mine = select(CaseMove).where(CaseMove.case_id == case["id"])
            moves = tx.scalars(mine.order_by(CaseMove.version)).all()
            mine = select(CaseEntry).where(CaseEntry.case_id == case["id"])
            entries = tx.scalars(mine.order_by(CaseEntry.position)).all()
            return tx.get_one(Case, case["id"]), moves, entries

    def until_made(self, headers, case, name, **fields):
        """Reads and tries until the move is made; each try is a request with a key of its own."""
        refused = Counter()
        for _ in range(MOST_TRIES):
            now = self.read(headers, case)
            if name not in {offer["move"] for offer in now["moves"]}:
                continue
            mine = {**headers, "If-Match": f'"{now["version"]}"', **key()}
            url, body = f"/v1/cases/{case['id']}/moves", {"move": name, **fields}
            answer = self.client.post(url, json=body, headers=mine)
            if answer.status_code != 200:
                refused[answer.status_code] += 1
                continue
            # The answer was lost, the phone asks again: nothing happens twice.
            again = self.client.post(url, json=body, headers=mine)
            assert (again.status_code, again.json()) == (200, answer.json())
            return refused
        raise AssertionError(f"{name} was never possible: {refused}")


def test_two_staff_ten_moves_at_once_on_one_case(town):
    """Each is retried until it is made: one history, no lost move, no gap."""
    case, refused = town.reported(), Counter()
    given = {"assignee_id": str(town.cast.wang.id)}
    back = {"reason_code": "not_mine", "note": "不归我管"}
    wanted = [
        (town.wang, "verify", {}), (town.qian, "file", {"category_code": "E0102"}),
        (town.wang, "dispatch", given), (town.qian, "dispatch", given),
        (town.wang, "dispatch", given), (town.qian, "dispatch", given),
        (town.wang, "return", back), (town.wang, "return", back), (town.wang, "return", back),
        (town.wang, "accept", {}),
    ]  # fmt: skip
    for one in at_once(
        [lambda one=one: town.until_made(one[0], case, one[1], **one[2]) for one in wanted]
    ):
        refused += one
    row, moves, entries = town.rows(case)
    assert [made.version for made in moves] == [*range(1, 12)]
    assert Counter(made.move for made in moves) == Counter(
        ["route", *(name for _, name, _ in wanted)]
    )
    # Each begins where the one before ended, and the case is where the last one led.
    steps = [made.to_status for made in moves]
    assert [made.from_status for made in moves] == [None, *steps[:-1]]
    assert (row.status, row.version, row.returns) == (steps[-1], 11, 3)
    assert [e.position for e in entries] == [*range(1, 12)]
    assert [e.data["version"] for e in entries] == [*range(1, 12)]
    assert set(refused) <= {409, 412}


def test_notes_and_moves_at_once_are_one_chain(town):
    case = town.reported()
    url = f"/v1/cases/{case['id']}/notes"

    def note(n):
        who = town.wang if n % 2 else town.qian
        return town.client.post(url, json={"text": f"第{n}条"}, headers={**who, **key()})

    calls = [lambda n=n: note(n).status_code for n in range(9)]
    calls.append(lambda: move(town.client, town.wang, case, "verify").status_code)
    assert Counter(at_once(calls)) == {201: 9, 200: 1}
    row, moves, entries = town.rows(case)
    assert (row.version, len(moves), row.entries) == (2, 2, 11)
    assert {e.note for e in entries if e.kind == "note"} == {f"第{n}条" for n in range(9)}


def test_two_crossing_merges_have_one_winner(town):
    for turn in range(5):
        one, two = town.reported(), town.reported()
        calls = [
            lambda one=one, two=two: move(
                town.client, town.wang, one, "merge", into=two["number"]
            ),
            lambda one=one, two=two: move(
                town.client, town.qian, two, "merge", into=one["number"]
            ),
        ]  # fmt: skip
        answers = at_once(calls if turn % 2 else calls[::-1])
        assert sorted(a.status_code for a in answers) == [200, 409], [a.text for a in answers]
        lost = next(a for a in answers if a.status_code == 409)
        assert lost.json()["code"] == "merge_target_invalid"
        rows = [town.rows(case)[0] for case in (one, two)]
        (gone,) = [row for row in rows if row.status == "merged"]
        (kept,) = [row for row in rows if row.status == "reported"]
        assert gone.merged_into == kept.id
        with work(town.db, write=False) as tx:
            behind = select(CaseReport.case_id).where(
                CaseReport.case_id.in_([one["id"], two["id"]])
            )
            assert tx.scalars(behind).all() == [kept.id] * 2


def test_many_merge_into_one_while_it_moves(town):
    target, others = town.reported(), [town.reported() for _ in range(6)]
    calls = [
        lambda case=case: town.until_made(town.wang, case, "merge", into=target["number"])
        for case in others
    ]
    calls.append(lambda: town.until_made(town.qian, target, "verify"))
    calls.append(lambda: town.until_made(town.qian, target, "file", category_code="E0102"))
    at_once(calls)
    row, _, entries = town.rows(target)
    assert (row.status, row.version) == ("filed", 3)
    assert [e.kind for e in entries].count("merged_in") == 6
    with work(town.db, write=False) as tx:
        behind = select(CaseReport.report_id).where(CaseReport.case_id == row.id)
        assert len(tx.scalars(behind).all()) == 7


def test_split_against_close_never_closes_over_an_open_part(town):
    won = Counter()
    for turn in range(6):
        case = town.resolved()
        url = f"/v1/cases/{case['id']}/children"
        calls = [
            lambda case=case: move(town.client, town.sun, case, "close", outcome="fixed"),
            lambda url=url: town.client.post(
                url, json={"description": "护栏也倒了"}, headers={**town.wang, **key()}
            ),
        ]
        closed, split = at_once(calls) if turn % 2 else at_once(calls[::-1])[::-1]
        answers = (closed.status_code, split.status_code)
        assert answers in {(200, 409), (409, 201)}, (closed.text, split.text)
        won[answers] += 1
        refused = closed if closed.status_code == 409 else split
        assert refused.json()["code"] in {"children_open", "case_ended"}
        with work(town.db, write=False) as tx:
            children = select(Case.status).where(Case.parent_id == case["id"])
            unfinished = set(tx.scalars(children)) - ENDED
            assert not (unfinished and tx.get_one(Case, case["id"]).status in ENDED)
    assert sum(won.values()) == 6


def test_three_different_moves_on_one_version_have_one_winner(town):
    given = {"assignee_id": str(town.cast.wang.id)}
    for _ in range(4):
        case = town.made(town.reported("manhole"), "file", category_code="C0101")
        calls = [
            lambda case=case: move(town.client, town.wang, case, "dispatch", **given),
            lambda case=case: move(town.client, town.qian, case, "escalate", note="请上级"),
            lambda case=case: move(town.client, town.wang, case, "correct", note="x", place=INSIDE),
        ]
        answers = at_once(calls)
        assert sorted(a.status_code for a in answers) == [200, 412, 412]
        assert town.rows(case)[0].version == 3
