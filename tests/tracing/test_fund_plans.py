"""What a fund's pages read: never the whole ledger, whatever its age, on either database."""

import json
import re
from contextlib import contextmanager

import pytest
from cast import DISTRICT, contribute
from hearing import heard
from sqlalchemy import text

from app.kit.db import work
from app.kit.ids import new_id
from app.ledger import funds, views
from app.ledger.models import Fund
from app.tracing import views as tracing

# These grow for ever. What is read of them must be narrowed by one of these columns, or lie in an
# index of what is alive alone.
GROWING = {
    "backing": "journal_id", "lots": "id|created_at", "lot_uses": "transfer_id|lot_id",
    "transfers": "id|debit_account_id|pending_id", "journals": "id|source|reverses_id",
    "redemptions": "id|resolved_at", "redemption_lines": "redemption_id",
    "till_holds": "resolved_at", "awards": "state",
}  # fmt: skip
ALIVE = "ix_lots_fund_left "
# An old ledger, of which the last month is a small part: 6,000 hand-outs, one every third day, each
# of a lot of its own, by members who hold nothing.
AGED = """
CREATE TEMPORARY TABLE old ON COMMIT DROP AS SELECT g, gen_random_uuid() AS account,
  gen_random_uuid() AS journal, gen_random_uuid() AS redemption, gen_random_uuid() AS lot,
  gen_random_uuid() AS transfer, now() - g * interval '3 days' AS at
  FROM generate_series(1, 6000) AS g;
INSERT INTO balances (account_id, credits, debits, held, unsettled)
  SELECT account, 9, 0, 0, 0 FROM old WHERE g <= 300;
INSERT INTO journals (id, kind, source, reason, created_at)
  SELECT journal, CASE g % 2 WHEN 0 THEN 'fulfil' ELSE 'accrue' END, redemption, 'x', at FROM old;
INSERT INTO transfers (id, journal_id, asset, debit_account_id, credit_account_id, amount, state,
  created_at) SELECT n.transfer, n.journal, 'PTS', m.account, n.lot, 9, 'posted', n.at
  FROM old n JOIN old m ON m.g = n.g % 300 + 1;
INSERT INTO lots (id, account_id, earner_id, fund_id, rate_fen, transfer_id, amount, remaining,
  settled_at, created_at) SELECT lot, account, account, :fund, 100, transfer, 9, 0, at, at FROM old;
INSERT INTO lot_uses (id, lot_id, transfer_id, kind, amount, created_at)
  SELECT gen_random_uuid(), lot, transfer, 'take', 9, at FROM old;
INSERT INTO backing (id, journal_id, lot_id, contribution_id, shard, kind, fen, created_at)
  SELECT gen_random_uuid(), journal, lot, :given, 0, CASE g % 2 WHEN 0 THEN 'pay' ELSE 'draw' END,
  9, at FROM old;
INSERT INTO redemptions (id, person_id, station_id, state, points, cost_fen, code_hash, created_at,
  expires_at, resolved_at, keeper_id) SELECT redemption, account, 'TN00' || g % 2 + 1,
  'fulfilled', 9, 9, redemption, at, at, at, account FROM old;
INSERT INTO redemption_lines (redemption_id, item_id, quantity, points_each, cost_fen_each)
  SELECT redemption, lot, 1, 9, 9 FROM old;
INSERT INTO till_holds (id, client_id, reference, person_id, points, cost_fen, state, created_at,
  expires_at, resolved_at) SELECT transfer, 'till-1', redemption, account, 9, 9, 'fulfilled', at,
  at, at FROM old;
INSERT INTO awards (id, person_id, event, source, rule_id, bonus, asked, points, state, reason, day,
  region_code, inputs, created_at, updated_at) SELECT lot, account, 'x', redemption, lot, 0, 9, 9,
  'settled', 'x', 'x', 'x', '{}', at, at FROM old;
ANALYZE balances, journals, transfers, lots, lot_uses, backing, redemptions, redemption_lines,
  till_holds, awards
"""


@pytest.fixture(scope="module")
def fund(db, cast):
    with work(db, write=True) as tx:
        made = funds.add_fund(tx, f"plan-{new_id().hex[-8:]}", "n", "p", DISTRICT, 100, shards=2)
        given = contribute(tx, made.id, cast.ma, cast.wu, 1_000)
    return made, given


PAGES = {
    "/funds/{id}": lambda tx, fund: views.fund_out(tx, tx.get_one(Fund, fund.id)),
    "/funds/{id}/public": lambda tx, fund: tracing.public(tx, fund.id, 20, None),
}


@contextmanager
def aged(db, fund, given):
    """A connection that sees an old ledger, whose planner knows how old; nothing of it stays.

    SQLite keeps no statistics here: it plans for an empty ledger as for an old one.
    """
    with db.writer.connect() as connection:
        if not db.is_sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in AGED.split(";"):
                values = {"fund": fund.id, "given": given}
                named = {name: values[name] for name in values if f":{name}" in statement}
                connection.execute(text(statement), named)
        yield connection
        connection.rollback()


def explained(db, fund, given, read):
    """Every statement of a read, with the plan that the database has for it."""
    with heard(db.reader) as all_said, work(db, write=False) as tx:
        read(tx, fund)
    how = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN (FORMAT JSON)"
    with aged(db, fund, given) as connection:
        return [
            (said, steps(connection.exec_driver_sql(f"{how} {said}", given).all()))
            for said, given in all_said
        ]


def steps(rows):
    """(table, what narrows it) of each access in a plan; nothing narrows a scan."""
    if len(rows[0]) == 1:
        plan = rows[0][0] if isinstance(rows[0][0], list) else json.loads(rows[0][0])
        return [*nodes(plan[0]["Plan"])]
    found = []
    for row in rows:
        if access := re.match(r"(SCAN|SEARCH) (\w+)(.*)", row[-1]):
            verb, table, how = access.groups()
            found.append((table, how if verb == "SEARCH" else ""))
    return found


def nodes(node):
    if "Relation Name" in node:
        narrows = node.get("Index Cond") or node.get("Recheck Cond", "")
        yield node["Relation Name"], f"{node.get('Index Name')} {narrows}" if narrows else ""
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


def named(said, table):
    """SQLite's plan names an alias: the table that it stands for."""
    alias = re.search(rf"(?:FROM|JOIN|,) (\w+) AS {table}\b", said)
    return alias.group(1) if alias else table


@pytest.mark.parametrize("page", PAGES)
def test_reads_no_table_that_grows_as_a_whole(db, fund, page):
    plans = explained(db, *fund, PAGES[page])
    seen = set()
    for said, plan in plans:
        for alias, narrows in plan:
            table = named(said, alias)
            if table in GROWING:
                seen.add(table)
                right = re.search(rf"\b({GROWING[table]}) *[=>]", narrows)
                assert right or ALIVE in narrows, (table, narrows, said)
    assert {"lots", "transfers"} <= seen
    assert ("backing" in seen) == page.endswith("public")
