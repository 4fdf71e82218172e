"""histories, scopes, words and clocks of the cases that are there

Revision ID: 0003
Revises: 0002
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from app.grids.cells import cell
from app.kit import columns
from app.kit.bigrams import words
from app.kit.chain import link
from app.kit.ids import new_id
from migrations import guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID, _AT, _JSON = columns.IdType(), columns.InstantType(), columns.JsonType()
_CASES = sa.table(
    "cases", sa.column("id", _ID), sa.column("number"), sa.column("status"),
    sa.column("region_code"), sa.column("description"), sa.column("address"), sa.column("lat"),
    sa.column("lng"), sa.column("created_at", _AT), sa.column("accept_due_at", _AT),
    sa.column("handle_due_at", _AT), sa.column("clock_rule", _JSON), sa.column("updated_at", _AT),
    sa.column("cell"), sa.column("entries"), sa.column("chain"), sa.column("round"),
    sa.column("due_at", _AT), sa.column("warn_at", _AT), sa.column("merged_into", _ID),
    sa.column("check_due_at", _AT), sa.column("review_at", _AT),
)  # fmt: skip
_REGIONS = sa.table("regions", sa.column("code"), sa.column("path"))
_MOVES = sa.table(
    "case_moves", sa.column("id", _ID), sa.column("case_id", _ID), sa.column("version"),
    sa.column("move"), sa.column("from_status"), sa.column("to_status"),
    sa.column("actor_id", _ID), sa.column("note"), sa.column("public_note"),
    sa.column("data", _JSON), sa.column("created_at", _AT),
)  # fmt: skip
_NOTES = sa.table(
    "case_notes", sa.column("id", _ID), sa.column("case_id", _ID), sa.column("actor_id", _ID),
    sa.column("text"), sa.column("created_at", _AT),
)  # fmt: skip
_ENTRIES = sa.table(
    "case_entries", sa.column("case_id", _ID), sa.column("position"), sa.column("kind"),
    sa.column("actor_id", _ID), sa.column("note"), sa.column("public_note"),
    sa.column("data", _JSON), sa.column("created_at", _AT), sa.column("hash"),
)  # fmt: skip
_SCOPES = sa.table(
    "case_scopes", sa.column("case_id", _ID), sa.column("region_code"), sa.column("status"),
    sa.column("created_at", _AT),
)  # fmt: skip
_TEXTS = sa.table("case_texts", sa.column("case_id", _ID), sa.column("words"))
_CLOCKS = sa.table(
    "case_clocks", sa.column("id", _ID), sa.column("case_id", _ID), sa.column("kind"),
    sa.column("round"), sa.column("mode"), sa.column("rule", _JSON), sa.column("allowed_s"),
    sa.column("started_at", _AT), sa.column("warn_at", _AT), sa.column("due_at", _AT),
    sa.column("state"), sa.column("level"), sa.column("look_at", _AT), sa.column("left_s"),
    sa.column("paused_at", _AT),
)  # fmt: skip


def upgrade() -> None:
    bind = op.get_bind()
    paths = dict(bind.execute(sa.select(_REGIONS.c.code, _REGIONS.c.path)).all())
    # Ids only: a million cases fit in memory as ids, not as rows.
    for case_id in list(
        bind.execute(sa.select(_CASES.c.id).order_by(_CASES.c.created_at)).scalars()
    ):
        case = bind.execute(sa.select(_CASES).where(_CASES.c.id == case_id)).one()
        codes = paths[case.region_code].strip("/").split("/")
        _fill_index(bind, case, codes)
        entries, chain = _fill_history(bind, case)
        known = {"entries": entries, "chain": chain, **_clock(bind, case)}
        bind.execute(sa.update(_CASES).where(_CASES.c.id == case_id).values(**known))
    # Every note is an entry of its case's history now.
    op.drop_index(op.f("ix_case_notes_case_id"), table_name="case_notes")
    op.drop_table("case_notes")


def _fill_index(bind: sa.Connection, case: sa.Row, codes: list[str]) -> None:
    bind.execute(
        sa.insert(_SCOPES),
        [
            {
                "case_id": case.id,
                "region_code": code,
                "status": case.status,
                "created_at": case.created_at,
            }
            for code in codes
        ],
    )
    text = f"{case.number} {case.description} {case.address or ''}"
    found = [
        *("r" + "".join(c for c in code.lower() if c.isalnum()) for code in codes),
        *words(text),
    ]
    bind.execute(sa.insert(_TEXTS).values(case_id=case.id, words=" ".join(found)))


def _fill_history(bind: sa.Connection, case: sa.Row) -> tuple[int, str]:
    """Moves and notes as entries, in the order in which they happened."""
    moves = bind.execute(sa.select(_MOVES).where(_MOVES.c.case_id == case.id)).all()
    notes = bind.execute(sa.select(_NOTES).where(_NOTES.c.case_id == case.id)).all()
    found = [
        (
            m.created_at, m.version, "move", m.actor_id, m.note, m.public_note,
            {"move": m.move, "version": m.version, "from": m.from_status, "to": m.to_status, **m.data},
        )
        for m in moves
    ] + [(n.created_at, 0, "note", n.actor_id, n.text, None, {}) for n in notes]  # fmt: skip
    chain, rows = "", []
    for position, (at, _, kind, actor, note, public, data) in enumerate(
        sorted(found, key=lambda e: e[:2]), start=1
    ):
        facts = {
            "case": str(case.id), "position": position, "kind": kind,
            "actor": str(actor) if actor else None, "note": note, "public_note": public,
            "data": data, "at": at.astimezone(UTC).isoformat(),
        }  # fmt: skip
        chain = link(chain, facts)
        rows.append(
            {
                "case_id": case.id, "position": position, "kind": kind, "actor_id": actor,
                "note": note, "public_note": public, "data": data, "created_at": at, "hash": chain,
            }
        )  # fmt: skip
    if rows:
        bind.execute(sa.insert(_ENTRIES), rows)
    return len(rows), chain


def _clock(bind: sa.Connection, case: sa.Row) -> dict:
    """The clocks that run, as the old columns knew them."""
    values: dict = {"round": 1 if case.handle_due_at else 0}
    if case.lat is not None and case.lng is not None:
        values["cell"] = cell(case.lat, case.lng)
    if case.status in {"reported", "verifying", "filed"}:
        due = _start(bind, case, "accept", 0, case.created_at, case.accept_due_at)
    elif case.status in {"dispatched", "in_progress"}:
        due = _start(bind, case, "handle", 1, _dispatched(case), case.handle_due_at)
    elif case.status == "resolved":
        _start(
            bind, case, "handle", 1, _dispatched(case), case.handle_due_at, paused=case.updated_at
        )
        due = _start(bind, case, "check", 1, case.updated_at, case.updated_at + timedelta(hours=24))
        values["check_due_at"] = due[0]
    else:
        return values
    return {**values, "due_at": due[0], "warn_at": due[1]}


def _dispatched(case: sa.Row) -> datetime:
    told = case.clock_rule.get("from") if case.clock_rule else None
    return datetime.fromisoformat(told) if told else case.updated_at


def _start(
    bind: sa.Connection, case: sa.Row, kind: str, number: int, begun: datetime, due: datetime,
    paused: datetime | None = None,
) -> tuple[datetime, datetime]:  # fmt: skip
    allowed = max(due - begun, timedelta(seconds=1))
    warn = due - allowed / 5
    left = int((due - paused).total_seconds()) if paused else None
    bind.execute(
        sa.insert(_CLOCKS).values(
            id=new_id(), case_id=case.id, kind=kind, round=number, mode="continuous",
            rule=case.clock_rule or {}, allowed_s=int(allowed.total_seconds()), started_at=begun,
            warn_at=warn, due_at=due, state="paused" if paused else "running", level=0,
            paused_at=paused, left_s=left, look_at=None if paused else warn,
        )
    )  # fmt: skip
    return due, warn


def downgrade() -> None:
    """Notes go back into their own table; what 0002 added goes with its tables."""
    op.create_table(
        "case_notes",
        sa.Column("id", columns.IdType(), nullable=False),
        sa.Column("case_id", columns.IdType(), nullable=False),
        sa.Column("actor_id", columns.IdType(), nullable=False),
        sa.Column("text", columns.FreeText, nullable=False),
        sa.Column("created_at", columns.InstantType(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_case_notes_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_case_notes_case_id"), "case_notes", ["case_id"], unique=False)
    bind = op.get_bind()
    for note in bind.execute(sa.select(_ENTRIES).where(_ENTRIES.c.kind == "note")).all():
        bind.execute(
            sa.insert(_NOTES).values(
                id=new_id(), case_id=note.case_id, actor_id=note.actor_id, text=note.note,
                created_at=note.created_at,
            )
        )  # fmt: skip
    guards.append_only("case_notes")
    # What this revision made, it makes again on the way back.
    guards.empty("case_entries", key="case_id,position")
    for table in ("case_scopes", "case_texts", "case_clocks"):
        op.execute(f"DELETE FROM {table}")
