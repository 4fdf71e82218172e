"""What the answers that clients were given have put into the database, each of it once."""

from collections import Counter

from crowd import FAMILY
from told import Acknowledged

# Moves that a told story makes, each once.
MOVES = ("file", "dispatch", "accept", "make_safe", "resolve", "close")


def added(told: Acknowledged, grant: int) -> dict[str, Counter[str]]:
    """Everything that a retry could double and a crash could lose, as `reckoning.counts` counts."""
    journals, stock = _journals(told, grant), _stock(told)
    return {
        **{f"rows of {name}": Counter({name: n}) for name, n in _rows(told).items()},
        "rows of stock_moves": Counter(stock_moves=stock.total()),
        "journals": journals, "events": journals, "moves of stock": stock,
        "moves of cases": Counter(dict.fromkeys(MOVES, told.stories)),
        "messages": _messages(told), "actions of staff": _actions(told),
        "exceptions": Counter(one["why"] for one in told.excepted.values()),
        "jobs that died": Counter(),
    }  # fmt: skip


def _journals(told: Acknowledged, grant: int) -> Counter[str]:
    return Counter(
        accrue=told.stories, settle=told.stories, contribute=len(told.approved),
        redeem=len(told.redeemed) + told.stories + len(told.holds),
        fulfil=len(told.fulfilled) + told.stories + len(told.taken),
        cancel=len(told.cancelled) + len(told.let_go), refund=len(told.refunds),
        carry=sum(_carried(told.parts(name), grant) for name in FAMILY),
    )  # fmt: skip


def _carried(parts: list[int], grant: int) -> int:
    """How often a member came or went with points: they bring what they took the last time."""
    brought = [grant, *parts][: len(parts)]
    return sum(points > 0 for points in (*brought, *parts))


def _stock(told: Acknowledged) -> Counter[str]:
    return Counter(
        reserve=len(told.redeemed) + told.stories, fulfil=len(told.fulfilled) + told.stories,
        release=len(told.cancelled), restock=len(told.restocked),
        refund=sum(one.get("restock", False) for one in told.refunds.values()),
    )  # fmt: skip


def _rows(told: Acknowledged) -> dict[str, int]:
    stories, holds, founded = told.stories, len(told.holds), len(told.founded)
    return {
        "reports": stories, "cases": stories, "awards": stories, "photos": 2 * stories,
        "redemptions": len(told.redeemed) + stories, "contributions": len(told.given),
        "till_holds": holds, "member_codes": holds, "corrections": len(told.corrections),
        "households": founded, "household_members": founded + len(told.joined),
        "household_invitations": len(told.invited),
    }  # fmt: skip


def _messages(told: Acknowledged) -> Counter[str]:
    return Counter(
        {
            "report.closed": told.stories, "till.held": len(told.holds),
            "till.fulfilled": len(told.taken), "till.returned": len(told.let_go),
            "household.asked": len(told.invited), "correction.proposed": len(told.corrections),
            "correction.approved": len(told.refunds), "correction.declined": len(told.declined),
            "redemption.refunded": len(told.refunds),
        }
    )  # fmt: skip


def _actions(told: Acknowledged) -> Counter[str]:
    return Counter(
        {
            "redemption.fulfilled": len(told.fulfilled) + told.stories,
            "acceptances.sent": len(told.batches), "acceptance.excepted": len(told.excepted),
            "exception.closed": len(told.closed), "correction.proposed": len(told.corrections),
            "correction.approved": len(told.refunds), "correction.declined": len(told.declined),
            "household.joined": len(told.founded) + len(told.joined),
            "household.left": len(told.left),
        }
    )  # fmt: skip
