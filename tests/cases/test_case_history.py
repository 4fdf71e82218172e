"""Histories are whole, and every rule of the audit finds the forgery that it is there for."""

# ruff: noqa: S608 - all of it is written here

from datetime import UTC, datetime
from uuid import UUID

import pytest
from cases.case_build import events
from flows.story import key, move, moved
from forging import forged, named
from ledger.build import broken
from relations.relations_build import joined
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from app.cases import audit, history
from app.cases.models import Case, CaseEntry
from app.cli import cli

IS = "(SELECT id FROM cases WHERE status = '{}' ORDER BY number LIMIT 1)"
CLOSED, SENT, OPEN_ONE = IS.format("closed"), IS.format("dispatched"), IS.format("reported")
CHECKER = f"(SELECT actor_id FROM case_moves WHERE move = 'close' AND case_id = {CLOSED})"
LATER = "2031-01-01T00:00:00.000000Z"
FORGERIES = {
    "a case's version counts its moves": (
        f"UPDATE cases SET version = version + 1 WHERE id = {SENT}",
        f"DELETE FROM case_moves WHERE case_id = {SENT} AND version = 2",
    ),
    "a case's status is that of its last move": (
        f"UPDATE cases SET status = 'in_progress' WHERE id = {SENT}",
        f"UPDATE case_moves SET to_status = 'filed' WHERE case_id = {CLOSED} AND move = 'close'",
    ),
    "every move stands in the history": (
        f"DELETE FROM case_entries WHERE case_id = {SENT} AND position = 2",
        f"UPDATE case_entries SET kind = 'note' WHERE case_id = {SENT} AND position = 2",
    ),
    "the queue's index knows every case by its status": (
        f"DELETE FROM case_scopes WHERE case_id = {SENT}",
        f"UPDATE case_scopes SET status = 'closed' WHERE case_id = {SENT}",
        # In the queue of the district it would hide from whoever asks for what was sent.
        f"UPDATE case_scopes SET status = 'closed' WHERE case_id = {SENT}"
        " AND region_code = '500152000000'",
    ),
    "the queue's index says of a case what the case says": (
        f"UPDATE case_scopes SET category_code = 'C0000' WHERE case_id = {SENT}",
        f"UPDATE case_scopes SET due_at = NULL, warn_at = NULL WHERE case_id = {SENT}",
        f"UPDATE cases SET suspected = NOT suspected WHERE id = {SENT}",
    ),
    "who checked did not handle": tuple(
        f"UPDATE case_moves SET actor_id = {CHECKER}, move = '{name}'"
        f" WHERE case_id = {CLOSED} AND move = 'resolve'"
        for name in ("accept", "return", "resolve", "make_safe")
    ),
    "no case is closed over an open part": (
        f"UPDATE cases SET parent_id = {CLOSED} WHERE id = {SENT}",
    ),
    "no clock runs for a case that has ended": tuple(
        f"UPDATE case_clocks SET state = '{state}' WHERE case_id = {CLOSED} AND kind = 'check'"
        for state in ("running", "paused")
    ),
    "the nearest deadline is the earliest that runs": (
        f"UPDATE cases SET due_at = '{LATER}' WHERE id = {SENT}",
        f"UPDATE cases SET due_at = NULL WHERE id = {SENT}",
        f"UPDATE cases SET due_at = created_at WHERE id = {CLOSED}",
        f"UPDATE case_clocks SET due_at = '{LATER}' WHERE case_id = {SENT}",
    ),
    "a report stands behind a case once it is routed": (
        f"DELETE FROM case_reports WHERE case_id = {SENT}",
    ),
    "a day's counter says its highest case number": (
        "UPDATE case_numbers SET last = last - 1",
        "UPDATE case_numbers SET last = last + 1",
        "UPDATE case_numbers SET day = '20200101'",
        "DELETE FROM case_numbers",
        "DELETE FROM cases WHERE number = (SELECT MAX(number) FROM cases)",
    ),
}  # fmt: skip
LAST = f"case_id = {CLOSED} AND position = (SELECT entries FROM cases WHERE id = {CLOSED})"
SECOND = f"case_id = {CLOSED} AND position = 2"
SWAP = (
    f"UPDATE case_entries SET position = 99 WHERE {SECOND}",
    f"UPDATE case_entries SET position = 2 WHERE case_id = {CLOSED} AND position = 3",
    f"UPDATE case_entries SET position = 3 WHERE case_id = {CLOSED} AND position = 99",
)
# What is done to a history, statement by statement, and what the audit says of it.
TAMPERED = {
    "the note": ((f"UPDATE case_entries SET note = '改过' WHERE {SECOND}",), "at entry 2"),
    "the public note": (
        (f"UPDATE case_entries SET public_note = '改过' WHERE {SECOND}",), "at entry 2",
    ),
    "who": ((f"UPDATE case_entries SET actor_id = NULL WHERE {SECOND}",), "at entry 2"),
    "when": (
        (f"UPDATE case_entries SET created_at = '{LATER}' WHERE {SECOND}",), "at entry 2",
    ),
    "what kind": ((f"UPDATE case_entries SET kind = 'note' WHERE {SECOND}",), "at entry 2"),
    "the facts": (
        (f"UPDATE case_entries SET data = '{{\"move\":\"file\"}}' WHERE {SECOND}",), "at entry 2",
    ),
    "the hash": (
        (f"UPDATE case_entries SET hash = '{'0' * 64}' WHERE {SECOND}",), "at entry 2",
    ),
    "the last one is gone": ((f"DELETE FROM case_entries WHERE {LAST}",), "does not end"),
    "one in the middle is gone": ((f"DELETE FROM case_entries WHERE {SECOND}",), "at entry 3"),
    "two have changed places": (SWAP, "at entry 2"),
    "all are gone": ((f"DELETE FROM case_entries WHERE case_id = {CLOSED}",), "does not end"),
    "one too many": (
        (
            "INSERT INTO case_entries (case_id, position, kind, data, created_at, hash)"
            f" SELECT case_id, position + 1, 'note', data, created_at, hash FROM case_entries"
            f" WHERE {LAST}",
        ),
        "does not end",
    ),
    "an entry of another case": (
        (
            f"DELETE FROM case_entries WHERE {SECOND}",
            f"UPDATE case_entries SET case_id = {CLOSED} WHERE case_id = {SENT} AND position = 2",
        ),
        "at entry 2",
    ),
    "the last one is gone and the count mended": (
        (
            f"DELETE FROM case_entries WHERE {LAST}",
            f"UPDATE cases SET entries = entries - 1 WHERE id = {CLOSED}",
        ),
        "does not end",
    ),
    "the case's own hash": (
        (f"UPDATE cases SET chain = '{'0' * 64}' WHERE id = {CLOSED}",), "does not end",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def books(db, client, desk, drain, newcomer, as_):
    """A district with something for every rule to look at."""
    desk.reported()
    desk.dispatched()
    case = desk.closed()
    url = f"/v1/cases/{case['id']}/notes"
    assert client.post(url, json={"text": "回访过"}, headers=desk.wang).status_code == 201
    drain()
    assert broken(db) == []
    return db


class TestRules:
    def test_every_rule_has_its_forgeries(self):
        assert set(FORGERIES) == set(audit.CHECKS)

    @pytest.mark.parametrize("rule", FORGERIES)
    def test_named(self, books, rule):
        for forgery in FORGERIES[rule]:
            assert rule in named(books, audit.CHECKS, forgery), forgery
        assert broken(books) == []


class TestTampering:
    @pytest.mark.parametrize("how", TAMPERED)
    def test_is_found(self, books, how):
        forgeries, said = TAMPERED[how]
        with forged(books, *forgeries) as tx:
            told = list(audit.broken_histories(tx))
        assert any(said in line for line in told), told
        assert broken(books) == []

    def test_names_the_case_and_no_other(self, books):
        with forged(books, *TAMPERED["the note"][0]) as tx:
            number = tx.scalar(text(f"SELECT number FROM cases WHERE id = {CLOSED}"))
            told = list(audit.broken_histories(tx))
        assert told == [f"broken: history of {number} at entry 2"]

    def test_in_any_batch(self, books, monkeypatch):
        monkeypatch.setattr(audit, "BATCH", 1)
        assert broken(books) == []
        with forged(books, *TAMPERED["the note"][0]) as tx:
            assert len(list(audit.broken_histories(tx))) == 1

    @pytest.mark.parametrize("size", [1, 2, 500])
    def test_of_each_case_in_any_batch_once(self, books, monkeypatch, size):
        monkeypatch.setattr(audit, "BATCH", size)
        with forged(books, "UPDATE case_entries SET note = '改过' WHERE position = 1") as tx:
            numbers = tx.scalars(text("SELECT number FROM cases")).all()
            told = list(audit.broken_histories(tx))
        assert sorted(told) == sorted(f"broken: history of {n} at entry 1" for n in numbers)

    def test_the_next_one_tells_of_an_entry_whose_own_hash_was_mended(self, books):
        with forged(books, *TAMPERED["the note"][0]) as tx:
            self.mend(tx, 2)
            told = list(audit.broken_histories(tx))
        assert [line.rpartition(" ")[2] for line in told] == ["3"]

    def test_a_gap_tells_of_an_entry_taken_out_though_all_else_was_mended(self, books):
        fewer = f"UPDATE cases SET entries = entries - 1 WHERE id = {CLOSED}"
        with forged(books, *TAMPERED["one in the middle is gone"][0], fewer) as tx:
            self.mend(tx, 99)
            told = list(audit.broken_histories(tx))
        assert {line.partition(" at ")[2] for line in told} >= {"entry 3"}

    def mend(self, tx, upto):
        """Hashes the entries of the closed case anew, up to a position, and the case's own."""
        closed = tx.scalars(select(Case).where(text(f"cases.id = {CLOSED}"))).one()
        mine, chain = CaseEntry.case_id == closed.id, ""
        query = select(*CaseEntry.__table__.c).where(mine).order_by(CaseEntry.position)
        for row in tx.execute(query).mappings().all():
            chain = history.hashed(chain, row) if row["position"] <= upto else row["hash"]
            this = update(CaseEntry).where(mine, CaseEntry.position == row["position"])
            tx.execute(this.values(hash=chain))
        tx.execute(update(Case).where(Case.id == closed.id).values(chain=chain))

    @pytest.mark.parametrize(
        "other",
        [
            {"case_id": UUID(int=9)}, {"position": 9}, {"kind": "note"}, {"actor_id": None},
            {"note": "改过"}, {"public_note": "改过"}, {"data": {}},
            {"created_at": datetime(2026, 7, 2, tzinfo=UTC)},
        ],
    )  # fmt: skip
    def test_a_hash_is_over_all_that_an_entry_says(self, other):
        said = {
            "case_id": UUID(int=1), "position": 2, "kind": "move", "actor_id": UUID(int=3),
            "note": None, "public_note": None, "data": {"move": "verify"},
            "created_at": datetime(2026, 7, 1, tzinfo=UTC),
        }  # fmt: skip
        assert history.hashed("", said) != history.hashed("", said | other)

    def test_the_command_says_so_and_fails(self, books, settings, monkeypatch):
        monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
        monkeypatch.setenv("XINXIN_DATABASE_URL", settings.database_url)
        run = lambda: CliRunner().invoke(cli, ["audit"])  # noqa: E731
        assert run().exit_code == 0, run().output
        # What the case says of its history is state, so it can be spoilt without a forger's keys.
        chain = "UPDATE cases SET chain = :chain WHERE id = :id"
        with books.writer.begin() as connection:
            row = connection.execute(text("SELECT id, chain FROM cases LIMIT 1")).one()
            connection.execute(text(chain), {"chain": "0" * 64, "id": row.id})
        try:
            result = run()
            assert result.exit_code == 1
            assert "does not end where the case says" in result.output
        finally:
            with books.writer.begin() as connection:
                connection.execute(text(chain), {"chain": row.chain, "id": row.id})
        assert run().exit_code == 0


class TestKinds:
    """Every kind of entry is a link of the chain."""

    def kinds(self, db, client, headers, case):
        rows = events(client, headers, case)
        assert [row["position"] for row in rows] == [*range(1, len(rows) + 1)]
        assert len({row["hash"] for row in rows}) == len(rows)
        assert broken(db) == []
        return [row["kind"] for row in rows]

    def test_merged_and_parted_again(self, books, client, desk):
        target, case = desk.reported(), desk.reported()
        case = desk.moved(case, "merge", into=target["number"])
        assert self.kinds(books, client, desk.wang, target) == ["move", "merged_in"]
        case = desk.moved(case, "unmerge", note="不是同一处")
        assert self.kinds(books, client, desk.wang, target)[-1] == "merge_undone"
        last = events(client, desk.wang, case)[-1]
        assert (last["move"], last["from_status"], last["to_status"]) == (
            "unmerge", "merged", "verifying",
        )  # fmt: skip
        assert last["data"] == {"out_of": target["number"], "reports": 1}

    def test_joined_and_left(self, books, client, desk, drain, newcomer, as_):
        case, other = desk.reported(), newcomer()
        place = {"lat": 30.2055, "lng": 105.8405, "crs": "wgs84"}
        mine = joined(client, as_(other), drain, case["number"], place)
        assert mine["case_number"] == case["number"]
        url = f"/v1/reports/{mine['id']}/withdraw"
        assert client.post(url, json={}, headers=as_(other)).status_code == 200
        rows = events(client, desk.wang, case)
        assert [row["kind"] for row in rows if row["kind"] != "suspected"] == [
            "move", "joined", "left",
        ]  # fmt: skip
        # A reporter stays unnamed.
        assert [row["actor"] for row in rows] == [None] * len(rows)
        assert broken(books) == []

    def test_split_linked_and_noted(self, books, client, desk):
        case, other = desk.reported(), desk.reported()
        url = f"/v1/cases/{case['id']}"
        body = {"description": "护栏也倒了"}
        child = client.post(f"{url}/children", json=body, headers={**desk.wang, **key()}).json()
        client.put(f"{url}/links/{other['id']}", json={"note": "同一条街"}, headers=desk.wang)
        client.delete(f"{url}/links/{other['id']}", headers=desk.wang)
        client.post(f"{url}/notes", json={"text": "看过"}, headers=desk.wang)
        assert self.kinds(books, client, desk.wang, case) == [
            "move", "split", "linked", "unlinked", "note",
        ]  # fmt: skip
        assert self.kinds(books, client, desk.wang, child) == ["move", "split_off"]

    def test_asked_and_granted(self, books, client, desk):
        case = desk.dispatched()
        body = {"hours": 24, "text": "配件须从外地调运"}
        url = f"/v1/cases/{case['id']}/extensions"
        wanted = client.post(url, json=body, headers={**desk.wang, **key()}).json()
        url = f"/v1/approvals/{wanted['id']}/decision"
        body = {"granted": True, "answer": "同意"}
        assert client.post(url, json=body, headers={**desk.qian, **key()}).status_code == 200
        assert self.kinds(books, client, desk.wang, case)[-2:] == ["requested", "granted"]

    def test_every_move_there_is(self, books, client, desk, cast):
        case = desk.moved(desk.reported(), "correct", note="看过", category_code="C0101")
        case = desk.moved(desk.moved(case, "verify"), "file", category_code="C0101")
        given = {"assignee_id": str(cast.wang.id)}
        case = desk.moved(desk.moved(case, "escalate", note="x"), "hand_down", by=desk.qian,
                          region_code=case["region_code"], note="x")  # fmt: skip
        case = desk.moved(desk.moved(case, "dispatch", **given), "make_safe", note="x")
        case = desk.moved(
            desk.moved(case, "return", reason_code="other", note="x"), "dispatch", **given
        )
        kinds = self.kinds(books, client, desk.wang, case)
        assert kinds == ["move"] * case["version"]
        moves = [row["version"] for row in events(client, desk.wang, case)]
        assert moves == [*range(1, case["version"] + 1)]

    def test_a_refused_move_is_no_entry(self, books, client, desk):
        case = desk.reported()
        assert move(client, desk.wang, case, "escalate", note="x").status_code == 409
        assert self.kinds(books, client, desk.wang, case) == ["move"]
        assert moved(client, desk.wang, case, "verify")["version"] == 2
