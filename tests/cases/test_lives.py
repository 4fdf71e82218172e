"""Random lives of cases on both databases, step by step beside the plain model."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from cases.case_build import make_unit
from cases.case_model import (
    CORRECTED_TO,
    ENDED,
    FILED_AS,
    INTERNAL,
    PLACES,
    STANDS,
    Life,
)
from cast import DISTRICT, GRID, VILLAGE, Role, actor, make_cast
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from ledger.build import broken
from sqlalchemy import select, update

from app.cases import opening, queries, service, workflow
from app.cases.models import Case, CaseEntry, CaseMove, CaseReport, CaseScope
from app.cases.schemas import CaseMoveDraft
from app.cases.service import Means
from app.clocks.models import Clock
from app.grids.service import GridCache
from app.identity import service as identity
from app.identity.models import Grant, Occupation
from app.kit import clock
from app.kit.db import insert_row, work
from app.kit.errors import AppError
from app.kit.ids import new_id
from app.kit.seal import Seal
from app.media.models import Photo
from app.reports.models import Report
from app.routing.models import RoutingDecision

GRIDS = GridCache()
MEANS = Means(timedelta(hours=72), GRIDS)
SEAL = Seal("of-random-lives")
WHO = tuple(STANDS)
ASSIGNEES = ("staff", "head", "dispatcher", *["handler"] * 3, *["unit"] * 2)
CHOICES = {True: "manhole", False: "litter"}
MOVES = sorted(set(PLACES) - INTERNAL)


class People:
    """The six who act, their unit, and a case to merge into; the same for every life."""

    def __init__(self, db) -> None:
        with work(db, write=True) as tx:
            cast = make_cast(tx)
            head, handler, member = (
                identity.add_person(tx, name, Occupation.STAFF) for name in ("头", "部门", "单位")
            )
            identity.grant(tx, None, head.id, Role.GRID_HEAD, VILLAGE)
            identity.grant(tx, None, handler.id, Role.HANDLER, DISTRICT)
        self.unit = make_unit(db, cast.wang, member)
        village = f"/{DISTRICT}/500152001000/{VILLAGE}/"
        self.reporter = actor(cast.liu_bo)
        self.actors = {
            "staff": actor(cast.wang, Role.GRID_STAFF, f"{village}{GRID}/"),
            "head": actor(head, Role.GRID_HEAD, village),
            "dispatcher": actor(cast.qian, Role.DISPATCHER),
            "checker": actor(cast.sun, Role.CHECKER),
            "handler": actor(handler, Role.HANDLER), "member": actor(member),
        }  # fmt: skip
        with work(db, write=False) as tx:
            self.other = tx.get_one(Case, opened(db, self, "manhole")[0]).number

    def leave(self, db, who: str, *, gone: bool) -> None:
        """Ends the roles of one of them, or gives them back."""
        mine = update(Grant).where(Grant.person_id == self.actors[who].person_id)
        with work(db, write=True) as tx:
            tx.execute(mine.values(revoked_at=clock.now() if gone else None))


def opened(db, people: People, choice: str) -> tuple[UUID, UUID]:
    """A new case and the report behind it."""
    report_id, now = new_id(), clock.now()
    with work(db, write=True) as tx:
        insert_row(
            tx, Report, id=report_id, person_id=people.reporter.person_id, description="井盖破损",
            choice=choice, anonymous=False, lat=30.2055, lng=105.8405, raw_lat=30.2055,
            raw_lng=105.8405, crs="wgs84", status="received", created_at=now, updated_at=now,
        )  # fmt: skip
    with work(db, write=True) as tx:
        opening.route(tx, GRIDS, report_id)
    with work(db, write=False) as tx:
        number = tx.scalar(select(Report.case_number).where(Report.id == report_id))
        return tx.scalars(select(Case.id).where(Case.number == number)).one(), report_id


def photo(tx, owner: UUID) -> UUID:
    photo_id = new_id()
    insert_row(
        tx, Photo, id=photo_id, owner_id=owner, content_type="image/jpeg", bytes=1, width=1,
        height=1, sha256=photo_id.hex * 2, dhash="0" * 16, created_at=clock.now(),
    )  # fmt: skip
    return photo_id


def fields(tx, people: People, life: Life, who: str, move: str, assignee: str) -> dict:
    to_unit = {"unit_code": people.unit}
    given = {
        "file": {"category_code": FILED_AS[life.born_hazard]},
        "reject": {"reason_code": "not_found", "public_note": "现场没有发现"},
        "dispatch": to_unit if assignee == "unit" else {
            "assignee_id": people.actors[assignee].person_id,
        },
        "return": {"reason_code": "other", "note": "换人"},
        "make_safe": {"note": "已围挡"}, "escalate": {"note": "网格解决不了"},
        "hand_down": {"region_code": GRID, "note": "请网格办理"},
        "recall": {"note": "换人"},
        "correct": {"category_code": CORRECTED_TO, "note": "是污水井盖"},
        "merge": {"into": people.other}, "unmerge": {"note": "不是同一处"},
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

    @initialize(hazard=st.booleans())
    def is_born(self, hazard) -> None:
        self.case_id, self.report_id = opened(self.db, self.people, CHOICES[hazard])
        self.life = Life(hazard)

    def teardown(self) -> None:
        if self.life.gone:
            self.people.leave(self.db, self.life.gone, gone=False)

    @rule(
        who=st.sampled_from(WHO), assignee=st.sampled_from(ASSIGNEES), move=st.sampled_from(MOVES)
    )
    def anyone_tries(self, who, move, assignee) -> None:
        # Whoever lost the role is stopped at the door.
        if who == self.life.gone:
            return
        expected = self.life.done(who, move, assignee)
        # Nobody is given a case below the level that handles it.
        assert self.attempt(who, move, assignee) == expected
        if expected is None:
            self.life.make(who, move, assignee)

    @rule(seed=st.integers(0, 10_000))
    def life_goes_on(self, seed) -> None:
        """By dice of our own, so that lives become long: hypothesis loves the first of all."""
        dice = Random(f"{seed}/{self.life.version}")
        if self.life.is_over():
            self.teardown()
            self.is_born(dice.random() < 1 / 2)
        elif dice.random() < 1 / 12:
            assert self.withdraw() == self.life.withdraw()
        else:
            self.someone_moves(dice)
        if dice.random() < 1 / 2:
            self.leave()

    def someone_moves(self, dice) -> None:
        """First the move and then the person: what only few may do is no rarer."""
        assignee = dice.choice(ASSIGNEES)
        possible = [step for step in self.steps() if self.life.done(*step, assignee) is None]
        decisions = {move for move in INTERNAL if self.life.status in PLACES[move]}
        names = sorted({move for _, move in possible} | decisions)
        move = dice.choice(names) if names else None
        if move in decisions:
            with work(self.db, write=True) as tx:
                service.decide(tx, self.people.actors["dispatcher"], self.case_id, move)
            self.life.make("dispatcher", move, self.life.assignee)
        elif move is not None:
            who = dice.choice([who for who, name in possible if name == move])
            assert self.attempt(who, move, assignee) is None
            self.life.make(who, move, assignee)

    def leave(self) -> None:
        """The department's handler loses the role while the case is theirs."""
        if self.life.has("handler") and not self.life.gone:
            self.people.leave(self.db, "handler", gone=True)
            self.life.gone = "handler"

    def withdraw(self) -> str | None:
        try:
            with work(self.db, write=True) as tx:
                service.withdraw(tx, SEAL, self.people.reporter, self.report_id, None)
        except AppError as refusal:
            return refusal.code
        return None

    def steps(self) -> list[tuple[str, str]]:
        """Who is there, with every move: those that the table allows now."""
        there = [who for who in WHO if who != self.life.gone]
        return [(w, m) for w in there for m in MOVES if self.life.refusal(w, m) is None]

    def attempt(self, who, move, assignee) -> str | None:
        actor_ = self.people.actors[who]
        try:
            with work(self.db, write=True) as tx:
                draft = CaseMoveDraft(
                    move=move, **fields(tx, self.people, self.life, who, move, assignee)
                )
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
            of_case = RoutingDecision.case_id == case.id
            decided = tx.scalars(select(RoutingDecision.reason).where(of_case)).all()
            mine = CaseReport.report_id == self.report_id
            behind = tx.scalar(select(CaseReport.case_id).where(mine))
            other = tx.scalar(select(Case.id).where(Case.number == self.people.other))
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
        assert (case.unit_code, case.hazard) == (
            self.people.unit if life.unit else None,
            life.hazard,
        )
        assert sorted(decided) == sorted(life.decisions)
        assert behind == (self.case_id if life.report == "here" else life.report and other)
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
                possible = {m for m in MOVES if self.life.refusal(who, m) is None}
                assert offered == possible, (who, self.life, self.trace())

    @invariant()
    def no_case_waits_for_who_is_gone(self) -> None:
        life = self.life
        assert life.status in ENDED or self.steps(), (life, self.trace())
        if life.gone and life.has(life.gone) and life.status in PLACES["recall"]:
            assert ("dispatcher", "recall") in self.steps()


@pytest.mark.timeout(600)
def test_random_lives(db):
    on_this_engine = type("Lives", (Lives,), {"db": db, "people": People(db)})
    run_state_machine_as_test(
        on_this_engine,
        settings=settings(
            max_examples=10, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck), database=None,
            # Shrinking a life on a real database takes longer than reading it.
            phases=(Phase.generate,),
        ),
    )  # fmt: skip
    assert broken(db) == []
