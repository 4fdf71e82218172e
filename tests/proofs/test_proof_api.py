"""Proofs of single entries: over HTTP, by the command line, by the checker alone; and forged."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from cast import DISTRICT
from ledger.build import earn, fulfil, hold
from proofs.build import next_month, publish, seal_all, write_journal
from typer.testing import CliRunner

from app.cli import cli
from app.identity.models import Role
from app.kit import clock
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.ledger import book
from app.ledger.models import Fund, Purse
from app.proofs import checker, merkle
from app.proofs.schemas import ProofOut


@pytest.fixture(scope="module")
def told(client, db, cast, newcomer, as_):
    """A rider's proofs over several blocks of leaves, the notice, and who is who."""
    auditor, rider = newcomer((Role.AUDITOR, DISTRICT)), newcomer(name="刘波")
    with work(db, write=True) as tx:
        fund = tx.get_one(Fund, cast.fund.id)
        earn(tx, fund, rider, 10)
        for _ in range(merkle.BLOCK + 200):
            write_journal(tx)
        fulfil(tx, hold(tx, rider, 3), 100)
    seal_all(db)
    period = next_month()
    notice = publish(db, auditor, period)
    clock.unshift()
    entries = client.get("/v1/points/entries", headers=as_(rider)).json()["items"]
    proofs = [
        client.get(f"/v1/points/entries/{entry['id']}/proof", headers=as_(rider)).json()
        for entry in entries
    ]
    return {"rider": rider, "notice": notice, "entries": entries, "proofs": proofs}


class TestGet:
    def test_every_entry_has_a_proof_that_holds(self, told):
        assert [entry["kind"] for entry in told["entries"]] == ["fulfil", "redeem", "accrue"]
        for entry, proof in zip(told["entries"], told["proofs"], strict=True):
            lines = checker.check(json.dumps(proof), told["notice"].root)
            assert f"entry    {entry['id']}" in lines
            assert any(line.startswith(f"kind     {entry['kind']} ") for line in lines)
            assert lines[-1] == "INCLUDED in the published root"
        assert any("10 points, issuer -> member" in line for line in lines)

    def test_it_holds_ids_and_no_names(self, told, cast):
        text = "".join(
            base64.b64decode(proof["journal"]).decode("utf-8", "ignore") + json.dumps(proof)
            for proof in told["proofs"]
        )
        assert "刘" not in text
        assert told["rider"].member_no not in text

    def test_others_and_nobodys_are_not_found(self, client, told, as_, newcomer, cast):
        url = f"/v1/points/entries/{told['entries'][0]['id']}/proof"
        for person in (newcomer(), cast.sun, newcomer((Role.AUDITOR, DISTRICT))):
            answer = client.get(url, headers=as_(person))
            assert (answer.status_code, answer.json()["code"]) == (404, "entry_not_found")
        nothing = client.get(f"/v1/points/entries/{new_id()}/proof", headers=as_(told["rider"]))
        assert (nothing.status_code, nothing.json()["code"]) == (404, "entry_not_found")

    def test_before_the_seal_and_before_the_notice_it_is_not_ready(
        self, client, told, db, cast, as_, newcomer
    ):
        rider = newcomer()
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), rider, 1)
        (entry,) = client.get("/v1/points/entries", headers=as_(rider)).json()["items"]
        url = f"/v1/points/entries/{entry['id']}/proof"
        for _ in range(2):
            answer = client.get(url, headers=as_(rider))
            assert (answer.status_code, answer.json()["code"]) == (409, "proof_not_ready")
            seal_all(db)

    def test_of_a_shared_purse_too(self, client, told, db, as_, newcomer):
        sharer = newcomer()
        with work(db, write=True) as tx:
            mine = book.account(tx, "PTS", "member", str(told["rider"].id))
            insert_row(tx, Purse, person_id=sharer.id, account_id=mine, since=clock.now())
        url = f"/v1/points/entries/{told['entries'][0]['id']}/proof"
        assert client.get(url, headers=as_(sharer)).json() == told["proofs"][0]


def holds(text, root):
    try:
        checker.check(text, root)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return False
    return True


class TestForged:
    def test_no_bit_of_the_file_can_be_flipped(self, told):
        proof, root = told["proofs"][0], told["notice"].root
        data = json.dumps(proof).encode()
        assert holds(data.decode(), root)
        assert holds(data.decode(), None)
        for at in range(len(data)):
            for bit in range(8):
                flipped = bytearray(data)
                flipped[at] ^= 1 << bit
                try:
                    text = flipped.decode()
                except UnicodeDecodeError:
                    continue
                assert not holds(text, None), (at, bit, text[max(at - 20, 0) : at + 20])

    def test_no_bit_of_the_journal_can_be_flipped(self, told):
        proof = told["proofs"][-1]
        data = base64.b64decode(proof["journal"])
        for at in range(len(data)):
            for bit in range(8):
                flipped = bytearray(data)
                flipped[at] ^= 1 << bit
                forged = {**proof, "journal": base64.b64encode(flipped).decode()}
                assert not holds(json.dumps(forged), None), (at, bit)

    def test_another_root_is_refused(self, told):
        for at in range(64):
            root = told["notice"].root
            other = root[:at] + ("0" if root[at] != "0" else "1") + root[at + 1 :]
            assert not holds(json.dumps(told["proofs"][0]), other)

    @pytest.mark.parametrize(
        "change",
        [
            {"leaf_index": 0}, {"leaf_index": -1}, {"leaf_index": True}, {"leaf_index": "0"},
            {"path": []}, {"period": "2026-09"}, {"notice_id": str(UUID(int=7))}, {"more": 1},
            {"entry_id": str(UUID(int=7))}, {"format": "xinxin-proof-2"}, {"first_position": 2},
            {"chain": "0" * 64}, {"root": "0" * 64},
        ],
    )  # fmt: skip
    def test_a_changed_word_is_refused(self, told, change):
        assert not holds(json.dumps({**told["proofs"][0], **change}), None)

    def test_the_path_in_another_order_or_cut(self, told):
        proof = told["proofs"][0]
        path = proof["path"]
        assert len(path) > 3
        for forged in (path[::-1], path[1:], path[:-1], [*path, path[-1]], path[1:] + path[:1]):
            assert not holds(json.dumps({**proof, "path": forged}), None)

    def test_a_proof_with_a_field_missing(self, told):
        for key in told["proofs"][0]:
            forged = {k: v for k, v in told["proofs"][0].items() if k != key}
            assert not holds(json.dumps(forged), None)
        for nonsense in ("", "[]", "null", "{}", "7", "[" * 2000):
            assert not holds(nonsense, None)

    def test_another_amount_is_refused(self, told):
        proof = told["proofs"][-1]
        data = base64.b64decode(proof["journal"])
        forged = data.replace(b"\x00\x00\x00\x0210", b"\x00\x00\x00\x0299")
        assert checker.read(forged)["transfers"] != checker.read(data)["transfers"]
        forged_proof = {**proof, "journal": base64.b64encode(forged).decode()}
        assert not holds(json.dumps(forged_proof), None)


class TestCommandLine:
    @pytest.fixture
    def file(self, told, tmp_path):
        written = tmp_path / "proof.json"
        written.write_text(json.dumps(told["proofs"][0]), "utf-8")
        return written

    def test_verify_proof_says_what_the_entry_says(self, told, file):
        done = CliRunner().invoke(cli, ["verify-proof", str(file), "--root", told["notice"].root])
        assert done.exit_code == 0, done.output
        assert "kind     fulfil" in done.output
        assert "amount   3 points, member -> redeemed, post" in done.output
        assert "INCLUDED in the published root" in done.output

    def test_verify_proof_without_a_root_says_so(self, file):
        done = CliRunner().invoke(cli, ["verify-proof", str(file)])
        assert done.exit_code == 0
        assert "compare it" in done.output

    def test_verify_proof_refuses(self, file):
        done = CliRunner().invoke(cli, ["verify-proof", str(file), "--root", "0" * 64])
        assert done.exit_code == 1
        assert "NOT INCLUDED" in done.output

    def test_the_downloaded_checker_needs_nothing_else(self, client, told, file, tmp_path):
        program = tmp_path / "checker.py"
        program.write_bytes(client.get("/v1/points/notices/checker").content)
        # -I and -S: no packages, no path to ours.
        command = [sys.executable, "-I", "-S", str(program), str(file)]
        good = subprocess.run(
            [*command, told["notice"].root], capture_output=True, text=True, check=False
        )
        bad = subprocess.run([*command, "0" * 64], capture_output=True, text=True, check=False)
        assert (good.returncode, bad.returncode) == (0, 1), good.stderr
        assert "INCLUDED in the published root" in good.stdout
        assert "NOT INCLUDED" in bad.stdout

    def test_a_file_that_is_not_there(self, tmp_path, capsys):
        assert checker.main([str(tmp_path / "nothing")]) == 1
        assert checker.main([]) == 1
        assert "The proof fails" in capsys.readouterr().out


def test_the_proof_has_the_checkers_keys():
    assert ProofOut.model_fields.keys() == checker.KEYS


def test_the_checker_is_short_and_alone():
    source = Path(checker.__file__).read_text("utf-8")
    assert "import app" not in source
    assert "from app" not in source
    assert len(source.splitlines()) < 200
