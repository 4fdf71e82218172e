"""What everyone is shown of a category: its filing condition, where it comes from, and its unit."""

from cast import DISTRICT, STREET
from sqlalchemy import select

from app.categories.models import Category
from app.kit.db import work
from app.posts.models import Unit


def shown(client, **params):
    body = client.get("/v1/categories", params=params).json()
    return {category["code"]: category for category in body["categories"]}


class TestShown:
    def test_each_with_its_condition_and_its_source(self, client, cast, db):
        with work(db, write=False) as tx:
            rows = tx.scalars(select(Category).where(Category.active)).all()
        found = shown(client)
        assert len(found) == len(rows)
        for row in rows:
            one = found[row.code]
            assert (one["filing_condition"], one["source"], one["verified"]) == (
                row.filing_condition, row.source, row.verified,
            )  # fmt: skip
        assert found["C0101"]["filing_condition"] == "破损、缺失、移位或影响安全"

    def test_what_holds_in_the_district(self, client, cast, as_, db):
        before = shown(client, region=STREET)["C0103"]["terms"]
        assert (before["unit_code"], before["most_returns"]) == (None, 3)
        assert before["filing_condition"] == "破损、缺失、移位或影响安全"
        with work(db, write=True) as tx:
            tx.add(Unit(code="covers", name="市政所", region_code=STREET, active=True))
        terms = {
            "region_code": DISTRICT, "unit_code": "covers", "most_returns": 1,
            "filing_condition": "破损且在本区",
        }  # fmt: skip
        put = client.put("/v1/categories/C0103/terms", json=terms, headers=as_(cast.sun))
        assert put.status_code == 200, put.text
        after = shown(client, region=STREET)["C0103"]
        assert {name: after["terms"][name] for name in terms if name != "region_code"} == {
            "unit_code": "covers", "most_returns": 1, "filing_condition": "破损且在本区",
        }  # fmt: skip
        # The category's own words stay beside them.
        assert after["filing_condition"] == "破损、缺失、移位或影响安全"
