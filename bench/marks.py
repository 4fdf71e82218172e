"""The first marks, and what one run says about them."""

from collections.abc import Iterator
from dataclasses import dataclass

from figures import over, ratio, short
from suite import Result

# CPU of one call of Amsterdam Signalen 2.50 with its database, measured elsewhere: context only.
SIGNALEN_MS = {"submit": 127.0, "queue": 241.0}


@dataclass(frozen=True)
class Mark:
    scene: str
    text: str
    found: float
    reached: bool

    def __str__(self) -> str:
        word = "reached" if self.reached else "NOT reached"
        return f"{self.scene:8} {self.text:52} {short(self.found):>8}  {word}"


def marks(result: Result) -> Iterator[Mark]:
    """The middle of the rounds against each mark."""
    rounds = result.rounds
    for scene, most in (("submit", 3.0), ("balance", 1.5), ("move", 4.0), ("queue", 6.0)):
        cpu = over(rounds[scene]["service"], "cpu_ms").middle
        yield Mark(scene, f"server CPU ms, at most {short(most)}", cpu, cpu <= most)
    asgi = ratio(rounds["balance"]["service"], rounds["balance"]["bare ASGI"], "per_s").middle
    yield Mark("balance", "of a bare ASGI answer, at least 0.05", asgi, asgi >= 0.05)
    bare = ratio(rounds["redeem"]["service"], rounds["redeem"]["bare driver, 16"], "per_s").middle
    yield Mark("redeem", "of the same SQL by the bare driver, at least 0.25", bare, bare >= 0.25)
    pillow = ratio(rounds["upload"]["service"], rounds["upload"]["bare Pillow"], "cpu_ms").middle
    yield Mark("upload", "CPU against Pillow's bare steps, at most 1.5", pillow, pillow <= 1.5)
    memory = result.worker_mb
    yield Mark("memory", "MB of a worker with 1,947 grids, at most 160", memory, memory <= 160)
    for scene, least in (("submit", 25.0), ("queue", 40.0)):
        found = rounds[scene]["service"]
        ours = over(found, "cpu_ms").middle + over(found, "postgresql_cpu_ms").middle
        times = SIGNALEN_MS[scene] / ours
        text = f"x less CPU than Signalen (measured elsewhere), {short(least)}"
        yield Mark(scene, text, times, times >= least)
