"""Answer templates over HTTP: kept by those who head a region, offered where they fit."""

from uuid import uuid4

import pytest
from cast import DISTRICT, GRID, OTHER_GRID, STREET, VILLAGE
from matrix.stage import public_word
from sqlalchemy import select

from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work

DRAFT = {
    "region_code": STREET, "category_code": "C0101", "move": "close", "reason_code": "fixed",
    "name": "井盖修复", "text": "案件 {number}（{category}）已由{grid}处置完毕。",
}  # fmt: skip


def code(answer):
    return answer.status_code, answer.json()["code"]


def added(client, headers, **more):
    answer = client.post("/v1/templates", json={**DRAFT, **more}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def put(client, headers, template, **more):
    url = f"/v1/templates/{template['id']}"
    return client.put(url, json={**DRAFT, **more}, headers=headers)


def delete(client, headers, template):
    return client.delete(f"/v1/templates/{template['id']}", headers=headers)


def listed(client, headers, **params):
    answer = client.get("/v1/templates", headers=headers, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


def actions_on(db, template):
    with work(db, write=False) as tx:
        query = select(StaffAction.action).where(StaffAction.object_id == template["id"])
        return list(tx.scalars(query.order_by(StaffAction.at)))


@pytest.fixture(scope="module")
def head(newcomer, as_):
    return as_(newcomer((Role.GRID_HEAD, STREET)))


class TestKeeping:
    def test_added_changed_and_retired(self, client, desk, head, db):
        made = added(client, head)
        assert {k: made[k] for k in DRAFT} == DRAFT
        assert made["active"] is True
        changed = put(client, head, made, text="好", category_code=None, reason_code=None).json()
        assert (changed["id"], changed["text"], changed["category_code"]) == (
            made["id"],
            "好",
            None,
        )
        assert made["id"] in listed(client, head)
        gone = delete(client, head, made)
        assert (gone.status_code, gone.json()["active"]) == (200, False)
        assert made["id"] not in listed(client, head)
        assert delete(client, head, made).json() == gone.json()
        assert code(put(client, head, made)) == (409, "template_retired")
        assert actions_on(db, made) == ["template.added", "template.changed", "template.retired"]

    def test_by_the_administrator_too(self, client, desk):
        assert added(client, desk.sun, region_code=DISTRICT)["region_code"] == DISTRICT

    @pytest.mark.parametrize("role", [Role.GRID_STAFF, Role.DISPATCHER, Role.CHECKER, Role.AUDITOR])
    def test_by_no_other_role_403(self, client, head, newcomer, as_, role):
        person, made = as_(newcomer((role, DISTRICT))), added(client, head)
        answers = (
            client.post("/v1/templates", json=DRAFT, headers=person),
            put(client, person, made), delete(client, person, made),
        )  # fmt: skip
        assert {code(answer) for answer in answers} == {(403, "role_missing")}

    def test_of_a_region_above_ones_own_403(self, client, desk, head, newcomer, as_):
        small = as_(newcomer((Role.GRID_HEAD, GRID)))
        made = added(client, head)
        for answer in (
            client.post("/v1/templates", json=DRAFT, headers=small),
            put(client, small, made, region_code=GRID), delete(client, small, made),
        ):  # fmt: skip
            assert code(answer) == (403, "template_forbidden")
        assert made["id"] in listed(client, small)

    def test_nor_moved_to_where_one_is_not(self, client, head):
        refused = put(client, head, added(client, head), region_code=DISTRICT)
        assert code(refused) == (403, "template_forbidden")

    def test_of_a_region_that_is_nothing_to_one_404(self, client, head, newcomer, as_):
        there = as_(newcomer((Role.GRID_HEAD, OTHER_GRID)))
        made = added(client, head, region_code=GRID)
        for do in (put, delete):
            strange = do(client, there, made)
            assert code(strange) == (404, "template_not_found")
            assert public_word(strange) == public_word(do(client, there, {"id": uuid4()}))
        assert made["id"] not in listed(client, there)

    @pytest.mark.parametrize(
        ("field", "value", "expected"),
        [
            ("region_code", "nowhere", "region_unknown"),
            ("category_code", "nothing", "category_unknown"),
            ("reason_code", "not_found", "reason_unknown"),
            ("text", "您好 {name}", "placeholder_unknown"),
            ("text", "{number.x}", "placeholder_unknown"),
            ("text", "{", "placeholder_unknown"),
            ("move", "accept", "unprocessable"),
            ("text", "好" * 1001, "unprocessable"),
            ("name", "", "unprocessable"),
            ("active", False, "unprocessable"),
        ],
    )
    def test_what_is_refused(self, client, head, field, value, expected):
        body = {**DRAFT, field: value}
        assert code(client.post("/v1/templates", json=body, headers=head)) == (422, expected)
        if field != "active":
            refused = put(client, head, added(client, head), **{field: value})
            assert code(refused) == (422, expected)

    def test_a_main_category_is_one(self, client, head):
        assert added(client, head, category_code="C01")["category_code"] == "C01"


class TestList:
    def test_those_that_hold_in_a_region_or_below(self, client, desk, head):
        made = {
            region: added(client, desk.sun, region_code=region)["id"]
            for region in (DISTRICT, STREET, VILLAGE, GRID, OTHER_GRID)
        }
        ours = set(made.values())
        assert ours & listed(client, desk.sun) == ours
        assert ours & listed(client, desk.wang) == ours - {made[OTHER_GRID]}
        assert ours & listed(client, desk.sun, region=OTHER_GRID) == ours - {made[GRID]}
        assert ours & listed(client, desk.sun, region=VILLAGE) == ours
        assert ours & listed(client, desk.wang, region=OTHER_GRID) == (
            ours - {made[GRID], made[OTHER_GRID]}
        )

    def test_pages_are_whole(self, client, desk, head):
        made = [added(client, head)["id"] for _ in range(3)][::-1]
        seen, cursor = [], None
        while len(seen) < 3:
            params = {"limit": 1, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/templates", headers=head, params=params).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == made

    def test_an_unknown_region_404_a_reporter_403(self, client, desk):
        url = "/v1/templates?region=nowhere"
        assert code(client.get(url, headers=desk.wang)) == (404, "region_not_found")
        assert code(client.get("/v1/templates", headers=desk.liu)) == (403, "staff_only")


class TestAnswers:
    def offered(self, client, headers, case, move="close", reason="fixed", among=None):
        params = {"move": move, **({"reason": reason} if reason else {})}
        url = f"/v1/cases/{case['id']}/templates"
        answer = client.get(url, headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        return [item for item in items if among is None or item["template_id"] in among]

    def test_the_most_specific_first_and_filled_in(self, client, desk):
        case = desk.resolved()
        drafts = (
            {"region_code": DISTRICT}, {"region_code": GRID}, {"category_code": "C01"},
            {"category_code": None}, {"reason_code": None, "region_code": GRID},
            {"region_code": OTHER_GRID}, {"category_code": "C0102"}, {"reason_code": "unable"},
            {"move": "resolve", "reason_code": None},
        )  # fmt: skip
        made = [added(client, desk.sun, **draft)["id"] for draft in drafts]
        items = self.offered(client, desk.wang, case, among=made)
        assert [made.index(item["template_id"]) for item in items] == [1, 0, 2, 3, 4]
        name = next(
            c["name"] for c in client.get("/v1/categories").json()["categories"]
            if c["code"] == "C0101"
        )  # fmt: skip
        grid = case["grid_name"]
        expected = f"案件 {case['number']}（{name}）已由{grid}处置完毕。"
        assert {item["text"] for item in items} == {expected}

    def test_without_a_reason_only_those_for_any(self, client, desk):
        made = [added(client, desk.sun, reason_code=r)["id"] for r in ("fixed", None)]
        items = self.offered(client, desk.wang, desk.resolved(), reason=None, among=made)
        assert [item["template_id"] for item in items] == [made[1]]

    def test_what_the_case_lacks_is_not_spoken_of(self, client, desk):
        """Before it is filed a case has no category."""
        more = {"move": "reject", "reason_code": None, "category_code": None}
        made = [
            added(client, desk.sun, **more, text=text)["id"] for text in ("{category}", "{number}")
        ]
        case = desk.reported()
        items = self.offered(client, desk.wang, case, "reject", None, among=made)
        assert [(i["template_id"], i["text"]) for i in items] == [(made[1], case["number"])]

    def test_not_those_out_of_use(self, client, desk):
        made = added(client, desk.sun)
        delete(client, desk.sun, made)
        assert self.offered(client, desk.wang, desk.resolved(), among=[made["id"]]) == []

    def test_the_other_grid_404_a_reporter_403_no_move_422(self, client, desk):
        url = f"/v1/cases/{desk.reported()['id']}/templates"
        assert code(client.get(f"{url}?move=close", headers=desk.zhao)) == (404, "case_not_found")
        assert code(client.get(f"{url}?move=close", headers=desk.liu)) == (403, "staff_only")
        assert code(client.get(url, headers=desk.wang)) == (422, "unprocessable")
