"""Random lives of cases on both databases, step by step beside the plain model."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cases.case_model import INTERNAL, PLACES, Life
from cast import GRID, VILLAGE, Role, actor, make_cast
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.cases import audit, opening, queries, service, workflow
from app.cases.models import Case, CaseEntry, CaseMove, CaseScope
from app.cases.schemas import CaseMoveDraft
from app.cases.service import Means
from app.clocks.models import Clock
from app.grids.service import GridCache
from app.identity import service as identity
from app.identity.models import Occupation
from app.kit import clock
from app.kit.audit import broken
from app.kit.db import insert_row, work
from app.kit.errors import AppError
from app.kit.ids import new_id
from app.media.models import Photo
from app.reports.models import Report

GRIDS = GridCache()
MEANS = Means(timedelta(hours=72), GRIDS)
WHO = ("staff", "head", "dispatcher", "checker", "handler")
ASSIGNEES = ("staff", "head", "dispatcher", "handler")


class People:
    """The five who act, the same for every life on one database."""

    def __init__(self, db) -> None:
        with work(db, write=True) as tx:
            cast = make_cast(tx)
            head, handler = (
                identity.add_person(tx, name, Occupation.STAFF) for name in ("头", "部门")
            )
            identity.grant(tx, None, head.id, Role.GRID_HEAD, VILLAGE)
            identity.grant(tx, None, handler.id, Role.HANDLER, "500152000000")
        village = f"/500152000000/500152001000/{VILLAGE}/"
        self.reporter = cast.liu_bo
        self.actors = {
            "staff": actor(cast.wang, Role.GRID_STAFF, f"{village}{GRID}/"),
            "head": actor(head, Role.GRID_HEAD, village),
            "dispatcher": actor(cast.qian, Role.DISPATCHER),
            "checker": actor(cast.sun, Role.CHECKER),
            "handler": actor(handler, Role.HANDLER),
        }


def opened(db, people: People, choice: str) -> UUID:
    report_id, now = new_id(), clock.now()
    with work(db, write=True) as tx:
        insert_row(
            tx, Report, id=report_id, person_id=people.reporter.id, description="井盖破损",
            choice=choice, anonymous=False, lat=30.2055, lng=105.8405, raw_lat=30.2055,
            raw_lng=105.8405, crs="wgs84", status="received", created_at=now, updated_at=now,
        )  # fmt: skip
    with work(db, write=True) as tx:
        opening.route(tx, GRIDS, report_id)
    with work(db, write=False) as tx:
        number = tx.scalar(select(Report.case_number).where(Report.id == report_id))
        return tx.scalars(select(Case.id).where(Case.number == number)).one()


def photo(tx, owner: UUID) -> UUID:
    photo_id = new_id()
    insert_row(
        tx, Photo, id=photo_id, owner_id=owner, content_type="image/jpeg", bytes=1, width=1,
        height=1, sha256=photo_id.hex * 2, dhash="0" * 16, created_at=clock.now(),
    )  # fmt: skip
    return photo_id


def fields(tx, people: People, who: str, move: str, assignee: str) -> dict:
    given = {
        "file": {"category_code": "C0101"},
        "reject": {"reason_code": "not_found", "public_note": "现场没有发现"},
        "dispatch": {"assignee_id": people.actors[assignee].person_id},
        "return": {"reason_code": "other", "note": "换人"},
        "make_safe": {"note": "已围挡"}, "escalate": {"note": "网格解决不了"},
        "hand_down": {"region_code": GRID, "note": "请网格办理"},
        "correct": {"category_code": "C0102", "note": "是污水井盖"},
        "close": {"outcome": "fixed"}, "rework": {"note": "还在晃"},
        "suspend": {
            "review_on": clock.business_day(clock.now()) + timedelta(days=3), "note": "等配件",
        },
    }.get(move, {})  # fmt: skip
    if move == "resolve":
        given = {"photo_ids": [photo(tx, people.actors[who].person_id)], "note": "修好了"}
    return given


class Lives(RuleBasedStateMachine):
    """One case after the other; `db` and `people` are set for each engine."""

    db: Any
    people: People

    def __init__(self) -> None:
        super().__init__()
        self.case_id = opened(self.db, self.people, "manhole")
        self.life = Life()

    @rule(
        who=st.sampled_from(WHO), assignee=st.sampled_from(ASSIGNEES),
        move=st.sampled_from(sorted(set(PLACES) - INTERNAL)),
    )  # fmt: skip
    def anyone_tries(self, who, move, assignee) -> None:
        expected = self.life.refusal(who, move)
        # Nobody is given a case below the level that handles it.
        assert self.attempt(who, move, assignee) == expected
        if expected is None:
            self.life.make(who, move, assignee)

    @rule(pick=st.integers(0, 10_000), assignee=st.sampled_from(ASSIGNEES))
    def someone_goes_on(self, pick, assignee) -> None:
        """A move that is possible, so that lives become long."""
        possible = [
            (who, move)
            for who in WHO
            for move in sorted(set(PLACES) - INTERNAL)
            if self.life.refusal(who, move) is None
        ]
        if possible:
            who, move = possible[pick % len(possible)]
            assert self.attempt(who, move, assignee) is None
            self.life.make(who, move, assignee)

    @rule(move=st.sampled_from(sorted(INTERNAL)))
    def it_is_decided(self, move) -> None:
        if self.life.status not in PLACES[move]:
            return
        with work(self.db, write=True) as tx:
            service.decide(tx, self.people.actors["dispatcher"], self.case_id, move)
        self.life.make("dispatcher", move, self.life.assignee)

    def attempt(self, who, move, assignee) -> str | None:
        actor_ = self.people.actors[who]
        try:
            with work(self.db, write=True) as tx:
                draft = CaseMoveDraft(move=move, **fields(tx, self.people, who, move, assignee))
                service.move(tx, actor_, self.case_id, draft, self.life.version, MEANS)
        except AppError as refusal:
            return refusal.code
        return None

    @invariant()
    def the_database_agrees(self) -> None:
        life = self.life
        with work(self.db, write=False) as tx:
            case = tx.get_one(Case, self.case_id)
            clocks = tx.scalars(select(Clock).where(Clock.case_id == case.id)).all()
            scopes = set(tx.scalars(select(CaseScope.status).where(CaseScope.case_id == case.id)))
            seen = queries.get_case(tx, self.people.actors["dispatcher"], case.id)
            entries = tx.scalars(select(CaseEntry).where(CaseEntry.case_id == case.id)).all()
            moves = tx.scalars(select(CaseMove).where(CaseMove.case_id == case.id)).all()
        found = (
            case.status, case.version, case.returns, case.rework, case.round, case.rerouted,
            case.made_safe_at is not None, len(moves),
        )  # fmt: skip
        assert found == (
            life.status, life.version, life.returns, life.rework, life.round, life.rerouted,
            life.made_safe, life.version,
        )  # fmt: skip
        who = self.people.actors.get(life.assignee) if life.assignee else None
        assert case.assignee_id == (who.person_id if who else None)
        assert {c.kind for c in clocks if c.state == "running"} == life.running
        assert {c.kind for c in clocks if c.state == "paused"} == life.paused
        assert scopes == {life.status}
        assert seen.level_path.count("/") == 5 - life.level
        assert (case.due_at is None) == (not life.running)
        assert case.entries == len(entries) == life.version

    def trace(self) -> list[Any]:
        """The moves so far, for whoever reads a failure."""
        names = {a.person_id: who for who, a in self.people.actors.items()}
        with work(self.db, write=False) as tx:
            made = select(CaseMove).where(CaseMove.case_id == self.case_id)
            rows = tx.scalars(made.order_by(CaseMove.version)).all()
            return [(row.move, names.get(row.actor_id), row.to_status) for row in rows]

    @invariant()
    def what_is_offered_is_what_is_possible(self) -> None:
        with work(self.db, write=False) as tx:
            for who, actor_ in self.people.actors.items():
                if not self.life.sees(who):
                    continue
                at = queries.get_case(tx, actor_, self.case_id)
                offered = {m.name for m in workflow.offered(at.situation(actor_))}
                possible = {m for m in set(PLACES) - INTERNAL if self.life.refusal(who, m) is None}
                found = offered - {"merge", "unmerge", "withdraw"}
                assert found == possible, (who, self.life, self.trace())


@pytest.mark.timeout(600)
def test_random_lives(db):
    on_this_engine = type("Lives", (Lives,), {"db": db, "people": People(db)})
    run_state_machine_as_test(
        on_this_engine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None,
            suppress_health_check=list(HealthCheck), database=None,
            # Shrinking a life on a real database takes longer than reading it.
            phases=(Phase.generate,),
        ),
    )  # fmt: skip
    with work(db, write=False) as tx:
        assert broken(tx, audit.CHECKS) == []
        assert list(audit.broken_histories(tx)) == []
