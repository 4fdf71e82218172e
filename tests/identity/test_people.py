"""One's own record: shown, replaced, and kept exactly as it was written."""

import pytest
from cast import GRID
from sqlalchemy import select

from app.identity import service
from app.identity.models import Occupation, Person
from app.kit.db import work
from app.kit.ids import READABLE

EDIT = {"name": "刘波", "occupation": "rider", "employer": "美团"}
# Texts that break naive code; each is a name and must come back as it went in.
NAUGHTY = [
    "O'Brien", "Robert'); DROP TABLE people;--", '"', "\\", "%s%n%x", "{name}", "${jndi:ldap://x}",
    "<script>alert(1)</script>", "=cmd|'/C calc'!A0", "@SUM(1)", "-1", "null", "None", "0", "true",
    "𠮷野家", "👩‍👩‍👧‍👦", "ñ", "ñ", "مرحبا", "\u202ereversed", "a\u200bb", "ﷺ", "İ", "x" * 64, "👍" * 64,  # noqa: E501
    "a\tb", "two\nlines", "\ufeffbom", "￿", "..", "../../etc/passwd", "NaN",
]  # fmt: skip
REFUSED = ["", " ", "\n", "x" * 65, "a\u0000b", "\u001b[31m", "a\rb", "\u007f", "a\u0008"]


@pytest.fixture
def liu(as_, newcomer):
    return as_(newcomer())


def put(client, headers, **changes):
    return client.put("/v1/me", json={**EDIT, **changes}, headers=headers)


class TestGetMe:
    def test_a_reporter(self, client, cast, as_):
        answer = client.get("/v1/me", headers=as_(cast.liu_bo))
        assert answer.status_code == 200
        body = answer.json()
        assert body | {"created_at": ""} == {
            "id": str(cast.liu_bo.id), "member_no": cast.liu_bo.member_no, "name": "刘波",
            "occupation": "rider", "employer": None, "phone": None, "real_name": None,
            "created_at": "", "grants": [],
        }  # fmt: skip
        assert body["created_at"].endswith("Z")

    def test_staff_see_their_roles(self, client, cast, as_):
        body = client.get("/v1/me", headers=as_(cast.wang)).json()
        assert body["grants"] == [{"role": "grid_staff", "region_code": GRID}]

    def test_anonymous_401(self, client):
        answer = client.get("/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


class TestPutMe:
    def test_works(self, client, liu):
        answer = put(client, liu)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in EDIT} == EDIT
        assert client.get("/v1/me", headers=liu).json() == answer.json()

    def test_what_is_left_out_is_taken_away(self, client, liu):
        put(client, liu)
        answer = client.put("/v1/me", json={"name": "刘", "occupation": "other"}, headers=liu)
        assert (answer.json()["name"], answer.json()["employer"]) == ("刘", None)

    @pytest.mark.parametrize("name", NAUGHTY, ids=ascii)
    def test_naughty_strings_are_stored_exactly(self, client, db, liu, name):
        answer = put(client, liu, name=name, employer=name)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["name"], answer.json()["employer"]) == (name, name)
        with work(db, write=False) as tx:
            person = tx.scalars(select(Person).where(Person.id == answer.json()["id"])).one()
            assert (person.name, person.employer) == (name, name)

    @pytest.mark.parametrize("field", ["name", "employer"])
    @pytest.mark.parametrize("text", REFUSED, ids=ascii)
    def test_what_is_no_name_is_refused_and_not_repeated(self, client, liu, field, text):
        refused = put(client, liu, **{field: text})
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert [error["loc"] for error in refused.json()["errors"]] == [["body", field]]
        assert client.get("/v1/me", headers=liu).json()["name"] == "新来的骑手"

    def test_half_a_surrogate(self, client, liu):
        body = b'{"name": "\\ud800", "occupation": "rider"}'
        headers = {**liu, "Content-Type": "application/json"}
        assert client.put("/v1/me", content=body, headers=headers).status_code == 422

    @pytest.mark.parametrize("value", [True, 7, 1.5, None, [], {}, ["刘波"]])
    def test_a_name_is_text(self, client, liu, value):
        assert put(client, liu, name=value).status_code == 422

    @pytest.mark.parametrize("value", ["", "Rider", "president", True, 1, None, ["rider"]])
    def test_an_occupation_is_one_of_ours(self, client, liu, value):
        assert put(client, liu, occupation=value).status_code == 422

    @pytest.mark.parametrize(
        "field",
        ["id", "member_no", "state", "created_at", "grants", "role", "person_id", "points"],
    )
    def test_fields_that_the_server_owns_are_refused(self, client, liu, field):
        before = client.get("/v1/me", headers=liu).json()
        refused = put(client, liu, **{field: "administrator"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["code"] == "extra_forbidden"
        assert client.get("/v1/me", headers=liu).json() == before

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000])
    def test_what_is_no_object(self, client, liu, body):
        headers = {**liu, "Content-Type": "application/json"}
        refused = client.put("/v1/me", content=body, headers=headers)
        assert refused.status_code in {400, 422}
        assert refused.headers["content-type"] == "application/problem+json"


class TestMemberNumbers:
    def test_unique_and_readable(self, db):
        with work(db, write=True) as tx:
            made = [service.add_person(tx, "某人", Occupation.OTHER).member_no for _ in range(200)]
        assert len(set(made)) == 200
        assert all(len(number) == 8 and set(number) <= set(READABLE) for number in made)

    def test_nothing_in_it_is_misread(self):
        assert not set("0O1ILU") & set(READABLE)
        assert READABLE.isupper()
