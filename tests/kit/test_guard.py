"""The outer guard: who is let in, how much may be sent, and what every answer carries."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.little import little_app, signed, verify
from prometheus_client import REGISTRY

from app.kit import guard
from app.kit.errors import AppError
from app.kit.guard import Guard, Limits
from app.kit.problems import preferred

SMALL = Limits(body_bytes=100, upload_bytes=1000, body_s=0.1, upload_s=0.1)
PROMISED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.fixture
def app(db):
    return little_app(db)


async def echo(scope, receive, send) -> None:
    """A tiny application that reads the whole body and answers with its length."""
    length, more = 0, True
    while more:
        try:
            message = await receive()
        except AppError:
            # What the framework does with any error while it reads a body.
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"There was an error"})
            return
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


class Client:
    """Speaks ASGI to a guard over `echo`, chunk by chunk; a number is a pause in seconds."""

    def __init__(self, chunks, headers=(), path="/v1/things") -> None:
        self.chunks = list(chunks)
        self.received = 0
        self.scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"", "state": {},
            "headers": [(b"authorization", b"Bearer liu-bo"), *headers],
        }  # fmt: skip
        self.sent: list[dict] = []

    async def receive(self) -> dict:
        self.received += 1
        chunk = self.chunks.pop(0)
        if isinstance(chunk, float):
            await asyncio.sleep(chunk)
            chunk = self.chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self.chunks)}

    async def send(self, message) -> None:
        self.sent.append(message)

    def ask(self, app=echo) -> "Client":
        stack = Guard(app, verify=verify, open_writes=(), upload_paths={"/v1/photos"}, limits=SMALL)
        asyncio.run(asyncio.wait_for(stack(self.scope, self.receive, self.send), 10))
        assert [m["type"] for m in self.sent] == ["http.response.start", "http.response.body"]
        return self

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return self.sent[1]["body"]


def anonymous(chunks, headers=(), path="/v1/things") -> Client:
    client = Client(chunks, headers, path)
    client.scope["headers"] = list(headers)
    return client


class TestWhoIsLetIn:
    def test_an_anonymous_write_never_reaches_the_application(self):
        reached = []

        async def application(_scope, _receive, _send) -> None:
            reached.append(1)

        client = anonymous([b"x" * 50]).ask(application)
        assert (client.status, reached) == (401, [])
        assert client.headers["www-authenticate"] == "Bearer"
        assert client.headers["content-type"] == "application/problem+json"

    def test_an_anonymous_upload_is_drained_only_so_far(self):
        client = anonymous([b"x" * 65536] * 1000, path="/v1/photos").ask()
        assert (client.status, client.headers["connection"]) == (401, "close")
        assert client.received <= guard.DRAIN // 65536 + 1

    def test_an_anonymous_trickle_does_not_hold_its_connection(self, monkeypatch):
        monkeypatch.setattr(guard, "DRAIN_S", 0.2)
        client = anonymous([x for _ in range(500) for x in (0.02, b"x")]).ask()
        assert client.status == 401
        assert client.received < 50

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_a_write_without_a_token_is_401(self, client, method):
        answer = client.request(method, "/v1/things", content=b"not json")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")

    def test_an_open_write_needs_no_token(self, client):
        assert client.post("/v1/open", json={}).status_code == 200

    @pytest.mark.parametrize(
        "header", ["Bearer bad", "Bearer", "bearer  bad", "BEARER bad token", "Bearer \xff"]
    )
    def test_a_bad_token_is_401_even_for_a_read(self, client, header):
        given = header.replace("\xff", "bad\xff").encode("latin-1")
        answer = client.get("/v1/things", headers={"Authorization": given})
        assert answer.status_code == 401

    def test_another_scheme_is_no_token(self, client):
        headers = {"Authorization": "Basic bGl1OmJv"}
        assert client.post("/v1/things", json={}, headers=headers).status_code == 401
        assert client.post("/v1/open", json={}, headers=headers).status_code == 200


class TestBody:
    def test_within_its_limit_is_read(self):
        client = Client([b"x" * 60, b"x" * 40], [(b"content-length", b"100")]).ask()
        assert (client.status, client.body) == (200, b"100")

    def test_too_large_by_its_length_is_not_handed_on(self):
        client = Client([b"x" * 101], [(b"content-length", b"101")]).ask()
        self.assert_problem(client, 413, "too_large")

    def test_too_large_by_a_length_that_is_no_number_any_more(self):
        client = Client([b"x"], [(b"content-length", b"9" * 5000)]).ask()
        self.assert_problem(client, 413, "too_large")

    def test_too_large_in_chunks_is_cut(self):
        client = Client([b"x" * 60] * 50).ask()
        self.assert_problem(client, 413, "too_large")
        assert client.received == 2

    def test_of_an_upload_may_be_larger(self):
        assert Client([b"x" * 600], path="/v1/photos").ask().body == b"600"
        self.assert_problem(Client([b"x" * 600] * 2, path="/v1/photos").ask(), 413, "too_large")

    @pytest.mark.parametrize("length", [b"many", b"-1", b"1_0", b"", b"\xb2", b"+5"])
    def test_of_no_honest_length_is_400(self, length):
        client = Client([b"x"], [(b"content-length", length)]).ask()
        self.assert_problem(client, 400, "invalid_request")

    @pytest.mark.parametrize("pauses", [[3.0, b"x"], [x for _ in range(99) for x in (0.02, b"x")]])
    def test_that_comes_too_slowly_is_408(self, pauses):
        self.assert_problem(Client([b"x", *pauses]).ask(), 408, "request_timeout")

    @staticmethod
    def assert_problem(client, status, code) -> None:
        assert client.status == status
        assert client.headers["content-type"] == "application/problem+json"
        assert f'"code": "{code}"'.encode() in client.body
        assert PROMISED.items() <= client.headers.items()

    def test_too_large_for_the_real_framework_is_413(self, client):
        for content in (b"x" * 300_000, (b"x" * 1000 for _ in range(300))):
            answer = client.post("/v1/things", content=content, headers=signed())
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
            assert answer.headers["content-type"] == "application/problem+json"


class TestEveryAnswer:
    CASES = (
        ("GET", "/v1/things", 200),
        ("GET", "/nowhere", 404),
        ("PATCH", "/v1/things", 405),
        ("POST", "/v1/things", 401),
        ("GET", "/v1/jobs?kind=", 422),
        ("GET", "/v1/broken", 500),
    )

    @pytest.mark.parametrize(("method", "path", "status"), CASES)
    def test_carries_the_headers(self, client, method, path, status):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert PROMISED.items() <= answer.headers.items()
        assert "server" not in answer.headers
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["request_id"] == answer.headers["x-request-id"]

    @pytest.mark.parametrize("given", ["abcdefgh", "A.b-c_1234", "0" * 64])
    def test_repeats_a_safe_request_id(self, client, given):
        answer = client.get("/v1/things", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given

    @pytest.mark.parametrize("given", ["short", "0" * 65, "a b c d e f", "<script>alert", "é" * 9])
    def test_makes_its_own_in_place_of_an_unsafe_one(self, client, given):
        answer = client.get("/v1/things", headers={"X-Request-Id": given.encode("latin-1")})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])

    def test_is_counted_by_its_status(self, client):
        def counted() -> float:
            labels = {"method": "GET", "route": "/v1/broken", "status": "500"}
            return REGISTRY.get_sample_value("xinxin_requests_total", labels) or 0

        before = counted()
        client.get("/v1/broken")
        assert counted() == before + 1

    def test_belongs_to_its_own_request(self, client):
        def ask(number: int) -> tuple[str, str]:
            caller = f"caller-{number}"
            headers = signed(caller, key="one-key-for-all")
            answer = client.post("/v1/things", json={"name": caller}, headers=headers)
            return answer.json()["subject"], answer.headers["x-request-id"]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, range(40)))
        assert [subject for subject, _ in answers] == [f"caller-{n}" for n in range(40)]
        assert len({request_id for _, request_id in answers}) == 40

    def test_state_is_not_left_to_the_next_request(self, client):
        assert client.get("/v1/jobs?kind=soap", headers=signed()).status_code == 200
        assert client.get("/v1/jobs?kind=soap").status_code == 401


class TestProblems:
    def test_of_an_unexpected_error_tell_nothing(self, client):
        answer = client.get("/v1/broken")
        assert answer.json() == {
            "type": "urn:xinxin-ejia:problem:internal_error",
            "title": "服务器内部错误",
            "status": 500,
            "detail": "服务器内部错误",
            "code": "internal_error",
            "request_id": answer.headers["x-request-id"],
        }

    def test_of_a_method_name_all_that_are_allowed(self, client):
        answer = client.patch("/v1/things")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, PUT")

    @pytest.mark.parametrize(
        ("wanted", "language"),
        [
            ("", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9", "en"),
            ("en,zh;q=0.5", "en"), ("EN", "en"), ("fr", "zh"), ("fr,en;q=0.5", "en"), ("*", "zh"),
        ],
    )  # fmt: skip
    def test_speak_the_callers_language(self, client, wanted, language):
        assert preferred(wanted) == language
        title = client.get("/nowhere", headers={"Accept-Language": wanted}).json()["title"]
        assert title == {"zh": "没有找到", "en": "Not found"}[language]

    @pytest.mark.parametrize(
        "body", [{"name": 13812348000}, {"name": "13812348000" * 9}, {"name": ["13812348000"]}]
    )
    def test_of_a_body_never_repeat_its_values(self, client, body):
        answer = client.post("/v1/things", json=body, headers=signed())
        assert answer.status_code == 422
        assert "13812348000" not in answer.text
        assert answer.json()["errors"][0]["loc"] == ["body", "name"]
        assert answer.json()["errors"][0].keys() == {"loc", "code", "message"}

    @pytest.mark.parametrize("body", [b"{", b'{"name": "138', b"\xff\xfe", b"[" * 5000])
    def test_of_a_body_that_is_no_json_are_422(self, client, body):
        headers = {**signed(), "Content-Type": "application/json"}
        answer = client.post("/v1/things", content=body, headers=headers)
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"
