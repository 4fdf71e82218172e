"""The scenes: what clients ask, as requests for the generator and as SQL for the bare driver."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import httpx
from fastapi import FastAPI
from load import CODE, Exchange, Request
from pictures import BOUNDARY, form, picture
from stock import LOTS, Member, Stock
from tape import Recipe, Tape

from app.kit.ids import new_id

TOKEN_S = 300


class Badges:
    """Access tokens, made anew before they run out."""

    def __init__(self, stock: Stock) -> None:
        self._keys = stock.keys
        self._made: dict[str, tuple[str, float]] = {}

    def of(self, member: Member) -> str:
        token, until = self._made.get(member.sign_in, ("", 0.0))
        if time.monotonic() >= until:
            token = self._keys.issue(str(member.person_id), sid=member.sign_in)
            self._made[member.sign_in] = token, time.monotonic() + TOKEN_S
        return token


@dataclass(frozen=True)
class Scene:
    """One kind of exchange. `again`: it changes nothing, so the same ones can be sent again."""

    name: str
    title: str
    make: Callable[[], Iterator[Exchange]]
    again: bool = False


def request(
    method: str, path: str, token: str, body: bytes = b"", kind: str = "", **more: str
) -> Request:
    """One rendered request; a body comes with a fresh idempotency key."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"authorization: Bearer {token}"]
    if body:
        lines += [
            f"content-type: {kind or 'application/json'}", f"content-length: {len(body)}",
            f"idempotency-key: {new_id()}",
        ]  # fmt: skip
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode(), body


class Scenes:
    """All scenes over one stock. The service and the bare driver have reporters of their own."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self._badges = Badges(stock)
        self._pictures = [form(picture(seed)) for seed in range(4)]
        self._turn = 0
        self._owner_numbers = {str(m.person_id): n for n, m in enumerate(stock.reporters)}
        self._owners: dict[UUID, int] = {}
        self._behind: dict[UUID, UUID] = {}
        self._known: dict[str, list[str]] = {}
        self.all = (
            Scene("balance", "GET /v1/points", self._balance, again=True),
            Scene("queue", "GET /v1/cases, page of 20", self._queue, again=True),
            Scene("submit", "POST /v1/reports", self._submit),
            Scene("move", "POST /v1/cases/{id}/moves (verify)", self._move),
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

    def _move(self) -> Iterator[Exchange]:
        while self.stock.cases:
            case_id, report_id = self.stock.cases.popleft()
            self._behind[case_id] = report_id
            yield (self._verify(case_id, self._next()),)

    def _verify(self, case_id: UUID, number: int) -> Request:
        token, path = self._token(self.stock.movers, number), f"/v1/cases/{case_id}/moves"
        return request("POST", path, token, b'{"move":"verify"}', if_match='"1"')

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

    def give_back(self, name: str, left: Sequence[Exchange]) -> None:
        """Photos and cases whose request was never sent serve again."""
        for (head, body), *_ in left:
            if name == "move":
                case_id = UUID(head.split(b"/", 4)[3].decode())
                self.stock.cases.append((case_id, self._behind[case_id]))
            elif name == "submit":
                photo_id = UUID(json.loads(body)["photo_ids"][0])
                self.stock.photos.append((self._owners[photo_id], photo_id))

    async def record(self, app: FastAPI) -> dict[str, Recipe]:
        """The SQL of each write, recorded from one real request."""
        owner, photo_id = self.stock.photos.popleft()
        rider, (case_id, report_id) = self.stock.reporters[owner], self.stock.cases.popleft()
        buyer, keeper, station = (
            self.stock.reporters[-1],
            self.stock.keepers[0],
            self.stock.stations[0],
        )
        known: dict[str, list[object]] = {
            "submit": [rider.person_id, rider.sign_in, photo_id],
            "move": [case_id, report_id],
            "redeem": [
                buyer.person_id, buyer.sign_in, buyer.account, buyer.lots[0],
                station, keeper.person_id, keeper.sign_in,
            ],
        }  # fmt: skip
        # The first sale of a station opens its accounts; what is recorded is an ordinary one.
        await play(app, self._pair(buyer, 0))
        await asyncio.sleep(0.01)
        since_ms = time.time_ns() // 1_000_000
        sent: dict[str, Exchange] = {
            "submit": (self._report(rider, photo_id),),
            "move": (self._verify(case_id, 0),),
            "redeem": self._pair(buyer, 0),
        }
        found = {}
        for name, exchange in sent.items():
            with Tape(app.state.db.writer, since_ms) as tape:
                await play(app, exchange)
            self._known[name] = [str(token) for token in known[name]]
            found[name] = tape.recipe(self._known[name])
        return found

    def copies(self, name: str, count: int) -> list[Mapping[str, str]]:
        """Whom and what each copy of a recorded write is about."""
        make = {"submit": self._photos, "move": self._cases, "redeem": self._buyers}[name]
        return [dict(zip(self._known[name], ids, strict=True)) for ids in islice(make(), count)]

    def take_back(self, name: str, left: Sequence[Mapping[str, str]]) -> None:
        """The same for copies."""
        for ids in (list(known.values()) for known in left):
            if name == "move":
                self.stock.cases.append((UUID(ids[0]), UUID(ids[1])))
            elif name == "submit":
                owner = self._owner_numbers[ids[0]]
                self.stock.photos.append((owner, UUID(ids[2])))

    def _photos(self) -> Iterator[list[str]]:
        while self.stock.photos:
            owner, photo_id = self.stock.photos.popleft()
            rider = self.stock.reporters[owner]
            yield [str(rider.person_id), rider.sign_in, str(photo_id)]

    def _cases(self) -> Iterator[list[str]]:
        while self.stock.cases:
            yield [str(token) for token in self.stock.cases.popleft()]

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
