"""Pure rules of the catalogue: what is never swapped for points, what is on sale, limits."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.store.models import KINDS
from app.store.rules import PROHIBITED, limit_since, on_sale, prohibited

DAY = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("利群香烟一条", "tobacco"), ("电 子 烟", "tobacco"), ("雪茄", "tobacco"),
        ("Cigarettes", "tobacco"), ("E-cigarette", "tobacco"),
        ("江津白酒", "alcohol"), ("啤·酒", "alcohol"), ("葡萄酒", "alcohol"),
        ("飞天茅台", "alcohol"),
        ("Ｂｅｅｒ", "alcohol"), ("Red wine", "alcohol"),
        ("现金", "cash"), ("微信红包", "cash"), ("超市购物卡", "cash"), ("gift card", "cash"),
    ],
)  # fmt: skip
def test_obvious_words_are_found(text, reason):
    for texts in ((text, "x", ""), ("x", text, ""), ("x", "y", f"附赠{text}")):
        found = prohibited("other", texts)
        assert found is not None
        assert found.reason == reason
        assert found.title.zh
        assert found.title.en


@pytest.mark.parametrize(
    "text",
    [
        "香皂", "酒精湿巾", "料酒", "啤酒杯", "红包装纸巾", "戒烟糖", "茶", "Soap",
        "Swine fever test",
        "Cashew nuts", "Ginger tea", "红酒架",
    ],
)  # fmt: skip
def test_harmless_words_are_not(text):
    assert prohibited("daily", (text, text, text)) is None


def test_kinds_are_refused_by_themselves_and_are_no_kinds_of_the_database():
    for one in PROHIBITED:
        assert prohibited(one.reason, ("x", "x")) == one
        assert one.reason not in KINDS


@pytest.mark.parametrize(
    ("published", "begins", "ends", "answer"),
    [
        (True, None, None, True), (False, None, None, False), (True, 4, None, True),
        (True, 5, None, False), (True, None, 4, False), (True, None, 5, True),
        (True, 3, 5, True), (False, 3, 5, False),
    ],
)  # fmt: skip
def test_on_sale_is_from_until(published, begins, ends, answer):
    def at(hour):
        return None if hour is None else DAY.replace(hour=hour)

    item = SimpleNamespace(published=published, on_sale_from=at(begins), on_sale_until=at(ends))
    assert on_sale(item, DAY) is answer


def test_a_limit_counts_business_days_with_today():
    # 2026-11-22 12:00 in Shanghai.
    assert limit_since(1, DAY) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert limit_since(7, DAY) == datetime(2026, 11, 15, 16, tzinfo=UTC)
    late = datetime(2026, 11, 21, 15, 59, tzinfo=UTC)
    assert limit_since(1, late) == datetime(2026, 11, 20, 16, tzinfo=UTC)
