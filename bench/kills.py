"""Whether kill -9 under load loses or doubles anything that a client was told.

    python bench/kills.py                                   # 200 kills, SQLite
    python bench/kills.py --engine postgresql --kills 200

People redeem, hand out, cancel, give, restock, report, pay at a till, share in a household, bring
goods back and hand out without network over HTTP, each write under a key that is sent until it has
its answer. Meanwhile one of the processes is killed and started again: the server (SQLite, with its
worker), or one of two servers, the worker, PostgreSQL, or one of its processes. Then every key is
sent once more, everything is counted, and the audit runs. Exit code 1: not so.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from asking import Desk
from crowd import MEMBERS, Crowd
from founding import GRANT, found, grant
from reckoning import counts, reckon
from rigs import Rig, open_postgresql, open_sqlite, postgresql_rig, sqlite_rig
from servers import fresh_folder

from app.demo import play
from app.demo.wechat_server import FakeWechat
from app.kit.db import make_database

ENGINES = {"sqlite": (sqlite_rig, open_sqlite), "postgresql": (postgresql_rig, open_postgresql)}
PAUSE_S, LIKELY_UP, TELL_EACH = (0.0, 0.5), 0.85, 25
# Answers between two deaths, at most. What takes several units, as a batch does on SQLite, where
# everybody else has a turn between two of them, is only ever done in a life that is longer.
MOST_BETWEEN = (10, 10, 10, 80)


def kill(rig: Rig, plan: argparse.Namespace, rng: random.Random, crowd: Crowd) -> Counter[str]:
    """Kills by target. Ends early when the time is over, or when the crowd has failed."""
    done: Counter[str] = Counter()
    began = time.monotonic()
    until = began + plan.seconds
    while done.total() < plan.kills and time.monotonic() < until and not crowd.failures:
        time.sleep(rng.uniform(*PAUSE_S))
        # On a slow machine, too, there is work between two deaths; now and then there is none.
        enough = crowd.desk.answered + rng.randint(0, rng.choice(MOST_BETWEEN))
        while crowd.desk.answered < enough and time.monotonic() < until and not crowd.failures:
            time.sleep(0.01)
        # Mostly one that works; at times one that is only just coming up.
        any_of_them = rng.random() > LIKELY_UP
        targets = rng.sample(rig.targets, len(rig.targets))
        target = next((one for one in targets if any_of_them or one.answers()), None)
        if target is not None and target.kill(rng):
            done[target.name] += 1
            if not done.total() % TELL_EACH:
                print(f"  {done.total()} after {time.monotonic() - began:.0f} s", flush=True)
    return done


def run(plan: argparse.Namespace, folder: Path) -> list[str]:
    """One run, told on standard output; what is wrong."""
    make_rig, open_service = ENGINES[plan.engine]
    fake, rng, began = (
        FakeWechat(play.APPID, play.SECRET),
        random.Random(plan.seed),
        time.monotonic(),
    )
    with play.wechat(fake) as wechat_url, make_rig(folder, settings(wechat_url)) as rig:
        db = make_database(rig.url)
        found(db)
        open_service(rig)
        rig.await_up()
        desk = Desk(rig.bases)
        crowd = Crowd(desk, fake)
        grant(db, [UUID(desk.get(name, "/v1/me")["id"]) for name in MEMBERS])
        before = counts(db)
        # PostgreSQL will die under what stays open.
        db.close()
        crowd.begin()
        at = time.monotonic()
        done = kill(rig, plan, rng, crowd)
        seconds = time.monotonic() - at
        rig.await_up()
        crowd.end()
        wrong = crowd.failures or reckon(rig, db, crowd, before, GRANT)
        db.close()
        tell(plan.engine, rig, crowd, done, (seconds, time.monotonic() - began))
    return [*wrong, *sorted(set(desk.surprises)), *left_behind(folder)]


def settings(wechat_url: str) -> dict[str, str]:
    return {
        "XINXIN_ENVIRONMENT": "development", "XINXIN_WECHAT_APPID": play.APPID,
        "XINXIN_WECHAT_SECRET": play.SECRET, "XINXIN_WECHAT_URL": wechat_url,
        "XINXIN_OBJECTION_HOURS": "0", "XINXIN_LOG_LEVEL": "WARNING", "XINXIN_DECODERS": "1",
    }  # fmt: skip


def left_behind(folder: Path) -> list[str]:
    """Processes that outlived what started them, such as decoders of a killed server."""
    found, until = ["?"], time.monotonic() + 10
    while found and time.monotonic() < until:
        time.sleep(0.2)
        running = psutil.process_iter(["pid", "cwd", "cmdline"])
        mine = (p.info for p in running if p.info["cwd"] == str(folder))
        found = [f"left behind: {info['pid']} {' '.join(info['cmdline'])}" for info in mine]
    return found


def tell(
    engine: str, rig: Rig, crowd: Crowd, done: Counter[str], seconds: tuple[float, float]
) -> None:
    desk, lasted = crowd.desk, timedelta(seconds=round(seconds[1]))
    asked = Counter(intent.path.rsplit("/", 1)[-1] for intent in desk.intents)
    tries = sum(intent.tries for intent in desk.intents)
    fell = {mortal.name: mortal.fell for mortal in rig.mortals if mortal.fell}
    print(f"{engine}: {done.total()} kills in {seconds[0]:.0f} s; the run took {lasted}")
    print(f"  killed: {_listed(done)}")
    print(f"  ended by themselves and came back: {_listed(fell)}")
    print(f"  writes: {len(desk.intents)} keys ({_listed(asked)}); {len(crowd.stories)} stories")
    print(f"  {tries} tries of these keys, {desk.requests} requests in all")


def _listed(found: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(found.items())) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--engine", choices=sorted(ENGINES), default="sqlite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3600, help="kill no longer than this")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    folder = fresh_folder(f"kills-{asked.engine}-{asked.seed}")
    print(f"seed {asked.seed}", flush=True)
    wrong = run(asked, folder)
    for line in wrong:
        print(f"WRONG {line}", file=sys.stderr)
    if wrong:
        print(f"logs: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print("  each acknowledged write is there once, the audit is clean, nothing is left behind")
    return 0


def _stop(_number: int, _frame: Any) -> None:
    sys.exit(130)


if __name__ == "__main__":
    # A polite end, so that everything that was started is stopped as well.
    signal.signal(signal.SIGTERM, _stop)
    # The process that forks finds what it imports in the same places.
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # noqa: TID251
    sys.exit(main())
