"""What names a person goes wherever it lies: in what others were told, in what came in late."""

import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from cast import INSIDE
from flows.story import find_case, key, report, upload
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from app.accounts import binding, glass
from app.accounts.models import StaffInvitation
from app.accounts.schemas import GlassDraft
from app.households import service as households
from app.households.schemas import HouseholdDraft, InvitationDraft
from app.identity import phones, service, tokens
from app.identity.access import Actor, Held
from app.identity.models import (
    FormerName,
    FormerPassword,
    Grant,
    Occupation,
    Person,
    Phone,
    Role,
    SignIn,
    StaffAccount,
    TotpKey,
)  # fmt: skip
from app.identity.schemas import PersonEdit
from app.kit import clock, outbox
from app.kit.db import insert_row, work
from app.kit.idempotency import StoredAnswer
from app.kit.ids import new_id
from app.kit.outbox import Job
from app.media.models import Photo
from app.notify.models import Message
from app.posts.models import Appointment, Post
from app.privacy import clearing, ending
from app.privacy import service as privacy
from app.privacy.errors import ExportTooOften, RoleHeld
from app.privacy.models import DataExport
from app.reports.models import Report

GRID = "500152001001001"


def renamed(tx, person_id, name):
    service.edit_me(tx, person_id, PersonEdit(name=name, occupation="rider"))


def actor_of(person, *held):
    return Actor(person.id, new_id(), person.member_no, held)


def end(tx, app, person):
    ending.end(tx, app.state.seal, actor_of(person), forfeit=True)
    tx.expire_all()


def reported(tx, person, text):
    report_id, now = new_id(), clock.now()
    insert_row(
        tx, Report, id=report_id, person_id=person.id, description=text, address="河边",
        anonymous=False, status="received", verdict="passed", created_at=now, updated_at=now,
    )  # fmt: skip
    return report_id


def answered(tx, body):
    """What somebody else was answered."""
    stored = new_id().hex
    insert_row(
        tx, StoredAnswer, caller="somebody else", key=stored, fingerprint="f", status=200,
        headers={}, body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=clock.now(),
    )  # fmt: skip
    return lambda: json.loads(
        tx.scalar(select(StoredAnswer.body).where(StoredAnswer.key == stored))
    )


@pytest.fixture
def person(tx, cast):
    return lambda name="南宫问雁": service.add_person(tx, name, Occupation.RIDER)


class TestAnswers:
    def test_lose_a_name_that_stands_in_hundreds_of_own_texts(self, tx, app, person):
        one = person("东方不败")
        said = [f"第{n}次上报，联系人东方不败" for n in range(300)]
        ids = [reported(tx, one, text) for text in said]
        again = [answered(tx, {"description": text}) for text in (said[0], said[299])]
        end(tx, app, one)
        texts = tx.scalars(select(Report.description).where(Report.id.in_(ids))).all()
        assert not any("东方不败" in text for text in texts)
        assert [read()["description"] for read in again] == [
            "第0次上报，联系人***", "第299次上报，联系人***"
        ]  # fmt: skip

    def test_lose_it_by_value_and_stay_answers(self, tx, app, person):
        """Whatever the field is called; and however the name was chosen."""
        one = person('received","x":"')
        told = answered(tx, {"asked_by": one.name, "list": [{"actor": one.name}], "n": 1.5})
        code = person("received")
        status = answered(tx, {"status": "received", "name": "received", "url": "/received"})
        end(tx, app, one)
        end(tx, app, code)
        assert told() == {"asked_by": "***", "list": [{"actor": "***"}], "n": 1.5}
        assert status() == {"status": "received", "name": "***", "url": "/received"}


class TestFormer:
    def test_names_and_numbers_leave_own_texts_too(self, client, db, app, joined, desk, work_off):
        name, number = "欧阳晓岚", "13812348011"
        headers, me = joined("o-former-01", name, number)
        sent = report(client, headers, INSIDE, description=f"我是{name}，电话{number}")
        work_off()
        mine = client.get(f"/v1/reports/{sent['id']}", headers=headers).json()
        edit = {"name": "小岚子", "occupation": "rider"}
        assert client.put("/v1/me", json=edit, headers=headers).status_code == 200
        assert client.delete("/v1/me/phone", headers={**headers, **key()}).status_code == 200
        url = "/v1/me?forfeit_points=true"
        assert client.delete(url, headers={**headers, **key()}).status_code == 204
        case = find_case(client, desk.qian, mine["case_number"])
        case = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()
        assert case["description"] == "我是***，电话***"
        with work(db, write=False) as tx:
            assert tx.get_one(Report, sent["id"]).description == "我是***，电话***"
            former = select(FormerName).where(FormerName.person_id == me["id"])
            assert tx.scalars(former).all() == []


class TestOthers:
    def test_keep_no_name_in_their_inbox(self, tx, app, person):
        founder, guest = person("慕容家长"), person("客人甲")
        households.create(tx, actor_of(founder), HouseholdDraft(name="慕容家长的家"))
        households.invite(tx, actor_of(founder), InvitationDraft(member_no=guest.member_no))
        [message] = tx.scalars(select(Message).where(Message.person_id == guest.id)).all()
        read = answered(tx, {"id": str(message.id), "text": "“慕容家长的家”邀请您"})
        asked = answered(tx, {"household_name": "慕容家长的家", "asked_by": "另一位"})
        households.leave(tx, actor_of(founder))
        end(tx, app, founder)
        tx.refresh(message)
        assert message.data == {"household": "***的家"}
        assert read()["text"] == "“***的家”邀请您"
        assert asked() == {"household_name": "***的家", "asked_by": "另一位"}

    def test_watchers_keep_no_name_of_who_broke_the_glass(self, tx, app, cast, person):
        staff = person("皇甫值守")
        service.grant(tx, None, staff.id, Role.GRID_STAFF, GRID)
        tx.flush()
        path = f"/500152000000/500152001000/500152001001/{GRID}/"
        draft = GlassDraft(role="dispatcher", region_code=GRID, hours=1, reason="皇甫值守替班")
        shown = glass.break_it(tx, actor_of(staff, Held("grid_staff", path)), draft)
        tx.execute(update(Grant).where(Grant.person_id == staff.id).values(revoked_at=clock.now()))
        end(tx, app, staff)
        told = tx.scalars(select(Message.data).where(Message.subject == str(shown.id))).all()
        assert told
        assert {(one["name"], one["reason"]) for one in told} == {("***", "***替班")}


class TestStaff:
    def made(self, tx, cast):
        """An account with everything that hangs on one, and no role any more."""
        made = service.add_staff(tx, f"former-{new_id().hex[-8:]}", "Correct river 42 s", "前员工")
        now = clock.now()
        tx.add_all([
            FormerPassword(person_id=made.id, ended_at=now, password_hash="x"),
            TotpKey(person_id=made.id, secret="x", created_at=now, last_step=0),
            StaffInvitation(
                id=new_id(), person_id=made.id, code_hash=new_id().hex, created_by=cast.sun.id,
                created_at=now, expires_at=now,
            ),
            Grant(
                id=new_id(), person_id=made.id, role="grid_staff", region_code=GRID,
                granted_at=now, revoked_at=now,
            ),
        ])  # fmt: skip
        tx.flush()
        return made

    def appointed(self, tx, staff, **columns):
        post = Post(
            code=new_id().hex, name="岗", name_en="Post", role="grid_staff", duties=[],
            on_board=False, position=1, active=True,
        )  # fmt: skip
        tx.add(post)
        tx.flush()
        seat = Appointment(
            id=new_id(), person_id=staff.id, post_code=post.code, region_code=GRID,
            starts_on="2020-01-01", created_at=clock.now(), **columns,
        )  # fmt: skip
        tx.add(seat)
        tx.flush()
        return seat

    def test_without_an_office_may_end_and_leave_no_account(self, tx, app, cast):
        staff = self.made(tx, cast)
        end(tx, app, staff)
        for model in (StaffAccount, FormerPassword, TotpKey, StaffInvitation):
            assert tx.scalars(select(model).where(model.person_id == staff.id)).all() == [], model

    def test_with_a_lasting_appointment_stay(self, tx, app, cast):
        staff = self.made(tx, cast)
        self.appointed(tx, staff)
        with pytest.raises(RoleHeld):
            end(tx, app, staff)

    def test_take_their_portrait_along(self, client, db, app, cast, desk, work_off, folder):
        photo = UUID(upload(client, desk.sun))
        with work(db, write=True) as tx:
            staff = self.made(tx, cast)
            seat = self.appointed(tx, staff, photo_id=photo, ended_at=clock.now())
            taken = update(Photo).where(Photo.id == photo)
            tx.execute(taken.values(used_for=f"appointment:{seat.id}"))
            end(tx, app, staff)
        work_off()
        assert not [path for path in (folder / "bucket").rglob(str(photo)) if path.is_file()]


class TestLate:
    """What a request wrote that had found the person active."""

    @pytest.fixture
    def gone(self, db, app, cast, work_off):
        with work(db, write=True) as tx:
            one = service.add_person(tx, "公孙归来", Occupation.RIDER)
            gone = one.id
            end(tx, app, one)
        work_off()
        return gone

    def come_back(self, db, app, person_id, number):
        with work(db, write=True) as tx:
            phones.bind(tx, app.state.seal, person_id, number)
            renamed(tx, person_id, "真名又来")
            return reported(tx, SimpleNamespace(id=person_id), f"真名又来，{number}")

    def is_nameless(self, db, person_id, report_id):
        with work(db, write=False) as tx:
            kept, one = tx.get_one(Report, report_id), tx.get_one(Person, person_id)
            assert (one.name, one.state, tx.get(Phone, person_id)) == ("已注销", "deleted", None)
            assert (kept.description, kept.anonymous) == ("***，***", True)
            assert clearing.left(tx) == []

    def test_goes_with_the_job_of_the_end(self, db, app, gone, work_off):
        late = self.come_back(db, app, gone, "13612340001")
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "person.ended", person_id=gone)
        work_off()
        self.is_nameless(db, gone, late)

    def test_goes_with_the_next_day(self, db, app, gone, work_off):
        late = self.come_back(db, app, gone, "13612340002")
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "personal.swept")
        work_off()
        self.is_nameless(db, gone, late)

    def test_a_job_that_died_is_tried_again_the_next_day(self, db, gone, work_off):
        mine = Job.kind == "person.ended", Job.payload.cast(Job.kind.type).contains(str(gone))
        with work(db, write=True) as tx:
            tx.execute(update(Job).where(*mine).values(state="dead", attempts=8))
            outbox.enqueue(tx, "personal.swept")
        work_off()
        with work(db, write=False) as tx:
            assert set(tx.scalars(select(Job.state).where(*mine))) == {"done"}

    def test_leaves_whoever_is_here_alone(self, db, app, person, tx):
        one = person("独孤在此")
        clearing.clear(tx, app.state.seal, one.id)
        assert one.name == "独孤在此"
        assert one.id not in clearing.left(tx)


def test_binding_ends_the_empty_reporter_as_their_own_wish_does(
    client, db, app, joined, cast, work_off, folder
):
    """Their messages, stored answers, tokens, unused photos and copies go, with the files."""
    headers, me = joined("o-bound-01", "空手而来", "13612340003")
    photo = upload(client, headers)
    exported = client.post("/v1/me/exports", headers={**headers, **key()}).json()["id"]
    work_off()
    invitation, code = new_id(), "K7M3P9QXA4TWH2RC"
    now, mine = clock.now(), UUID(me["id"])
    with work(db, write=True) as tx:
        tx.add(
            StaffInvitation(
                id=invitation, person_id=cast.zhao.id, code_hash=tokens.digest(code),
                created_by=cast.sun.id, created_at=now, expires_at=now + timedelta(hours=1),
            )
        )  # fmt: skip
        place = update(Photo).where(Photo.id == UUID(photo))
        tx.execute(place.values(lat=30.1, lng=105.2, taken_at=now))
        tx.flush()
        who = Actor(mine, new_id(), me["member_no"], ())
        binding.bind(tx, who, code)
    work_off()
    with work(db, write=False) as tx:
        one, kept = tx.get_one(Person, mine), tx.get_one(Photo, UUID(photo))
        assert (one.state, one.name, one.employer) == ("deleted", "已注销", None)
        assert (kept.lat, kept.lng, kept.taken_at) == (None, None, None)
        for model, column in ((SignIn, SignIn.person_id), (DataExport, DataExport.person_id),
                              (Message, Message.person_id)):  # fmt: skip
            assert tx.scalars(select(model).where(column == mine)).all() == [], model
        assert tx.scalars(select(StoredAnswer).where(StoredAnswer.caller == me["id"])).all() == []
    files = {path.name for path in (folder / "bucket").rglob("*") if path.is_file()}
    assert not {photo, exported} & files


def test_copies_are_counted_one_by_one(db, cast):
    """On PostgreSQL two that ask at once would else both find a place left."""
    with work(db, write=True) as tx:
        one = service.add_person(tx, "两次副本", Occupation.RIDER).id
        for _ in "12":
            privacy.ask_export(tx, one)
    if db.is_sqlite:
        with work(db, write=True) as tx:
            privacy.ask_export(tx, one)
            with pytest.raises(ExportTooOften):
                privacy.ask_export(tx, one)
        return
    with work(db, write=True) as tx:
        privacy.ask_export(tx, one)
        with work(db, write=True) as other:
            other.execute(select(func.set_config("lock_timeout", "50ms", True)))
            with pytest.raises(OperationalError, match="lock timeout"):
                privacy.ask_export(other, one)
            other.rollback()
