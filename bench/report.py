"""Prints what was found, and writes it as JSON with the facts of the machine."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from figures import Figures, as_json, over, ratio, short
from marks import marks
from servers import ROOT
from suite import CLIENTS, Plan, Result

PACKAGES = (
    "fastapi",
    "uvicorn",
    "uvloop",
    "httptools",
    "sqlalchemy",
    "psycopg",
    "pydantic",
    "pillow",
)
HEADER = (
    f"{'scene':8} {'who':22} {'req/s min / med / max':>23} {'p50 ms':>7} {'p99 ms':>7}"
    f" {'CPU ms min / med / max':>22} {'PG CPU':>7} {'client':>7}"
)


def facts(plan: Plan) -> dict[str, Any]:
    """What figures depend on besides the code."""
    return {
        "commit": _git("rev-parse", "HEAD"), "changed": bool(_git("status", "--porcelain", "app")),
        "cores": os.cpu_count(), "machine": platform.platform(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0], "clients": CLIENTS, **asdict(plan),
        "packages": {name: version(name) for name in PACKAGES},
    }  # fmt: skip


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def table(result: Result) -> Iterator[str]:
    """The lines of one engine."""
    named = ", ".join(f"{name} {value}" for name, value in result.facts.items())
    yield f"\n{result.engine}: {named}; {result.workers} worker(s), {CLIENTS} clients"
    yield HEADER
    for scene, found in result.rounds.items():
        ours = found["service"]
        yield _line(scene, "service", ours)
        for who, limit in found.items():
            if who == "service":
                continue
            yield _line("", who, limit)
            rate, cpu = ratio(ours, limit, "per_s"), ratio(ours, limit, "cpu_ms")
            yield f"{'':8} {'  service / limit':22} {rate!s:>23} {'':15} {cpu!s:>22}"
    yield f"SQL statements of a write with its idempotency rows: {result.statements}"
    yield "first marks:"
    yield from (f"  {mark}" for mark in marks(result))


def _line(scene: str, who: str, rounds: Sequence[Figures]) -> str:
    p50, p99, theirs, client = (
        short(over(rounds, name).middle)
        for name in ("p50_ms", "p99_ms", "postgresql_cpu_ms", "client_cpu_ms")
    )
    rate, cpu = over(rounds, "per_s"), over(rounds, "cpu_ms")
    return f"{scene:8} {who:22} {rate!s:>23} {p50:>7} {p99:>7} {cpu!s:>22} {theirs:>7} {client:>7}"


def write(file: Path, machine: dict[str, Any], results: Sequence[Result]) -> None:
    """One JSON document: every round of everything, and the marks."""
    document = {
        "facts": machine,
        "engines": {
            result.engine: {
                "facts": result.facts, "workers": result.workers,
                "worker_mb": round(result.worker_mb, 1), "statements": result.statements,
                "marks": [asdict(mark) for mark in marks(result)],
                "rounds": {
                    scene: {who: as_json(rounds) for who, rounds in found.items()}
                    for scene, found in result.rounds.items()
                },
            }
            for result in results
        },
    }  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
