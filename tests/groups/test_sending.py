"""Robots speak: new cases and notices, twenty a minute, bursts as one, and what WeCom refuses."""

import http.server
import logging
import re
import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import structlog
from cast import GRID, INSIDE, INSIDE_OTHER, OTHER_GRID
from flows.story import key
from sqlalchemy import func, select, update

from app.groups import jobs, queries, sending, service
from app.groups.models import Group, GroupMessage
from app.groups.texts import digest
from app.kit import clock, logs, outbox
from app.kit.db import work
from app.kit.outbox import Job
from app.kit.seal import Seal
from app.notify.models import Message
from app.wechat.errors import RobotUnavailable
from app.wechat.robots import Robots


@pytest.fixture(autouse=True)
def _nothing_left(db, wecom):
    """Each test's robots speak of that test alone."""
    wecom.said.clear()
    wecom.errcodes.clear()
    with work(db, write=True) as tx:
        waiting = update(GroupMessage).where(GroupMessage.state == "waiting")
        tx.execute(waiting.values(state="failed"))
        tx.execute(update(Job).where(Job.state == "ready").values(state="done"))


@pytest.fixture
def notice(client, as_, cast):
    def send(group, text="今晚停水"):
        answer = client.post(
            f"/v1/groups/{group['id']}/notices", json={"text": text},
            headers={**as_(cast.sun), **key()},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        return answer.json()

    return send


@pytest.fixture
def news(db):
    """Queues the news of so many cases, without the cases."""

    def queue(group, count, text="【新案件】"):
        with work(db, write=True) as tx:
            for n in range(count):
                service.add_case(tx, UUID(group["id"]), f"N-{uuid4().hex[:8]}", f"{text}消息{n}")

    return queue


def messages(db, group):
    with work(db, write=False) as tx:
        mine = select(GroupMessage).where(GroupMessage.group_id == group["id"])
        return list(tx.scalars(mine.order_by(GroupMessage.created_at, GroupMessage.id)))


def states(db, group):
    return [message.state for message in messages(db, group)]


def said(wecom, robot):
    return [message for message in wecom.said if message.key == robot]


def get(client, as_, cast, group):
    return client.get(f"/v1/groups/{group['id']}", headers=as_(cast.sun)).json()


class TestCases:
    def announce(self, db, case):
        with work(db, write=True) as tx:
            jobs.case_opened(tx, {"case_id": case["id"]})

    def test_reach_the_groups_of_their_grid_once(self, db, desk, wecom, group, minute):
        _here, robot = group()
        _both, second = group(grid_codes=[GRID, OTHER_GRID])
        _there, third = group(grid_codes=[OTHER_GRID])
        _silent, fourth = group(active=False)
        case = desk.reported(INSIDE)
        self.announce(db, case)
        self.announce(db, case)
        minute()
        assert [len(said(wecom, r)) for r in (robot, second, third, fourth)] == [1, 1, 0, 0]
        assert said(wecom, robot)[0].msgtype == "text"
        minute()
        assert len(said(wecom, robot)) == 1

    def test_tell_the_number_the_category_the_grid_and_the_street(self, db, desk, group):
        made, _ = group()
        case = desk.reported(INSIDE, description="李四家门口 13812345678", address="莲花路9号3单元")
        self.announce(db, case)
        text = messages(db, made)[0].text
        assert text == (
            f"【紧急案件】{case['number']}\n类别：井盖问题\n网格：莲花社区第1网格\n"
            "位置：桂林街道莲花社区"
        )

    def test_tell_nothing_of_the_reporter(self, db, desk, group):
        made, _ = group()
        case = desk.reported(INSIDE, description="李四家门口 13812345678", address="莲花路9号3单元")
        self.announce(db, case)
        text = messages(db, made)[0].text
        assert not re.search(r"李四|138|9号|30\.2|105\.8|刘波|新来", text)

    def test_elsewhere_tell_nobody(self, db, desk, group):
        made, _ = group()
        self.announce(db, desk.reported(INSIDE_OTHER))
        assert messages(db, made) == []


class TestTexts:
    def test_a_digest_counts_what_does_not_fit(self):
        texts = [f"【通知】\n第 {n} 条，{'很长' * 40}" for n in range(300)]
        whole, shown = digest(texts, 4096)
        assert len(whole.encode()) <= 4096
        assert shown == whole.count("\n> ")
        assert whole.endswith(f"\n另有 {300 - shown} 条待发")
        assert whole.startswith("**网格消息汇总（300 条）**\n> 【通知】 第 0 条")

    @pytest.mark.parametrize("count", [1, 2, 9, 30, 60, 99, 100, 101, 1000])
    @pytest.mark.parametrize("room", [60, 200, 4096])
    def test_a_digest_fits_and_loses_nobody(self, count, room):
        whole, shown = digest(["案件" * 20] * count, room)
        assert len(whole.encode()) <= room
        assert shown == whole.count("\n> ")
        rest = re.search(r"另有 (\d+) 条", whole)
        assert whole.count("\n> ") + int(rest[1] if rest else 0) == count

    def test_a_digest_reads_nothing_as_markup(self):
        whole, _ = digest(["<@all> [点我](http://evil.example) **!**"], 4096)
        assert "<@" not in whole
        assert "](" not in whole

    @pytest.mark.parametrize("room", range(3, 40))
    def test_text_is_cut_at_a_character(self, room):
        short = sending.cut("停水通知：今晚二十三点🙂", room)
        assert len(short.encode()) <= room
        assert "�" not in short
        assert sending.cut("停水", 6) == "停水"


class TestRate:
    def test_few_go_alone_and_a_burst_as_one(self, db, wecom, group, news, minute):
        few, robot = group()
        many, other = group()
        news(few, sending.BURST)
        news(many, sending.BURST + 1)
        minute()
        assert [m.msgtype for m in said(wecom, robot)] == ["text"] * sending.BURST
        assert [m.content[-3:] for m in said(wecom, robot)] == [f"消息{n}" for n in range(5)]
        (whole,) = said(wecom, other)
        assert whole.msgtype == "markdown"
        assert all(f"消息{n}" in whole.content for n in range(6))
        assert set(states(db, few) + states(db, many)) == {"sent"}

    def test_notices_go_first_alone_and_in_full(self, db, wecom, group, notice, news, minute):
        made, robot = group()
        long = "停水通知" * 100
        news(made, 30)
        for n in range(7):
            notice(made, f"{long}{n}")
        minute()
        *alone, whole = said(wecom, robot)
        assert [m.msgtype for m in alone] == ["text"] * 7
        assert [m.content for m in alone] == [f"【通知】\n{long}{n}" for n in range(7)]
        assert whole.msgtype == "markdown"
        assert "通知" not in whole.content
        assert set(states(db, made)) == {"sent"}

    def test_notices_do_not_wait_behind_a_thousand_cases(
        self, db, wecom, group, notice, news, minute, monkeypatch
    ):
        monkeypatch.setattr(queries, "MOST_WAITING", 3)
        made, robot = group()
        news(made, 5)
        notice(made, "今晚停气")
        minute()
        assert "今晚停气" in said(wecom, robot)[0].content

    def test_many_notices_come_in_several_minutes_before_any_case(
        self, db, wecom, group, notice, news, minute
    ):
        made, robot = group()
        news(made, 1)
        for n in range(25):
            notice(made, f"通知{n}")
        minute()
        assert len(said(wecom, robot)) == sending.MOST_NOTICES
        minute(8)
        texts = [m.content for m in said(wecom, robot)]
        assert [text.splitlines()[1] for text in texts[:25]] == [f"通知{n}" for n in range(25)]
        assert texts[25:] == ["【新案件】消息0"]
        assert set(wecom.errcodes) == {0}

    def test_a_digest_settles_only_what_it_shows(self, db, wecom, group, news, minute):
        made, robot = group()
        news(made, 60, "【新案件】" + "很长" * 30)
        minute()
        (first,) = said(wecom, robot)
        shown = first.content.count("\n> ")
        assert 0 < shown < 60
        assert first.content.endswith(f"\n另有 {60 - shown} 条待发")
        assert states(db, made) == ["sent"] * shown + ["waiting"] * (60 - shown)
        minute(3)
        lines = [m.content.count("\n> ") for m in said(wecom, robot)]
        assert sum(lines) + lines.count(0) == 60
        assert set(states(db, made)) == {"sent"}

    def test_long_notices_are_cut_to_what_wecom_takes(self, wecom, group, notice, minute):
        made, robot = group()
        notice(made, "🙂" * 500)
        notice(made, "长" * 500)
        minute()
        assert wecom.errcodes == [0, 0]
        assert all(len(m.content.encode()) <= 2048 for m in said(wecom, robot))

    def test_twenty_a_minute_though_groups_share_a_robot(self, db, wecom, group, notice, minute):
        robot = str(uuid4())
        groups = [group(robot)[0] for _ in range(6)]
        for made in groups:
            for n in range(5):
                notice(made, f"消息{n}")
        minute()
        assert len(said(wecom, robot)) == 20
        minute()
        # Any sixty seconds: WeCom need not count by the calendar.
        assert len(said(wecom, robot)) == 20
        minute()
        assert [states(db, made) for made in groups] == [["sent"] * 5] * 6
        assert set(wecom.errcodes) == {0}

    def test_by_two_workers_at_once(self, app, db, wecom, group, notice, handlers):
        robot = str(uuid4())
        groups = [group(robot)[0] for _ in range(8)]
        for made in groups:
            for n in range(5):
                notice(made, f"消息{n}")
        clock.shift(timedelta(minutes=1))
        with work(db, write=True) as tx:
            outbox.enqueue(tx, "groups.flushed")
            outbox.enqueue(tx, "groups.flushed")
        start = threading.Barrier(2)

        def run():
            start.wait()
            for _ in range(40):
                outbox.run_one(app.state.db, handlers)

        threads = [threading.Thread(target=run) for _ in "12"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(wecom.errcodes) == {0}
        assert len(said(wecom, robot)) == 20
        counted = {}
        for message in said(wecom, robot):
            counted[message.content] = counted.get(message.content, 0) + 1
        # Four groups said each text; none said one twice.
        assert set(counted.values()) == {4}

    def test_the_count_is_the_databases(self, db):
        mark = uuid4().hex
        granted = []
        start = threading.Barrier(4)

        def run():
            start.wait()
            for _ in range(10):
                with work(db, write=True) as tx:
                    granted.append(sending.take(tx, mark, 1))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (sum(granted), len(granted)) == (20, 40)

    def test_one_job_a_group_however_often_it_is_asked(self, db, group, notice):
        made, _ = group()
        notice(made)
        for _ in range(3):
            clock.shift(timedelta(minutes=1))
            with work(db, write=True) as tx:
                jobs.flush(tx, {})
        with work(db, write=False) as tx:
            told = select(func.count()).where(Job.kind == "group.told", Job.state == "ready")
            assert tx.scalar(told) == 1


class TestRefusals:
    def test_45009_waits_a_minute(self, db, wecom, group, notice, minute):
        made, _robot = group()
        notice(made), notice(made)
        wecom.fail_next(45009)
        minute()
        # The second was not even tried.
        assert (wecom.errcodes, states(db, made)) == ([45009], ["waiting"] * 2)
        minute()
        assert wecom.errcodes == [45009]
        minute()
        assert (wecom.errcodes, states(db, made)) == ([45009, 0, 0], ["sent"] * 2)

    def test_93000_ends_the_robot_and_is_told_once(
        self, db, wecom, group, notice, minute, client, as_, cast
    ):
        made, robot = group()
        notice(made), notice(made)
        wecom.keys.discard(robot)
        minute(3)
        assert wecom.errcodes == [93000]
        assert states(db, made) == ["failed"] * 2
        assert messages(db, made)[0].error == "errcode 93000"
        assert get(client, as_, cast, made)["robot"] is False
        with work(db, write=False) as tx:
            told = select(Message).where(Message.kind == "group.robot_refused")
            found = [m for m in tx.scalars(told) if m.subject == str(messages(db, made)[0].id)]
        assert [m.person_id for m in found] == [cast.sun.id]
        assert found[0].data == {"group": "莲花一格群"}

    def test_93000_of_the_old_key_leaves_the_new_one(
        self, app, db, wecom, group, notice, client, as_, cast
    ):
        made, robot = group()
        notice(made)
        with work(db, write=True) as tx:
            batch = sending.prepare(tx, app.state.robots, made["id"])
        wecom.keys.discard(robot)
        outcome = sending.say(app.state.robots, batch)
        fresh = str(uuid4())
        sealed = app.state.seal.seal(fresh)
        with work(db, write=True) as tx:
            tx.execute(update(Group).where(Group.id == made["id"]).values(sealed_key=sealed))
        with work(db, write=True) as tx:
            sending.record(tx, outcome)
        assert get(client, as_, cast, made)["robot"] is True

    def test_another_errcode_fails_that_message_alone(self, db, wecom, group, notice, minute):
        made, _ = group()
        notice(made), notice(made)
        wecom.fail_next(40058)
        minute()
        assert states(db, made) == ["failed", "sent"]

    def test_busy_is_tried_again_by_the_outbox(self, db, wecom, group, notice, minute, drain):
        made, _robot = group()
        notice(made)
        wecom.fail_next(-1, times=2)
        minute()
        assert (wecom.errcodes, states(db, made)) == ([-1], ["waiting"])
        for _ in range(2):
            clock.shift(timedelta(seconds=3))
            drain()
        assert (wecom.errcodes, states(db, made)) == ([-1, -1, 0], ["sent"])

    def test_busy_in_the_middle_loses_and_repeats_nothing(
        self, db, wecom, group, notice, minute, monkeypatch
    ):
        made, robot = group()
        for n in range(3):
            notice(made, f"消息{n}")
        say, calls = Robots.say_text, []

        def second_fails(self, sealed, text):
            calls.append(text)
            if len(calls) == 2:
                raise RobotUnavailable
            return say(self, sealed, text)

        monkeypatch.setattr(Robots, "say_text", second_fails)
        minute()
        assert states(db, made) == ["sent", "waiting", "waiting"]
        minute()
        assert [m.content[-3:] for m in said(wecom, robot)] == ["消息0", "消息1", "消息2"]

    def test_killed_between_the_call_and_the_record_says_it_twice_at_most(
        self, app, db, wecom, group, notice, minute, drain, handlers, monkeypatch
    ):
        class Killed(BaseException):
            pass

        def die(*_):
            raise Killed

        made, robot = group()
        notice(made)
        with monkeypatch.context() as patch:
            patch.setattr(sending, "record", die)
            with pytest.raises(Killed):
                minute()
        assert (len(said(wecom, robot)), states(db, made)) == (1, ["waiting"])
        # Nobody else speaks for the group until the claim has run out.
        minute(2)
        assert len(said(wecom, robot)) == 1
        clock.shift(outbox.CLAIM)
        drain()
        assert (len(said(wecom, robot)), states(db, made)) == (2, ["sent"])


class TestSecrets:
    @pytest.fixture
    def away(self):
        robots = Robots(Seal("x" * 40), "http://127.0.0.1:9")
        yield robots
        robots.close()

    @pytest.fixture
    def loud(self):
        """The service's own log at its loudest, on what the test captures."""
        root, before = logging.getLogger(), structlog.get_config()
        handlers, level = root.handlers[:], root.level
        yield lambda: logs.configure("DEBUG")
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**before)

    def test_an_error_carries_neither_key_nor_address(self, away):
        robot = str(uuid4())
        with pytest.raises(RobotUnavailable) as caught:
            away.say_text(Seal("x" * 40).seal(robot), "hello")
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        assert robot not in repr(caught.value)

    @pytest.mark.parametrize("trouble", ["taken", "93000", "45009", "busy", "away", "broken"])
    def test_no_log_line_and_no_row_holds_the_key(
        self,
        app,
        db,
        wecom,
        group,
        notice,
        minute,
        away,
        capfd,
        caplog,
        loud,
        trouble,
        monkeypatch,
    ):
        made, robot = group()
        notice(made)
        loud()
        caplog.set_level("DEBUG")
        if trouble in {"93000", "45009"}:
            wecom.fail_next(int(trouble))
        if trouble == "busy":
            wecom.fail_next(-1)
        if trouble == "away":
            monkeypatch.setattr(app.state.robots, "_http", away._http)
        if trouble == "broken":
            monkeypatch.setattr(app.state.robots, "_seal", Seal("another secret of the service"))
        minute()
        written = capfd.readouterr()
        lines = written.out + written.err + caplog.text
        assert robot not in lines
        assert robot[:8] not in lines
        with db.reader.connect() as connection:
            for table in Group.metadata.sorted_tables:
                assert robot not in str(connection.execute(table.select()).all()), table.name

    def test_a_redirect_is_not_followed(self):
        asked = []

        class Elsewhere(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append(self.path)
                self.send_response(307)
                self.send_header("Location", f"http://127.0.0.1:{port}/stolen")
                self.end_headers()

            def log_message(self, *_):
                pass

        served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
        port = served.server_address[1]
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        robots = Robots(Seal("x" * 40), f"http://127.0.0.1:{port}")
        try:
            with pytest.raises(RobotUnavailable):
                robots.say_text(Seal("x" * 40).seal("k"), "hello")
        finally:
            robots.close()
            served.shutdown()
            thread.join()
            served.server_close()
        assert asked == ["/cgi-bin/webhook/send?key=k"]
