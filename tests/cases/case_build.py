"""Small calls that the tests of cases share: what is shown, what is stored, a unit with people."""

from cast import STREET
from sqlalchemy import select

from app.cases.models import Case
from app.clocks.models import Clock
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.posts import service as posts
from app.posts.models import Appointment, Unit


def code(answer):
    return answer.status_code, answer.json()["code"]


def wrong_fields(answer):
    assert answer.status_code == 422, answer.text
    return {error["loc"][-1]: error["code"] for error in answer.json()["errors"]}


def get(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}", headers=headers)


def offered(client, headers, case):
    """The names of the moves that these headers may make now."""
    answer = get(client, headers, case)
    assert answer.status_code == 200, answer.text
    return {offer["move"] for offer in answer.json()["moves"]}


def events(client, headers, case):
    return client.get(f"/v1/cases/{case['id']}/events", headers=headers).json()["items"]


def listed(client, headers, **params):
    """The ids in the staff queue."""
    answer = client.get("/v1/cases", headers=headers, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


def stored(db, case):
    with work(db, write=False) as tx:
        return tx.get_one(Case, case["id"])


def clocks(db, case):
    """The rows of all clocks that ran for a case, in the order in which they started."""
    mine = select(Clock).where(Clock.case_id == case["id"])
    with work(db, write=False) as tx:
        return tx.scalars(mine.order_by(Clock.started_at, Clock.id)).all()


def last_clock(db, case, kind):
    return [row for row in clocks(db, case) if row.kind == kind][-1]


def make_unit(db, *members, region=STREET, active=True):
    """The code of a new unit with these people."""
    name = f"U-{new_id().hex[-8:]}"
    with work(db, write=True) as tx:
        posts.load_seed(tx)
        tx.add(Unit(code=name, name="市政所", region_code=region, active=active))
    for member in members:
        enlist(db, name, member)
    return name


def enlist(db, unit, person, **more):
    """Appoints somebody to a post of a unit, for good unless told otherwise."""
    facts = {"starts_on": "2020-01-01", **more}
    with work(db, write=True) as tx:
        tx.add(
            Appointment(
                id=new_id(), person_id=person.id, post_code="grid_staff_part", region_code=STREET,
                unit_code=unit, created_at=clock.now(), **facts,
            )
        )  # fmt: skip


def make_member(newcomer, name="市政所职工"):
    """Somebody of a department, who holds no role where the cases lie."""
    return newcomer((Role.HANDLER, STREET), name=name)
