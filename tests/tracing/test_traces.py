"""What the giver sees with the code on the receipt, without an account."""

import pytest
from cast import DISTRICT, contribute
from flows.story import key
from ledger.build import earn
from rewards.build import event, grant, rule
from sqlalchemy import select, update
from windows import fresh_window

from app.furniture import tools_of
from app.kit import attempts, clock, outbox
from app.kit.db import work
from app.kit.ids import new_id, tidy
from app.ledger import codes, funds
from app.ledger.codes import TraceCodes
from app.ledger.models import Contribution, Fund
from app.tracing import limits
from app.worker import make_handlers

NOBODY = "2222-2222-2222-2222"


@pytest.fixture
def worker(app):
    """Runs what is due, as the worker beside this server."""
    handlers = make_handlers(tools_of(app.state))

    def run():
        while outbox.run_one(app.state.db, handlers):
            pass

    return run


@pytest.fixture
def given(db, cast):
    """A fund, and a contribution that just arrived."""
    with work(db, write=True) as tx:
        fund = funds.add_fund(tx, f"tr-{new_id().hex[-8:]}", "暖新基金", "感谢", DISTRICT, 100)
        return fund, contribute(tx, fund.id, cast.ma, cast.wu, 100_000)


@pytest.fixture
def receipt(client, as_, cast, given):
    """The receipt as staff print it, now."""
    fund, one = given
    url = f"/v1/funds/{fund.id}/contributions/{one}/receipt"
    return lambda: client.get(url, headers=as_(cast.ma)).json()


@pytest.fixture(autouse=True)
def _no_attempts(db):
    with work(db, write=True) as tx:
        tx.execute(attempts.Attempt.__table__.delete())


def read(client, code, **params):
    answer = client.get(f"/v1/traces/{code}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_the_receipt_s_code_shows_what_became_of_the_money(
    client, db, as_, cast, given, receipt, worker, newcomer
):
    fund, one = given
    code = receipt()["trace_code"]
    assert [len(part) for part in code.split("-")] == [4] * 4
    worker()
    assert receipt()["trace_code"] == code
    rider = newcomer(name="某某骑手")
    with work(db, write=True) as tx:
        earn(tx, tx.get_one(Fund, fund.id), rider, 30)
    body = {"station_id": "TN001", "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    for _ in "12":
        held = client.post("/v1/redemptions", json=body, headers={**as_(rider), **key()}).json()
        sent = {"code": held["code"]}
        client.post("/v1/redemptions/fulfil", json=sent, headers=as_(cast.li))
    shown = read(client, code)
    url = f"/v1/funds/{fund.id}/contributions/{one}/trace"
    assert shown == client.get(url, headers=as_(cast.ma)).json()
    assert (shown["paid_fen"], len(shown["items"])) == (800, 2)
    assert shown["items"][0]["lines"][0]["code"] == "soap"
    # Nobody who bought or handed out is named.
    people = [str(cast.li.id), rider.name, rider.member_no, str(rider.id)]
    assert not [word for word in people if word in str(shown)]
    first = read(client, code, limit=1)
    rest = read(client, code, limit=1, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == shown["items"]


def test_however_it_is_typed(client, given, receipt, worker):
    worker()
    code = receipt()["trace_code"]
    shown = read(client, code)
    assert shown["receipt_no"] == receipt()["receipt_no"]
    for typed in (code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert read(client, typed) == shown


def test_codes_differ_and_tell_nothing(client, db, cast, given):
    fund, _ = given
    with work(db, write=True) as tx:
        ids = [contribute(tx, fund.id, cast.ma, cast.wu, 1) for _ in range(3)]
    made, others = TraceCodes(b"a" * 32), TraceCodes(b"b" * 32)
    found = {maker.code(one) for one in ids for maker in (made, others)}
    assert len(found) == 6
    assert all(tidy(code) == code for code in found)
    assert not {codes.hashed(code) for code in found} & found


def test_receipts_from_before_there_were_codes(client, db, given, receipt, worker):
    _, one = given
    worker()
    code = receipt()["trace_code"]
    with work(db, write=True) as tx:
        tx.execute(update(Contribution).where(Contribution.id == one).values(trace_hash=None))
    refused(client.get(f"/v1/traces/{code}"), 404, "trace_not_found")
    assert receipt()["trace_code"] == code
    with work(db, write=True) as tx:
        outbox.enqueue(tx, "receipts.coded")
    worker()
    assert read(client, code)["contribution_id"] == str(one)


def test_what_did_not_arrive_has_no_code(client, db, as_, cast, app, given, worker):
    fund, _ = given
    url = f"/v1/funds/{fund.id}/contributions"
    gift = {"kind": "village", "contributor": "社区", "fen": 5}
    made = client.post(url, json=gift, headers={**as_(cast.ma), **key()}).json()["id"]
    with work(db, write=True) as tx:
        outbox.enqueue(tx, "receipts.coded")
    worker()
    with work(db, write=False) as tx:
        row = tx.scalars(select(Contribution).where(Contribution.id == made)).one()
        code = app.state.trace_codes.code(row.id)
        assert row.trace_hash is None
    refused(client.get(f"/v1/traces/{code}"), 404, "trace_not_found")


def test_paper_outlives_a_change_of_the_secret(client, app, given, receipt, worker, monkeypatch):
    worker()
    code = receipt()["trace_code"]
    monkeypatch.setitem(app.state._state, "trace_codes", TraceCodes(b"another secret" * 3))
    assert receipt()["trace_code"] is None
    worker()
    assert read(client, code)["receipt_no"] == receipt()["receipt_no"]


def test_the_number_of_an_external_sale_is_not_for_the_public(
    client, db, as_, cast, given, receipt, worker, newcomer, external
):
    fund, one = given
    worker()
    rider = newcomer()
    with work(db, write=True) as tx:
        earn(tx, tx.get_one(Fund, fund.id), rider, 10)
    reference = external(rider, points=4, cost_fen=377)
    shown = read(client, receipt()["trace_code"])
    assert (shown["paid_fen"], shown["items"][0]["place"]) == (377, "供销社")
    assert reference not in str(shown)
    url = f"/v1/funds/{fund.id}/contributions/{one}/trace"
    assert reference in client.get(url, headers=as_(cast.ma)).text


def test_wrong_codes_are_counted_by_address(client, receipt, worker, given, monkeypatch):
    fresh_window()
    monkeypatch.setattr(limits, "WRONG_CODES", 3)
    worker()
    code = receipt()["trace_code"]
    for _ in range(3):
        read(client, code)
        refused(client.get(f"/v1/traces/{NOBODY}"), 404, "trace_not_found")
    # A right one is no longer looked at either, or the answer would tell.
    for typed in (NOBODY, code):
        answer = client.get(f"/v1/traces/{typed}")
        refused(answer, 429, "trace_codes_too_often")
        assert 0 < int(answer.headers["retry-after"]) <= 301


class TestPublicLine:
    def read(self, client, fund):
        return client.get(f"/v1/funds/{fund.id}/public").json()["waiting"]

    def test_nothing_waits(self, client, given):
        assert self.read(client, given[0]) == {"count": 0, "points": 0, "since": None}

    def test_in_sight_of_everyone(self, client, db, newcomer):
        rider, named = newcomer(name="不可说"), event()
        with work(db, write=True) as tx:
            poor = funds.add_fund(tx, f"poor-{new_id().hex[-8:]}", "n", "p", DISTRICT, 100)
            rule(tx, poor, named, caps=(25, 1350))
            # The third is cut to what its day's cap has left.
            awards = [grant(tx, rider, named) for _ in range(3)]
            assert {award.state for award in awards} == {"waiting"}
            first = awards[0].created_at
        day = clock.business_day(first).isoformat()
        assert self.read(client, poor) == {"count": 3, "points": 25, "since": day}
        assert rider.name not in client.get(f"/v1/funds/{poor.id}/public").text
