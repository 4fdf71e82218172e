"""Log lines as a process really writes them."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging
import structlog
from app.kit import logs

logs.configure("INFO")
structlog.contextvars.bind_contextvars(request_id="0123456789abcdef")
logs.log.info("request", route="/v1/照片", status=200)
logs.log.debug("too quiet")
logs.log.warning("careless", **{key: "s3cret" for key in sorted(logs.SECRET_KEYS)})
logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
try:
    raise ValueError("broken")
except ValueError:
    logs.log.exception("failed")
"""


@pytest.fixture(scope="module")
def output() -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def lines(output) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_each_event_is_one_line_of_json(lines):
    assert [line["event"] for line in lines] == [
        "request", "careless", "Started server process [7]", "failed",
    ]  # fmt: skip
    assert all({"at", "level"} <= line.keys() for line in lines)


def test_each_line_has_the_requests_id(lines):
    assert {line["request_id"] for line in lines} == {"0123456789abcdef"}


def test_chinese_stays_readable(output):
    assert "/v1/照片" in output


def test_secrets_are_masked(output, lines):
    assert "s3cret" not in output
    masked = {key for key, value in lines[1].items() if value == "***"}
    assert masked >= {"password", "token", "session_key", "phone", "openid", "authorization"}


def test_an_exception_stays_on_its_line(lines):
    assert "ValueError: broken" in lines[3]["exception"]
