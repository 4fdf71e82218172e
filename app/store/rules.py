"""What may be swapped for points, and when: pure rules of the catalogue."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.kit import clock
from app.kit.errors import Words


@dataclass(frozen=True)
class Prohibition:
    """Goods that no points store of the schemes we follow hands out, and how one knows them."""

    reason: str
    title: Words
    zh: tuple[str, ...]
    en: tuple[str, ...]


# Obvious words only: a person publishes each item and is its second pair of eyes. `红包装` is red
# packaging, `啤酒杯` a glass; 酒精 (disinfectant) and 料酒 (for cooking) are no drinks.
PROHIBITED = (
    Prohibition(
        "cash",
        Words("不得以积分兑换现金或等同现金的卡券", "Points never buy cash or its like"),
        ("现金", "红包(?!装)", "提现", "购物卡", "充值卡", "储值卡", "礼品卡", "代金券", "购物券"),
        (r"cash", r"gift ?cards?", r"shopping ?cards?", r"vouchers?"),
    ),
    Prohibition(
        "alcohol",
        Words("不得以积分兑换酒类", "Points never buy alcohol"),
        ("(?:白|啤|红|黄|米|洋|葡萄|烈|药)酒(?![杯瓶架])", "茅台"),
        (r"beers?", r"wines?", r"liquors?", r"spirits", r"vodka", r"whisk(?:e)?y", r"baijiu"),
    ),
    Prohibition(
        "tobacco",
        Words("不得以积分兑换烟草制品", "Points never buy tobacco"),
        ("香烟", "卷烟", "电子烟", "雪茄", "烟草", "烟丝", "烟弹"),
        (r"cigarettes?", r"cigars?", r"tobacco", r"e-?cigarettes?", r"vapes?"),
    ),
)  # fmt: skip
KINDS = tuple(p.reason for p in PROHIBITED)
_GAPS = re.compile(r"[\W_]+")
_ZH = {p.reason: re.compile("|".join(p.zh)) for p in PROHIBITED}
# Chinese needs no space beside a foreign word, so only Latin letters make it a longer one.
_EN = {p.reason: re.compile(rf"(?<![a-z])(?:{'|'.join(p.en)})(?![a-z])") for p in PROHIBITED}


def prohibited(kind: str, texts: Iterable[str]) -> Prohibition | None:
    """The prohibition that an item's kind, names or description fall under, if any.

    Spaces, dots and full-width letters do not hide a word.
    """
    plain = [unicodedata.normalize("NFKC", text).casefold() for text in texts]
    closed = [_GAPS.sub("", text) for text in plain]
    for one in PROHIBITED:
        chinese = any(_ZH[one.reason].search(text) for text in closed)
        english = any(_EN[one.reason].search(text) for text in plain)
        if kind == one.reason or chinese or english:
            return one
    return None


class Shelved(Protocol):
    """What decides whether an item is on sale."""

    published: bool
    on_sale_from: datetime | None
    on_sale_until: datetime | None


def on_sale(item: Shelved, now: datetime) -> bool:
    """Published, and the moment lies in [from, until)."""
    begun = item.on_sale_from is None or item.on_sale_from <= now
    return item.published and begun and (item.on_sale_until is None or now < item.on_sale_until)


def limit_since(limit_days: int, now: datetime) -> datetime:
    """From when a person's pieces count: the last `limit_days` business days, today included."""
    return clock.day_start(clock.business_day(now) - timedelta(days=limit_days - 1))
