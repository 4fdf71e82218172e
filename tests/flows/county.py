"""Dianjiang (垫江县) on its own map: 26 towns, 301 villages, 900 grids, and people in its posts.

Regions and grids are loaded as an operator loads them; whoever works there is appointed over HTTP
by the county's administrator.
"""

from pathlib import Path
from typing import Any

from flows.story import find_case, key, moved, report, upload

from app.categories import service as categories
from app.grids import imports as grid_imports
from app.grids import service as grids
from app.identity import service as identity
from app.identity.models import Occupation, Role
from app.kit import clock
from app.kit.db import work
from app.posts import service as posts
from app.regions import imports as region_imports
from app.regions import service as regions

DATA = Path(__file__).parents[1] / "grids/data"
COUNTY = "500231000000"
BASIC = 3


def load_map(tx: Any) -> dict[str, Any]:
    """Regions, basic grids and seeds; the shape of each grid by its code."""
    regions.import_regions(tx, region_imports.read_csv(DATA / "dianjiang_regions.csv"))
    drafts, findings = grid_imports.read_geojson(DATA / "dianjiang_grids.geojson.gz")
    assert findings == []
    basic = [draft for draft in drafts if draft.level == BASIC]
    grids.import_grids(tx, basic)
    posts.load_seed(tx)
    categories.load_seed(tx)
    return {draft.code: draft.shape for draft in basic}


class County:
    """The county over HTTP, as its people and its administrator use it."""

    def __init__(self, client: Any, db: Any, as_: Any, drain: Any) -> None:
        self.client, self._db, self.as_, self._drain = client, db, as_, drain
        with work(db, write=True) as tx:
            self.shapes = load_map(tx)
        self.administrator = self.granted("何管理", Role.ADMINISTRATOR)
        self.checker = self.granted("孙核查", Role.CHECKER)
        self.centre = self.granted("县网格中心", Role.DISPATCHER)

    def grids_of(self, region: str) -> list[str]:
        """The grids of a village; their codes begin with its own."""
        return sorted(code for code in self.shapes if code.startswith(region))

    def villages_of(self, town: str) -> list[str]:
        """The villages and communities of a town that have grids."""
        return sorted({grid[:12] for grid in self.grids_of(town.removesuffix("000"))})

    def inside(self, grid: str) -> dict[str, Any]:
        point = self.shapes[grid].representative_point()
        return {"lat": round(point.y, 6), "lng": round(point.x, 6), "crs": "wgs84"}

    def person(self, name: str, occupation: Occupation = Occupation.STAFF) -> Any:
        with work(self._db, write=True) as tx:
            return identity.add_person(tx, name, occupation)

    def granted(self, name: str, role: Role) -> Any:
        """Someone with a plain role for the whole county, as from the console."""
        person = self.person(name)
        with work(self._db, write=True) as tx:
            identity.grant(tx, None, person.id, role, COUNTY)
        return person

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A write by the county's administrator."""
        answer = self.client.put(path, json=body, headers=self.as_(self.administrator))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def appoint(self, post: str, region: str | None = None, **more: Any) -> Any:
        """Somebody in a post; `person` if there is somebody already."""
        person = more.pop("person", None) or self.person(f"{post}@{region}")
        body = {
            "person_id": str(person.id), "post_code": post, "region_code": region,
            "starts_on": clock.business_day(clock.now()).isoformat(), **more,
        }  # fmt: skip
        answer = self.client.post(
            "/v1/appointments", json=body, headers=self.as_(self.administrator)
        )
        assert answer.status_code == 201, answer.text
        return person

    def reported(self, grid: str, **more: Any) -> str:
        """A rider's report from inside a grid; its case number once it is routed."""
        rider = self.as_(self.person("骑手", Occupation.RIDER))
        sent = report(self.client, rider, self.inside(grid), **more)
        self._drain()
        return self.client.get(f"/v1/reports/{sent['id']}", headers=rider).json()["case_number"]

    def found(self, walker: Any, grid: str, category: str) -> dict[str, Any]:
        """The case of something that a patrol found."""
        headers = self.as_(walker)
        begun = self.client.post("/v1/patrols", json={"region_code": grid}, headers=headers)
        finding = {
            "description": "巡查发现", "category_code": category, "place": self.inside(grid),
            "photo_ids": [upload(self.client, headers)],
        }  # fmt: skip
        url = f"/v1/patrols/{begun.json()['id']}/findings"
        answer = self.client.post(url, json=finding, headers={**headers, **key()})
        assert answer.status_code == 201, answer.text
        return self.get(walker, f"/cases/{answer.json()['findings'][0]['case_id']}").json()

    def the_case(self, person: Any, number: str) -> dict[str, Any]:
        """A case as somebody sees it in their queue."""
        return find_case(self.client, self.as_(person), number)

    def get(self, person: Any, path: str, **params: Any) -> Any:
        return self.client.get(f"/v1{path}", headers=self.as_(person), params=params)

    def moved(self, person: Any, case: dict[str, Any], move: str, **fields: Any) -> dict[str, Any]:
        return moved(self.client, self.as_(person), case, move, **fields)

    def resolved(self, person: Any, case: dict[str, Any], note: str) -> dict[str, Any]:
        """Signed for and done, with a photo of it."""
        case = self.moved(person, case, "accept")
        photo = upload(self.client, self.as_(person))
        return self.moved(person, case, "resolve", photo_ids=[photo], note=note)

    def numbers(self, person: Any, **params: Any) -> set[str]:
        """The numbers in somebody's queue."""
        page = self.get(person, "/cases", limit=100, **params).json()
        assert page["next_cursor"] is None
        return {case["number"] for case in page["items"]}

    def told(self, person: Any) -> list[str]:
        """The cases that somebody was told of."""
        items = self.get(person, "/inbox").json()["items"]
        return [message["subject"] for message in items if message["kind"] == "case.given"]
