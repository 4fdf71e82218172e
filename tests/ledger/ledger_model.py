"""The ledger as a page of plain Python: what every database must agree with, event by event."""

import copy
from dataclasses import dataclass, field

RATES = (100, 70)
# The second fund's money lies in three shards.
SHARDS = (1, 3)
RIDERS = 3
# What a member who leaves takes along, by household.
SPLITS = ("earned", "equal")

Purse = tuple[str, int]


class Refused(Exception):
    """What the ledger refuses, by the name of its error."""


@dataclass(eq=False)
class ModelLot:
    """Points in a purse; `backing` is fen by (contribution, shard)."""

    purse: Purse
    earner: int
    fund: int
    remaining: int
    days: int | None
    backing: dict[tuple[int, int], int]
    order: int
    expires: tuple[int, int] | None = None
    settled: bool = False
    root: "ModelLot | None" = None
    repaid: int = 0

    @property
    def award(self) -> "ModelLot":
        return self.root or self


@dataclass(eq=False)
class ModelHold:
    """A redemption: what it took from which lots, and what was paid for each."""

    purse: Purse
    taken: list[tuple[ModelLot, int]]
    state: str = "open"
    paid: list[dict[tuple[int, int], int]] = field(default_factory=list)


@dataclass
class Model:
    """Riders, two households, two funds; accruals and holds by number."""

    today: int = 0
    ticks: int = 0
    # At which shard a draw begins; the ledger's own choice is random.
    dice: int = 0
    contributions: list[tuple[int, list[int]]] = field(default_factory=list)
    lots: list[ModelLot] = field(default_factory=list)
    awards: dict[int, ModelLot] = field(default_factory=dict)
    holds: dict[int, ModelHold] = field(default_factory=dict)
    homes: dict[int, int] = field(default_factory=dict)
    debts: list[list] = field(default_factory=list)
    reversed: list[ModelLot] = field(default_factory=list)
    paid: list[int] = field(default_factory=lambda: [0, 0])
    paid_out: int = 0

    def answer(self, name, *args):
        """What the ledger says to an event; a refusal leaves everything as it was."""
        before = copy.deepcopy(self.__dict__)
        try:
            said = getattr(self, name)(*args)
        except Refused as refusal:
            self.__dict__.update(before)
            return str(refusal)
        return "done" if said is None else str(said)

    def contribute(self, fund, fen):
        each, rest = divmod(fen, SHARDS[fund])
        parts = [each + (shard < rest) for shard in range(SHARDS[fund])]
        self.contributions.append((fund, parts))

    def accrue(self, number, rider, fund, points, days):
        if number in self.awards:
            return
        lot = ModelLot(self.purse(rider), rider, fund, points, days, {}, len(self.lots))
        self._draw(lot, points * RATES[fund])
        self.awards[number] = lot
        self.lots.append(lot)

    def settle(self, number):
        lot = self._on_the_way(number)
        if lot is None:
            return 0
        points, lot.settled = lot.remaining, True
        self.ticks += 1
        if lot.days is not None:
            lot.expires = (self.today + lot.days, self.ticks)
        self._repay([self._bring(lot, self.purse(lot.earner))])
        return points

    def void(self, number):
        lot = self._on_the_way(number)
        return self._drop(lot, lot.remaining) if lot else 0

    def hold(self, number, rider, points):
        if number in self.holds:
            raise Refused("HoldResolved")
        purse = self.purse(rider)
        if sum(lot.remaining for lot in self._living(purse)) < points:
            raise Refused("PointsInsufficient")
        self._expire(purse)
        self.holds[number] = ModelHold(purse, [])
        for lot in self._living(purse):
            share = min(lot.remaining, points)
            if share:
                lot.remaining -= share
                points -= share
                self.holds[number].taken.append((lot, share))
        self.holds[number].taken.sort(key=lambda one: one[0].order)

    def fulfil(self, number, cost):
        hold = self._open(number, "open")
        values = [RATES[lot.fund] * points for lot, points in hold.taken]
        if cost > sum(values):
            raise Refused("CostExceedsValue")
        for (lot, _), value, share in zip(hold.taken, values, split(cost, values), strict=True):
            hold.paid.append(self._drain(lot, share))
            self.paid[lot.fund] += share
            self._free(lot, value - share)
        hold.state = "done"

    def cancel(self, number):
        hold = self._open(number, "open")
        for lot, points in hold.taken:
            lot.remaining += points
        hold.state = "back"
        self._repay(self._come_home(hold))

    def refund(self, number, grace):
        hold = self._open(number, "done")
        for lot, _ in hold.taken:
            if not self._lives(lot):
                self._drop(lot, lot.remaining)
        for (lot, points), paid in zip(hold.taken, hold.paid, strict=True):
            lot.remaining += points
            self.ticks += 1
            if lot.expires is not None:
                lot.expires = max(lot.expires, (self.today + grace, self.ticks))
            for part, fen in paid.items():
                lot.backing[part] = lot.backing.get(part, 0) + fen
                self.paid[lot.fund] -= fen
            self._draw(lot, points * RATES[lot.fund] - sum(paid.values()))
        hold.state = "back"
        self._repay(self._come_home(hold))

    def reverse(self, number):
        award = self.awards.get(number)
        if award is None or not award.settled or award in self.reversed:
            return "nothing"
        family = [lot for lot in self.lots if lot.award is award]
        uses = [use for hold in self.holds.values() if hold.state != "back" for use in hold.taken]
        owed = sum(points for lot, points in uses if lot in family)
        owed += sum(lot.repaid for lot in family)
        taken = sum(self._drop(lot, lot.remaining) for lot in family)
        if owed:
            self.debts.append([award.earner, owed, award])
        self.reversed.append(award)
        return f"{taken}/{owed}"

    def join(self, rider, household):
        own, self.homes[rider] = self.purse(rider), household
        self._expire(own)
        living = self._living(own)
        for lot in living:
            self._carry(lot, lot.remaining, self.purse(rider))

    def leave(self, rider):
        household, members = self.homes[rider], list(self.homes.values())
        shared = self.purse(rider)
        self._expire(shared)
        living = self._living(shared)
        parts = [lot.remaining for lot in living]
        if members.count(household) > 1:
            if SPLITS[household] == "equal":
                parts = split(sum(parts) // members.count(household), parts)
            else:
                parts = [lot.remaining * (lot.earner == rider) for lot in living]
        del self.homes[rider]
        for lot, points in zip(living, parts, strict=True):
            self._carry(lot, points, ("m", rider))
        return sum(parts)

    def expire(self, rider):
        return self._expire(self.purse(rider))

    def pay_out(self, fen):
        if fen > self.owed:
            raise Refused("PaymentExceedsDebt")
        self.paid_out += fen

    def rebalance(self, fund):
        left = self.free(fund)
        each, rest = divmod(sum(left), len(left))
        wanted = [each + (shard < rest) for shard in range(len(left))]
        if all(2 * have >= want for have, want in zip(left, wanted, strict=True)):
            return 0
        for taker, (have, want) in enumerate(zip(left, wanted, strict=True)):
            for giver in range(len(left)):
                more = min(self.free(fund)[giver] - wanted[giver], want - self.free(fund)[taker])
                for parts in self._parts(fund) if have < want and giver != taker else ():
                    share = max(min(parts[giver], more), 0)
                    parts[giver] -= share
                    parts[taker] += share
                    more -= share
        return sum(max(want - have, 0) for have, want in zip(left, wanted, strict=True))

    @property
    def owed(self):
        """What the merchant is owed."""
        return sum(self.paid) - self.paid_out

    def purse(self, rider) -> Purse:
        return ("h", self.homes[rider]) if rider in self.homes else ("m", rider)

    def spendable(self, rider):
        return sum(lot.remaining for lot in self._living(self.purse(rider)))

    def overdue(self, rider):
        mine = [lot for lot in self.lots if lot.purse == self.purse(rider) and lot.settled]
        return any(lot.remaining and not self._lives(lot) for lot in mine)

    def free(self, fund):
        return [sum(parts[shard] for parts in self._parts(fund)) for shard in range(SHARDS[fund])]

    def observe(self):
        """What anyone can see: points and debts of riders, fen of funds and contributions."""
        held = [(h.purse, points) for h in self.holds.values() if h.state == "open"
                for _, points in h.taken]  # fmt: skip
        coming = [(lot.purse, lot.remaining) for lot in self.lots if not lot.settled]
        mine = [{("m", rider), self.purse(rider)} for rider in range(RIDERS)]
        funds = range(len(RATES))
        return {
            "points": [
                (self.spendable(rider), bound(coming, purses), bound(held, purses))
                for rider, purses in enumerate(mine)
            ],
            "debts": [sum(d[1] for d in self.debts if d[0] == rider) for rider in range(RIDERS)],
            "lots": [lot.remaining for lot in self.lots],
            "left": [[sum(parts) for parts in self._parts(fund)] for fund in funds],
            "shards": [self.free(fund) for fund in funds],
            "reserved": [
                sum(sum(lot.backing.values()) for lot in self.lots if lot.fund == fund)
                for fund in funds
            ],
            "paid": list(self.paid),
            "owed": self.owed,
        }

    def _parts(self, fund):
        return [parts for of, parts in self.contributions if of == fund]

    def _on_the_way(self, number):
        lot = self.awards.get(number)
        return lot if lot and not lot.settled and lot.remaining else None

    def _open(self, number, state):
        hold = self.holds.get(number)
        if hold is None or hold.state != state:
            raise Refused("HoldResolved")
        return hold

    def _lives(self, lot):
        return lot.settled and (lot.expires is None or lot.expires[0] > self.today)

    def _living(self, purse):
        here = [lot for lot in self.lots if lot.purse == purse and lot.remaining]
        living = [lot for lot in here if self._lives(lot)]
        return sorted(living, key=lambda lot: (lot.expires or (10**9, 0), lot.order))

    def _expire(self, purse):
        gone = [lot for lot in self.lots if lot.purse == purse and lot.settled]
        return sum(self._drop(lot, lot.remaining) for lot in gone if not self._lives(lot))

    def _drop(self, lot, points):
        """Points leave the world, and their money goes back."""
        lot.remaining -= points
        self._free(lot, points * RATES[lot.fund])
        return points

    def _carry(self, lot, points, purse):
        if not points:
            return lot
        lot.remaining -= points
        backing = self._drain(lot, points * RATES[lot.fund])
        carried = ModelLot(
            purse, lot.earner, lot.fund, points, lot.days, backing, len(self.lots), lot.expires,
            settled=True, root=lot.award,
        )  # fmt: skip
        self.lots.append(carried)
        return carried

    def _bring(self, lot, purse):
        return lot if lot.purse == purse else self._carry(lot, lot.remaining, purse)

    def _come_home(self, hold):
        kind, number = hold.purse
        if kind == "m":
            return [self._bring(lot, self.purse(number)) for lot, _ in hold.taken]
        if number in self.homes.values():
            return [lot for lot, _ in hold.taken]
        return [self._bring(lot, self.purse(lot.earner)) for lot, _ in hold.taken]

    def _repay(self, lots):
        for lot in lots:
            own = lot.purse == self.purse(lot.earner)
            for debt in self.debts:
                if debt[0] == lot.earner and (own or debt[2] is lot.award):
                    points = min(debt[1], lot.remaining)
                    debt[1] -= points
                    lot.repaid += points
                    self._drop(lot, points)

    def _draw(self, lot, fen):
        free, shards = self.free(lot.fund), SHARDS[lot.fund]
        turns = [(self.dice + turn) % shards for turn in range(shards)]
        alone = [shard for shard in turns if free[shard] >= fen][:1]
        if sum(free) < fen:
            raise Refused("PoolExhausted")
        for shard in alone or range(shards):
            for index, (of, parts) in enumerate(self.contributions):
                share = min(parts[shard], fen) if of == lot.fund else 0
                if share:
                    parts[shard] -= share
                    fen -= share
                    lot.backing[index, shard] = lot.backing.get((index, shard), 0) + share

    def _drain(self, lot, fen):
        """Takes fen from behind a lot, the oldest contribution first."""
        taken = {}
        for part in sorted(lot.backing):
            share = min(lot.backing[part], fen)
            if share:
                lot.backing[part] -= share
                fen -= share
                taken[part] = share
        return taken

    def _free(self, lot, fen):
        for (index, shard), share in self._drain(lot, fen).items():
            self.contributions[index][1][shard] += share


def bound(amounts, purses):
    return sum(points for purse, points in amounts if purse in purses)


def split(total, values):
    """Largest remainder, written the slow way: the next fen goes to whoever lacks most."""
    whole = sum(values)
    if not whole:
        return [0 for _ in values]
    parts = [total * value // whole for value in values]
    while sum(parts) < total:
        lacks = [total * v - p * whole for v, p in zip(values, parts, strict=True)]
        parts[lacks.index(max(lacks))] += 1
    return parts
