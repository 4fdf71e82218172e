"""What reporters send is looked at before others see it, by WeChat or by a person."""

from uuid import UUID

import pytest
from cast import INSIDE
from flows.story import key, moved, upload
from pydantic import ValidationError
from sqlalchemy import func, select

from app.kit.actions import StaffAction
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import Job
from app.media import service as media
from app.media.models import Photo
from app.reports.models import Report
from app.rewards import service as rewards
from app.safety import service
from app.safety.models import ContentCheck, ContentFinding
from app.safety.rules import Finding
from app.settings import Settings

HOLDS = "/v1/safety/holds"


@pytest.fixture
def case_of(client, desk):
    return lambda case: client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json()


@pytest.fixture
def thumbs(client, db, desk, as_, cast):
    """What a stranger sees of a case nearby, whose photos somebody has covered."""

    def seen(case):
        with work(db, write=True) as tx:
            for photo in desk.report["photos"]:
                tx.get_one(Photo, UUID(photo["id"])).copy_id = new_id()
        url = "/v1/reports/nearby"
        found = client.get(url, params={**INSIDE, "radius_m": 500}, headers=as_(cast.chen)).json()
        near = {one["number"]: one["thumbs"] for one in found["items"]}
        return near[case["number"]]

    return seen


@pytest.fixture
def holds(client, desk, as_, cast):
    """The holds of a state about the last report, by kind."""

    def find(state="held"):
        # A token of now: some tests take longer than one lives.
        headers = as_(cast.qian)
        found = client.get(HOLDS, params={"state": state, "limit": 100}, headers=headers).json()
        ids = {desk.report["id"], *(photo["id"] for photo in desk.report["photos"])}
        return {one["kind"]: one for one in found["items"] if one["id"] in ids}

    return find


class TestPassing:
    def test_until_the_verdict_only_reporter_and_staff_see_a_photo(
        self, client, desk, sent, push, fake, mine, case_of, thumbs, told, holds
    ):
        # Submitted, and not yet known to be anybody's case: looked at from the start.
        case = sent()
        assert mine()["content"] == "checking"
        assert len(mine()["photos"]) == len(case_of(case)["photos"]) == 1
        assert thumbs(case) == []
        push("pass")
        assert mine()["content"] == "shown"
        assert len(thumbs(case)) == 1
        assert told() == []
        assert holds() == {}

    def test_wechat_gets_an_address_that_the_world_can_fetch(self, client, sent, fake):
        sent()
        _, address = list(fake.services.images.values())[-1]
        assert address.startswith("https://e.example.test/v1/photos/")
        assert client.get(address.removeprefix("https://e.example.test")).status_code == 200

    def test_a_report_waits_from_its_first_moment(self, client, visitor, as_):
        headers = as_(visitor())
        photos = [upload(client, headers)]
        body = {"description": "路灯不亮", "photo_ids": photos, "address": "某街"}
        answer = client.post("/v1/reports", json=body, headers={**headers, **key()})
        assert answer.json()["content"] == "checking"

    def test_a_verdict_that_comes_before_its_trace_id_is_kept(self, db, desk, sent, mine, fake):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service, "answered", lambda *_: None)
            sent()
        photo, trace = desk.report["photos"][0]["id"], next(reversed(fake.services.images))
        with work(db, write=True) as tx:
            service.take_verdict(tx, Finding("wechat", "pass", 100, trace))
        with work(db, write=True) as tx:
            service.answered(tx, UUID(photo), Finding("wechat", "asked", trace_id=trace))
            service.conclude(tx, UUID(desk.report["id"]), Finding("wechat", "pass"))
        assert mine()["content"] == "shown"


class TestWords:
    @pytest.mark.parametrize("word", ["可疑", "违禁"])
    def test_in_doubt_are_held_and_the_reporter_told_neutrally(
        self, client, desk, sent, push, told, mine, holds, word
    ):
        case = sent(description=f"{word}的井盖")
        assert mine()["content"] == "checking"
        (message,) = told()
        assert message["kind"] == "report.held"
        spoken = str(message) + str(mine())
        assert not any(label in spoken for label in ("risky", "review", "20006", "20001"))
        hold = holds()["text"]
        assert hold["case_number"] == case["number"]
        assert hold["why"] == ("review" if word == "可疑" else "risky")
        shown = client.get(f"{HOLDS}/{hold['id']}", headers=desk.qian).json()
        assert shown["description"] == f"{word}的井盖"
        assert [f["label"] for f in shown["findings"]] == [20001 if word == "可疑" else 20006]

    def test_passed_by_a_person_are_shown(self, desk, sent, push, decide, told, mine):
        sent(description="可疑的路灯")
        push("pass")
        answer = decide(desk.report["id"], "pass")
        assert answer.json()["state"] == "passed"
        assert mine()["content"] == "shown"
        assert [m["kind"] for m in told()] == ["report.cleared", "report.held"]
        assert decide(desk.report["id"], "pass").json()["code"] == "hold_decided"

    def test_hidden_are_in_no_answer_any_more(
        self, client, db, desk, sent, decide, mine, case_of, told
    ):
        other = desk.filed()
        case = sent(description="违禁紫薇词句", address="紫薇门外")
        moved(client, desk.wang, case, "merge", into=other["number"])
        hold = desk.report["id"]
        answer = decide(hold, "hide")
        assert answer.json()["state"] == "hidden"
        urls = (
            f"/v1/cases/{case['id']}", f"/v1/cases/{other['id']}", "/v1/cases?limit=100",
            "/v1/cases?q=紫薇", f"{HOLDS}/{hold}", f"{HOLDS}?state=hidden",
            f"/v1/cases/{case['id']}/events",
        )  # fmt: skip
        for url in urls:
            for headers in (desk.qian, desk.wang):
                assert "紫薇" not in client.get(url, headers=headers).text
        with work(db, write=False) as tx:
            report = tx.get_one(Report, UUID(hold))
            check = tx.get_one(ContentCheck, UUID(hold))
            assert "紫薇" not in report.description + report.address
            assert (check.sealed_text, check.sealed_address) == ("违禁紫薇词句", "紫薇门外")

    def test_hidden_are_evidence_whose_every_look_is_recorded(self, client, db, desk, sent, decide):
        sent(description="违禁的话")
        hold = desk.report["id"]
        decide(hold, "hide")
        url = f"{HOLDS}/{hold}/evidence"
        seen = client.get(url, params={"reason": "公安调取"}, headers=desk.qian).json()
        assert seen["description"] == "违禁的话"
        assert client.get(url, headers=desk.qian).status_code == 422
        with work(db, write=False) as tx:
            query = select(StaffAction).where(StaffAction.object_id == hold)
            done = [(a.action, a.reason) for a in tx.scalars(query.order_by(StaffAction.at))]
        assert done == [("content.hidden", "看过了"), ("content.evidence_seen", "公安调取")]


class TestPhotos:
    def test_at_risk_are_hidden_everywhere_at_once(
        self, client, db, desk, app, sent, push, mine, case_of, thumbs, told, holds
    ):
        case = sent()
        photo = desk.report["photos"][0]
        before = [photo["urls"]["display"], photo["urls"]["thumb"]]
        assert [client.get(url).status_code for url in before] == [200, 200]
        push("risky")
        assert [client.get(url).status_code for url in before] == [404, 404]
        assert mine()["photos"] == case_of(case)["photos"] == thumbs(case) == []
        assert case_of(case)["reports"] == 1
        assert mine()["content"] == "hidden"
        assert [m["kind"] for m in told()] == ["report.hidden"]
        assert holds() == {}
        # Sealed and not gone: who judges may look, by an address of its own.
        assert app.state.bucket.read(media.key(UUID(photo["id"]), "sealed"))
        url = f"{HOLDS}/{photo['id']}/evidence"
        seen = client.get(url, params={"reason": "复核"}, headers=desk.qian).json()
        assert client.get(seen["photo"]).status_code == 200
        staff = client.get("/v1/inbox", headers=desk.qian).json()["items"]
        assert "case.content_hidden" in {m["kind"] for m in staff}

    def test_that_wechat_wrongly_hid_a_person_shows_again(
        self, client, desk, sent, push, decide, mine
    ):
        sent()
        photo = desk.report["photos"][0]
        push("risky")
        assert decide(photo["id"], "pass").json()["state"] == "passed"
        assert mine()["content"] == "shown"
        assert client.get(photo["urls"]["display"]).status_code == 200
        assert decide(photo["id"], "pass").json()["code"] == "hold_decided"

    @pytest.mark.parametrize("more", [{"errcode": -1008}, {"result": {"suggest": "odd"}}, {}])
    def test_that_wechat_could_not_judge_a_person_judges(self, sent, push, holds, more):
        sent()
        push("review", **more)
        assert holds()["photo"]["why"] == ("failed" if more else "review")

    def test_a_repeated_a_forged_and_an_unknown_verdict_change_nothing(
        self, client, db, sent, push, fake, mine
    ):
        sent()
        assert push("pass", key="A" * 43).status_code == 403
        assert push("pass", trace_id="nobody").status_code == 200
        assert mine()["content"] == "checking"
        push("pass")
        # WeChat repeats a push, and one day says the opposite of what it said.
        push("pass")
        push("risky", MsgId="another")
        assert mine()["content"] == "shown"
        trace = next(reversed(fake.services.images))
        with work(db, write=False) as tx:
            query = select(ContentFinding.finding).where(ContentFinding.trace_id == trace)
            assert sorted(tx.scalars(query)) == ["pass", "risky"]


class TestNoVerdict:
    def test_after_35_minutes_a_person_decides_and_a_late_word_is_only_noted(
        self, client, desk, sent, push, minutes, holds, mine, decide, told, as_, cast
    ):
        sent()
        minutes(34)
        assert holds() == {}
        minutes(2)
        hold = holds()["photo"]
        assert hold["why"] == "late"
        assert [m["kind"] for m in told()] == ["report.held"]
        push("risky")
        assert holds()["photo"]["why"] == "late"
        qian = as_(cast.qian)
        shown = client.get(f"{HOLDS}/{hold['id']}", headers=qian).json()
        assert client.get(shown["photo"]).status_code == 200
        assert [f["finding"] for f in shown["findings"]] == ["late", "risky"]
        decide(hold["id"], "pass", by=qian)
        assert mine()["content"] == "shown"

    def test_wechat_away_is_asked_again_until_it_is_back(
        self, db, sent, push, fake, minutes, mine, holds
    ):
        fake.lie_next("gone", 502, times=3, call="check_text")
        fake.fail_next(45009, times=2, call="check_image")
        sent()
        assert mine()["content"] == "checking"
        minutes(2)
        assert len(fake.services.images)
        minutes(2)
        push("pass")
        assert mine()["content"] == "shown"
        with work(db, write=False) as tx:
            dead = tx.scalar(select(func.count()).where(Job.state == "dead"))
        assert dead == 0

    def test_whom_wechat_does_not_know_a_person_judges(self, desk, holds, mine):
        desk.reported()
        assert {kind: one["why"] for kind, one in holds().items()} == {
            "text": "away", "photo": "away",
        }  # fmt: skip
        assert mine()["content"] == "checking"


class TestPoints:
    def closed(self, client, desk, case):
        case = moved(client, desk.wang, case, "file", category_code="C0101")
        to = str(desk._cast.wang.id)
        case = moved(client, desk.wang, case, "dispatch", assignee_id=to)
        case = moved(client, desk.wang, case, "accept")
        photo = upload(client, desk.wang)
        case = moved(client, desk.wang, case, "resolve", photo_ids=[photo], note="已修好")
        return moved(client, desk.sun, case, "close", outcome="fixed")

    def test_wait_for_the_verdict_and_come_with_it(self, client, desk, drain, sent, push, award):
        case = sent()
        self.closed(client, desk, case)
        drain()
        assert award() == ["granted"]
        push("pass")
        assert award() == ["settled"]

    def test_of_what_is_hidden_never_come(self, client, desk, drain, sent, push, award, decide):
        case = sent()
        self.closed(client, desk, case)
        push("risky")
        assert award() == ["voided"]
        decide(desk.report["photos"][0]["id"], "hide")
        drain()
        assert award() == ["voided"]

    def test_hidden_before_filing_there_are_none(self, client, desk, drain, sent, push, award):
        case = sent()
        push("risky")
        self.closed(client, desk, case)
        drain()
        assert award() == []

    def test_of_a_co_reporter_wait_too(self, client, db, cast, desk, drain, sent, push, award):
        with work(db, write=True) as tx:
            rewards.add_rule(
                tx, code="joined", event="report.joined", names=("共同上报", "Joined"), points=2,
                caps=(45, 450), validity_days=365, fund_id=cast.fund.id,
            )  # fmt: skip
        case = sent()
        push("pass")
        sent(joins=case["number"])
        self.closed(client, desk, case)
        drain()
        assert award("report.joined") == ["granted"]
        push("pass")
        assert award("report.joined") == ["settled"]


class TestModes:
    @pytest.fixture
    def mode(self, app):
        before = app.state.first_verdict

        def turn(verdict):
            app.state.first_verdict = verdict

        yield turn
        app.state.first_verdict = before

    def test_manual_holds_everything_for_a_person(self, db, desk, mode, holds, fake, decide, mine):
        asked = len(fake.errcodes["check_text"])
        mode("held")
        desk.reported()
        assert {one["why"] for one in holds().values()} == {"manual"}
        assert len(fake.errcodes["check_text"]) == asked
        with work(db, write=True) as tx:
            service.begin(tx, UUID(desk.report["id"]))
        for one in holds().values():
            decide(one["id"], "pass")
        assert mine()["content"] == "shown"

    def test_off_checks_nothing(self, db, desk, mode, mine, holds):
        mode("passed")
        desk.reported()
        assert mine()["content"] == "shown"
        with work(db, write=False) as tx:
            assert tx.get(ContentCheck, UUID(desk.report["id"])) is None

    def test_nobody_judges_what_they_sent(self, client, cast, desk, mode, decide):
        mode("held")
        desk.reported(reporter=cast.qian)
        assert decide(desk.report["id"], "pass").json()["code"] == "own_content"


class TestSettings:
    GIVEN = {
        "environment": "development", "content_safety": "wechat", "wechat_appid": "wx-1",
        "wechat_secret": "s", "wechat_push_token": "t", "public_url": "https://e.example.test",
    }  # fmt: skip

    @pytest.mark.parametrize("name", ["public_url", "wechat_secret", "wechat_push_token"])
    def test_wechat_is_refused_without_what_it_needs(self, name):
        with pytest.raises(ValidationError, match=f"XINXIN_{name.upper()}"):
            Settings(**{**self.GIVEN, name: ""}, _env_file=None)

    @pytest.mark.parametrize("url", ["e.example.test", "https://e.test/", "ftp://e.test"])
    def test_an_odd_public_address_is_refused(self, url):
        with pytest.raises(ValidationError, match="public_url"):
            Settings(**{**self.GIVEN, "public_url": url}, _env_file=None)

    def test_production_is_fetched_from_over_https_only(self):
        secret = "Zk3vQ9xW7rT2mL8nB4cY6hJ1-of-one's-own"
        names = ("token_secret", "media_secret", "code_secret", "seal_secret")
        own = {**self.GIVEN, "environment": "production", **dict.fromkeys(names, secret)}
        own["wechat_push_aes_key"] = "A" * 43
        assert Settings(**own, _env_file=None).public_url
        with pytest.raises(ValidationError, match="XINXIN_PUBLIC_URL must be https"):
            Settings(**{**own, "public_url": "http://e.example.test"}, _env_file=None)
