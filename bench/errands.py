"""What else goes on in a village: a store's till, a household, goods that come back, a counter
without network. Each call of an errand is one visit; whatever it leaves open, it comes back to.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

from asking import Desk, Json

from app.demo import sample
from app.kit import clock
from app.store.codes import slow

# A counter of its own, so that its list names only what it has to look at.
OFFLINE = "TN001"
RATE_FEN, FAMILY_BUYS = 100, 3
# Holds that a till leaves open: they must not lapse, and the more the longer is the way back.
MOST_LEFT = 5


def buy(desk: Desk, who: str, item: Json, quantity: int, station: str = sample.STATION) -> Json:
    """Goods and points held against a code."""
    line = {"item_id": item["id"], "quantity": quantity}
    return desk.ask(who, "/v1/redemptions", {"station_id": station, "lines": [line]}, 201)


@dataclass
class Till:
    """An external store holds members' points by the codes that they show, and takes them."""

    desk: Desk
    members: Sequence[str]
    back: list[Json]
    left: list[Json] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def visit(self) -> None:
        who = random.choice(self.members)
        code = self.desk.get(who, "/v1/points/code")["code"]
        if code in self._used and random.random() > 0.05:
            time.sleep(random.uniform(0.2, 0.6))
            return
        self._used.add(code)
        held = self._hold(code)
        if held is not None:
            self.left.append(held)
        if self.left and (len(self.left) > MOST_LEFT or random.random() < 0.8):
            self._end(self.left.pop(random.randrange(len(self.left))))

    def _hold(self, code: str) -> Json | None:
        points = random.randint(1, 30)
        asked = {
            "code": code, "points": points, "cost_fen": random.randint(0, points * RATE_FEN),
            "reference": f"R-{uuid4().hex}",
        }  # fmt: skip
        # A code pays once, and lives no longer than a server may be away.
        refusals = ("member_code_used", "member_code_expired")
        held = self.desk.ask(sample.TILL, "/v1/till/holds", asked, 201, refusals)
        if "id" in held and random.random() < 0.3:
            # Its key was lost with the till's power; the number on the receipt was not.
            self.desk.ask(sample.TILL, "/v1/till/holds", asked, 201)
        return held if "id" in held else None

    def _end(self, held: Json) -> None:
        verbs = random.choices((["fulfil"], ["cancel"], ["fulfil", "cancel"]), (0.5, 0.25, 0.25))[0]
        # At times both at once: one of them is late.
        answers = list(self._hands.map(lambda verb: self._resolve(held, verb), verbs))
        if any(answer.get("state") == "fulfilled" for answer in answers):
            self.back.append({"kind": "refund_hold", "source": held["id"]})

    def _resolve(self, held: Json, verb: str) -> Json:
        path = f"/v1/till/holds/{held['id']}/{verb}"
        return self.desk.ask(sample.TILL, path, {}, refusals=("till_hold_resolved",))


@dataclass
class Family:
    """Found a household, spend together, and part again, each with a part of the points."""

    desk: Desk
    members: Sequence[str]
    items: list[Json]

    def __post_init__(self) -> None:
        self._numbers = {who: self.desk.get(who, "/v1/me")["member_no"] for who in self.members}

    def visit(self) -> None:
        head, *others = random.sample(self.members, len(self.members))
        draft = {"name": "周大姐一家", "split": random.choice(("earned", "equal"))}
        self.desk.ask(head, "/v1/household", draft, 201)
        for who in others:
            if random.random() < 0.2:
                self._answer(head, who, "decline")
            self._answer(head, who, "accept")
        for _ in range(random.randint(1, FAMILY_BUYS)):
            who = random.choice(self.members)
            self._settle(who, buy(self.desk, who, random.choice(self.items), random.randint(1, 3)))
        self._part()

    def _answer(self, head: str, who: str, verb: str) -> None:
        path = "/v1/household/invitations"
        asked = self.desk.ask(head, path, {"member_no": self._numbers[who]}, 201)
        self.desk.ask(who, f"{path}/{asked['id']}/{verb}", {})

    def _settle(self, who: str, held: Json) -> None:
        if random.random() < 0.6:
            self.desk.ask("li", "/v1/redemptions/fulfil", {"code": held["code"]})
        else:
            self.desk.ask(who, f"/v1/redemptions/{held['id']}/cancel", {})

    def _part(self) -> None:
        first, *others = random.sample(self.members, len(self.members))
        held = buy(self.desk, first, random.choice(self.items), 1)
        self.desk.ask(first, "/v1/household/leave", {})
        # Those who are still together get back what was held of theirs.
        self._settle(first, held)
        for who in others:
            self.desk.ask(who, "/v1/household/leave", {})


@dataclass
class Back:
    """Goods come back: one person proposes to return their points, another decides."""

    desk: Desk
    handed: list[Json]

    def visit(self) -> None:
        if not self.handed:
            return
        draft = self.handed.pop(random.randrange(len(self.handed)))
        shelf = {"restock": random.random() < 0.5} if draft["kind"] == "refund" else {}
        asked = {**draft, **shelf, "cause": "商品有破损"}
        path = "/v1/corrections"
        proposed = self.desk.ask("ma", path, asked, 201)["id"]
        if random.random() < 0.2:
            self.desk.ask("wu", f"{path}/{proposed}/decline", {"decision": "商品完好"})
            self.handed.append(draft)
            return
        self.desk.ask("wu", f"{path}/{proposed}/approve", {})
        if random.random() < 0.2:
            self.desk.ask("ma", path, asked, 409)
        time.sleep(random.uniform(0.2, 0.6))


@dataclass
class Offline:
    """A counter without network: it takes codes from its list, and tells of them later, twice."""

    desk: Desk
    customers: Sequence[str]
    items: list[Json]
    back: list[Json]

    def visit(self) -> None:
        held = [
            (who, buy(self.desk, who, random.choice(self.items), 1, OFFLINE))
            for who in random.sample(self.customers, 3)
        ]
        listed = self.desk.get("li", f"/v1/stations/{OFFLINE}/offline-list")
        hashes, salt = {one["code_hash"] for one in listed["items"]}, bytes.fromhex(listed["salt"])
        missing = [one for _, one in held if slow(one["code"], salt) not in hashes]
        assert not missing, f"held, and not on the list without network: {missing}"
        taken = [_acceptance(one["code"]) for _, one in held]
        if random.random() < 0.5:
            # Somebody gives the goods up while the counter is away.
            who, given_up = held[-1]
            self.desk.ask(who, f"/v1/redemptions/{given_up['id']}/cancel", {})
        if random.random() < 0.5:
            # A second device took the same code.
            taken.append(_acceptance(held[0][1]["code"]))
        if random.random() < 0.05:
            taken.append(_acceptance("ZZZZZZZZZZ"))
        random.shuffle(taken)
        self._tell(taken, held)
        if random.random() < 0.5:
            self._look()
        time.sleep(random.uniform(0.2, 0.6))

    def _tell(self, taken: list[Json], held: list[tuple[str, Json]]) -> None:
        path = f"/v1/stations/{OFFLINE}/acceptances"
        told = self.desk.ask("li", path, {"acceptances": taken})["items"]
        # Under another key, by a device that does not know what became of the first.
        self.desk.ask("li", path, {"acceptances": taken})
        done = {one["acceptance"] for one in told if one["outcome"] == "fulfilled"}
        codes = {one["code"] for one in taken if one["acceptance"] in done}
        self.back += [
            {"kind": "refund", "source": one["id"]} for _, one in held if one["code"] in codes
        ]

    def _look(self) -> None:
        """An administrator closes what could not be posted."""
        path = f"/v1/stations/{OFFLINE}/exceptions"
        for one in self.desk.get("he", path)["items"]:
            if one["closed_at"] is None:
                self.desk.ask("he", f"{path}/{one['id']}/close", {"note": "已核对"})


def _acceptance(code: str) -> Json:
    at = clock.now().isoformat()
    return {"acceptance": f"device-{uuid4().hex}", "code": code, "accepted_at": at}
