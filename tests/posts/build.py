"""What the tests of posts make: villages of their own, appointments, leave."""

import itertools
from datetime import timedelta

from cast import DISTRICT, GRID, STREET

from app.kit import clock
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions

PHONE = "13812348000"
_number = itertools.count(1)


def code_of(answer):
    return answer.status_code, answer.json()["code"]


def ok(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()


def day(offset=0):
    return (clock.business_day(clock.now()) + timedelta(days=offset)).isoformat()


def instant(**offset):
    return (clock.now() + timedelta(**offset)).isoformat()


def make_village(db):
    """The path of a new village of the street, with one grid `<code>001`."""
    code = f"5001520010{next(_number) + 10}"
    with work(db, write=True) as tx:
        import_regions(
            tx,
            [
                RegionDraft(DISTRICT, "潼南区", "潼南区", 0, "区", None),
                RegionDraft(STREET, "桂林街道", "桂林街道", 1, "街道", DISTRICT),
                RegionDraft(code, f"村{code}", f"村{code}", 2, "村", STREET),
                RegionDraft(f"{code}001", "网格", "网格", 3, "网格", code),
            ],
        )
    return code


def path_of(*codes):
    return f"/{DISTRICT}/{STREET}/{''.join(f'{code}/' for code in codes)}"


class Office:
    """Sun, the administrator of the district, at work."""

    def __init__(self, client, cast, as_, newcomer):
        self.client, self.cast, self.newcomer, self._as = client, cast, newcomer, as_
        self.sun = as_(cast.sun)

    def appoint(self, person, post="grid_staff_full", region=GRID, *, by=None, **more):
        """The answer of `POST /v1/appointments`."""
        body = {"person_id": str(person.id), "post_code": post, "starts_on": day(), **more}
        if "grouping_code" not in more:
            body["region_code"] = region
        return self.client.post("/v1/appointments", json=body, headers=by or self.sun)

    def appointed(self, person, post="grid_staff_full", region=GRID, **more):
        return ok(self.appoint(person, post, region, **more), 201)

    def end(self, appointment, by=None, **body):
        url = f"/v1/appointments/{appointment['id']}/end"
        return self.client.post(url, json=body, headers=by or self.sun)

    def shifts(self, appointment, shifts, by=None):
        url = f"/v1/appointments/{appointment['id']}/shifts"
        return self.client.put(url, json=shifts, headers=by or self.sun)

    def leave(self, person, by=None, **more):
        body = {
            "person_id": str(person.id), "starts_at": instant(hours=-1),
            "ends_at": instant(hours=8), **more,
        }  # fmt: skip
        return self.client.post("/v1/leaves", json=body, headers=by or self.sun)

    def roles(self, person):
        """Role and region of everything that a person holds now, as they see it."""
        held = ok(self.client.get("/v1/me", headers=self._as(person)))["grants"]
        return sorted((grant["role"], grant["region_code"]) for grant in held)

    def joined(self, code, *villages, by=None, **more):
        body = {"name": "联村", "kind": "joint_villages", "district": DISTRICT,
                "region_codes": list(villages), **more}  # fmt: skip
        return self.client.put(f"/v1/groupings/{code}", json=body, headers=by or self.sun)
