"""A village at work while its processes die: who lives there, and what each does all day."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

import httpx
from asking import PATIENCE_S, STAFF, Desk, Json, NoAnswer
from errands import Back, Family, Offline, Till, buy

from app.demo import sample
from app.demo.story import Story
from app.demo.teller import StoryFailed
from app.demo.wechat_server import FakeWechat

CUSTOMERS = tuple(f"rider-{number}" for number in range(4))
# Members of whom a till asks too, so that it has somebody with a new code each minute.
GUESTS = tuple(f"guest-{number}" for number in range(4))
FAMILY = tuple(f"family-{number}" for number in range(3))
MEMBERS = (*CUSTOMERS, *GUESTS, *FAMILY)


@dataclass
class Crowd:
    """Threads that live until `stop`; `stories` are those that were told to their end."""

    desk: Desk
    wechat: FakeWechat
    fund_id: str = ""
    items: list[Json] = field(default_factory=list)
    # What was handed out and may come back, as corrections name it.
    handed: list[Json] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Opens the doors. `Desk.get` has to work."""
        self.items = self.desk.get("li", f"/v1/items?station={sample.STATION}")["items"]
        self.fund_id = self.desk.get("ma", "/v1/funds")["items"][0]["id"]
        for name in (*STAFF, sample.TILL, *MEMBERS):
            # Now: attempts are counted, and a server that dies in one lets it be tried again.
            self.desk.token(name)
        lives: list[Callable[[], None]] = [
            self._tell, self._give, self._restock,
            *(partial(self._shop, name) for name in CUSTOMERS),
            Till(self.desk, (*CUSTOMERS, *GUESTS), self.handed).visit,
            Family(self.desk, FAMILY, self.items).visit,
            Back(self.desk, self.handed).visit,
            Offline(self.desk, CUSTOMERS, self.items, self.handed).visit,
        ]  # fmt: skip
        for life in lives:
            thread = threading.Thread(target=self._live, args=(life,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Lets each finish what it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE_S)
            if thread.is_alive():
                self.failures.append("somebody never finished")

    def _live(self, life: Callable[[], None]) -> None:
        try:
            while not self._stop.wait(random.uniform(0.02, 0.2)):
                life()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
            self.failures.append(f"{type(error).__name__}: {error}")

    def _shop(self, name: str) -> None:
        """Swaps points; hands the code in, or changes his mind, or keeps it."""
        held = buy(self.desk, name, random.choice(self.items), random.randint(1, 3))
        fate = random.random()
        if fate < 0.45:
            self.desk.ask("li", "/v1/redemptions/fulfil", {"code": held["code"]})
            self.handed.append({"kind": "refund", "source": held["id"]})
        elif fate < 0.8:
            self.desk.ask(name, f"/v1/redemptions/{held['id']}/cancel", {})

    def _give(self) -> None:
        """A villager gives; two persons book it, or one of them withdraws it."""
        path = f"/v1/funds/{self.fund_id}/contributions"
        body = {"kind": "villager", "contributor": "周大姐", "fen": random.randint(1, 10_000)}
        given = self.desk.ask("ma", path, body, 201)
        if random.random() < 0.8:
            self.desk.ask("wu", f"{path}/{given['id']}/approve", {})
        else:
            self.desk.ask("ma", f"{path}/{given['id']}/decline", {})
        self._stop.wait(random.uniform(0.2, 0.6))

    def _restock(self) -> None:
        """A delivery arrives, with a number of its own."""
        item, amount = random.choice(self.items)["id"], random.randint(1, 20)
        body = {"item_id": item, "quantity": amount, "delivery": str(uuid4())}
        self.desk.ask("li", f"/v1/stations/{sample.STATION}/restocks", body)
        self._stop.wait(random.uniform(0.2, 0.6))

    def _tell(self) -> None:
        """A rider's whole story, each step until it went well."""
        told = Story(self.desk.http, self.wechat, UUID(int=uuid4().int), tell=lambda _text: None)
        for step in told.steps:
            until = time.monotonic() + PATIENCE_S
            while not self._stepped(told, step):
                if time.monotonic() > until:
                    raise NoAnswer(f"the story stopped at {step.__name__}")
                time.sleep(random.uniform(0.05, 0.3))
        self.stories.append(told)

    def _stepped(self, told: Story, step: Callable[[], None]) -> bool:
        self.desk.requests += 1
        told.memory |= {name: self.desk.token(name) for name in STAFF}
        self.desk.http.base_url = self.desk.base()
        try:
            if "liu" not in told.memory:
                told.liu_bo_signs_in()
            step()
        except (StoryFailed, httpx.HTTPError, StopIteration) as error:
            if "token_invalid" in str(error):
                # A token is over after a quarter of an hour, whosever it is.
                self.desk.forget(STAFF)
                told.memory.pop("liu", None)
            if "server error" in str(error) or "internal_error" in str(error):
                self.desk.surprises.append(str(error)[:300])
            return False
        return True
