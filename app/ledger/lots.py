"""Pure arithmetic of lots: which points are spent first, and who pays which fen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Share(Generic[K]):
    """An amount taken from, or put to, one source."""

    source: K
    amount: int


def take_in_order(available: Iterable[tuple[K, int]], wanted: int) -> list[Share[K]] | None:
    """Takes `wanted` from the sources in their order; None when together they hold less."""
    shares = []
    for source, amount in available:
        part = min(amount, wanted)
        if part > 0:
            shares.append(Share(source, part))
            wanted -= part
    return shares if wanted == 0 else None


def split_by_value(total: int, values: Sequence[int]) -> list[int]:
    """Splits `total` in proportion to `values` by largest remainder; ties go to the first.

    Each part is at most its value as long as `total` is at most their sum.
    """
    whole = sum(values)
    if whole == 0:
        return [0 for _ in values]
    parts = [total * value // whole for value in values]
    remainders = sorted(range(len(values)), key=lambda i: (-(total * values[i] % whole), i))
    for i in remainders[: total - sum(parts)]:
        parts[i] += 1
    return parts
