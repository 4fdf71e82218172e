"""A month in a village, its second half: goods for points, merchants, and what is published.

Each step asserts the number that matters in it.
"""

import json
from typing import Any

from cast import INSIDE, INSIDE_OTHER, OTHER_STATION, STATION, VILLAGE
from flows.village import MONTH, TILL
from flows.village_earning import (
    Life,
    by_hand,
    cases,
    corrected,
    hooks,
    household,
    money,
    objection,
    reported,
    rules,
)  # fmt: skip

from app.kit import clock
from app.proofs import checker


def live(life: Life) -> None:
    """All of it, up to the evening on which the service is stopped."""
    for chapter in (
        money, rules, hooks, goods, cases, objection, household, by_hand, buying, offline, refund,
        reversal, at_the_till, settlement, notice, last_evening,
    ):  # fmt: skip
        chapter(life)


def goods(life: Life) -> None:
    v = life.v
    for station, keeper in ((STATION, "li"), (OTHER_STATION, "zhou")):
        v.put(
            "he", f"stations/{station}", name=f"驿站{station}", kind="central",
            region_code=VILLAGE, hours=["00:00-24:00"], services=["饮水"], **INSIDE,
        )  # fmt: skip
        v.put("he", f"stations/{station}/keepers/{v.me(keeper)['id']}")
    for code, points, fen in (("soap", 5, 400), ("towel", 8, 700)):
        item = v.put(
            "he", f"items/{code}", name=code, name_en=code, kind="daily", points=points,
            cost_fen=fen, published=True,
        )  # fmt: skip
        life.items[code] = item["id"]
        shelf = f"stations/{STATION}"
        put = v.do("li", f"{shelf}/restocks", item_id=item["id"], quantity=20, delivery="D-1")
        assert put["on_hand"] == 20
    soap = life.items["soap"]
    left = v.do(
        "li", f"{shelf}/transfers", to=OTHER_STATION, item_id=soap, quantity=4, number="T-1"
    )
    assert left["on_hand"] == 16
    counted = v.do("zhou", f"stations/{OTHER_STATION}/stock-takes", item_id=soap, counted=3,
                   reason="破损一块")  # fmt: skip
    assert counted["on_hand"] == 3


def bought(life: Life, who: str, **pieces: int) -> dict[str, Any]:
    lines = [{"item_id": life.items[item], "quantity": n} for item, n in pieces.items()]
    held = life.v.make(who, "redemptions", station_id=STATION, lines=lines)
    assert held["state"] == "held"
    return held


def handed_out(life: Life, held: dict[str, Any]) -> None:
    done = life.v.do("li", "redemptions/fulfil", code=held["code"])
    assert (done["state"], done["points"]) == ("fulfilled", held["points"])


def shelf(life: Life, code: str = "soap") -> tuple[int, int]:
    """On hand and reserved at the station."""
    rows = life.v.get("li", f"stations/{STATION}/stock")["items"]
    row = next(row for row in rows if row["code"] == code)
    return row["on_hand"], row["reserved"]


def buying(life: Life) -> None:
    handed_out(life, bought(life, "chen", soap=1, towel=1))
    assert (life.v.points("chen"), shelf(life)) == ((32, 0, 0, 0), (15, 0))
    held = bought(life, "liu", soap=1)
    assert (life.v.points("hua"), shelf(life)) == ((12, 0, 5, 0), (15, 1))
    assert life.v.do("liu", f"redemptions/{held['id']}/cancel")["state"] == "cancelled"
    assert (life.v.points("hua"), shelf(life)) == ((17, 0, 0, 0), (15, 0))


def offline(life: Life) -> None:
    held = bought(life, "hua", soap=1)
    listed = life.v.get("li", f"stations/{STATION}/offline-list")
    assert [one["redemption_id"] for one in listed["items"]] == [held["id"]]
    taken = {"code": held["code"], "accepted_at": clock.now().isoformat()}
    url = f"stations/{STATION}/acceptances"
    told = life.v.do("li", url, acceptances=[{"acceptance": "A-1", **taken}])
    assert told["fulfilled"] == 1
    again = life.v.do("li", url, acceptances=[{"acceptance": "A-2", **taken}])
    assert [one["why"] for one in again["items"]] == ["used"]
    assert (life.v.points("liu"), shelf(life)) == ((12, 0, 0, 0), (14, 0))


def refund(life: Life) -> None:
    held = bought(life, "chen", soap=2)
    handed_out(life, held)
    assert life.v.points("chen")[0] == 22
    corrected(life, "refund", source=held["id"], restock=True)
    assert (life.v.points("chen"), shelf(life)) == ((32, 0, 0, 0), (14, 0))


def reversal(life: Life) -> None:
    awards = life.v.get("chen", "points/awards")["items"]
    award = next(award for award in awards if award["event"] == "manual.awarded")
    corrected(life, "reverse", source=award["id"])
    # The 13 points of soap and towel came from it, for it expired first.
    assert life.v.points("chen") == (15, 0, 0, 13)


def at_the_till(life: Life) -> None:
    draft = {"points": 5, "cost_fen": 450, "reference": "R-1"}
    code = life.v.get("chen", "points/code")["code"]
    held = life.v.make(TILL, "till/holds", code=code, **draft)
    assert (held["state"], life.v.points("chen")) == ("held", (10, 0, 5, 13))
    assert life.v.do(TILL, f"till/holds/{held['id']}/fulfil")["state"] == "fulfilled"
    assert life.v.points("chen") == (10, 0, 0, 13)


def drawn(life: Life, merchant: str) -> dict[str, Any]:
    """What a merchant is owed until today, drawn up tomorrow."""
    day = clock.business_day(clock.now()).isoformat()
    life.v.later(days=1)
    return life.v.make("ma", "settlements", merchant=merchant, first_day=day, last_day=day)


def settlement(life: Life) -> None:
    made = drawn(life, STATION)
    # Soap and towel, soap off line; two soaps went and came back.
    assert (made["number"], made["fen"]) == ("JS-500152-2027-000001", 400 + 700 + 400)
    url = f"settlements/{made['id']}"
    assert life.v.do("wu", f"{url}/approve")["state"] == "approved"
    assert life.v.do("ma", f"{url}/pay", payment_ref="B-1")["state"] == "paid"
    coop = drawn(life, TILL)
    assert (coop["number"], coop["fen"]) == ("JS-500152-2027-000002", 450)


def notice(life: Life) -> None:
    # The program is down when the notice comes, and so it still waits when the service moves.
    life.program.status = 503
    life.v.later(days=30)
    made = life.v.make("xu", "points/notices", period=MONTH)
    # Of the 30 by hand 17 could be taken back; three members and a household.
    assert (made["earned"], made["redeemed"], made["members"]) == (15 + 15 + 2 + 13, 13 + 5 + 5, 4)
    life.v.drain()
    entries = life.v.get("liu", "points/entries")["items"]
    earned = next(one for one in entries if one["kind"] == "accrue")
    life.proof = life.v.get("liu", f"points/entries/{earned['id']}/proof")
    assert checker.check(json.dumps(life.proof), made["root"])[-1].startswith("INCLUDED")


def last_evening(life: Life) -> None:
    number = reported(life, "liu", INSIDE_OTHER)
    assert number.endswith("-0001")
    life.cases.append(number)
    body, headers = life.asked
    body |= {"station_id": STATION, "lines": [{"item_id": life.items["soap"], "quantity": 1}]}
    life.waiting = life.v.ask("liu", "redemptions", body, status=201, **headers)
    assert life.v.points("hua") == (7, 0, 5, 0)
    life.signed_in = life.v.sign_in("liu")
