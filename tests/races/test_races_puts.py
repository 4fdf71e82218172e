"""The first PUTs of one code, many at once: each is answered, and one row stands."""

import pytest
from cast import DISTRICT, STREET, VILLAGE, make_cast
from flows.story import key
from races.together import at_once
from sqlalchemy import func, select

from app.categories.models import CategoryTerms
from app.desk.models import SavedFilter
from app.identity import passwords
from app.kit.db import work
from app.posts.models import Net, Post, Unit
from app.regions.models import Grouping

NET = {"name": "城市管理", "name_en": "City", "position": 1}
POST = {
    "name": "网格员", "name_en": "Grid staff", "role": "grid_staff", "duties": ["巡查"],
    "position": 1,
}  # fmt: skip
UNIT = {"name": "市政所", "region_code": STREET}
GROUPING = {
    "name": "联村", "kind": "joint_villages", "district": DISTRICT, "region_codes": [VILLAGE],
}  # fmt: skip
# Collection, body without the name, table, and the column that holds the code.
PUTS = {
    "nets": (NET, Net.code),
    "units": (UNIT, Unit.code),
    "posts": (POST, Post.code),
    "groupings": (GROUPING, Grouping.code),
    "desk/filters": ({"filters": {}}, SavedFilter.name),
}
MANY, TURNS = 4, 3


@pytest.fixture
def cast(db, monkeypatch):
    monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {password}")
    with work(db, write=True) as tx:
        return make_cast(tx)


@pytest.mark.parametrize(("what", "keyed"), [*((what, False) for what in PUTS), ("units", True)])
def test_first_puts_at_once(client, db, cast, as_, what, keyed):
    body, column = PUTS[what]
    sun = as_(cast.sun)

    def put(code, n):
        named = {"name": f"{body['name']}{n}"} if "name" in body else {}
        headers = {**sun, **(key() if keyed else {})}
        return client.put(f"/v1/{what}/{code}", json={**body, **named}, headers=headers)

    for turn in range(TURNS):
        code = f"R-{turn}"
        answers = at_once([lambda n=n, code=code: put(code, n) for n in range(MANY)])
        assert [a.status_code for a in answers] == [200] * MANY, [a.text for a in answers]
        with work(db, write=False) as tx:
            assert tx.scalar(select(func.count()).where(column == code)) == 1


def test_first_terms_at_once(client, db, cast, as_):
    """Each is a version of its own: none is lost, and none counts twice."""
    sun = as_(cast.sun)

    def put(code, hours):
        url = f"/v1/categories/{code}/terms"
        return client.put(url, json={"region_code": DISTRICT, "due_hours": hours}, headers=sun)

    for code in ("C0101", "C0102", "E0101"):
        answers = at_once([lambda h=h, code=code: put(code, h) for h in (10, 20, 30)])
        assert [a.status_code for a in answers] == [200] * 3, [a.text for a in answers]
        with work(db, write=False) as tx:
            mine = select(CategoryTerms.version).where(
                CategoryTerms.category_code == code, CategoryTerms.region_code == DISTRICT
            )
            assert sorted(tx.scalars(mine)) == [1, 2, 3]
