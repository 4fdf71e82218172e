"""Liu Bo's manhole cover, from the photo to the soap, on both databases."""

from cast import GRID, INSIDE, STATION
from flows.story import find_case, key, moved, report, upload
from ledger.build import broken


def test_boots(client, cast, as_):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    got = client.get("/v1/me", headers=as_(cast.liu_bo))
    assert got.status_code == 200, got.text


def test_the_whole_story(client, db, cast, as_, drain):
    liu, wang, sun, li = (as_(p) for p in (cast.liu_bo, cast.wang, cast.sun, cast.li))
    sent = report(client, liu, INSIDE)
    assert sent["status"] == "received"
    drain()
    mine = client.get(f"/v1/reports/{sent['id']}", headers=liu).json()
    assert (mine["status"], mine["grid_code"]) == ("reported", GRID)

    case = find_case(client, wang, mine["case_number"])
    assert {m["move"] for m in case["moves"]} == {
            "verify", "file", "reject", "correct", "merge",
        }  # fmt: skip
    case = moved(client, wang, case, "file", category_code="C0101")
    points = client.get("/v1/points", headers=liu).json()
    assert (points["spendable"], points["on_the_way"]) == (0, 10)
    case = moved(client, wang, case, "dispatch", assignee_id=str(cast.wang.id))
    case = moved(client, wang, case, "accept")
    case = moved(client, wang, case, "resolve", photo_ids=[upload(client, wang)], note="已更换井盖")
    case = moved(client, sun, case, "close", outcome="fixed", public_note="新井盖已装好")
    drain()

    inbox = client.get("/v1/inbox", headers=liu).json()["items"]
    assert [m["kind"] for m in inbox] == ["report.closed", "report.dispatched", "report.filed"]
    assert "10 积分" in inbox[0]["text"]
    points = client.get("/v1/points", headers=liu).json()
    assert (points["spendable"], points["on_the_way"]) == (10, 0)

    draft = {
        "station_id": STATION, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}],
    }  # fmt: skip
    held = client.post("/v1/redemptions", json=draft, headers={**liu, **key()})
    assert held.status_code == 201, held.text
    assert client.get("/v1/points", headers=liu).json()["held"] == 5
    done = client.post("/v1/redemptions/fulfil", json={"code": held.json()["code"]}, headers=li)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "fulfilled"
    summary = client.get("/v1/me/summary", headers=liu).json()
    assert (summary["points"]["spendable"], summary["unread_messages"]) == (5, 3)
    assert broken(db) == []
