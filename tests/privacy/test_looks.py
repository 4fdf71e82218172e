"""Phones, consents, and looks at who reported: by a named role, for a reason, written down."""

import itertools
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from cast import INSIDE, STREET
from flows.story import key, picture, report
from sqlalchemy import select, update

from app.cases.models import CaseMove, CaseReport
from app.identity import service as service_of_people
from app.identity.access import CONSENT
from app.identity.models import Person, Phone, RealName, Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import insert_row, work
from app.kit.idempotency import StoredAnswer
from app.kit.ids import new_id
from app.main import ROUTERS
from app.privacy import service
from app.privacy.models import Look
from app.reports.models import Report

_numbers = itertools.count()
ELSEWHERE = "500152001001002"
NUMBER, REASON = "13712340001", {"reason": "核实现场位置"}


@pytest.fixture(scope="module")
def named(client, desk, joined, work_off):
    """Somebody with a phone, and their case."""
    headers, me = joined("o-named-0001", "诸葛小满", NUMBER)
    sent = report(client, headers, INSIDE)
    work_off()
    number = client.get(f"/v1/reports/{sent['id']}", headers=headers).json()["case_number"]
    found = client.get("/v1/cases", headers=desk.qian, params={"limit": 100}).json()["items"]
    case = next(c for c in found if c["number"] == number)
    return SimpleNamespace(headers=headers, me=me, report=sent, case=case["id"])


@pytest.fixture
def both(db, desk, newcomer, joined, as_):
    """The case of somebody, and of another one who reported the same."""
    first = newcomer(name="百里先报")
    case = desk.reported(reporter=first)["id"]
    number = str(13712350000 + next(_numbers))
    headers, me = joined(f"o-both-{number}", "司马相与", number)
    with work(db, write=True) as tx:
        join(tx, UUID(me["id"]), case)
    return SimpleNamespace(case=case, me=me, headers=(as_(first), headers))


def join(tx, person_id, case_id):
    """A report of this person's joins the case."""
    report_id, now = new_id(), clock.now()
    insert_row(
        tx, Report, id=report_id, person_id=person_id, description="同一个井盖", address="河边",
        anonymous=False, status="received", verdict="passed", created_at=now, updated_at=now,
    )  # fmt: skip
    insert_row(tx, CaseReport, case_id=UUID(case_id), report_id=report_id, joined_at=now)


@pytest.fixture(scope="module")
def post(client):
    return lambda url, who, body=REASON: client.post(url, json=body, headers={**who, **key()})


def word(answer):
    return answer.status_code, answer.json().get("code")


class TestPhone:
    def test_is_shown_masked_and_kept_sealed(self, named, client, db, app):
        assert named.me["phone"] == "137****0001"
        assert client.get("/v1/me", headers=named.headers).json()["phone"] == "137****0001"
        with work(db, write=False) as tx:
            kept = tx.get_one(Phone, named.me["id"])
        assert NUMBER not in f"{kept.sealed} {kept.mark} {kept.masked}"
        assert app.state.seal.open(kept.sealed) == NUMBER

    def test_belongs_to_one_person(self, named, client, wechat, newcomer, as_, post):
        headers = as_(newcomer())
        code = wechat.services.issue_phone_code(NUMBER)
        assert word(post("/v1/me/phone", headers, {"code": code})) == (409, "phone_taken")

    def test_can_be_given_up_and_takes_three_tries_a_day(self, client, wechat, newcomer, as_, post):
        headers = as_(newcomer())
        bound = [
            post("/v1/me/phone", headers, {"code": wechat.services.issue_phone_code(number)})
            for number in ("13712340002", "13712340003", "13712340004", "13712340005")
        ]
        assert [answer.status_code for answer in bound] == [200, 200, 200, 429]
        assert bound[2].json()["phone"] == "137****0004"
        gone = client.delete("/v1/me/phone", headers={**headers, **key()})
        assert gone.json()["phone"] is None

    def test_is_asked_of_wechat_once_for_one_key(self, client, wechat, newcomer, as_):
        headers = {**as_(newcomer()), **key()}
        body = {"code": wechat.services.issue_phone_code("13712340006")}
        first, again = (client.post("/v1/me/phone", json=body, headers=headers) for _ in "12")
        assert (again.status_code, again.json()) == (200, first.json())

    def test_whole_is_told_again_only_while_it_is_the_number_of_then(self, client, db, both, desk):
        url = f"/v1/people/{both.me['id']}/phone"
        headers = {**desk.qian, **key()}
        first, again = (client.post(url, json=REASON, headers=headers) for _ in "12")
        assert again.status_code == 200, again.text + first.text
        assert first.json()["phone"] == again.json()["phone"]
        with work(db, write=True) as tx:
            bound = update(Phone).where(Phone.person_id == UUID(both.me["id"]))
            tx.execute(bound.values(bound_at=clock.now() + timedelta(seconds=1)))
        assert word(client.post(url, json=REASON, headers=headers))[1] == "phone_unknown"

    def test_whole_is_for_the_dispatcher_with_a_reason_and_in_the_log(
        self, client, named, desk, db, post, as_, newcomer
    ):
        url = f"/v1/people/{named.me['id']}/phone"
        assert post(url, desk.qian).json()["phone"] == NUMBER
        assert word(post(url, desk.qian, {"reason": " "})) == (422, "unprocessable")
        assert word(post(url, desk.wang)) == (403, "role_missing")
        assert word(post(url, as_(newcomer((Role.AUDITOR, STREET))))) == (403, "role_missing")
        with work(db, write=False) as tx:
            looks = tx.scalars(select(Look).where(Look.object_id == named.me["id"])).all()
            kept = tx.scalars(select(StoredAnswer.body)).all()
        assert [(look.kind, look.role, look.reason) for look in looks] == [
            ("phone", "dispatcher", REASON["reason"])
        ]
        assert not any(NUMBER in body for body in kept)


class TestRealName:
    """As a phone: sealed, masked, whole only to a named role, with a reason, in the log."""

    @pytest.fixture
    def told(self, client, db, desk, newcomer, as_):
        person = newcomer(name="真名不详")
        case = desk.reported(reporter=person)["id"]
        headers = as_(person)
        answer = client.put("/v1/me/real-name", headers=headers, json={"real_name": " 公孙大娘 "})
        assert answer.json()["real_name"] == "公***", answer.text
        return SimpleNamespace(id=str(person.id), case=case, headers=headers)

    def url(self, told):
        return f"/v1/people/{told.id}/real-name"

    def test_is_kept_sealed_and_told_to_nobody_unasked(self, told, client, db, app, desk):
        with work(db, write=False) as tx:
            kept = tx.get_one(RealName, UUID(told.id))
            answers = tx.scalars(select(StoredAnswer.body)).all()
        assert (kept.masked, app.state.seal.open(kept.sealed)) == ("公***", "公孙大娘")
        assert not any("公孙" in text for text in (kept.sealed, *answers))
        assert client.get("/v1/me", headers=told.headers).json()["real_name"] == "公***"

    def test_is_replaced_and_forgotten(self, told, client, desk, post):
        client.put("/v1/me/real-name", headers=told.headers, json={"real_name": "Gongsun Li"})
        assert post(self.url(told), desk.qian).json()["real_name"] == "Gongsun Li"
        for _ in "12":
            gone = client.delete("/v1/me/real-name", headers=told.headers)
            assert gone.json()["real_name"] is None
        assert word(post(self.url(told), desk.qian)) == (404, "real_name_unknown")

    def test_whole_is_for_the_dispatcher_with_a_reason_and_in_the_log(
        self, told, client, desk, post, as_, newcomer
    ):
        [seen] = post(f"/v1/cases/{told.case}/reporter", desk.qian).json()["items"]
        assert seen["real_name"] == "公***"
        answer = post(self.url(told), desk.qian, {"reason": "核对公孙大娘本人"})
        assert answer.json() == {"person_id": told.id, "real_name": "公孙大娘"}
        for who in (desk.wang, as_(newcomer((Role.AUDITOR, STREET)))):
            assert word(post(self.url(told), who)) == (403, "role_missing")
        # Somebody in charge elsewhere learns not even that there is one.
        assert word(post(self.url(told), as_(newcomer((Role.DISPATCHER, ELSEWHERE))))) == (
            404, "person_not_found",
        )  # fmt: skip
        looks = client.get("/v1/me/looks", headers=told.headers).json()["items"]
        assert [(one["kind"], one["reason"]) for one in looks] == [
            ("real_name", "核对***本人"), ("reporter", REASON["reason"])
        ]  # fmt: skip

    def test_is_told_again_only_while_it_is_the_one_of_then(self, told, client, db, desk, post):
        headers = {**desk.qian, **key()}
        first, again = (client.post(self.url(told), json=REASON, headers=headers) for _ in "12")
        assert first.json() == again.json()
        url, listed = f"/v1/cases/{told.case}/reporter", {**desk.qian, **key()}
        client.post(url, json=REASON, headers=listed)
        with work(db, write=True) as tx:
            bound = update(RealName).where(RealName.person_id == UUID(told.id))
            tx.execute(bound.values(bound_at=clock.now() + timedelta(seconds=1)))
        replayed = client.post(self.url(told), json=REASON, headers=headers)
        assert word(replayed)[1] == "real_name_unknown"
        [seen] = client.post(url, json=REASON, headers=listed).json()["items"]
        assert seen["real_name"] is None

    def test_stays_out_of_what_lives_for_ever(self, client, db, desk, newcomer, as_, post):
        person = newcomer(name="公孙")
        desk.reported(reporter=person)
        headers = as_(person)
        client.put("/v1/me/real-name", headers=headers, json={"real_name": "公孙小娘"})
        url = f"/v1/reports/{desk.report['id']}/withdraw"
        back = post(url, headers, {"note": "公孙小娘自己修好了"})
        assert back.status_code == 200, back.text
        with work(db, write=False) as tx:
            notes = tx.scalars(select(CaseMove.note).where(CaseMove.actor_id == person.id)).all()
        assert notes == ["***自己修好了"]


class TestReporter:
    def test_is_told_to_who_is_in_charge_and_the_reporter_reads_why(
        self, client, named, desk, post, cast, as_
    ):
        url = f"/v1/cases/{named.case}/reporter"
        reason = {"reason": "诸葛小满来电，回拨13712340001"}
        [told] = post(url, desk.qian, reason).json()["items"]
        assert (told["name"], told["phone"]) == ("诸葛小满", "137****0001")
        assert word(post(url, desk.wang)) == (403, "look_forbidden")
        assert word(post(url, desk.zhao)) == (404, "case_not_found")
        mine = client.get("/v1/me/looks", headers=named.headers).json()["items"]
        assert mine[0]["reason"] == "***来电，回拨137****0001"
        assert (mine[0]["role"], mine[0]["kind"]) == ("dispatcher", "reporter")
        assert "actor" not in mine[0]
        # The auditors read who it was; whoever administers another district does not.
        log = client.get("/v1/privacy/looks", headers=as_(cast.sun)).json()["items"]
        assert (log[0]["actor"], log[0]["actor_id"]) == ("qian", str(cast.qian.id))
        assert log[0]["object_id"] == named.case

    def test_names_the_looker_by_what_nobody_changes_for_themselves(
        self, client, named, db, as_, cast, post
    ):
        username = f"looker-{new_id().hex[-8:]}"
        with work(db, write=True) as tx:
            staff = service_of_people.add_staff(tx, username, "Correct river 42 s", "看官")
            service_of_people.grant(tx, None, staff.id, Role.DISPATCHER, STREET)
        who = as_(staff)
        assert post(f"/v1/cases/{named.case}/reporter", who).status_code == 200
        edit = {"name": "另一个名", "occupation": "staff"}
        assert client.put("/v1/me", json=edit, headers=who).status_code == 200
        log = client.get("/v1/privacy/looks", headers=as_(cast.sun)).json()["items"]
        told = (log[0]["actor_id"], log[0]["username"])
        assert told == (str(staff.id), username)
        with work(db, write=False) as tx:
            renamed = StaffAction.action == "person.renamed", StaffAction.actor_id == staff.id
            assert len(tx.scalars(select(StaffAction).where(*renamed)).all()) == 1

    def test_gives_no_reporter_the_name_of_another(self, client, both, desk, post):
        url, reason = f"/v1/cases/{both.case}/reporter", {"reason": "百里先报与司马相与同报"}
        assert post(url, desk.qian, reason).status_code == 200
        for headers in both.headers:
            mine = client.get("/v1/me/looks", headers=headers).json()["items"]
            assert mine[0]["reason"] == "***与***同报"

    def test_again_shows_nobody_who_was_not_looked_at(
        self, client, db, both, desk, newcomer, wechat
    ):
        url, headers = f"/v1/cases/{both.case}/reporter", {**desk.qian, **key()}
        first = client.post(url, json=REASON, headers=headers).json()["items"]
        late = newcomer(name="后来的人")
        with work(db, write=True) as tx:
            join(tx, late.id, both.case)
            bound = update(Phone).where(Phone.person_id == UUID(both.me["id"]))
            tx.execute(bound.values(bound_at=clock.now() + timedelta(seconds=1)))
        again = client.post(url, json=REASON, headers=headers)
        assert again.status_code == 200, again.text
        assert again.headers["idempotency-replayed"] == "true"
        shown = again.json()["items"]
        assert [one["name"] for one in shown] == [one["name"] for one in first]
        # Nor a number that was bound since.
        assert [one["phone"] for one in shown if one["person_id"] == both.me["id"]] == [None]

    def test_of_another_region_is_in_nobody_elses_log(self, client, named, newcomer, as_):
        here = as_(newcomer((Role.AUDITOR, ELSEWHERE)))
        assert client.get("/v1/privacy/looks", headers=here).json()["items"] == []

    def test_of_original_photos_is_told_by_a_short_address(self, client, named, desk, post):
        photo = named.report["photos"][0]["id"]
        url = post(f"/v1/photos/{photo}/original", desk.qian).json()["url"]
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.content.startswith(b"\xff\xd8")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert word(client.get(url.replace("expires=1", "expires=2"))) == (403, "file_link_invalid")
        assert word(post(f"/v1/photos/{photo}/original", desk.wang)) == (403, "role_missing")
        assert client.get("/v1/me/looks", headers=named.headers).json()["items"][0]["kind"] == (
            "original"
        )


@pytest.fixture(scope="module")
def hidden(client, db, desk, newcomer):
    """A case of a report without a name, closed and paid."""
    person = newcomer(name="不愿具名者")
    case = desk.closed(reporter=person, anonymous=True)
    with work(db, write=False) as tx:
        person = tx.get_one(Person, person.id)
    return SimpleNamespace(case=case, person=person, report=desk.report, headers=desk.liu)


class TestAnonymous:
    def test_earns_all_the_same(self, client, hidden):
        assert client.get("/v1/points", headers=hidden.headers).json()["spendable"] > 0

    def test_tells_no_staff_who_it_was_wherever_they_look(
        self, client, hidden, desk, as_, newcomer, post
    ):
        """Everything that staff may GET with the case's or the report's id, or as a list."""
        names = {"case_id": hidden.case["id"], "report_id": hidden.report["id"],
                 "photo_id": hidden.report["photos"][0]["id"]}  # fmt: skip
        secrets = (hidden.person.name, hidden.person.member_no, str(hidden.person.id))
        everything = as_(newcomer(*((role, "500152000000") for role in Role)))
        staff = {"grid": desk.wang, "every role": everything}
        asked = 0
        for route in (route for router in ROUTERS for route in router.routes):
            wanted = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
            if "GET" not in route.methods or not wanted <= names.keys():
                continue
            url = route.path.format(**names)
            for who, headers in staff.items():
                answer = client.get(url, headers=headers)
                asked += answer.status_code == 200
                text = answer.text + bytes(answer.content).decode(errors="ignore")
                assert not any(secret in text for secret in secrets), (who, url)
        assert asked > 60
        for headers in (desk.qian, desk.sun):
            url = f"/v1/cases/{hidden.case['id']}/reporter"
            assert word(post(url, headers)) == (409, "reporter_anonymous")
        url = f"/v1/photos/{names['photo_id']}/original"
        assert word(post(url, desk.qian)) == (409, "reporter_anonymous")
        url = f"/v1/people/{hidden.person.id}/phone"
        assert word(post(url, desk.qian)) == (404, "person_not_found")


class TestConsent:
    @pytest.fixture
    def required(self, app):
        app.state.db.info[CONSENT] = service.require_consent
        yield
        del app.state.db.info[CONSENT]

    def test_is_given_withdrawn_and_kept_word_by_word(self, client, newcomer, as_, post):
        headers, url = as_(newcomer()), "/v1/me/consents"
        version = client.get("/v1/privacy/policy").json()["version"]
        assert client.get(url, headers=headers).json() == {"valid": False, "items": []}
        assert post(url, headers, {"version": version}).json()["valid"] is True
        assert word(post(url, headers, {"version": "0.9"})) == (409, "version_unknown")
        assert post(f"{url}/withdraw", headers, None).json()["valid"] is False
        said = client.get(url, headers=headers).json()["items"]
        assert [one["given"] for one in said] == [False, True]

    def test_comes_before_the_first_datum_where_it_is_required(
        self, client, required, named, wechat, newcomer, as_, post
    ):
        headers = as_(newcomer())
        body = {"description": "井盖", "category": "manhole", "photo_ids": [named.report["id"]],
                "address": "河边"}  # fmt: skip
        files = {"file": ("p.jpg", picture(), "image/jpeg")}
        missing = (403, "consent_missing")
        assert word(post("/v1/reports", headers, body)) == missing
        assert word(client.post("/v1/photos", files=files, headers=headers)) == missing
        code = {"code": wechat.services.issue_phone_code("13712340009")}
        assert word(post("/v1/me/phone", headers, code)) == missing
        name = {"real_name": "公孙无名"}
        assert word(client.put("/v1/me/real-name", json=name, headers=headers)) == missing
        edit = {"name": "无名", "occupation": "rider"}
        assert word(client.put("/v1/me", json=edit, headers=headers)) == missing
        home = {"name": "一家", "split": "earned"}
        assert word(post("/v1/household", headers, home)) == missing
        post("/v1/me/consents", headers, {"version": "1.1"})
        # WeChat was not asked yet: its code is good once.
        assert post("/v1/me/phone", headers, code).status_code == 200
        assert word(post("/v1/reports", headers, body))[1] != "consent_missing"
