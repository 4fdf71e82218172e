"""The first marks, and what one run says about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from figures import over, ratio, short
from suite import Result
from typing_extensions import override

# CPU of one call of Amsterdam Signalen 2.50 with its database, measured elsewhere: context only.
SIGNALEN_MS = {"submit": 127.0, "queue": 241.0}
BARE = "bare driver, 16"


@dataclass(frozen=True)
class Mark:
    scene: str
    text: str
    found: float
    reached: bool

    @override
    def __str__(self) -> str:
        word = "reached" if self.reached else "NOT reached"
        return f"{self.scene:8} {self.text:52} {short(self.found):>8}  {word}"


# The most CPU of a server that an exchange may take, in milliseconds.
CPU = {"submit": 3.0, "balance": 1.5, "move": 4.0, "file": 4.0, "close": 4.0, "queue": 6.0}
# A figure over that of a limit beside it: scene, limit, column, words, and whether less is better.
BESIDE = (
    ("balance", "bare ASGI", "per_s", "of a bare ASGI answer, at least", 0.05, False),
    ("redeem", BARE, "per_s", "of the same SQL by the bare driver, at least", 0.25, False),
    ("file", BARE, "per_s", "of the same SQL by the bare driver, at least", 0.25, False),
    ("close", BARE, "per_s", "of the same SQL by the bare driver, at least", 0.25, False),
    ("upload", "bare Pillow", "cpu_ms", "CPU against Pillow's bare steps, at most", 1.5, True),
)


def marks(result: Result) -> Iterator[Mark]:
    """The middle of the rounds against each mark, of the scenes that were asked for."""
    rounds = result.rounds
    for scene in [name for name in CPU if name in rounds]:
        most, cpu = CPU[scene], over(rounds[scene]["service"], "cpu_ms").middle
        yield Mark(scene, f"server CPU ms, at most {short(most)}", cpu, cpu <= most)
    for scene, limit, column, text, bound, less in BESIDE:
        if scene in rounds:
            found = ratio(rounds[scene]["service"], rounds[scene][limit], column).middle
            reached = found <= bound if less else found >= bound
            yield Mark(scene, f"{text} {short(bound)}", found, reached)
    memory = result.worker_mb
    yield Mark("memory", "MB of a worker with 1,947 grids, at most 160", memory, memory <= 160)
    for scene, least in (("submit", 25.0), ("queue", 40.0)):
        if scene in rounds:
            served = rounds[scene]["service"]
            ours = over(served, "cpu_ms").middle + over(served, "postgresql_cpu_ms").middle
            times = SIGNALEN_MS[scene] / ours
            text = f"x less CPU than Signalen (measured elsewhere), {short(least)}"
            yield Mark(scene, text, times, times >= least)
