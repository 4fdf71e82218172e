"""A village lives on one SQLite file, which moves to PostgreSQL as it is; life goes on there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from cast import STATION
from dumping import dump
from flows import village_earning as earning
from flows import village_life as spending
from flows.village import FIRST_MORNING, MONTH, listening, running, settle_down
from ledger.build import broken, own_database
from typer.testing import CliRunner

from app.cli import cli
from app.identity import passwords
from app.kit import clock
from app.kit.db import make_database

# A life takes some twenty seconds where nobody else works.
pytestmark = pytest.mark.timeout(900)
# What a whole life leaves rows in, beside what every service has.
TOUCHED = (
    "awards", "award_changes", "backing", "balances", "campaigns", "cap_counters", "case_moves",
    "case_reports", "cases", "contributions", "corrections", "counter_exceptions", "debts", "funds",
    "household_members", "households", "items", "jobs", "journals", "lot_uses", "lots",
    "member_codes", "merchant_lines", "merchant_statements", "messages", "notice_entries",
    "notices", "objections", "pool_parts", "purses", "redemption_lines", "redemptions",
    "refresh_tokens", "reports", "reward_rules", "seals", "staff_actions", "station_keepers",
    "stock", "stock_moves", "stock_takes", "till_holds", "transfers", "webhook_deliveries",
    "webhooks",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _clock() -> Iterator[None]:
    """The village's calendar for the whole module, and argon2 with the least effort."""
    clock.shift(FIRST_MORNING - clock.now())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
        yield
    clock.unshift()


@dataclass
class Moved:
    """The life, where it is now, and what both databases held when it had just arrived."""

    life: earning.Life
    url: str
    folder: Any
    before: dict[str, list[Any]]
    after: dict[str, list[Any]]
    broken: list[list[str]]
    output: str


def migrate(source: str, goal: str) -> str:
    """What `xinxin migrate-data` prints on the way from one database to the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XINXIN_ENVIRONMENT", "development")
        patch.setenv("XINXIN_DATABASE_URL", source)
        done = CliRunner().invoke(cli, ["migrate-data", goal])
    assert done.exit_code == 0, done.output
    return done.output


def told(url: str) -> tuple[dict[str, list[Any]], list[str]]:
    """Every row, and what the audit finds."""
    db = make_database(url)
    try:
        return dump(db), broken(db)
    finally:
        db.close()


@pytest.fixture(scope="module")
def moved(request, tmp_path_factory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("village")
    with own_database("sqlite", request, folder) as db:
        file = db.url.render_as_string()
    with own_database("postgresql", request, folder) as db:
        goal = db.url.render_as_string(hide_password=False)
    secret = settle_down(file)
    with listening() as program:
        with running(file, folder, secret) as village:
            life = earning.Life(village, program)
            spending.live(life)
        output = migrate(file, goal)
        (before, here), (after, there) = told(file), told(goal)
        program.status = 200
        with running(goal, folder, secret) as life.v:
            yield Moved(life, goal, folder, before, after, [here, there], output)


def test_a_whole_life_was_on_the_file(moved):
    assert [name for name in TOUCHED if not moved.before[name]] == []


def test_every_row_arrives_and_both_sides_audit_clean(moved):
    rows = sum(len(table) for table in moved.before.values())
    assert moved.output == f"{rows} rows in {len(moved.before)} tables; audit: clean\n"
    assert moved.after == moved.before
    assert moved.broken == [[], []]


def test_an_old_proof_leads_to_the_root_that_is_published_now(moved, tmp_path):
    life, proof, program = moved.life, tmp_path / "proof.json", tmp_path / "checker.py"
    proof.write_text(json.dumps(life.proof), "utf-8")
    program.write_bytes(life.v.client.get("/v1/points/notices/checker").content)
    root = life.v.client.get(f"/v1/points/notices/{MONTH}").json()["root"]
    # -I and -S: no packages, no path to ours.
    command = [sys.executable, "-I", "-S", str(program), str(proof), root]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert "INCLUDED in the published root" in checked.stdout
    again = life.v.get("liu", f"points/entries/{life.proof['entry_id']}/proof")
    assert again == life.proof


def test_everybody_goes_on_where_they_stood(moved):
    life, v = moved.life, moved.life.v
    old = {"Authorization": f"Bearer {life.signed_in['access_token']}"}
    assert v.client.get("/v1/points", headers=old).json()["held"] == 5
    refresh = {"refresh_token": life.signed_in["refresh_token"]}
    assert v.client.post("/v1/auth/refresh", json=refresh).status_code == 200
    # The very request of before is the redemption of before, and its code is good.
    body, headers = life.asked
    assert v.ask("liu", "redemptions", body, status=201, **headers) == life.waiting
    spending.handed_out(life, life.waiting)
    assert v.points("hua") == (7, 0, 0, 0)
    last = max(UUID(str(row[0])) for row in moved.before["transfers"])
    assert UUID(v.get("liu", "points/entries")["items"][0]["id"]) > last


def test_numbers_continue_without_a_gap(moved):
    life = moved.life
    assert earning.gift(life, 5_000)["receipt_no"] == "nuanxin-2027-000002"
    first = life.cases[-1]
    assert earning.reported(life, "chen") == first.removesuffix("0001") + "0002"
    earning.by_hand(life, 20)
    assert life.v.points("chen") == (17, 0, 0, 0)
    spending.handed_out(life, spending.bought(life, "chen", towel=2))
    made = spending.drawn(life, STATION)
    assert made["number"] == "JS-500152-2027-000003"


def test_what_waited_for_its_time_is_done(moved):
    life = moved.life
    life.v.later(days=1)
    deliveries = life.v.get("he", f"webhooks/{life.webhook}/deliveries")["items"]
    assert {one["state"] for one in deliveries} == {"delivered"}
    waited = next(one for one in deliveries if one["event"] == "notice.published")
    assert waited["attempts"] > 1
    db = make_database(moved.url)
    assert broken(db) == []
    db.close()


def test_and_back_again(moved, request, tmp_path):
    with own_database("sqlite", request, tmp_path) as db:
        back = db.url.render_as_string()
    migrate(moved.url, back)
    (here, _), (there, found) = told(moved.url), told(back)
    assert there == here
    assert found == []
    with running(back, moved.folder, moved.life.v.secret) as village:
        assert village.points("chen")[0] == moved.life.v.points("chen")[0]
