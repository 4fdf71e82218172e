"""Jobs: written with their cause, done at least once, counted, and never for ever."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from kit.little import effects
from sqlalchemy import event, func, select

from app.kit import attempts, clock, outbox
from app.kit.db import work
from app.kit.ids import new_id
from app.kit.outbox import CLAIM, KEEP_DONE, MAX_ATTEMPTS, Job, Outside, run_one


def enqueue(db, kind: str = "soap.sold", **how) -> None:
    with work(db, write=True) as tx:
        outbox.enqueue(tx, kind, **how)


def one(db) -> Job:
    with work(db, write=False) as tx:
        return tx.scalars(select(Job)).one()


def count(db, state: str) -> int:
    with work(db, write=False) as tx:
        return tx.scalar(select(func.count()).where(Job.state == state)) or 0


def effect(tx, _payload) -> None:
    attempts.add(tx, "soap")


def fail(tx, _payload) -> None:
    attempts.add(tx, "soap")
    raise ValueError("no luck\nphone=13812348000")


def call_and_record(call) -> dict[str, Outside]:
    return {"soap.sold": Outside(call, lambda tx, _payload, _outcome: effect(tx, _payload))}


class Killed(BaseException):
    """The process ends here: nobody catches this."""


class TestEnqueue:
    def test_is_part_of_its_transaction(self, db):
        def change_ones_mind() -> None:
            with work(db, write=True) as tx:
                outbox.enqueue(tx, "soap.sold")
                raise ValueError("oops")

        with pytest.raises(ValueError, match="oops"):
            change_ones_mind()
        assert count(db, "ready") == 0
        enqueue(db)
        assert count(db, "ready") == 1

    def test_hands_ids_over(self, db):
        thing, seen = new_id(), []
        enqueue(db, thing_id=thing)
        run_one(db, {"soap.sold": lambda _tx, payload: seen.append(payload)})
        assert seen == [{"thing_id": str(thing)}]

    def test_with_the_same_unique_key_is_one_job(self, db):
        for _ in range(3):
            enqueue(db, unique="photos.swept:1")
        enqueue(db, unique="photos.swept:2")
        assert count(db, "ready") == 2

    def test_with_a_unique_key_stays_one_after_it_was_done(self, db):
        enqueue(db, unique="once")
        run_one(db, {"soap.sold": effect})
        enqueue(db, unique="once")
        assert (count(db, "ready"), count(db, "done")) == (0, 1)

    def test_with_a_delay_waits(self, db):
        enqueue(db, delay=timedelta(hours=1))
        assert not run_one(db, {"soap.sold": effect})
        clock.shift(timedelta(hours=1))
        assert run_one(db, {"soap.sold": effect})


class TestInside:
    def test_effect_and_mark_are_one_commit(self, db):
        enqueue(db)
        commits = []
        event.listen(db.writer, "commit", lambda _connection: commits.append(1))
        assert run_one(db, {"soap.sold": effect})
        assert (len(commits), effects(db), one(db).state) == (1, 1, "done")
        assert not run_one(db, {"soap.sold": effect})

    def test_oldest_first(self, db):
        for number in range(3):
            enqueue(db, number=str(number))
        seen = []
        while run_one(db, {"soap.sold": lambda _tx, payload: seen.append(payload["number"])}):
            pass
        assert seen == ["0", "1", "2"]

    def test_failure_leaves_no_effect_and_backs_off(self, db):
        enqueue(db)
        for attempt in range(1, 4):
            assert run_one(db, {"soap.sold": fail})
            job = one(db)
            assert (job.attempts, job.state, effects(db)) == (attempt, "ready", 0)
            wait = (job.run_at - clock.now()).total_seconds()
            assert 0.6 * 2 ** (attempt - 1) < wait <= 1.2 * 2 ** (attempt - 1)
            assert not run_one(db, {"soap.sold": fail})
            clock.shift(timedelta(seconds=wait + 0.01))

    def test_error_is_kept_without_what_drivers_add(self, db):
        enqueue(db)
        run_one(db, {"soap.sold": fail})
        assert one(db).error == "ValueError: no luck"

    def test_success_after_failure_forgets_the_error(self, db):
        enqueue(db)
        run_one(db, {"soap.sold": fail})
        clock.shift(timedelta(seconds=5))
        run_one(db, {"soap.sold": effect})
        assert (one(db).state, one(db).error, effects(db)) == ("done", None, 1)

    def test_killed_in_the_middle_is_done_later(self, db):
        enqueue(db)

        def killed(tx, payload) -> None:
            effect(tx, payload)
            raise Killed

        with pytest.raises(Killed):
            run_one(db, {"soap.sold": killed})
        assert (effects(db), one(db).state) == (0, "ready")
        assert run_one(db, {"soap.sold": effect})
        assert effects(db) == 1

    def test_dies_after_the_last_attempt_and_can_be_requeued(self, db):
        enqueue(db)
        for _ in range(MAX_ATTEMPTS):
            assert run_one(db, {"soap.sold": fail})
            clock.shift(timedelta(minutes=20))
        job = one(db)
        assert (job.state, job.attempts) == ("dead", MAX_ATTEMPTS)
        assert not run_one(db, {"soap.sold": effect})

        with work(db, write=True) as tx:
            assert outbox.requeue(tx, job.id)
            assert not outbox.requeue(tx, job.id)
        assert run_one(db, {"soap.sold": effect})
        assert (one(db).state, effects(db)) == ("done", 1)

    def test_unknown_kind_dies_and_lets_others_pass(self, db):
        enqueue(db, "soap.forgotten")
        for _ in range(MAX_ATTEMPTS):
            assert run_one(db, {})
            clock.shift(timedelta(minutes=20))
        assert (one(db).state, count(db, "dead")) == ("dead", 1)
        assert "no handler" in one(db).error
        enqueue(db)
        assert run_one(db, {"soap.sold": effect})
        assert effects(db) == 1


class TestOutside:
    def test_is_claimed_and_counted_before_the_call(self, db):
        enqueue(db)
        seen = []

        def call(_payload) -> str:
            job = one(db)
            seen.append((job.attempts, job.state, job.run_at > clock.now()))
            return "sent"

        run_one(db, call_and_record(call))
        assert seen == [(1, "ready", True)]
        assert (one(db).state, effects(db)) == ("done", 1)

    def test_outcome_and_mark_are_one_commit(self, db):
        enqueue(db)

        def record(tx, _payload, outcome) -> None:
            attempts.add(tx, outcome)
            raise ValueError("no luck")

        run_one(db, {"soap.sold": Outside(lambda _payload: "soap", record)})
        assert (effects(db), one(db).state, one(db).attempts) == (0, "ready", 1)

    def test_failure_is_counted_once(self, db):
        enqueue(db)

        def call(_payload) -> None:
            raise OSError("unreachable")

        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert run_one(db, call_and_record(call))
            assert one(db).attempts == attempt
            clock.shift(timedelta(minutes=20))
        assert one(db).state == "dead"

    def test_that_kills_the_process_is_not_lost(self, db):
        enqueue(db)

        def call(_payload) -> None:
            raise Killed

        with pytest.raises(Killed):
            run_one(db, call_and_record(call))
        assert not run_one(db, call_and_record(lambda _payload: "sent"))
        clock.shift(CLAIM)
        assert run_one(db, call_and_record(lambda _payload: "sent"))
        assert (one(db).state, effects(db)) == ("done", 1)

    def test_that_kills_the_process_cannot_do_so_for_ever(self, db):
        enqueue(db)
        calls = []

        def call(_payload) -> None:
            calls.append(1)
            raise Killed

        for _ in range(MAX_ATTEMPTS + 3):
            with suppress(Killed):
                run_one(db, call_and_record(call))
            clock.shift(CLAIM)
        assert (len(calls), one(db).state) == (MAX_ATTEMPTS, "dead")


def test_two_workers_do_two_hundred_jobs_once_each(db):
    with work(db, write=True) as tx:
        for number in range(200):
            outbox.enqueue(tx, "soap.sold", number=str(number))

    def handle(tx, payload) -> None:
        attempts.add(tx, f"job-{payload['number']}")

    def drain() -> None:
        while run_one(db, {"soap.sold": handle}):
            pass

    workers = [threading.Thread(target=drain) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    # A worker may find every row locked by the other and leave; what is left is drained here.
    drain()
    assert (count(db, "done"), count(db, "ready")) == (200, 0)
    with work(db, write=False) as tx:
        counts = list(tx.scalars(select(attempts.Attempt.count)))
    assert counts == [1] * 200


def test_done_jobs_are_tidied_and_dead_ones_stay(db):
    enqueue(db)
    run_one(db, {"soap.sold": effect})
    enqueue(db, "soap.forgotten")
    for _ in range(MAX_ATTEMPTS):
        run_one(db, {})
        clock.shift(timedelta(minutes=20))
    for wait, done in ((timedelta(), 1), (KEEP_DONE, 0)):
        clock.shift(wait)
        with work(db, write=True) as tx:
            outbox.tidy(tx)
        assert (count(db, "done"), count(db, "dead")) == (done, 1)


@pytest.mark.parametrize("attempts_made", [1, 5, 8, 30])
def test_back_off_grows_to_ten_minutes(attempts_made):
    expected = min(2 ** (attempts_made - 1), 600)
    seconds = [outbox.back_off(attempts_made).total_seconds() for _ in range(50)]
    assert 0.8 * expected <= min(seconds) < max(seconds) <= 1.2 * expected


@pytest.mark.parametrize("engine_name", ["postgresql"])
class TestDeadlock:
    """Two workers' jobs take two rows crosswise; SQLite has one worker."""

    @pytest.mark.parametrize("outside", [False, True])
    def test_is_untied_and_both_are_done_at_once(self, db, outside):
        both, runs = threading.Barrier(2), []

        def handle(tx, payload) -> None:
            mine = payload["mine"]
            runs.append(mine)
            attempts.add(tx, mine)
            if runs.count(mine) == 1:
                both.wait(10)
            attempts.add(tx, "b" if mine == "a" else "a")

        def record(tx, payload, _outcome) -> None:
            handle(tx, payload)

        job = Outside(lambda _payload: None, record) if outside else handle
        for mine in "ab":
            enqueue(db, mine=mine)
        workers = [threading.Thread(target=run_one, args=(db, {"soap.sold": job})) for _ in "12"]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert (effects(db, "a"), effects(db, "b")) == (2, 2)
        # Whoever lost began again at once; on a slow machine before the other had gone on.
        assert len(runs) > 2
        assert count(db, "done") == 2
