"""A month in a village, its first half: how money comes in and how points are earned.

Liu, Chen and Hua have phones; 10 points for a verified problem, half as much again this month.
Each step asserts the number that matters in it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cast import DISTRICT, INSIDE, VILLAGE
from flows.story import find_case, key, moved, report, upload
from flows.village import Program, Village

from app.kit import clock

REPORTERS = ("liu", "chen", "hua")


@dataclass
class Life:
    """What the village knows by now, to go on with."""

    v: Village
    program: Program
    fund: str = ""
    cases: list[str] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    webhook: str = ""
    proof: dict[str, Any] = field(default_factory=dict)
    # A redemption that waits for its code, and the very request that asked for it.
    waiting: dict[str, Any] = field(default_factory=dict)
    asked: tuple[dict[str, Any], dict[str, str]] = field(default_factory=lambda: ({}, key()))
    # Tokens of the last evening.
    signed_in: dict[str, Any] = field(default_factory=dict)


def gift(life: Life, fen: int) -> dict[str, Any]:
    """Money that two persons brought in, and its receipt."""
    url = f"funds/{life.fund}/contributions"
    given = life.v.make("ma", url, kind="villager", contributor="村民周大姐", fen=fen)
    assert given["state"] == "proposed"
    approved = life.v.do("wu", f"{url}/{given['id']}/approve")
    assert approved["available_fen"] == fen
    life.v.drain()
    receipt = life.v.get("ma", f"{url}/{given['id']}/receipt")
    assert (receipt["fen"], receipt["handled_by"], receipt["approved_by"]) == (fen, "ma", "wu")
    return receipt


def money(life: Life) -> None:
    opened = life.v.make(
        "ma", "funds", code="nuanxin", name="暖新基金", purpose="感谢", region_code=DISTRICT,
        rate_fen=100, shards=2,
    )  # fmt: skip
    life.fund = opened["id"]
    assert gift(life, 100_000)["receipt_no"] == "nuanxin-2027-000001"
    assert life.v.get("ma", f"funds/{life.fund}")["headroom_points"] == 1000


def rules(life: Life) -> None:
    for code, event, points, days in (
        ("verified_problem", "report.filed", 10, 365), ("joined", "report.joined", 2, 365),
        ("by_hand", "manual.awarded", 50, 100),
    ):  # fmt: skip
        made = life.v.make(
            "ma", "points/rules", code=code, name=code, name_en=code, event=event, points=points,
            fund_id=life.fund, day_cap=50, month_cap=500, validity_days=days,
        )  # fmt: skip
        assert (made["version"], made["points"]) == (1, points)
    ends = (clock.now() + timedelta(days=20)).isoformat()
    made = life.v.make(
        "ma", "points/campaigns", code="spring", name="春季", name_en="Spring",
        event="report.filed", fund_id=life.fund, percent=150, budget=100, ends_at=ends,
    )  # fmt: skip
    assert (made["percent"], made["used"]) == (150, 0)


def hooks(life: Life) -> None:
    made = life.v.make(
        "he", "webhooks", name="村务大屏", url=life.program.url, region_code=DISTRICT,
        events=["redemption.fulfilled", "notice.published"],
    )  # fmt: skip
    life.webhook = made["id"]
    assert made["secret"].startswith("whsec_")


def reported(life: Life, who: str, place: Any = INSIDE, **more: Any) -> str:
    """The number of the case that a report became or joined."""
    sent = report(life.v.client, life.v.as_(who), place, **more)
    life.v.drain()
    return life.v.get(who, f"reports/{sent['id']}")["case_number"]


def filed(life: Life, number: str) -> dict[str, Any]:
    wang = life.v.as_("wang")
    case = find_case(life.v.client, wang, number)
    return moved(life.v.client, wang, case, "file", category_code="C0101")


def closed(life: Life, case: dict[str, Any]) -> None:
    client, wang = life.v.client, life.v.as_("wang")
    case = moved(client, wang, case, "dispatch", assignee_id=life.v.me("wang")["id"])
    case = moved(client, wang, case, "accept")
    case = moved(client, wang, case, "resolve", photo_ids=[upload(client, wang)], note="已修好")
    case = moved(client, life.v.as_("sun"), case, "close", outcome="fixed")
    assert case["status"] == "closed"
    life.v.drain()


def cases(life: Life) -> None:
    liu = reported(life, "liu")
    case = filed(life, liu)
    assert reported(life, "hua", joins=liu) == liu
    chen = reported(life, "chen")
    life.cases = [liu, chen]
    assert life.cases == ["500152-20270302-0001", "500152-20270302-0002"]
    closed(life, {**case, "version": find_case(life.v.client, life.v.as_("wang"), liu)["version"]})
    closed(life, filed(life, chen))
    on_the_way = [life.v.points(who)[:2] for who in REPORTERS]
    assert on_the_way == [(0, 15), (0, 15), (0, 2)]


def objection(life: Life) -> None:
    announced = life.v.get("chen", "points/announced", region=VILLAGE)["items"]
    mine = {one["source"]: one["award_id"] for one in announced if one["event"] == "report.filed"}
    raised = life.v.make("chen", f"awards/{mine[life.cases[0]]}/objections", reason="不是他发现的")
    assert raised["state"] == "open"
    told = life.v.do(
        "wu", f"objections/{raised['id']}/decide", verdict="dismiss", decision="照片是他拍的"
    )
    assert told["state"] == "dismissed"
    life.v.later(hours=73)
    assert [life.v.points(who)[:2] for who in REPORTERS] == [(15, 0), (15, 0), (2, 0)]


def household(life: Life) -> None:
    v = life.v
    v.make("liu", "household", name="刘波一家")
    asked = v.make("liu", "household/invitations", member_no=v.me("hua")["member_no"])
    assert len(v.do("hua", f"household/invitations/{asked['id']}/accept")["members"]) == 2
    assert v.points("liu") == v.points("hua") == (17, 0, 0, 0)


def corrected(life: Life, kind: str, **draft: Any) -> dict[str, Any]:
    """What one person proposed and another approved."""
    asked = life.v.make("ma", "corrections", kind=kind, cause="核实", **draft)
    done = life.v.do("wu", f"corrections/{asked['id']}/approve")
    assert (asked["state"], done["state"]) == ("proposed", "approved")
    return done


def by_hand(life: Life, points: int = 30) -> None:
    chen = life.v.me("chen")["member_no"]
    before = life.v.points("chen")
    corrected(life, "award", person=chen, region=VILLAGE, points=points)
    spendable, _, _, owed = life.v.points("chen")
    assert (spendable - owed) - (before[0] - before[3]) == points
