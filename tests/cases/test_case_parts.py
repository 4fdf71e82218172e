"""A case that was closed over its parts follows the one of them that is reopened (拆分)."""

import pytest
from cases.case_build import clocks, events, stored
from cases.case_reopening import closed_again, read, reopened
from cast import INSIDE
from flows.story import key, moved, report, upload
from ledger.build import broken
from races.together import at_once
from sqlalchemy import select

from app.cases import service
from app.cases.models import Case
from app.cases.workflow import ENDED
from app.kit.actions import StaffAction
from app.kit.db import work
from app.notify.models import Message


@pytest.fixture(autouse=True)
def _clean(db):
    yield
    assert broken(db) == []


def split(client, desk, case):
    body = {"description": "护栏也倒了", "category_code": "C0101"}
    url = f"/v1/cases/{case['id']}/children"
    answer = client.post(url, json=body, headers={**desk.wang, **key()})
    assert answer.status_code == 201, answer.text
    return read(client, desk.wang, answer.json())


def handled(client, desk, cast, case, outcome="fixed"):
    """A part from its split to its closing."""
    case = moved(client, desk.wang, case, "file", category_code="C0101")
    case = moved(client, desk.wang, case, "dispatch", assignee_id=str(cast.wang.id))
    return closed_again(client, desk, case, outcome)


@pytest.fixture
def family(client, desk, cast, as_, drain, newcomer):
    """A closed case, its closed part, and the report and headers of who also reported the part."""

    def made():
        case = desk.resolved()
        part, other = split(client, desk, case), newcomer()
        sent = report(client, as_(other), INSIDE, joins=part["number"])
        drain()
        part = handled(client, desk, cast, read(client, desk.wang, part))
        case = moved(client, desk.sun, read(client, desk.sun, case), "close", outcome="fixed")
        drain()
        return case, part, sent, as_(other)

    return made


class TestReopening:
    def test_takes_the_parent_along(self, client, desk, cast, db, drain, family):
        case, part, sent, liu = family()
        assert reopened(client, desk, part, sent, liu)["status"] == "dispatched"
        again = read(client, desk.qian, case)
        assert (again["status"], again["outcome"]) == ("dispatched", None)
        assert again["assignee_id"] == str(cast.wang.id)
        assert any(row.state == "running" for row in clocks(db, case))
        for one in (case, part):
            last = [e for e in events(client, desk.wang, one) if e["kind"] == "move"][-1]
            assert (last["move"], last["actor"]) == ("reopen", "qian")
            assert (last["from_status"], last["to_status"]) == ("closed", "dispatched")
        # Why, and without the number of the part or a word of its reporter's answer.
        last = events(client, desk.wang, case)[-1]
        assert last["note"] == service.WITH_ITS_PART
        assert last["public_note"] is None
        assert part["number"] not in str(events(client, desk.wang, case))
        drain()
        with work(db, write=False) as tx:
            subject = f"{case['number']}/{again['version']}"
            told = select(Message.kind).where(Message.subject == subject)
            assert sorted(tx.scalars(told)) == ["case.reopened", "report.reopened"]
            done = select(StaffAction.actor_id).where(
                StaffAction.action == "case.reopen", StaffAction.object_id == case["id"]
            )
            assert tx.scalars(done).all() == [cast.qian.id]

    def test_the_parent_waits_for_it_again(self, client, desk, family):
        case, part, sent, liu = family()
        reopened(client, desk, part, sent, liu)
        case = moved(client, desk.wang, read(client, desk.wang, case), "accept")
        photo = upload(client, desk.wang)
        case = moved(client, desk.wang, case, "resolve", photo_ids=[photo], note="好了")
        assert "close" not in {offer["move"] for offer in case["moves"]}
        closed_again(client, desk, read(client, desk.wang, part))
        moved(client, desk.sun, case, "close", outcome="fixed")

    def test_up_to_the_top(self, client, desk, cast, db):
        top = desk.resolved()
        middle = split(client, desk, top)
        bottom = split(client, desk, middle)
        for case in (bottom, middle):
            handled(client, desk, cast, read(client, desk.wang, case))
        moved(client, desk.sun, read(client, desk.sun, top), "close", outcome="fixed")
        with work(db, write=True) as tx:
            service.decide(tx, None, stored(db, bottom).id, "reopen", note=None)
        assert [stored(db, case).status for case in (top, middle, bottom)] == ["dispatched"] * 3

    def test_an_open_parent_is_left_alone(self, client, desk, cast, db):
        case = desk.resolved()
        part = handled(client, desk, cast, split(client, desk, case))
        before = read(client, desk.wang, case)["version"]
        with work(db, write=True) as tx:
            service.decide(tx, None, stored(db, part).id, "reopen", note=None)
        assert stored(db, case).version == before

    def test_a_rejected_parent_stays_rejected(self, client, desk, cast, db):
        """It never said that its parts were done."""
        case = desk.verifying()
        part = handled(client, desk, cast, split(client, desk, case))
        case = moved(client, desk.wang, read(client, desk.wang, case), "reject",
                     reason_code="not_found", public_note="没有")  # fmt: skip
        with work(db, write=True) as tx:
            service.decide(tx, None, stored(db, part).id, "reopen", note=None)
        assert (stored(db, case).status, stored(db, part).status) == ("rejected", "dispatched")

    def test_a_part_whose_rejection_falls_takes_it_along_too(self, client, desk, db):
        case = desk.resolved()
        part = split(client, desk, case)
        moved(client, desk.wang, part, "reject", reason_code="not_found", public_note="没有")
        moved(client, desk.sun, read(client, desk.sun, case), "close", outcome="fixed")
        with work(db, write=True) as tx:
            service.decide(tx, None, stored(db, part).id, "uphold", note=None)
        assert (stored(db, case).status, stored(db, part).status) == ("dispatched", "verifying")

    def test_a_part_whose_merge_is_undone_takes_it_along_too(self, client, desk, db):
        other, case = desk.reported(), desk.resolved()
        part = split(client, desk, case)
        part = moved(client, desk.wang, part, "merge", into=other["number"])
        moved(client, desk.sun, read(client, desk.sun, case), "close", outcome="fixed")
        moved(client, desk.wang, part, "unmerge", note="不是同一处")
        assert (stored(db, case).status, stored(db, part).status) == ("dispatched", "verifying")

    def test_against_the_parents_closing(self, client, desk, cast, db):
        """Both at once: in whatever order they come, no case is closed over an open part."""
        for turn in range(5):
            case = desk.resolved()
            part = handled(client, desk, cast, split(client, desk, case))
            case = read(client, desk.sun, case)

            def reopen(part=part):
                with work(db, write=True) as tx:
                    service.decide(tx, None, stored(db, part).id, "reopen", note=None)

            def close(case=case):
                url, match = f"/v1/cases/{case['id']}/moves", f'"{case["version"]}"'
                body = {"move": "close", "outcome": "fixed"}
                headers = {**desk.sun, "If-Match": match, **key()}
                return client.post(url, json=body, headers=headers).status_code

            at_once([reopen, close] if turn % 2 else [close, reopen])
            with work(db, write=False) as tx:
                parts = set(tx.scalars(select(Case.status).where(Case.parent_id == case["id"])))
                assert parts - ENDED
                assert tx.get_one(Case, case["id"]).status not in ENDED
