"""kill -9 between and within all steps of the story; retried with its keys it happens once."""

import contextlib
import random
import socket
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from ledger.build import broken

from app.cli.forks import Forked
from app.demo import play, sample
from app.demo.story import Story
from app.demo.teller import StoryFailed
from app.demo.wechat_server import FakeWechat
from app.kit.db import work
from app.ledger.models import Journal
from app.reports.models import Report
from app.store.models import Redemption


class Mortal:
    """A real server process that is killed and started again on the same port and data."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment, self.log = environment, log

    def start(self) -> None:
        self.process = Forked(["serve", "--port", str(self.port)], self.environment, self.log)
        play.wait_ready(self.process, f"http://127.0.0.1:{self.port}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def fake():
    return FakeWechat(play.APPID, play.SECRET)


@pytest.fixture
def mortal(db, url, tmp_path, fake):
    with work(db, write=True) as tx:
        sample.load(tx)
    with play.wechat(fake) as wechat_url:
        server = Mortal(
            {
                "XINXIN_ENVIRONMENT": "development", "XINXIN_DATABASE_URL": url,
                "XINXIN_DATA_DIR": str(tmp_path / "photos"), "XINXIN_WECHAT_APPID": play.APPID,
                "XINXIN_WECHAT_SECRET": play.SECRET, "XINXIN_WECHAT_URL": wechat_url,
                "XINXIN_OBJECTION_HOURS": "0", "XINXIN_LOG_LEVEL": "ERROR", "XINXIN_DECODERS": "1",
            },
            tmp_path / "server.log",
        )  # fmt: skip
        server.start()
        yield server
        server.kill()


# A server starts after each of the steps.
@pytest.mark.timeout(600)
def test_killed_between_and_within_all_steps_the_story_happens_once(mortal, db, fake):
    rng = random.Random(20261121)
    with httpx.Client(base_url=f"http://127.0.0.1:{mortal.port}", timeout=20) as http:
        story = Story(http, fake, UUID(int=uuid4().int), tell=lambda _text: None)
        for step in story.steps:
            killer = threading.Timer(rng.uniform(0.005, 0.08), mortal.kill)
            killer.start()
            with contextlib.suppress(StoryFailed, httpx.HTTPError):
                step()
            killer.join()
            mortal.start()
            # Whether the first try was cut off or had an answer: the same keys again, and on.
            step()
    wait_idle(db)
    assert broken(db) == []
    with work(db, write=False) as tx:
        assert tx.query(Report).count() == 1
        assert [r.state for r in tx.query(Redemption)] == ["fulfilled"]
        kinds = sorted(j.kind for j in tx.query(Journal) if j.kind != "contribute")
        assert kinds == ["accrue", "fulfil", "redeem", "settle"]


def wait_idle(db) -> None:
    """Waits until the worker has nothing that is due."""
    from sqlalchemy import text

    waiting = text("SELECT count(*) FROM jobs WHERE state = 'ready' AND kind LIKE 'case.%'")
    for _ in range(600):
        with work(db, write=False) as tx:
            if not tx.scalar(waiting):
                return
        time.sleep(0.1)
    raise AssertionError("jobs are left")
