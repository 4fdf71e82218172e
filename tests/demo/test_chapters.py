"""The whole story as `demo` plays it, and once more on the same data."""

from datetime import timedelta
from uuid import uuid4

import pytest
import typer
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from ledger.build import broken
from sqlalchemy import select

from app.demo import past, play, sample
from app.demo.chapters import WholeStory, check
from app.demo.teller import StoryFailed
from app.demo.wechat_server import FakeWechat
from app.identity import passwords
from app.kit import clock
from app.kit.db import work
from app.main import create_app
from app.proofs import service
from app.proofs.models import Notice
from app.rewards.models import Award
from app.settings import Settings
from app.settlements.models import MerchantStatement

CHAPTERS = 18


@pytest.fixture
def fake():
    return FakeWechat(play.APPID, play.SECRET)


@pytest.fixture
def http(db, url, tmp_path, fake, monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    play.prepare(url)
    with play.wechat(fake) as wechat_url:
        settings = Settings(
            environment="development", database_url=url, data_dir=tmp_path / "bucket", decoders=1,
            objection_hours=0, wechat_appid=play.APPID, wechat_secret=play.SECRET,
            wechat_url=wechat_url, _env_file=None,
        )  # fmt: skip
        with TestClient(create_app(settings)) as running:
            yield running


def test_the_story_is_told_twice_on_the_same_data(http, url, db, fake):
    told = []
    for _ in "12":
        WholeStory(http, fake, uuid4(), told.append).play()
        # The second time there is nothing to load.
        play.prepare(url)
    assert sum(line.startswith("\n【") for line in told) == 2 * CHAPTERS
    assert broken(db) == []
    first, last = past.last_month()
    with work(db, write=False) as tx:
        # A month is lived through, paid and published once.
        days = [clock.business_day(award.created_at) for award in tx.scalars(select(Award))]
        assert sum(first <= day <= last for day in days) == len(past.SOURCES)
        assert [s.state for s in tx.scalars(select(MerchantStatement))] == ["paid"]
        assert tx.scalars(select(Notice.period)).all() == [f"{first:%Y-%m}"]


def test_a_month_that_ended_just_now_is_not_the_last_one_yet():
    end = service.end_of(f"{clock.business_day(clock.now()):%Y-%m}")
    clock.shift(end - clock.now() + timedelta(seconds=1))
    before = past.last_month()
    clock.shift(service.SETTLING)
    after = past.last_month()
    assert clock.day_start(after[1] + timedelta(days=1)) == end
    assert before[1] + timedelta(days=1) == after[0]


def test_a_district_without_last_month_is_refused(db, url, monkeypatch):
    # As older demos loaded it: its rules began too late to have paid anything last month.
    monkeypatch.setattr(sample, "load", lambda _tx: False)
    with pytest.raises(typer.BadParameter, match="older demo"):
        play.prepare(url)


def test_a_proof_that_does_not_hold_breaks_the_story():
    with pytest.raises(StoryFailed, match="refuses the proof"):
        check(b"import sys; sys.exit(1)", {}, "00")
