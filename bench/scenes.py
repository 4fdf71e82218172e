"""The scenes: what clients ask, as requests for the generator and as SQL for the bare driver."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from uuid import UUID

import httpx
from badges import Badges, request
from docket import MOVES, Docket, Problem
from fastapi import FastAPI
from load import CODE, Exchange, Request
from pictures import BOUNDARY, form, picture
from stock import LOTS, Member, Stock
from tape import Recipe, Tape


@dataclass(frozen=True)
class Scene:
    """One kind of exchange. `again`: it changes nothing, so the same ones can be sent again."""

    name: str
    title: str
    make: Callable[[], Iterator[Exchange]]
    again: bool = False


class Scenes:
    """All scenes over one stock. The service and the bare driver have reporters of their own."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self._badges = Badges(stock)
        self._pictures = [form(picture(seed)) for seed in range(4)]
        self._turn = 0
        self._owner_numbers = {str(m.person_id): n for n, m in enumerate(stock.reporters)}
        self._owners: dict[UUID, int] = {}
        self.docket = Docket(stock.cases, stock.movers[0].person_id)
        self._known: dict[str, list[str]] = {}
        self.all = (
            Scene("balance", "GET /v1/points", self._balance, again=True),
            Scene("queue", "GET /v1/cases, page of 20", self._queue, again=True),
            Scene("submit", "POST /v1/reports", self._submit),
            Scene("move", "POST /v1/cases/{id}/moves (verify)", lambda: self._moves("move")),
            Scene("file", "the same (file): the report is paid", lambda: self._moves("file")),
            Scene("close", "the same (close): points are settled", lambda: self._moves("close")),
            Scene("redeem", "redeem + fulfil", self._redeem),
            Scene("upload", "POST /v1/photos, 1080x1440, 300 KB", self._upload),
        )

    def _next(self) -> int:
        self._turn += 1
        return self._turn

    def _riders(self) -> Sequence[Member]:
        return self.stock.reporters[: len(self.stock.reporters) // 2]

    def _token(self, members: Sequence[Member], number: int) -> str:
        return self._badges.of(members[number % len(members)])

    def _balance(self) -> Iterator[Exchange]:
        for rider in self._riders():
            yield (request("GET", "/v1/points", self._badges.of(rider)),)

    def _queue(self) -> Iterator[Exchange]:
        for staff in self.stock.movers:
            yield (request("GET", "/v1/cases?limit=20", self._badges.of(staff)),)

    def _submit(self) -> Iterator[Exchange]:
        while self.stock.photos:
            owner, photo_id = self.stock.photos.popleft()
            self._owners[photo_id] = owner
            yield (self._report(self.stock.reporters[owner], photo_id),)

    def _report(self, rider: Member, photo_id: UUID) -> Request:
        lat, lng = self.stock.places[self._next() % len(self.stock.places)]
        body = {
            "description": "人行道上的井盖破损，一踩就晃，很危险", "category": "manhole",
            "photo_ids": [str(photo_id)],
            "place": {"lat": lat, "lng": lng, "crs": "wgs84", "accuracy_m": 12.0},
        }  # fmt: skip
        return request("POST", "/v1/reports", self._badges.of(rider), json.dumps(body).encode())

    def _moves(self, name: str) -> Iterator[Exchange]:
        for problem in self.docket.take(name):
            yield self._moved(name, problem, self._next())

    def _moved(self, name: str, problem: Problem, number: int = 0) -> Exchange:
        members = self.stock.checkers if name == "close" else self.stock.movers
        token, path = self._token(members, number), f"/v1/cases/{problem.case_id}/moves"
        body, version = MOVES[name]
        return (request("POST", path, token, body, if_match=f'"{version}"'),)

    def _redeem(self) -> Iterator[Exchange]:
        riders = self._riders()
        while True:
            number = self._next()
            yield self._pair(riders[number % len(riders)], number)

    def _pair(self, rider: Member, number: int) -> Exchange:
        station = self.stock.stations[number % len(self.stock.stations)]
        lines = [{"item_id": self.stock.item, "quantity": 1}]
        order = json.dumps({"station_id": station, "lines": lines}).encode()
        keeper = self._token(self.stock.keepers, number)
        return (
            request("POST", "/v1/redemptions", self._badges.of(rider), order),
            request("POST", "/v1/redemptions/fulfil", keeper, b'{"code":"%s"}' % CODE),
        )

    def _upload(self) -> Iterator[Exchange]:
        kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
        riders = self._riders()
        while True:
            number = self._next()
            token, form = self._token(riders, number), self._pictures[number % 4]
            yield (request("POST", "/v1/photos", token, form, kind),)

    def sent(self, name: str, exchanges: Sequence[Exchange], used: int) -> None:
        """Moved cases go on; photos and cases whose request was never sent serve again."""
        if name in MOVES:
            self.docket.sent(name, exchanges, used)
        elif name == "submit":
            for ((_, body),) in exchanges[used:]:
                photo_id = UUID(json.loads(body)["photo_ids"][0])
                self.stock.photos.append((self._owners[photo_id], photo_id))

    async def record(self, app: FastAPI) -> dict[str, Recipe]:
        """The SQL of each write, recorded from one real request."""
        owner, photo_id = self.stock.photos.popleft()
        rider = self.stock.reporters[owner]
        buyer, keeper = self.stock.reporters[-1], self.stock.keepers[0]
        bought = [
            buyer.person_id, buyer.sign_in, buyer.account, buyer.lots[0], self.stock.stations[0],
            keeper.person_id, keeper.sign_in,
        ]  # fmt: skip
        # The first sale of a station opens its accounts; what is recorded is an ordinary one.
        await play(app, self._pair(buyer, 0))
        await asyncio.sleep(0.01)
        found = {
            "submit": await self._record(
                app, "submit", [rider.person_id, rider.sign_in, photo_id],
                lambda: (self._report(rider, photo_id),),
            ),
            "redeem": await self._record(app, "redeem", bought, lambda: self._pair(buyer, 0)),
        }  # fmt: skip
        for name in MOVES:
            # The second of a person on a day finds their counters; it is the ordinary one too.
            for problem in (*islice(self._same_owner(name), 2),):
                made = partial(self._moved, name, problem)
                found[name] = await self._record(app, name, self._about(problem), made)
                self.docket.sent(name, [made()], 1)
            self.docket.resolve(app.state.db)
        return found

    async def _record(
        self, app: FastAPI, name: str, known: Sequence[object], make: Callable[[], Exchange]
    ) -> Recipe:
        # What is made from here on, its key first, belongs to the request.
        since_ms = time.time_ns() // 1_000_000
        with Tape(app.state.db.writer, since_ms) as tape:
            await play(app, make())
        self._known[name] = [str(token) for token in known]
        return tape.recipe(self._known[name])

    def _same_owner(self, name: str) -> Iterator[Problem]:
        """The cases of whoever reported the first of them."""
        line = self.docket.lines[name]
        mine = [problem for problem in line if problem.owner == line[0].owner]
        for problem in mine[:2]:
            line.remove(problem)
            line.appendleft(problem)
        return self.docket.take(name)

    def _about(self, problem: Problem) -> list[object]:
        """The ids that a copy of a move is told."""
        owner = self.stock.reporters[problem.owner]
        told = (problem.case_id, problem.report_id, problem.number, owner.person_id, owner.account)
        return [*told, *problem.paid]

    def copies(self, name: str, count: int) -> list[Mapping[str, str]]:
        """Whom and what each copy of a recorded write is about."""
        about: Iterator[list[str]]
        if name in MOVES:
            about = ([str(i) for i in self._about(p)] for p in self.docket.take(name))
        else:
            about = self._photos() if name == "submit" else self._buyers()
        return [dict(zip(self._known[name], ids, strict=True)) for ids in islice(about, count)]

    def copied(self, name: str, copies: Sequence[Mapping[str, str]], used: int) -> None:
        """The same as `sent` for copies."""
        if name in MOVES:
            self.docket.copied(name, copies, used)
        elif name == "submit":
            for ids in (list(known.values()) for known in copies[used:]):
                owner = self._owner_numbers[ids[0]]
                self.stock.photos.append((owner, UUID(ids[2])))

    def _photos(self) -> Iterator[list[str]]:
        while self.stock.photos:
            owner, photo_id = self.stock.photos.popleft()
            rider = self.stock.reporters[owner]
            yield [str(rider.person_id), rider.sign_in, str(photo_id)]

    def _buyers(self) -> Iterator[list[str]]:
        buyers = self.stock.reporters[len(self.stock.reporters) // 2 :]
        while True:
            number = self._next()
            buyer = buyers[number % len(buyers)]
            keeper = self.stock.keepers[number % len(self.stock.keepers)]
            yield [
                str(buyer.person_id), buyer.sign_in, str(buyer.account),
                str(buyer.lots[number // len(buyers) % LOTS]),
                self.stock.stations[number % len(self.stock.stations)],
                str(keeper.person_id), keeper.sign_in,
            ]  # fmt: skip


async def play(app: FastAPI, exchange: Exchange) -> bytes:
    """Sends one exchange to the application in this process and gives the last answer's body."""
    transport = httpx.ASGITransport(app)
    body, code = b"", b""
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for head, content in exchange:
            first, *lines = head.decode().strip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = dict(line.split(": ", 1) for line in lines)
            sent = content.replace(CODE, code)
            answer = await client.request(method, path, headers=headers, content=sent)
            if not answer.is_success:
                raise RuntimeError(f"{first}: {answer.status_code} {answer.text}")
            body = answer.content
            code = str(answer.json().get("code", "")).encode()
    return body
