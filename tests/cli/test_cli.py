"""The console script as an operator types it, on both databases."""

import uuid

import pytest
from cast import DISTRICT, INSIDE
from flows.story import find_case, moved, report
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import cli
from app.kit import outbox
from app.kit.db import make_database, work
from app.ledger import audit as ledger_audit

# A statement that a hurried connection is not given the time for.
LONG = "SELECT CAST(pg_sleep(1.2) AS TEXT)"


@pytest.fixture
def xinxin(url, monkeypatch, tmp_path):
    """Runs the script against this test's database."""
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(tmp_path / "bucket"))
    return lambda *words, **more: CliRunner().invoke(cli, list(words), **more)


def test_audit_is_clean_after_a_case_and_names_what_a_forger_broke(
    xinxin, client, db, cast, as_, drain
):
    sent = report(client, as_(cast.liu_bo), INSIDE)
    drain()
    mine = client.get(f"/v1/reports/{sent['id']}", headers=as_(cast.liu_bo)).json()
    case = find_case(client, as_(cast.wang), mine["case_number"])
    moved(client, as_(cast.wang), case, "file", category_code="C0101")
    assert xinxin("audit").exit_code == 0
    with db.writer.begin() as connection:
        connection.execute(text("UPDATE balances SET credits = credits + 1 WHERE unsettled > 0"))
    broken = xinxin("audit")
    assert broken.exit_code == 1
    assert "a balance is the sum of its transfers" in broken.output


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_audit_takes_its_time(xinxin, cast, monkeypatch):
    monkeypatch.setitem(make_database.__kwdefaults__, "statement_timeout_s", 1)
    monkeypatch.setitem(ledger_audit.CHECKS, "this rule takes long", LONG)
    done = xinxin("audit")
    assert done.output == "broken: this rule takes long: \naudit: 1 broken\n"


class TestJobs:
    def test_dead_ones_are_listed_and_requeued(self, xinxin, db):
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "no.such_kind")
            job = tx.query(outbox.Job).one()
            job.state, job.error, job_id = "dead", "LookupError: no handler", job.id
        listed = xinxin("jobs")
        assert "dead no.such_kind" in listed.output
        assert xinxin("jobs", "--requeue", str(job_id)).exit_code == 0
        with work(db, write=False) as tx:
            assert tx.get_one(outbox.Job, job_id).state == "ready"

    def test_a_job_that_is_not_dead_cannot_be_requeued(self, xinxin, db):
        assert xinxin("jobs", "--requeue", str(uuid.uuid4())).exit_code == 1


def test_staff_are_added_granted_and_can_sign_in(xinxin, client, cast):
    added = xinxin("add-staff", "gao", "高网格", input="a fine password\na fine password\n")
    assert added.exit_code == 0, added.output
    person = added.output.split()[-2]
    assert xinxin("grant", person, "grid_head", DISTRICT).exit_code == 0
    signed = client.post(
        "/v1/auth/password", json={"username": "gao", "password": "a fine password"}
    )
    assert signed.json()["person"]["grants"] == [{"role": "grid_head", "region_code": DISTRICT}]


def test_a_client_gets_its_secret_once(xinxin, client, cast):
    secret = xinxin("add-client", "till-9", "收银台", DISTRICT, "points:read").output.strip()
    token = client.post(
        "/v1/auth/token", data={"grant_type": "client_credentials"}, auth=("till-9", secret)
    )
    assert token.json()["scope"] == "points:read"


def test_migrate_on_the_newest_schema_changes_nothing(xinxin):
    assert xinxin("migrate").exit_code == 0
