"""`python bench/run.py`: measures the service beside its limits; see bench/README.md."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

ENGINES = ("sqlite", "postgresql")
# In this order: a case is filed after its verification, and closed after its filing.
SCENES = ("balance", "queue", "submit", "move", "file", "close", "redeem", "upload")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the service beside its limits.")
    parser.add_argument("--quick", action="store_true", help="about a minute: 2 rounds of 0.3 s")
    parser.add_argument("--engines", default=",".join(ENGINES), help="sqlite,postgresql")
    parser.add_argument("--scenes", default=",".join(SCENES), help="move,file,close,redeem")
    parser.add_argument("--rounds", type=int, help="rounds of every scene (5)")
    parser.add_argument("--seconds", type=float, help="length of a scene in a round (3)")
    parser.add_argument("--out", type=Path, help="JSON file (bench/results/<time>.json)")
    given = parser.parse_args()
    given.rounds = given.rounds or (2 if given.quick else 5)
    given.seconds = given.seconds or (0.3 if given.quick else 3.0)
    for what, known in (("engines", ENGINES), ("scenes", SCENES)):
        asked = set(getattr(given, what).split(",")) - {""}
        if unknown := asked - set(known):
            parser.error(f"unknown {what}: {', '.join(sorted(unknown))}")
        setattr(given, what, [name for name in known if name in asked])
    return given


def main() -> int:
    """Runs every engine, prints its table, writes the JSON; 1 when any answer was wrong."""
    given = arguments()
    # Imported here: helper processes import this file again and need none of it.
    import report
    import suite

    from app.kit import clock

    plan = suite.Plan(given.rounds, given.seconds, tuple(given.scenes))
    machine, results = report.facts(plan), []
    for engine in given.engines:
        try:
            results.append(suite.measure(engine, plan))
        except RuntimeError as error:
            print(f"FAILED on {engine}: {error}", file=sys.stderr)
            return 1
        print("\n".join(report.table(results[-1])), flush=True)
    stamp = f"{clock.now():%Y%m%d-%H%M%S}.json"
    file = given.out or Path(__file__).parent / "results" / stamp
    report.write(file, machine, results)
    print(f"\nwritten: {file}")
    return 0


def _stop(_number: int, _frame: Any) -> None:
    sys.exit(130)


if __name__ == "__main__":
    # A polite end, so that every server that was started is stopped as well.
    signal.signal(signal.SIGTERM, _stop)
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main())
