"""Figures of one measurement, and what many of them say together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from typing_extensions import override


@dataclass(frozen=True)
class Figures:
    """One scene or limit in one round. CPU is in milliseconds for each exchange."""

    count: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    postgresql_cpu_ms: float = 0.0
    client_cpu_ms: float = 0.0


@dataclass(frozen=True)
class Spread:
    least: float
    middle: float
    most: float

    @override
    def __str__(self) -> str:
        return f"{short(self.least)} / {short(self.middle)} / {short(self.most)}"


def figures(
    milliseconds: Sequence[float], elapsed_s: float, cpu_s: float, **more_cpu_s: float
) -> Figures:
    """From latencies and CPU seconds; there is at least one exchange, or the run is void."""
    if not milliseconds:
        raise RuntimeError("nothing was answered in a round: make rounds longer (--seconds)")
    ordered, count = sorted(milliseconds), len(milliseconds)
    more = {f"{name}_cpu_ms": used * 1000 / count for name, used in more_cpu_s.items()}
    return Figures(
        count, count / elapsed_s, ordered[count // 2], ordered[min(count - 1, count * 99 // 100)],
        cpu_s * 1000 / count, **more,
    )  # fmt: skip


def spread(values: Sequence[float]) -> Spread:
    return Spread(min(values), median(values), max(values))


def over(rounds: Sequence[Figures], name: str) -> Spread:
    """One column over all rounds."""
    return spread([getattr(one, name) for one in rounds])


def ratio(ours: Sequence[Figures], limit: Sequence[Figures], name: str) -> Spread:
    """Ours over the limit, round by round: what slows a round slows both."""
    pairs = zip(ours, limit, strict=True)
    return spread([getattr(a, name) / max(getattr(b, name), 1e-9) for a, b in pairs])


def short(value: float) -> str:
    """Three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


def as_json(rounds: Sequence[Figures]) -> list[dict[str, Any]]:
    return [{k: round(v, 4) for k, v in asdict(one).items()} for one in rounds]
