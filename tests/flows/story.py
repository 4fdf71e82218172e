"""The story of record as calls, for tests that need it whole or up to a point."""

import io
import itertools
import random
from typing import Any
from uuid import uuid4

from PIL import Image

_seed = itertools.count(1)


def picture(seed: int | None = None) -> bytes:
    """A small JPEG that differs from every other one."""
    seed = next(_seed) if seed is None else seed
    # Blocks at random: pictures that only shared a circle would look like each other's replay.
    blocks = Image.frombytes("RGB", (9, 8), random.Random(seed).randbytes(9 * 8 * 3))
    image = blocks.resize((320, 240), Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def upload(client, headers) -> str:
    files = {"file": ("p.jpg", picture(), "image/jpeg")}
    answer = client.post("/v1/photos", files=files, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def report(client, headers, place: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    body = {
        "description": "井盖破损，一踩就晃", "category": "manhole",
        "photo_ids": [upload(client, headers)], **more,
    }  # fmt: skip
    if place:
        body["place"] = place
    answer = client.post("/v1/reports", json=body, headers={**headers, **key()})
    assert answer.status_code == 201, answer.text
    return answer.json()


def move(client, headers, case: dict[str, Any], name: str, **fields: Any):
    match = {"If-Match": f'"{case["version"]}"'}
    body = {"move": name, **fields}
    url = f"/v1/cases/{case['id']}/moves"
    return client.post(url, json=body, headers={**headers, **match, **key()})


def moved(client, headers, case: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
    answer = move(client, headers, case, name, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def find_case(client, headers, number: str) -> dict[str, Any]:
    items = client.get("/v1/cases", headers=headers, params={"limit": 100}).json()["items"]
    return next(item for item in items if item["number"] == number)
