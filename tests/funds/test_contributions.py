"""Contributions over HTTP: declined, withdrawn, received with a number that has no gap."""

import base64
import re
import zlib
from datetime import UTC, datetime

import pytest
from cast import DISTRICT, actor, contribute
from flows.story import key
from ledger.build import broken
from races.together import at_once
from sqlalchemy import select, update

from app.identity.models import Role
from app.kit import clock
from app.kit.actions import StaffAction
from app.kit.db import work
from app.ledger import funds
from app.ledger.models import Contribution, Contributor
from app.ledger.printing import in_words
from app.ledger.schemas import ContributionDraft

GIFT = {"kind": "benefactor", "contributor": "陈先生", "fen": 12_345}


def this_year():
    return clock.business_day(clock.now()).year


@pytest.fixture
def code(request):
    return f"t{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def gifts(client, ma, code):
    body = {
        "code": code, "name": "暖新基金", "purpose": "感谢", "region_code": DISTRICT,
        "rate_fen": 100, "shards": 2,
    }  # fmt: skip
    made = client.post("/v1/funds", json=body, headers=ma)
    assert made.status_code == 201, made.text
    return f"/v1/funds/{made.json()['id']}/contributions"


@pytest.fixture
def propose(client, ma, gifts):
    def send(headers=ma, **more):
        answer = client.post(gifts, json={**GIFT, **more}, headers={**headers, **key()})
        assert answer.status_code == 201, answer.text
        return f"{gifts}/{answer.json()['id']}"

    return send


@pytest.fixture(scope="module")
def both(as_, newcomer):
    """Somebody who manages and approves."""
    return as_(newcomer((Role.FUND_MANAGER, DISTRICT), (Role.FUND_APPROVER, DISTRICT)))


def drawn(pdf):
    """The bytes of what is written on all pages."""
    parts = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    data = b"".join(
        zlib.decompress(base64.a85decode(b"<~" + part.strip(), adobe=True)) for part in parts
    )
    return re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), data)


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


class TestDeclining:
    def test_by_an_approver(self, client, db, wu, propose, gifts):
        one = propose()
        shown = client.post(f"{one}/decline", headers=wu).json()
        assert (shown["state"], shown["withdrawn"]) == ("declined", False)
        assert shown["declined_at"] is not None
        assert client.get(gifts, headers=wu).json()["items"] == [shown]
        with work(db, write=False) as tx:
            last = select(StaffAction.action).where(StaffAction.object_id == shown["id"])
            assert tx.scalars(last.order_by(StaffAction.id)).all() == [
                "contribution.proposed", "contribution.declined",
            ]  # fmt: skip

    def test_withdrawn_by_its_proposer(self, client, ma, both, propose):
        for headers in (ma, both):
            shown = client.post(f"{propose(headers)}/decline", headers=headers).json()
            assert (shown["state"], shown["withdrawn"]) == ("declined", True)

    def test_by_nobody_else(self, client, as_, newcomer, propose, cast):
        one = propose()
        manager = as_(newcomer((Role.FUND_MANAGER, DISTRICT)))
        refused(client.post(f"{one}/decline", headers=manager), 403, "forbidden")
        refused(client.post(f"{one}/decline", headers=as_(cast.sun)), 403, "role_missing")
        elsewhere = as_(newcomer((Role.FUND_APPROVER, "500152001000")))
        refused(client.post(f"{one}/decline", headers=elsewhere), 404, "fund_not_found")

    def test_decided_once(self, client, ma, wu, propose):
        declined, approved = propose(), propose()
        client.post(f"{declined}/decline", headers=wu)
        client.post(f"{approved}/approve", headers=wu)
        for verb in ("approve", "decline"):
            refused(client.post(f"{declined}/{verb}", headers=wu), 409, "contribution_declined")
            refused(client.post(f"{approved}/{verb}", headers=wu), 409, "contribution_approved")
        refused(client.post(f"{declined}/decline", headers=ma), 409, "contribution_declined")

    def test_moves_no_money(self, client, db, wu, propose, gifts):
        client.post(f"{propose()}/decline", headers=wu)
        fund = client.get(gifts.removesuffix("/contributions"), headers=wu).json()
        assert (fund["contributed_fen"], fund["available_fen"]) == (0, 0)
        assert broken(db) == []

    def test_approve_or_decline_at_once(self, client, db, wu, both, propose):
        one = propose()
        answers = at_once(
            [
                lambda verb=verb, who=who: client.post(f"{one}/{verb}", headers=who).status_code
                for verb in ("approve", "decline") for who in (wu, both)
            ]
        )  # fmt: skip
        assert sorted(answers) == [200, 409, 409, 409]
        assert broken(db) == []


class TestReceiptNumbers:
    def numbers(self, client, gifts, wu):
        found = client.get(gifts, headers=wu).json()["items"]
        return sorted(one["receipt_no"] for one in found if one["receipt_no"])

    def test_in_the_order_of_approval(self, client, wu, propose, code):
        first, second, third = propose(), propose(), propose()
        client.post(f"{third}/decline", headers=wu)
        shown = [client.post(f"{one}/approve", headers=wu).json() for one in (second, first)]
        assert [s["receipt_no"] for s in shown] == [
            f"{code}-{this_year()}-000001", f"{code}-{this_year()}-000002",
        ]  # fmt: skip

    def test_no_gap_when_many_are_approved_at_once(
        self, client, db, wu, both, propose, gifts, code
    ):
        ones = [propose() for _ in range(8)]
        # Each is approved by two: the losers leave no hole.
        answers = at_once(
            [
                lambda one=one, who=who: client.post(f"{one}/approve", headers=who).status_code
                for one in ones for who in (wu, both)
            ]
        )  # fmt: skip
        assert sorted(answers) == [200] * 8 + [409] * 8
        wanted = [f"{code}-{this_year()}-{n:06}" for n in range(1, 9)]
        assert self.numbers(client, gifts, wu) == wanted
        assert broken(db) == []

    def test_each_year_begins_anew(self, db, cast, code, monkeypatch):
        manager, approver = actor(cast.ma, Role.FUND_MANAGER), actor(cast.wu, Role.FUND_APPROVER)
        draft = ContributionDraft(kind=Contributor.VILLAGE, contributor="社区", fen=1)
        with work(db, write=True) as tx:
            fund = funds.add_fund(tx, code, "n", "p", DISTRICT, 1)
        found = []
        # A year ends at midnight in Shanghai, eight hours before it does in UTC.
        for hour, minute in ((15, 58), (15, 59), (16, 0)):
            at = datetime(2030, 12, 31, hour, minute, 59, tzinfo=UTC)
            monkeypatch.setattr(clock, "now", lambda at=at: at)
            with work(db, write=True) as tx:
                made = funds.propose(tx, manager, fund.id, draft)
                found.append(funds.approve(tx, approver, fund.id, made.id).receipt_no)
        assert found == [f"{code}-2030-000001", f"{code}-2030-000002", f"{code}-2031-000001"]

    def test_one_fund_does_not_count_for_another_that_is_named_alike(self, db, cast, code):
        with work(db, write=True) as tx:
            for name in (code, f"{code}-{this_year()}", f"{code}."):
                fund = funds.add_fund(tx, name, "n", "p", DISTRICT, 1)
                given = contribute(tx, fund.id, cast.ma, cast.wu, 1)
                number = tx.get_one(Contribution, given).receipt_no
                assert number == f"{name}-{this_year()}-000001"

    def test_audit_finds_a_gap_and_a_number_without_money(self, db, client, wu, propose):
        ones = [propose() for _ in range(3)]
        ids = [
            client.post(f"{one}/approve", headers=wu).json()["id"] for one in ones[:2]
        ] + [ones[2].rpartition("/")[2]]  # fmt: skip
        assert broken(db) == []
        found = []
        for forged, number in ((ids[0], "x-2026-000009"), (ids[2], "y-2026-000001")):
            with work(db, write=True) as tx:
                mine = tx.scalars(select(Contribution).where(Contribution.id == forged)).one()
                before = mine.receipt_no
                same = update(Contribution).where(Contribution.id == mine.id)
                tx.execute(same.values(receipt_no=number))
            found.append(broken(db))
            with work(db, write=True) as tx:
                tx.execute(same.values(receipt_no=before))
        assert all("receipts are numbered without a gap" in names[0] for names in found), found
        assert broken(db) == []


class TestReceipt:
    def test_says_who_gave_and_who_took(self, client, wu, propose, code):
        one = propose(note="第一笔")
        refused(client.get(f"{one}/receipt", headers=wu), 409, "contribution_not_approved")
        approved = client.post(f"{one}/approve", headers=wu).json()
        shown = client.get(f"{one}/receipt", headers=wu).json()
        assert re.fullmatch("([2-9A-Z]{4}-){3}[2-9A-Z]{4}", shown.pop("trace_code"))
        assert shown == {
            "receipt_no": f"{code}-{this_year()}-000001", "fund_code": code,
            "fund_name": "暖新基金", "purpose": "感谢", "kind": "benefactor",
            "contributor": "陈先生", "fen": 12_345, "note": "第一笔",
            "received_at": approved["approved_at"], "handled_by": "ma", "approved_by": "wu",
        }  # fmt: skip

    def test_as_pdf(self, client, wu, propose, code):
        one = propose(contributor="<b>陈&先生", note="长" * 1500)
        refused(
            client.get(f"{one}/receipt?format=pdf", headers=wu), 409, "contribution_not_approved"
        )
        client.post(f"{one}/approve", headers=wu)
        answer = client.get(f"{one}/receipt?format=pdf", headers=wu)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].endswith(f'{code}-{this_year()}-000001.pdf"')
        assert answer.content.startswith(b"%PDF-")
        code = client.get(f"{one}/receipt", headers=wu).json()["trace_code"]
        assert code.encode("utf-16-be") in drawn(answer.content)

    def test_for_those_who_read_funds(self, client, as_, cast, wu, propose, newcomer):
        one = propose()
        client.post(f"{one}/approve", headers=wu)
        for form in ("", "?format=pdf"):
            refused(
                client.get(f"{one}/receipt{form}", headers=as_(cast.wang)), 404, "fund_not_found"
            )
            refused(client.get(f"{one}/receipt{form}", headers=as_(cast.chen)), 403, "staff_only")
            refused(client.get(f"{one}/receipt{form}"), 401, "unauthenticated")
        auditor = as_(newcomer((Role.AUDITOR, DISTRICT)))
        assert client.get(f"{one}/receipt", headers=auditor).status_code == 200


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"), (1, "壹分"), (10, "壹角整"), (105, "壹元零伍分"), (110, "壹元壹角整"),
        (1001_00, "壹仟零壹元整"), (100_100_00, "壹拾万零壹佰元整"), (1_000_000_00, "壹佰万元整"),
        (1680_32, "壹仟陆佰捌拾元叁角贰分"), (100_000_001_00, "壹亿零壹元整"),
        (10**12, "壹佰亿元整"),
    ],
)  # fmt: skip
def test_amounts_in_capital_numerals(fen, words):
    assert in_words(fen) == words
