"""Public updates over HTTP: the reporters hear them, and internal notes stay internal."""

from uuid import uuid4

import pytest
from cast import DISTRICT, GRID, INSIDE, STREET
from flows.story import key, upload
from matrix.stage import public_word
from sqlalchemy import select

from app.cases import audit
from app.cases.models import Case
from app.identity.models import Role
from app.kit.db import work

TEXT = "材料已到，今天下午更换井盖"


def code(answer):
    return answer.status_code, answer.json()["code"]


def publish(client, headers, case, text=TEXT):
    return client.post(f"/v1/cases/{case['id']}/updates", json={"text": text}, headers=headers)


def inbox(client, headers):
    items = client.get("/v1/inbox", headers=headers).json()["items"]
    return [item for item in items if item["kind"] == "report.updated"]


def test_the_reporter_reads_it(client, desk, db):
    case = desk.in_progress()
    version = case["version"]
    answer = publish(client, desk.wang, case)
    assert answer.status_code == 201, answer.text
    last = answer.json()["items"][-1]
    assert (last["kind"], last["public_note"], last["note"]) == ("update", TEXT, None)
    report = client.get(f"/v1/reports/{desk.report['id']}", headers=desk.liu).json()
    assert (report["public_note"], report["status"]) == (TEXT, "in_progress")
    (message,) = inbox(client, desk.liu)
    assert message["text"] == f"案件 {case['number']} 有新进展：{TEXT}"
    shown = client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json()
    assert shown["version"] == version
    with work(db, write=True) as tx:
        assert list(audit.broken_histories(tx)) == []


def test_each_update_is_a_message_of_its_own(client, desk):
    case = desk.filed()
    publish(client, desk.wang, case, "第一条")
    publish(client, desk.wang, case, "第二条")
    texts = [message["text"] for message in inbox(client, desk.liu)]
    assert sorted(text[-3:] for text in texts) == ["第一条", "第二条"]


def test_every_reporter_hears_it_once(client, desk, newcomer, as_):
    one, other = newcomer(), newcomer()
    merged = [desk.reported(reporter=person) for person in (other, other)]
    case = desk.filed(reporter=one)
    for part in merged:
        desk.moved(desk.moved(part, "verify"), "merge", into=case["number"])
    publish(client, desk.wang, case)
    for person in (one, other):
        assert len(inbox(client, as_(person))) == 1
        reports = client.get("/v1/reports", headers=as_(person)).json()["items"]
        assert {report["public_note"] for report in reports} == {TEXT}


def test_what_staff_write_for_themselves_stays_with_them(client, desk):
    case = desk.filed()
    client.post(f"/v1/cases/{case['id']}/notes", json={"text": "内部意见"}, headers=desk.wang)
    publish(client, desk.wang, case)
    for path in (f"/v1/reports/{desk.report['id']}", "/v1/inbox", "/v1/reports"):
        assert "内部意见" not in client.get(path, headers=desk.liu).text


def test_braces_in_a_text_are_only_text(client, desk):
    case = desk.filed()
    assert publish(client, desk.wang, case, "{number} {0} {x.y}").status_code == 201
    assert inbox(client, desk.liu)[0]["text"].endswith("{number} {0} {x.y}")


def test_by_the_assignee_without_a_role_in_the_grid(client, desk, newcomer, as_):
    handler = newcomer((Role.HANDLER, STREET))
    case = desk.dispatched(to=handler)
    assert publish(client, as_(handler), case).status_code == 201


@pytest.mark.parametrize("role", [Role.GRID_STAFF, Role.GRID_HEAD, Role.DISPATCHER])
def test_by_those_who_work_on_it(client, desk, newcomer, as_, role):
    assert publish(client, as_(newcomer((role, DISTRICT))), desk.filed()).status_code == 201


@pytest.mark.parametrize("role", [Role.CHECKER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_by_no_other_403(client, desk, newcomer, as_, role):
    refused = publish(client, as_(newcomer((role, DISTRICT))), desk.filed())
    assert code(refused) == (403, "update_forbidden")


def test_the_other_grid_404_and_a_reporter_403(client, desk):
    case = desk.filed()
    strange = publish(client, desk.zhao, case)
    assert code(strange) == (404, "case_not_found")
    assert public_word(strange) == public_word(publish(client, desk.zhao, {"id": uuid4()}))
    assert code(publish(client, desk.liu, case)) == (403, "staff_only")


def test_after_the_end_409(client, desk, db):
    case = desk.closed()
    assert code(publish(client, desk.wang, case)) == (409, "case_ended")
    assert inbox(client, desk.liu) == []
    rejected = desk.moved(
        desk.reported(), "reject", reason_code="not_found", public_note="没有发现"
    )
    assert code(publish(client, desk.wang, rejected)) == (409, "case_ended")


def test_a_case_that_nobody_reported(client, desk, newcomer, as_):

    patrol = client.post("/v1/patrols", json={"region_code": GRID}, headers={**desk.wang, **key()})
    finding = {
        "description": "护栏松动", "photo_ids": [upload(client, desk.wang)], "place": INSIDE,
    }  # fmt: skip
    url = f"/v1/patrols/{patrol.json()['id']}/findings"
    found = client.post(url, json=finding, headers={**desk.wang, **key()}).json()
    case = {"id": found["findings"][0]["case_id"]}
    assert publish(client, desk.wang, case).status_code == 201


def test_the_position_is_the_entry_s(client, desk, db):
    case = desk.filed()
    last = publish(client, desk.wang, case).json()["items"][-1]
    with work(db, write=False) as tx:
        entries = tx.scalar(select(Case.entries).where(Case.number == case["number"]))
    assert last["position"] == entries
