"""The ledger as a page of plain Python: what every database must agree with, event by event."""

from dataclasses import dataclass, field

RATES = (100, 70)
RIDERS = 2


@dataclass
class ModelLot:
    """Points of one accrual; `backing` is [contribution, fen] in the order of contributions."""

    rider: int
    fund: int
    remaining: int
    days: int | None
    backing: list[list[int]]
    expires: tuple[int, int] | None = None
    settled: bool = False
    order: int = 0


@dataclass
class Model:
    """Riders, two funds with one shard each, accruals by number, holds by number."""

    today: int = 0
    ticks: int = 0
    contributions: list[list[int]] = field(default_factory=list)
    lots: dict[int, ModelLot] = field(default_factory=dict)
    holds: dict[int, list[tuple[ModelLot, int]]] = field(default_factory=dict)
    paid: list[int] = field(default_factory=lambda: [0, 0])

    def contribute(self, fund: int, fen: int) -> str:
        self.contributions.append([fund, fen])
        return "done"

    def accrue(self, number: int, rider: int, fund: int, points: int, days: int | None) -> str:
        wanted = points * RATES[fund]
        if number in self.lots:
            return "done"
        if sum(fen for of, fen in self.contributions if of == fund) < wanted:
            return "PoolExhausted"
        backing = []
        for index, part in enumerate(self.contributions):
            share = min(part[1], wanted) if part[0] == fund else 0
            if share:
                part[1] -= share
                wanted -= share
                backing.append([index, share])
        self.lots[number] = ModelLot(rider, fund, points, days, backing, order=len(self.lots))
        return "done"

    def settle(self, number: int) -> str:
        lot = self.lots.get(number)
        if lot is None or lot.settled or lot.remaining == 0:
            return "0"
        lot.settled = True
        self.ticks += 1
        if lot.days is not None:
            lot.expires = (self.today + lot.days, self.ticks)
        return str(lot.remaining)

    def void(self, number: int) -> str:
        lot = self.lots.get(number)
        if lot is None or lot.settled or lot.remaining == 0:
            return "0"
        points, lot.remaining = lot.remaining, 0
        self._give_back(lot, points * RATES[lot.fund])
        return str(points)

    def hold(self, number: int, rider: int, points: int) -> str:
        if number in self.holds:
            return "HoldResolved"
        if self.spendable(rider) < points:
            return "PointsInsufficient"
        for lot in self.lots.values():
            if lot.rider == rider and lot.settled and not self._lives(lot):
                self._give_back(lot, lot.remaining * RATES[lot.fund])
                lot.remaining = 0
        taken = []
        for lot in self._living(rider):
            share = min(lot.remaining, points)
            if share:
                lot.remaining -= share
                points -= share
                taken.append((lot, share))
        self.holds[number] = taken
        return "done"

    def fulfil(self, number: int, cost: int) -> str:
        taken = self.holds.get(number)
        if not taken:
            return "HoldResolved"
        taken = sorted(taken, key=lambda one: one[0].order)
        values = [RATES[lot.fund] * points for lot, points in taken]
        if cost > sum(values):
            return "CostExceedsValue"
        for (lot, _), value, share in zip(taken, values, _split(cost, values), strict=True):
            self._drain(lot, share)
            self.paid[lot.fund] += share
            self._give_back(lot, value - share)
        self.holds[number] = []
        return "done"

    def cancel(self, number: int) -> str:
        taken = self.holds.get(number)
        if not taken:
            return "HoldResolved"
        for lot, points in taken:
            lot.remaining += points
        self.holds[number] = []
        return "done"

    def spendable(self, rider: int) -> int:
        return sum(lot.remaining for lot in self._living(rider))

    def observe(self) -> dict[str, object]:
        """What anyone can see: points of each rider, fen of each fund and contribution."""
        on_the_way, held, reserved = [0] * RIDERS, [0] * RIDERS, [0, 0]
        for lot in self.lots.values():
            on_the_way[lot.rider] += 0 if lot.settled else lot.remaining
            reserved[lot.fund] += sum(fen for _, fen in lot.backing)
        for taken in self.holds.values():
            for lot, points in taken:
                held[lot.rider] += points
        points = zip(map(self.spendable, range(RIDERS)), on_the_way, held, strict=True)
        return {
            "points": list(points),
            "lots": [lot.remaining for lot in self.lots.values()],
            "left": [[fen for of, fen in self.contributions if of == fund] for fund in range(2)],
            "reserved": reserved,
            "paid": list(self.paid),
        }

    def _lives(self, lot: ModelLot) -> bool:
        return lot.settled and (lot.expires is None or lot.expires[0] > self.today)

    def _living(self, rider: int) -> list[ModelLot]:
        mine = [lot for lot in self.lots.values() if lot.rider == rider and self._lives(lot)]
        return sorted(mine, key=lambda lot: (lot.expires or (10**9, 0), lot.order))

    def _drain(self, lot: ModelLot, fen: int) -> list[tuple[int, int]]:
        """Takes fen from behind a lot, the oldest contribution first."""
        taken = []
        for part in lot.backing:
            share = min(part[1], fen)
            part[1] -= share
            fen -= share
            taken.append((part[0], share))
        return taken

    def _give_back(self, lot: ModelLot, fen: int) -> None:
        for index, share in self._drain(lot, fen):
            self.contributions[index][1] += share


def _split(total: int, values: list[int]) -> list[int]:
    """Largest remainder, written the slow way: the next fen goes to whoever lacks most."""
    whole = sum(values)
    parts = [total * value // whole for value in values]
    while sum(parts) < total:
        lacks = [total * v - p * whole for v, p in zip(values, parts, strict=True)]
        parts[lacks.index(max(lacks))] += 1
    return parts
