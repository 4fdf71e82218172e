"""Small calls that the tests of relations share."""

from flows.story import key, report

METRE = 1 / 111_320


def code(answer):
    return answer.status_code, answer.json().get("code")


def sent(client, headers, data):
    """Uploads these very bytes and gives the photo's id."""
    files = {"file": ("p.jpg", data, "image/jpeg")}
    answer = client.post("/v1/photos", files=files, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def spot(number, north_m=0.0):
    """A place far from every other test's, outside every grid; and some metres north of it."""
    return {"lat": 30.4 + number * 0.03 + north_m * METRE, "lng": 105.9, "crs": "wgs84"}


def joined(client, headers, drain, number, place, **more):
    """A report that names the case it joins, routed, as its reporter sees it."""
    made = report(client, headers, place, joins=number, **more)
    drain()
    return client.get(f"/v1/reports/{made['id']}", headers=headers).json()


def events(client, headers, case):
    url = f"/v1/cases/{case['id']}/events"
    return client.get(url, headers=headers).json()["items"]


def kinds(client, headers, case):
    return [event["kind"] for event in events(client, headers, case)]


def case_of(client, headers, case):
    answer = client.get(f"/v1/cases/{case['id']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def inbox(client, headers):
    return [m["kind"] for m in client.get("/v1/inbox", headers=headers).json()["items"]]


def post(client, headers, url, body):
    return client.post(url, json=body, headers={**headers, **key()})


def redact(client, desk, case, *boxes):
    """Staff cover boxes in every photo of the case, or say that there is nothing to hide."""
    photos = client.get(f"/v1/cases/{case['id']}", headers=desk.qian).json()["photos"]
    drawn = [{"x": x, "y": y, "w": w, "h": h} for x, y, w, h in boxes]
    answers = [
        client.put(
            f"/v1/photos/{photo['id']}/redactions", json={"boxes": drawn},
            headers={**desk.qian, **key()},
        )
        for photo in photos
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200] * len(photos), answers[0].text
    return [answer.json() for answer in answers]
