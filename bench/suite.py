"""The measurement: every scene and its limits, in turn, round after round, on one engine."""

import asyncio
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import drive
import httpx
import load
import psutil
import scenes
import servers
import stock
from figures import Figures, figures
from pictures import bare_steps
from tape import Recipe

from app.identity.tokens import TokenKeys, key_id
from app.kit import logs, migrate
from app.kit.db import Database, make_database
from app.main import create_app
from app.settings import Settings

CLIENTS = 16
# More than this nobody gets through in a second; it only decides how many rows are prepared.
FASTEST_APP, FASTEST_BARE, FASTEST_MOVES = 500, 1_000, 1_200
# The least that the staff queue is read from.
CASES = 3_000
WRITES = ("submit", "move", "file", "close", "redeem")
WARM_UP_S = 0.3


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    scenes: tuple[str, ...]

    @property
    def writes(self) -> list[str]:
        return [name for name in WRITES if name in self.scenes]


@dataclass
class Result:
    """Everything that one engine's run found."""

    engine: str
    workers: int
    facts: dict[str, str]
    rounds: dict[str, dict[str, list[Figures]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    statements: dict[str, int] = field(default_factory=dict)
    worker_mb: float = 0


@dataclass
class Bench:
    """What is running, and what it is measured with."""

    plan: Plan
    target: servers.Target
    scenes: scenes.Scenes
    recipes: dict[str, Recipe]
    sizes: dict[str, int]
    service: tuple[int, psutil.Process]
    bare: tuple[int, psutil.Process]
    generator: servers.Helper
    drivers: list[servers.Helper]
    db: Database


def measure(engine: str, plan: Plan) -> Result:
    """One engine from an empty database to its figures; everything is stopped at the end."""
    workers = 2 if engine == "postgresql" else 1
    with ExitStack() as running:
        opened = servers.postgresql() if engine == "postgresql" else servers.sqlite_file()
        bench = _open(running, running.enter_context(opened), plan, workers)
        result = Result(engine, workers, bench.target.facts)
        result.statements = {
            name: sum(len(unit) for unit in recipe.units) for name, recipe in bench.recipes.items()
        }
        _say(f"{engine}: warming up")
        asked = [scene for scene in bench.scenes.all if scene.name in plan.scenes]
        for scene in asked:
            _scene(bench, scene, WARM_UP_S)
        for name in plan.writes:
            _drive(bench, name, CLIENTS, WARM_UP_S)
        for number in range(plan.rounds):
            _say(f"{engine}: round {number + 1} of {plan.rounds}")
            for scene in asked:
                found = result.rounds[scene.name]
                found["service"].append(_scene(bench, scene, plan.seconds))
                for limit, one in _limits(bench, scene.name):
                    found[limit].append(one)
        _locate(bench)
        result.worker_mb = servers.largest_worker_mb(bench.service[1])
    return result


def _open(running: ExitStack, target: servers.Target, plan: Plan, workers: int) -> Bench:
    _say(f"{target.engine}: preparing data")
    secret = secrets.token_urlsafe(48)
    busy = plan.rounds * plan.seconds + 2 * WARM_UP_S
    sizes = stock.Sizes(
        reporters=2 * max(16, round(busy * 150 / (stock.LOTS * stock.LOT_POINTS // 5))),
        photos=round(busy * (FASTEST_APP + 2 * FASTEST_BARE)) if "submit" in plan.scenes else 1,
        cases=CASES + round(busy * FASTEST_MOVES),
    )
    made, recipes, answers = _prepare(target, secret, sizes)
    drivers = 2 if target.engine == "postgresql" else 1
    return Bench(
        plan, target, made, recipes, answers,
        running.enter_context(servers.service(target, workers, secret)),
        running.enter_context(servers.bare(workers)),
        running.enter_context(servers.Helper(load.serve)),
        [running.enter_context(servers.Helper(drive.serve)) for _ in range(drivers)],
        running.enter_context(closing(make_database(target.url, pool_size=1))),
    )  # fmt: skip


def _prepare(
    target: servers.Target, secret: str, sizes: stock.Sizes
) -> tuple[scenes.Scenes, dict[str, Recipe], dict[str, int]]:
    """Migrates, fills, and records the SQL and the answers' lengths with the application here."""
    logs.configure("WARNING")
    db = make_database(target.url, pool_size=2)
    migrate.upgrade(db)
    made = scenes.Scenes(stock.fill(db, TokenKeys({key_id(secret): secret}), sizes))
    db.close()
    settings = Settings(
        environment="development", database_url=target.url, token_secret=secret, worker="none",
        data_dir=servers.HOME / "recorded", wechat_appid="wx",
        objection_hours=0, _env_file=None,
    )  # fmt: skip
    app = create_app(settings)
    reads = {scene.name: next(scene.make()) for scene in made.all if scene.again}

    async def learn() -> tuple[dict[str, Recipe], dict[str, int]]:
        lengths = {name: len(await scenes.play(app, one)) for name, one in reads.items()}
        return await made.record(app), lengths

    recipes, lengths = asyncio.run(learn())
    app.state.db.close()
    return made, recipes, lengths


def _scene(bench: Bench, scene: scenes.Scene, seconds: float) -> Figures:
    bench.scenes.docket.resolve(bench.db)
    count = None if scene.again else int(seconds * FASTEST_APP)
    exchanges = list(islice(scene.make(), count))
    port, process = bench.service
    job = load.Job(port, exchanges, seconds, CLIENTS, scene.again)
    with _cpu(process) as ours, _cpu(bench.target.process) as theirs:
        outcome = bench.generator.ask(job)
    _refuse_failures(scene.name, outcome)
    if not scene.again:
        bench.scenes.sent(scene.name, exchanges, outcome.used)
    return figures(
        outcome.milliseconds, outcome.elapsed_s, ours[0], postgresql=theirs[0],
        client=outcome.cpu_s,
    )  # fmt: skip


def _limits(bench: Bench, name: str) -> Iterator[tuple[str, Figures]]:
    if name in bench.sizes:
        yield "bare ASGI", _bare(bench, bench.sizes[name])
    if name in WRITES:
        yield "bare driver, 1 client", _drive(bench, name, 1, bench.plan.seconds)
        yield f"bare driver, {CLIENTS}", _drive(bench, name, CLIENTS, bench.plan.seconds)
    if name == "upload":
        yield "bare Pillow", figures(*bare_steps(bench.plan.seconds))


def _bare(bench: Bench, size: int) -> Figures:
    port, process = bench.bare
    request = (f"GET /{size} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode(), b"")
    with _cpu(process) as used:
        job = load.Job(port, [(request,)], bench.plan.seconds, CLIENTS, again=True)
        outcome = bench.generator.ask(job)
    _refuse_failures("bare ASGI", outcome)
    return figures(outcome.milliseconds, outcome.elapsed_s, used[0], client=outcome.cpu_s)


def _drive(bench: Bench, name: str, clients: int, seconds: float) -> Figures:
    """Copies of a recorded write: by one client, or by as many as the service has."""
    bench.scenes.docket.resolve(bench.db)
    drivers = bench.drivers[: min(clients, len(bench.drivers))]
    each = int(seconds * FASTEST_BARE / len(drivers))
    shares = [bench.scenes.copies(name, each) for _ in drivers]
    with _cpu(bench.target.process) as theirs:
        for driver, share in zip(drivers, shares, strict=True):
            threads = clients // len(drivers)
            work = drive.Work(bench.target.plain, bench.recipes[name], share, threads, seconds)
            driver.ask(work)
        for driver in drivers:
            driver.pipe.send("go")
        outcomes = [driver.hear() for driver in drivers]
    for outcome, share in zip(outcomes, shares, strict=True):
        _refuse_failures(f"bare driver, {name}", outcome)
        bench.scenes.copied(name, share, outcome.used)
    return figures(
        [ms for outcome in outcomes for ms in outcome.milliseconds],
        max(outcome.elapsed_s for outcome in outcomes),
        sum(outcome.cpu_s for outcome in outcomes), postgresql=theirs[0],
    )  # fmt: skip


def _locate(bench: Bench) -> None:
    """Makes every worker load the grids, so that its memory says what a worker needs."""
    query = "lat=30.2055&lng=105.8410&crs=wgs84"
    for _ in range(24):
        # A connection of its own each time: which worker answers is the kernel's choice.
        url = f"http://127.0.0.1:{bench.service[0]}/v1/grids/locate?{query}"
        httpx.get(url, timeout=30).raise_for_status()


@contextmanager
def _cpu(process: psutil.Process | None) -> Iterator[list[float]]:
    """The CPU seconds of a process's whole tree, in the list's only place."""
    used = [0.0]
    before = servers.cpu_s(process)
    yield used
    used[0] = servers.cpu_s(process) - before


def _refuse_failures(name: str, outcome: Any) -> None:
    if outcome.failures:
        raise RuntimeError(f"{name} failed: {outcome.failures[0]} ({len(outcome.failures)} in all)")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
