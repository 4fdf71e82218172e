"""A rating is thanked with points that are spendable at once, where a rule says so."""

from rewards.build import _clean, rule  # noqa: F401
from sqlalchemy import select

from app.kit.db import work
from app.rewards.models import Award

RATING = {"stars": 1, "reasons": ["slow"]}


def rated(client, desk):
    answer = client.post(f"/v1/reports/{desk.report['id']}/rating", json=RATING, headers=desk.liu)
    assert answer.status_code == 201, answer.text
    return client.get("/v1/points", headers=desk.liu).json()["spendable"]


def test_whatever_they_said_once_for_each_case(client, db, cast, desk):
    desk.closed()
    before = client.get("/v1/points", headers=desk.liu).json()["spendable"]
    assert rated(client, desk) == before, "no rule, no points"
    with work(db, write=True) as tx:
        rule(tx, cast.fund, "rating.given", 1, caps=(5, 50))
    case = desk.closed()
    before = client.get("/v1/points", headers=desk.liu).json()["spendable"]
    assert rated(client, desk) == before + 1
    again = client.post(f"/v1/reports/{desk.report['id']}/rating", json=RATING, headers=desk.liu)
    assert again.status_code == 409
    with work(db, write=False) as tx:
        award = tx.scalars(select(Award).where(Award.event == "rating.given")).one()
        assert (award.state, award.source, award.person_id) == (
            "settled", case["number"], desk.reporter.id,
        )  # fmt: skip


def test_within_the_rules_cap(client, db, cast, desk, newcomer):
    liu, gained = newcomer(), []
    for _ in range(6):
        desk.closed(reporter=liu)
        before = client.get("/v1/points", headers=desk.liu).json()["spendable"]
        gained.append(rated(client, desk) - before)
    assert gained == [1, 1, 1, 1, 1, 0]
