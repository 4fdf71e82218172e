"""Cutting to WeChat's fields, quiet hours across midnight, topics: all pure."""

from datetime import UTC, datetime, timedelta

import pytest
from notify.test_inbox import DATA

from app.kit.clock import SHANGHAI
from app.notify import channels, fields, rules, schemas, texts

FAMILY = "👨‍👩‍👧"
TOLD_AT = "2026-11-02 15:01"


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


class TestCut:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("已结案", "已结案"),
            (
                "一二三四五六七八九十一二三四五六七八九十",
                "一二三四五六七八九十一二三四五六七八九十",
            ),
            (
                "一二三四五六七八九十一二三四五六七八九十一",
                "一二三四五六七八九十一二三四五六七八九…",
            ),
            # Behind a stop or a space in the last third, never far before it.
            (
                "您上报的问题已立案，现已派员处置，请留意后续通知",
                "您上报的问题已立案，现已派员处置…",
            ),
            (
                "是，这是一句很长很长很长没有停顿的话一直说到底",
                "是，这是一句很长很长很长没有停顿的话一…",
            ),
            # Not inside a number or a word.
            ("请在社区服务中心凭编号 50015220 领取", "请在社区服务中心凭编号…"),
            ("Your case was closed: fixed", "Your case was…"),
            ("案件 500152-20261122-0001 已结案", "案件 500152-20261122…"),
            (
                "一二三四五六七八九十一二三四五六七八（九十）",
                "一二三四五六七八九十一二三四五六七八…",
            ),
            ("多\n行  空白\t合一", "多 行 空白 合一"),
            ("", ""),
        ],
    )
    def test_at_a_good_place(self, text, expected):
        assert fields.cut(text, 20) == expected
        assert utf16(expected) <= 20

    @pytest.mark.parametrize("sign", ["😀", FAMILY, "👍🏽", "🇨🇳", "é", "❤️"])
    @pytest.mark.parametrize("before", range(14, 20))
    def test_never_inside_a_sign(self, sign, before):
        got = fields.cut("井" * before + sign * 3, 20)
        assert utf16(got) <= 20
        kept = got.removesuffix("…").lstrip("井")
        assert kept == sign * (len(kept) // len(sign))
        assert got.endswith("…") or got == "井" * before + sign * 3


class TestFit:
    @pytest.mark.parametrize(
        ("field", "text", "expected"),
        [
            ("thing1", "", "-"),
            ("phrase2", "已修复（更换井盖）", "已修复更换"),
            ("phrase2", "fixed", "消息"),
            ("number3", "10 积分", "10"),
            ("number3", "", "0"),
            ("character_string4", "案件500152-20261122-0001", "500152-20261122-0001"),
            ("character_string4", "x" * 40, "x" * 32),
            ("character_string4", "井盖", "-"),
            ("time5", "2026-11-22 18:00", "2026年11月22日 18:00"),
            ("time5", "2026-12-01", "2026年12月1日 00:00"),
            ("date6", "2026-12-01", "2026年12月1日"),
            ("time5", "soon", "2026年11月2日 15:01"),
            ("date6", "", "2026年11月2日 15:01"),
        ],
    )
    def test_each_kind_of_field(self, field, text, expected):
        assert fields.fit(field, text, TOLD_AT) == expected

    @pytest.mark.parametrize("kind", DATA)
    def test_every_kind_of_message_fits_into_every_field(self, kind):
        for language in ("zh", "en"):
            title, text = texts.render(kind, DATA[kind], language)
            for source in (title, text, *map(str, texts.values(DATA[kind], language).values())):
                assert 1 <= utf16(fields.fit("thing1", source, TOLD_AT)) <= 20
                assert 1 <= len(fields.fit("phrase1", source, TOLD_AT)) <= 5
                string = fields.fit("character_string1", source, TOLD_AT)
                assert string.isascii()
                assert 1 <= len(string) <= 32


class TestQuiet:
    def until(self, local, *hours):
        at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)
        end = rules.quiet_until(at.astimezone(UTC), *hours)
        return end and f"{end.astimezone(SHANGHAI):%m-%d %H:%M:%S}"

    @pytest.mark.parametrize(
        ("local", "expected"),
        [
            ("2026-11-22T21:59:59", None), ("2026-11-22T22:00:00", "11-23 07:00:00"),
            ("2026-11-22T23:59:59", "11-23 07:00:00"), ("2026-11-23T00:00:00", "11-23 07:00:00"),
            ("2026-11-23T06:59:59", "11-23 07:00:00"), ("2026-11-23T07:00:00", None),
            # Neither in the night when clocks elsewhere are put forward or back.
            ("2026-03-29T02:30:00", "03-29 07:00:00"), ("2026-10-25T02:30:00", "10-25 07:00:00"),
            ("2026-12-31T23:00:00", "01-01 07:00:00"),
        ],
    )  # fmt: skip
    def test_across_midnight(self, local, expected):
        assert self.until(local, *rules.QUIET) == expected

    def test_within_a_day(self):
        noon = 12 * 60, 14 * 60
        assert self.until("2026-11-22T12:30:00", *noon) == "11-22 14:00:00"
        assert self.until("2026-11-22T11:59:59", *noon) is None
        assert self.until("2026-11-22T14:00:00", *noon) is None

    def test_none(self):
        assert self.until("2026-11-22T03:00:00", None, None) is None
        assert self.until("2026-11-22T03:00:00", 60, 60) is None


class TestRules:
    def test_topics_are_those_of_the_preferences(self):
        assert set(schemas.Topics.model_fields) == set(rules.Topic)
        assert rules.topic("report.closed") is rules.Topic.REPORTS
        assert rules.topic("points.settled") is rules.Topic.POINTS
        assert rules.topic("clock.overdue") is rules.Topic.WORK
        assert rules.topic("never.heard") is rules.Topic.OTHER

    def test_urgent_are_kinds_that_there_are(self):
        assert set(texts.TEXTS) >= rules.URGENT

    def test_waits_grow_and_stay(self):
        waits = [rules.wait_after(attempts) for attempts in range(1, 9)]
        assert waits == sorted(waits)
        assert (waits[0], waits[-1]) == (timedelta(minutes=1), timedelta(minutes=30))


class TestTemplates:
    GOOD = {"template_id": "T", "fields": {"thing1": "number", "time2": "time"}, "page": "pages/a"}

    def test_are_read(self):
        read = channels.Templates.read(
            "wx", {"report.closed": self.GOOD, "report.filed": self.GOOD}
        )
        assert read.kinds_of == {"T": ["report.closed", "report.filed"]}

    @pytest.mark.parametrize(
        ("kind", "changed"),
        [
            ("report.forgotten", {}),
            ("report.closed", {"fields": {"thing1": "nmber"}}),
            ("report.closed", {"fields": {"thing": "number"}}),
            ("report.closed", {"fields": {"things1": "number"}}),
            ("report.closed", {"fields": {}}),
            ("report.closed", {"page": ""}),
            ("report.closed", {"template_id": "T T"}),
            ("report.closed", {"colour": "red"}),
        ],
    )
    def test_mistakes_are_refused(self, kind, changed):
        with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own, or ours
            channels.Templates.read("wx", {kind: {**self.GOOD, **changed}})
