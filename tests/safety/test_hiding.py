"""What one part's verdict leaves to the others, and what is hidden late: everywhere, for good."""

import threading
from uuid import UUID

import pytest
from flows.story import find_case, key, moved, upload

from app.kit.db import work
from app.safety import sealing, service
from app.safety.models import ContentCheck
from app.safety.rules import Finding

HOLDS = "/v1/safety/holds"


@pytest.fixture
def split(client, desk):
    def make(case):
        url, body = f"/v1/cases/{case['id']}/children", {"description": "另一部分"}
        answer = client.post(url, json=body, headers={**desk.wang, **key()})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def seen(client, desk):
    """Whether the grid's staff read words in a case, and find it by them; one answer for both."""

    def show(case, words):
        one = client.get(f"/v1/cases/{case['id']}", headers=desk.wang).text
        found = client.get(f"/v1/cases?q={words}", headers=desk.wang).json()["items"]
        (answer,) = {words in one, case["id"] in {item["id"] for item in found}}
        return answer

    return show


class TestWaiting:
    def test_words_that_pass_before_the_photo_leave_it_being_looked_at(
        self, desk, sent, push, decide, mine, told
    ):
        sent(description="可疑的路灯")
        assert decide(desk.report["id"], "pass").json()["state"] == "passed"
        assert mine()["content"] == "checking"
        assert [m["kind"] for m in told()] == ["report.held"]
        push("pass")
        assert mine()["content"] == "shown"
        assert [m["kind"] for m in told()] == ["report.cleared", "report.held"]

    def test_a_photo_that_is_let_through_leaves_the_other_being_looked_at(
        self, client, desk, visitor, as_, fake, push, decide, mine, told
    ):
        who = visitor()
        desk.reported(reporter=who, photo_ids=[upload(client, as_(who)) for _ in "12"])
        one, other = list(fake.services.images)[-2:]
        push("risky", trace_id=one)
        hidden = fake.services.images[one][1].split("/photos/")[1][:36]
        assert decide(hidden, "pass").json()["state"] == "passed"
        assert mine()["content"] == "checking"
        push("pass", trace_id=other)
        assert mine()["content"] == "shown"
        kinds = [m["kind"] for m in told()]
        assert kinds == ["report.cleared", "report.held", "report.hidden"]

    def test_a_verdict_at_the_moment_of_its_trace_id_is_kept(self, db, desk, sent, fake):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service, "answered", lambda *_: None)
            sent()
        photo, trace = UUID(desk.report["photos"][0]["id"]), next(reversed(fake.services.images))

        def tell():
            with work(db, write=True) as tx:
                service.answered(tx, photo, Finding("wechat", "asked", trace_id=trace))

        teller = threading.Thread(target=tell)
        with work(db, write=True) as tx:
            service.take_verdict(tx, Finding("wechat", "risky", 20006, trace))
            teller.start()
            # Whoever does not wait has committed by then.
            teller.join(0.3)
        teller.join()
        with work(db, write=False) as tx:
            assert tx.get_one(ContentCheck, photo).state == "hidden"


class TestSealedWords:
    WORDS = '违禁"海棠"\n词句'

    def test_are_in_no_answer_that_is_given_again(self, client, desk, visitor, as_, drain, decide):
        asked = []
        for headers in (as_(visitor()), as_(visitor())):
            body = {"description": self.WORDS, "address": "海棠门外"}
            body["photo_ids"] = [upload(client, headers)]
            asked.append({"json": body, "headers": {**headers, **key()}})
        first, _ = (client.post("/v1/reports", **one).json() for one in asked)
        drain()
        mine = client.get(f"/v1/reports/{first['id']}", headers=asked[0]["headers"]).json()
        case = find_case(client, desk.qian, mine["case_number"])
        match = {"If-Match": f'"{case["version"]}"', **desk.qian, **key()}
        move = {"json": {"move": "verify"}, "headers": match}
        url = f"/v1/cases/{case['id']}/moves"
        assert client.post(url, **move).json()["description"] == self.WORDS
        assert decide(first["id"], "hide").status_code == 200
        for where, one in (("/v1/reports", asked[0]), (url, move)):
            answer = client.post(where, **one)
            assert answer.headers["idempotency-replayed"] == "true"
            assert "海棠" not in answer.text
            said = answer.json()
            assert said["description"] == said["address"] == sealing.HIDDEN
        # What somebody else sent is as they wrote it.
        assert client.post("/v1/reports", **asked[1]).json()["description"] == self.WORDS

    def test_take_their_address_from_what_was_split_off(
        self, client, desk, sent, decide, split, seen
    ):
        case = sent(description="违禁紫荆词句", address="紫荆门外")
        hold = desk.report["id"]
        child = split(moved(client, desk.wang, case, "file", category_code="C0101"))
        grandchild = split(child)
        sent(joins=case["number"], description="违禁的话", address="紫荆门外")
        decide(desk.report["id"], "hide")
        # It was not theirs: the case is in the first reporter's words.
        assert all(seen(one, "紫荆") for one in (case, child, grandchild))
        decide(hold, "hide")
        assert not any(seen(one, "紫荆") for one in (case, child, grandchild))
        shown = client.get(f"/v1/cases/{child['id']}", headers=desk.wang).json()
        assert (shown["description"], shown["address"]) == ("另一部分", sealing.HIDDEN)

    def test_also_from_what_is_split_off_at_that_moment(
        self, client, desk, sent, decide, split, seen, engine_name
    ):
        if engine_name == "sqlite":
            pytest.skip("one writer at a time")
        case = sent(description="违禁木棉词句", address="木棉门外")
        case = moved(client, desk.wang, case, "file", category_code="C0101")
        real, children = sealing.cases.by_id, []

        def late(tx, case_id):
            if not children:
                children.append(None)
                children[:] = [split(case)]
            return real(tx, case_id)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealing.cases, "by_id", late)
            assert decide(desk.report["id"], "hide").status_code == 200
        assert not seen(children[0], "木棉")

    def test_are_judged_and_kept_after_their_reporter_has_left_the_case(
        self, client, desk, sent, decide
    ):
        case = sent()
        sent(joins=case["number"], description="违禁的话")
        hold, url = desk.report["id"], f"/v1/reports/{desk.report['id']}/withdraw"
        assert client.post(url, json={}, headers={**desk.liu, **key()}).status_code == 200
        assert decide(hold, "hide").json()["case_number"] == case["number"]
        asked = {"params": {"reason": "公安调取"}, "headers": desk.qian}
        assert client.get(f"{HOLDS}/{hold}/evidence", **asked).json()["description"] == "违禁的话"


class TestPassed:
    def test_photos_may_still_be_hidden(self, client, desk, sent, push, decide, mine, told, award):
        case = sent()
        push("pass")
        moved(client, desk.wang, case, "file", category_code="C0101")
        assert award() == ["granted"]
        photo = desk.report["photos"][0]
        assert decide(photo["id"], "hide").json()["state"] == "hidden"
        assert (mine()["content"], mine()["photos"]) == ("hidden", [])
        assert client.get(photo["urls"]["display"]).status_code == 404
        assert [m["kind"] for m in told()] == ["report.hidden"]
        assert award() == ["voided"]
        for decision in ("pass", "hide"):
            assert decide(photo["id"], decision).json()["code"] == "hold_decided"

    def test_words_are_found_and_may_still_be_hidden(
        self, client, desk, sent, push, decide, mine, seen
    ):
        case = sent(description="丁香路的井盖")
        push("pass")
        passed = client.get(HOLDS, params={"state": "passed"}, headers=desk.qian).json()["items"]
        (hold,) = [h for h in passed if h["case_id"] == case["id"] and h["kind"] == "text"]
        assert seen(case, "丁香")
        assert decide(hold["id"], "hide").json()["state"] == "hidden"
        assert not seen(case, "丁香")
        assert mine()["description"] == sealing.HIDDEN

    def test_whoever_was_told_that_it_is_shown_is_told_that_it_is_hidden_again(
        self, desk, sent, push, decide, told
    ):
        sent()
        push("risky")
        for decision in ("pass", "hide"):
            decide(desk.report["photos"][0]["id"], decision)
        kinds = [m["kind"] for m in told()]
        assert kinds == ["report.hidden", "report.cleared", "report.hidden"]
