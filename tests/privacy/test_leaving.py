"""A copy holds all about a person and nothing of others; after the end nothing names them."""

import io
import json
import zipfile
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from cast import INSIDE
from dumping import dump
from flows.story import key, moved, report, upload
from sqlalchemy import func, select, update

from app import tables
from app.cases.models import CaseReport
from app.cli.upkeep import findings
from app.identity.models import Person
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Balance
from app.media.models import Photo
from app.privacy.inventory import TABLES
from app.privacy.models import DataExport
from app.reports.models import Report

NAME, NUMBER, OPENID = "欧阳晓岚", "13812348000", "o-leaving-0001"
OTHER, OTHER_NUMBER = "司徒别人", "13900001111"
REAL = "慕容真真"
SAID = f"井盖坏了，找{NAME}（{REAL}），电话{NUMBER}"


@pytest.fixture(scope="module")
def leaver(client, db, cast, desk, joined, work_off):
    """Somebody with two cases, a rating, points, an unused photo, a household past, and a copy."""
    headers, me = joined(OPENID, NAME, NUMBER)
    person = SimpleNamespace(id=me["id"])
    told = client.put("/v1/me/real-name", json={"real_name": REAL}, headers=headers)
    assert told.json()["real_name"] == "慕***", told.text
    sent = report(client, headers, INSIDE, description=SAID, address=f"{NAME}家门口")
    work_off()
    mine = client.get(f"/v1/reports/{sent['id']}", headers=headers).json()
    found = client.get("/v1/cases", headers=desk.qian, params={"limit": 100}).json()["items"]
    case = next(c for c in found if c["number"] == mine["case_number"])
    for name, by, more in (
        ("file", desk.wang, {"category_code": "C0101"}),
        ("dispatch", desk.wang, {"assignee_id": str(cast.wang.id)}),
        ("accept", desk.wang, {}),
        ("resolve", desk.wang, {"photo_ids": [upload(client, desk.wang)], "note": "修好"}),
        ("close", desk.sun, {"outcome": "fixed"}),
    ):
        case = moved(client, by, case, name, **more)
    work_off()
    rating = {"stars": 5, "reasons": [], "text": f"谢谢，{REAL} {NUMBER}"}
    rated = client.post(
        f"/v1/reports/{sent['id']}/rating", json=rating, headers={**headers, **key()}
    )
    assert rated.status_code in {200, 201}, rated.text
    open_one = report(client, headers, INSIDE, description="路灯不亮", anonymous=False)
    work_off()
    back = client.post(f"/v1/reports/{open_one['id']}/withdraw", headers={**headers, **key()},
                       json={"note": f"不用了，{REAL} {NUMBER}"})  # fmt: skip
    assert back.status_code == 200, back.text
    looked = client.post(f"/v1/cases/{case['id']}/reporter", headers={**desk.qian, **key()},
                         json={"reason": f"联系{REAL} {NUMBER}核实"})  # fmt: skip
    assert looked.status_code == 200, looked.text
    return SimpleNamespace(
        id=me["id"], me=me, headers=headers, person=person, case=case, report=sent,
        unused=upload(client, headers), cast=cast,
    )  # fmt: skip


@pytest.fixture(scope="module")
def other(client, joined, work_off):
    """Somebody else, with a report of their own at the same place."""
    headers, me = joined("o-staying-0002", OTHER, OTHER_NUMBER)
    sent = report(client, headers, INSIDE, description="另一处井盖")
    work_off()
    return SimpleNamespace(id=me["id"], me=me, headers=headers, report=sent)


@pytest.fixture(scope="module")
def copied(client, leaver, other, work_off):
    """The files of the leaver's copy, fetched by its signed address, and the export itself."""
    asked = client.post("/v1/me/exports", headers={**leaver.headers, **key()})
    assert (asked.status_code, asked.json()["state"]) == (201, "waiting"), asked.text
    work_off()
    url = f"/v1/me/exports/{asked.json()['id']}"
    ready = client.get(url, headers=leaver.headers).json()
    assert ready["state"] == "ready"
    assert client.get(url, headers=other.headers).status_code == 404
    answer = client.get(ready["url"])
    assert answer.headers["content-type"] == "application/zip"
    assert len(answer.content) == ready["bytes"]
    assert client.get(ready["url"][:-2] + "xx").status_code == 403
    with zipfile.ZipFile(io.BytesIO(answer.content)) as copy:
        return {name: copy.read(name) for name in copy.namelist()}


def rows_of(copied, name):
    return json.loads(copied[f"{name}.json"])


class TestCopy:
    def test_holds_what_there_is_about_the_person(self, copied, leaver):
        assert rows_of(copied, "people")[0]["name"] == NAME
        assert json.loads(copied["phone.json"]) == {"number": NUMBER}
        assert json.loads(copied["real_name.json"]) == {"name": REAL}
        assert rows_of(copied, "wechat_bindings")[0]["openid"] == OPENID
        assert {row["description"] for row in rows_of(copied, "reports")} == {SAID, "路灯不亮"}
        assert rows_of(copied, "ratings")[0]["stars"] == 5
        [gone] = rows_of(copied, "case_moves")
        assert (gone["move"], gone["note"]) == ("withdraw", "不用了，*** 138****8000")
        assert [row["kind"] for row in rows_of(copied, "looks")] == ["reporter"]
        for name in ("awards", "accounts", "balances", "lots", "transfers", "journals", "messages",
                     "sign_ins", "photos", "report_photos"):  # fmt: skip
            assert rows_of(copied, name), name
        pictures = [name for name in copied if name.startswith("photos/")]
        assert f"photos/{leaver.unused}.jpg" in pictures
        assert len(pictures) == 3

    def test_has_a_file_for_every_table_with_rows_of_persons(self, copied):
        wanted = {name for name, sheet in TABLES.items()
                  if sheet.whose and sheet.of("shown", "words", "blank")}  # fmt: skip
        assert wanted | {"phone", "real_name"} == {
            name.removesuffix(".json") for name in copied if name.endswith(".json")
        }

    def test_holds_nothing_of_others(self, copied, leaver, other, db):
        everything = b"\n".join(copied.values()).decode(errors="replace")
        strangers = {OTHER, OTHER_NUMBER, other.id, other.me["member_no"], other.report["id"]}
        with work(db, write=False) as tx:
            people = tx.execute(select(Person.id, Person.name, Person.member_no)).all()
        for person in people:
            if str(person.id) != leaver.id:
                strangers |= {str(person.id), person.member_no}
                strangers |= {person.name} if person.name != "新来的骑手" else set()
        # A grid's or a station's words may hold a short name of staff; ids and numbers never.
        found = {word for word in strangers if len(word) > 3 and word in everything}
        assert found == set()

    def test_is_asked_for_three_times_a_day_at_most(self, client, copied, leaver):
        again = [
            client.post("/v1/me/exports", headers={**leaver.headers, **key()}).status_code
            for _ in "123"
        ]
        assert again == [201, 201, 429]


@pytest.fixture(scope="module")
def ended(client, db, leaver, other, copied, work_off, folder):
    """The leaver's end, with what stood before it."""
    work_off()
    with work(db, write=False) as tx:
        sums = tx.execute(select(func.sum(Balance.credits), func.sum(Balance.debits))).one()
    before = dump(db)
    refused = client.delete("/v1/me", headers={**leaver.headers, **key()})
    assert (refused.status_code, refused.json()["code"]) == (409, "points_left")
    assert client.get("/v1/me", headers=leaver.headers).status_code == 200
    done = client.delete("/v1/me?forfeit_points=true", headers={**leaver.headers, **key()})
    assert done.status_code == 204, done.text
    assert client.get("/v1/me", headers=leaver.headers).status_code == 401
    work_off()
    return SimpleNamespace(before=before, after=dump(db), sums=sums, folder=folder)


class TestEnd:
    def test_leaves_no_name_number_or_openid_in_database_and_bucket(self, ended, leaver, db):
        words = (NAME, REAL, "慕***", NUMBER, OPENID, f"union-{OPENID}", leaver.me["member_no"])
        found = {
            (name, word) for name, rows in ended.after.items() for word in words
            if any(word in str(row) for row in rows)
        }  # fmt: skip
        assert found == set()
        for word in words:
            assert any(word in str(row) for rows in ended.before.values() for row in rows), word
        files = [path for path in (ended.folder / "bucket").rglob("*") if path.is_file()]
        for path in files:
            data = path.read_bytes()
            assert not any(word.encode() in data for word in words), path
        assert not [path for path in files if "exports" in path.parts]
        with work(db, write=False) as tx:
            person = tx.get_one(Person, leaver.person.id)
        assert (person.state, person.name, person.employer) == ("deleted", "已注销", None)

    def test_keeps_the_photos_of_cases_without_their_originals(self, ended, leaver, db):
        with work(db, write=False) as tx:
            mine = tx.scalars(select(Photo).where(Photo.owner_id == leaver.id)).all()
        names = {
            variant: {path.name for path in (ended.folder / "bucket" / variant).rglob("*")}
            for variant in ("sealed", "display", "thumb")
        }
        used = {str(photo.id) for photo in mine if photo.used_for}
        assert used
        assert used <= names["display"]
        assert not {str(photo.id) for photo in mine} & names["sealed"]
        assert leaver.unused not in names["display"] | names["thumb"]

    def test_leaves_the_ledger_the_histories_and_every_audit_as_they_were(self, ended, db):
        with work(db, write=False) as tx:
            assert findings(tx) == []
            sums = tx.execute(select(func.sum(Balance.credits), func.sum(Balance.debits))).one()
        assert sums == ended.sums
        for name in ("journals", "transfers", "lots", "balances", "accounts", "awards", "seals",
                     "case_entries", "case_moves", "redemptions", "consents", "looks"):  # fmt: skip
            assert ended.after[name] == ended.before[name], name

    def test_changes_no_rows_of_others(self, ended, leaver, db):
        """Beside the leaver's: their case's words, and what the service keeps for itself."""
        service = {"jobs", "idempotency_keys", "staff_actions", "attempts", "routing_stamps"}
        with work(db, write=False) as tx:
            reports = set(tx.scalars(select(Report.id).where(Report.person_id == leaver.id)))
            cases = set(
                tx.scalars(select(CaseReport.case_id).where(CaseReport.report_id.in_(reports)))
            )
        mine = {UUID(leaver.id), *reports, *cases}
        sessions = {row[0] for row in ended.before["sign_ins"]}
        sessions -= {row[0] for row in ended.after["sign_ins"]}
        for name in tables.metadata.tables.keys() - service:
            before, after = (set(map(str, rows[name])) for rows in (ended.before, ended.after))
            for row in (*ended.before[name], *ended.after[name]):
                if (str(row) in before) != (str(row) in after):
                    assert (mine | sessions) & {v for v in row if isinstance(v, UUID)}, (name, row)

    def test_hides_whoever_reported_and_finds_no_words_of_theirs(self, client, ended, leaver, desk):
        case = client.get(f"/v1/cases/{leaver.case['id']}", headers=desk.qian)
        assert "***" in case.json()["description"]
        for word in (NAME, REAL, NUMBER):
            found = client.get("/v1/cases", headers=desk.qian, params={"q": word})
            assert leaver.case["number"] not in found.text
        looked = client.post(f"/v1/cases/{leaver.case['id']}/reporter", headers=desk.qian,
                             json={"reason": "再次核实"})  # fmt: skip
        assert (looked.status_code, looked.json()["code"]) == (409, "reporter_anonymous")

    def test_lets_the_same_wechat_user_begin_anew(self, client, ended, leaver, joined):
        _, me = joined(OPENID, "另一个人", NUMBER)
        assert me["id"] != leaver.id


class TestNotYet:
    def end(self, client, headers):
        answer = client.delete("/v1/me?forfeit_points=true", headers={**headers, **key()})
        return answer.status_code, answer.json()["code"]

    def test_somebody_in_office(self, client, cast, as_):
        assert self.end(client, as_(cast.wang)) == (409, "role_held")

    def test_a_member_of_a_household(self, client, newcomer, as_):
        headers = as_(newcomer())
        home = {"name": "一家", "split": "earned"}
        made = client.post("/v1/household", json=home, headers={**headers, **key()})
        assert made.status_code == 201, made.text
        assert self.end(client, headers) == (409, "household_held")

    def test_somebody_for_whom_goods_are_held(
        self, client, db, cast, desk, newcomer, as_, work_off
    ):
        person = newcomer()
        desk.closed(reporter=person)
        work_off()
        line = {"item_id": str(cast.soap.id), "quantity": 1}
        held = client.post("/v1/redemptions", headers={**as_(person), **key()},
                           json={"station_id": "TN001", "lines": [line]})  # fmt: skip
        assert held.status_code == 201, held.text
        assert self.end(client, as_(person)) == (409, "redemption_held")


def test_a_copy_ends_after_a_week(client, db, other, work_off, folder):
    made = client.post("/v1/me/exports", headers={**other.headers, **key()}).json()
    work_off()
    with work(db, write=True) as tx:
        tx.execute(update(DataExport).values(expires_at=clock.now() - timedelta(seconds=1)))
    shown = client.get(f"/v1/me/exports/{made['id']}", headers=other.headers).json()
    assert (shown["state"], shown["url"]) == ("expired", None)
