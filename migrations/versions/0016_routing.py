"""a stamp that tells whether anything was written that routing reads

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from app.kit import columns
from migrations import guards

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Up to 53 bits: a sum of some of them is exact wherever it is added up.
NEW = {
    "sqlite": "random() & 9007199254740991",
    "postgresql": "(random() * 9007199254740991)::bigint",
}
# Its only writer leaves one row behind.
PUT_SQLITE = (
    f"DELETE FROM routing_stamps; INSERT INTO routing_stamps (stamp) VALUES ({NEW['sqlite']})"
)
# Once a transaction and a row of its own, so nobody waits for another's commit; old rows go where
# no other transaction is at them. The setting ends with the transaction.
PUT_POSTGRESQL = f"""
DECLARE
  me text := pg_current_xact_id()::text;
BEGIN
  IF current_setting('xinxin.stamped', true) IS DISTINCT FROM me THEN
    PERFORM set_config('xinxin.stamped', me, true);
    IF (SELECT count(*) FROM routing_stamps) > 32 THEN
      DELETE FROM routing_stamps WHERE stamp IN
        (SELECT stamp FROM routing_stamps LIMIT 32 FOR UPDATE SKIP LOCKED);
    END IF;
    INSERT INTO routing_stamps (stamp) VALUES ({NEW["postgresql"]});
  END IF;
  RETURN NULL;
END
"""
EVERY = "INSERT DELETE UPDATE"
# What is watched of each table; of people nothing but their state.
WATCHED = {
    "appointments": EVERY, "duty_shifts": EVERY, "leaves": EVERY, "posts": EVERY,
    "grouping_regions": EVERY, "regions": EVERY, "people": "UPDATE_OF_state",
    "grid_version": EVERY, "categories": EVERY, "category_terms": "INSERT",
    "routing_rulesets": "INSERT",
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "routing_stamps",
        sa.Column("stamp", columns.Whole, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_routing_stamps")),
        sqlite_strict=True,
    )
    engine = "sqlite" if guards.on_sqlite() else "postgresql"
    op.execute(f"INSERT INTO routing_stamps (stamp) VALUES ({NEW[engine]})")
    if engine == "postgresql":
        op.execute(
            "CREATE FUNCTION stamp_routing() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ {PUT_POSTGRESQL} $$"
        )
    for table, events in WATCHED.items():
        for event in events.split():
            name, when = name_of(table, event), event.replace("_", " ")
            if engine == "sqlite":
                op.execute(f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN {PUT_SQLITE}; END")
            else:
                op.execute(
                    f"CREATE TRIGGER {name} AFTER {when} ON {table}"
                    " FOR EACH STATEMENT EXECUTE FUNCTION stamp_routing()"
                )


def name_of(table: str, event: str) -> str:
    return f"{table}_stamps_{event.lower().partition('_')[0]}"


def downgrade() -> None:
    for table, events in WATCHED.items():
        for event in events.split():
            on = "" if guards.on_sqlite() else f" ON {table}"
            op.execute(f"DROP TRIGGER {name_of(table, event)}{on}")
    if not guards.on_sqlite():
        op.execute("DROP FUNCTION stamp_routing()")
    op.drop_table("routing_stamps")
