"""Secrets that are rotated, and data that are dropped when their time is over."""

from datetime import timedelta
from uuid import UUID

import pytest
from cast import INSIDE
from flows.story import key, report, upload
from sqlalchemy import select, update
from typer.testing import CliRunner

from app.cli import cli
from app.identity.models import Phone, RealName, SignIn
from app.kit import clock
from app.kit.db import work
from app.kit.seal import Seal, SealBroken
from app.media import service as media
from app.media.models import Photo
from app.mini.models import WechatToken
from app.notify.models import Message
from app.privacy import resealing, retention
from app.privacy.inventory import TABLES
from app.reports.models import Report
from app.webhooks.models import Webhook

OLD, NEW = "the secret of last year, long enough", "the secret of this year, long enough"
NUMBER = "13512340001"


class TestSeal:
    def test_opens_what_the_secret_before_sealed_while_that_is_known(self):
        sealed = Seal(OLD).seal("k")
        rotated = Seal(NEW, OLD)
        assert rotated.open(sealed) == "k"
        assert not rotated.is_current(sealed)
        assert rotated.is_current(rotated.seal("k"))
        assert Seal(NEW).open(rotated.seal("k")) == "k"
        with pytest.raises(SealBroken):
            Seal(NEW).open(sealed)

    def test_opens_what_was_sealed_before_keys_had_ids(self):
        bare = Seal(OLD).seal("k").partition(":")[2]
        assert Seal(OLD).open(bare) == Seal(NEW, OLD).open(bare) == "k"
        assert not Seal(OLD).is_current(bare)

    def test_knows_equal_texts_across_the_rotation(self):
        assert Seal(OLD).marks(NUMBER)[0] in Seal(NEW, OLD).marks(NUMBER)
        assert Seal(NEW).mark(Seal(NEW).seal(NUMBER)) == Seal(NEW).marks(NUMBER)[0]
        assert Seal(OLD).marks(NUMBER) != Seal(NEW).marks(NUMBER)


def test_reseal_seals_everything_anew_once(db, app, client, joined, cast, desk, wechat):
    before = app.state.seal
    headers, me = joined("o-sealed-0001", "上官密封", NUMBER)
    client.put("/v1/me/real-name", json={"real_name": "上官真名"}, headers=headers)
    hook = {"name": "商户", "url": "https://shop.example/hooks", "events": ["hold.fulfilled"],
            "region_code": "500152000000"}  # fmt: skip
    assert client.post("/v1/webhooks", json=hook, headers=desk.sun).status_code == 201
    rotated = Seal(NEW, "for-development-only-never-in-production-seals")
    with work(db, write=True) as tx:
        done = resealing.reseal(tx, rotated)
        assert done["phones"] >= 1
        assert done["webhooks"] >= 1
        assert sum(resealing.reseal(tx, rotated).values()) == 0
    alone = Seal(NEW)
    with work(db, write=True) as tx:
        phone = tx.get_one(Phone, me["id"])
        assert alone.open(phone.sealed) == NUMBER
        assert phone.mark == alone.marks(NUMBER)[0]
        assert alone.open(tx.get_one(RealName, me["id"]).sealed) == "上官真名"
        assert all(alone.open(one) for one in tx.scalars(select(Webhook.secret)))
        assert all(alone.open(one) for one in tx.scalars(select(WechatToken.token)))
        # And back, for the tests that follow.
        secret = "for-development-only-never-in-production-seals"
        resealing.reseal(tx, Seal(secret, NEW))
    assert before.open(phone_of(db, me["id"])) == NUMBER


def test_reseal_leaves_a_number_that_was_bound_meanwhile(db, app, joined):
    _, me = joined("o-sealed-0002", "上官另绑", "13512340011")
    own = "for-development-only-never-in-production-seals"

    with work(db, write=True) as tx:

        class Meanwhile(Seal):
            """Its owner binds another number while the mark of the old one is made."""

            def mark(self, sealed):
                mine = update(Phone).where(Phone.person_id == me["id"])
                tx.execute(mine.values(mark="bound meanwhile"))
                return super().mark(sealed)

        resealing.reseal(tx, Meanwhile(NEW, own))
        kept = select(Phone.mark).where(Phone.person_id == me["id"])
        assert tx.scalar(kept) == "bound meanwhile"
        tx.rollback()


def phone_of(db, person_id):
    with work(db, write=False) as tx:
        return tx.get_one(Phone, person_id).sealed


def test_reseal_knows_every_column_that_code_seals():
    """By their names: whatever is called a secret or sealed is, or is a hash."""
    found = {(name, column) for name, sheet in TABLES.items() for column in sheet.of("sealed")}
    assert found == {
        ("groups", "sealed_key"), ("phones", "sealed"), ("real_names", "sealed"),
        ("totp_keys", "secret"),
        ("webhooks", "secret"), ("webhooks", "old_secret"), ("wechat_tokens", "token"),
    }  # fmt: skip


@pytest.fixture
def aged(client, db, app, joined, desk, work_off):
    """Two people with messages and photos; of one everything is older than its time."""
    made = {}
    for openid, name, number in (
        ("o-old-01", "端木旧", "13512340002"), ("o-new-01", "端木新", "13512340003"),
    ):  # fmt: skip
        headers, me = joined(openid, name, number)
        made[openid[:5]] = (me["id"], report(client, headers, INSIDE), headers)
    work_off()
    person_id, sent, headers = made["o-old"]
    client.post("/v1/me/exports", headers={**headers, **key()})
    work_off()
    with work(db, write=True) as tx:
        tx.execute(
            update(Message).where(Message.person_id == person_id)
            .values(created_at=clock.now() - timedelta(days=366))
        )  # fmt: skip
        tx.execute(
            update(SignIn).where(SignIn.person_id == person_id)
            .values(expires_at=clock.now() - timedelta(days=185))
        )  # fmt: skip
        tx.execute(
            update(Report).where(Report.id == sent["id"])
            .values(status="closed", updated_at=clock.now() - timedelta(days=181))
        )  # fmt: skip
    return made


def sealed_files(folder):
    return {path.name for path in (folder / "bucket" / "sealed").rglob("*") if path.is_file()}


def test_what_is_past_its_time_goes_and_nothing_else(db, app, aged, folder):
    (old_id, old, _), (new_id, new, _) = aged["o-old"], aged["o-new"]
    photo, other = (sent["photos"][0]["id"] for sent in (old, new))
    # The files are older than their folders' dates would say: a clock half a year on.
    clock.shift(timedelta(days=182))
    with work(db, write=True) as tx:
        tx.execute(update(Report).where(Report.id == old["id"])
                   .values(updated_at=clock.now() - timedelta(days=181)))  # fmt: skip
        tx.execute(update(Report).where(Report.id == new["id"])
                   .values(status="closed", updated_at=clock.now()))  # fmt: skip
        tx.execute(update(SignIn).where(SignIn.person_id != old_id)
                   .values(expires_at=clock.now()))  # fmt: skip
        tx.execute(update(Message).where(Message.person_id == new_id)
                   .values(created_at=clock.now()))  # fmt: skip
    before = sealed_files(folder)
    assert {photo, other} <= before
    dry = retention.forget_files(db, app.state.bucket, dry=True)
    assert (sealed_files(folder), dry["sealed_originals"]) == (before, 1)
    assert dry["exports"] == 1
    assert retention.forget_files(db, app.state.bucket) == dry
    assert before - sealed_files(folder) == {photo}
    with work(db, write=True) as tx:
        dry = retention.forget_rows(tx, dry=True)
        assert dry["sign_ins"] >= 1
        assert dry == retention.forget_rows(tx)
        assert not any(retention.forget_rows(tx).values())
        assert tx.scalars(select(SignIn).where(SignIn.person_id == old_id)).all() == []
        assert tx.scalars(select(SignIn).where(SignIn.person_id == new_id)).all()
        kept = set(tx.scalars(select(Message.person_id)))
    assert old_id not in {str(one) for one in kept}


def test_photos_that_no_report_took_up_go_after_a_week(client, db, app, newcomer, as_, folder):
    headers = as_(newcomer())
    old, new = (upload(client, headers) for _ in "12")
    used = report(client, headers, INSIDE)["photos"][0]["id"]
    with work(db, write=True) as tx:
        aged = update(Photo).where(Photo.id.in_([UUID(old), UUID(used)]))
        tx.execute(aged.values(created_at=clock.now() - timedelta(days=8)))
        assert retention.forget_rows(tx)["unused_photos"] >= 1
    clock.shift(timedelta(days=2))
    media.sweep(db, app.state.bucket)
    with work(db, write=False) as tx:
        kept = set(tx.scalars(select(Photo.id)))
    assert {UUID(new), UUID(used)} <= kept
    assert UUID(old) not in kept
    files = {path.name for path in (folder / "bucket").rglob("*") if path.is_file()}
    assert {old, new, used} & files == {new, used}


def test_the_commands_run(url, folder, monkeypatch, db):
    if not db.is_sqlite:
        pytest.skip("once is enough")
    monkeypatch.setenv("XINXIN_ENVIRONMENT", "development")
    monkeypatch.setenv("XINXIN_DATABASE_URL", url)
    monkeypatch.setenv("XINXIN_DATA_DIR", str(folder / "bucket"))
    said = CliRunner().invoke(cli, ["retention", "--dry-run"])
    assert said.exit_code == 0, said.output
    assert "would go" in said.output
    said = CliRunner().invoke(cli, ["reseal"])
    assert said.exit_code == 0, said.output
    assert "phones: 0 sealed anew" in said.output
