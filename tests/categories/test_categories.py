"""The categories: seeded once, a district's own edits left alone, public."""

from app.categories import queries, service
from app.categories.models import Category
from app.kit.db import work


def test_the_catalogue_is_public_and_whole(client, cast):
    body = client.get("/v1/categories").json()
    categories = {category["code"]: category for category in body["categories"]}
    assert (categories["C0101"]["name"], categories["C0101"]["hazard"]) == ("上水井盖", True)
    assert [choice["code"] for choice in body["choices"]][:2] == ["manhole", "road"]
    for category in categories.values():
        assert category["parent_code"] is None or category["parent_code"] in categories
    assert all(categories[choice["category_code"]]["parent_code"] for choice in body["choices"])


def test_seeding_again_leaves_a_districts_edits_alone(db, cast):
    with work(db, write=True) as tx:
        tx.get_one(Category, "C0102").due_hours = 7
        tx.flush()
        assert service.load_seed(tx) == 0
        assert queries.get_category(tx, "C0102").due_hours == 7


def test_what_is_out_of_use_is_not_shown(client, db, cast):
    with work(db, write=True) as tx:
        tx.get_one(Category, "C0103").active = False
    shown = {c["code"] for c in client.get("/v1/categories").json()["categories"]}
    assert "C0103" not in shown
