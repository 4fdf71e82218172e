"""What points by hand are for: hours of an activity, a suggestion that was adopted."""

import pytest
from cast import VILLAGE
from corrections.test_corrections import approve, award_of, draft_for, points, proposed
from ledger.build import broken
from rewards.build import _clean, rule, used  # noqa: F401
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from store.build import refusal

from app.corrections.models import Correction
from app.kit import clock
from app.kit.db import insert_row, work
from app.kit.ids import new_id

URL = "/v1/corrections"


@pytest.fixture(scope="module", autouse=True)
def by_deeds(db, cast):
    """3 points for an hour of an activity, 100 a day; 20 for a suggestion."""
    with work(db, write=True) as tx:
        rule(tx, cast.fund, "manual.awarded", 50, caps=(80, 1000))
        rule(tx, cast.fund, "suggestion.adopted", 20, caps=(20, 1000))
        return rule(tx, cast.fund, "activity.attended", 3, caps=(100, 1000)).code


def deed(person, event, **more):
    draft = draft_for(person, event=event, cause="河边清洁志愿活动", **more)
    del draft["points"]
    return draft


def test_hours_of_an_activity_are_worth_what_the_rule_says(client, db, as_, ma, wu, newcomer):
    liu = newcomer()
    one = proposed(client, ma, deed(liu, "activity.attended", hours=4))
    assert (one["event"], one["hours"], one["points"]) == ("activity.attended", 4, 12)
    assert points(client, as_(liu)) == (0, 0, 0)
    assert approve(client, wu, one).status_code == 200
    assert points(client, as_(liu)) == (12, 0, 0)
    award = award_of(db, liu)
    assert (award.event, award.points, award.inputs["hours"]) == ("activity.attended", 12, 4)
    entry = client.get("/v1/points/entries", headers=as_(liu)).json()["items"][0]
    why = client.get(f"/v1/points/entries/{entry['id']}", headers=as_(liu)).json()
    assert why["cause"] == "河边清洁志愿活动"
    assert broken(db) == []


def test_an_adopted_suggestion_is_worth_its_rule_once_a_day(client, as_, ma, wu, newcomer):
    liu = newcomer()
    ones = [proposed(client, ma, deed(liu, "suggestion.adopted")) for _ in "12"]
    assert [one["points"] for one in ones] == [20, 20]
    assert approve(client, wu, ones[0]).status_code == 200
    assert refusal(approve(client, wu, ones[1])) == (409, "cap_reached")
    assert points(client, as_(liu)) == (20, 0, 0)


def test_a_rule_that_fell_in_between_is_not_passed(client, db, cast, ma, wu, newcomer, by_deeds):
    liu = newcomer()
    one = proposed(client, ma, deed(liu, "activity.attended", hours=2))
    with work(db, write=True) as tx:
        tx.execute(text("UPDATE reward_rules SET paused_at = effective_from WHERE code = :code"),
                   {"code": by_deeds})  # fmt: skip
    assert refusal(approve(client, wu, one)) == (409, "rule_missing")
    with work(db, write=True) as tx:
        tx.execute(text("UPDATE reward_rules SET paused_at = NULL WHERE code = :code"),
                   {"code": by_deeds})  # fmt: skip
        assert used(tx, liu, by_deeds) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "activity.attended"},
        {"event": "activity.attended", "hours": 0},
        {"event": "activity.attended", "hours": 25},
        {"event": "activity.attended", "hours": 2, "points": 5},
        {"event": "suggestion.adopted", "hours": 2},
        {"event": "suggestion.adopted", "points": 5},
        {"event": "manual.awarded"},
        {"event": "manual.awarded", "points": 5, "hours": 1},
        {"event": "report.filed", "points": 5},
    ],
)
def test_each_needs_what_is_its_own(client, ma, newcomer, wrong):
    draft = {"kind": "award", "person": newcomer().member_no, "region": VILLAGE, "cause": "活动"}
    assert client.post(URL, json={**draft, **wrong}, headers=ma).status_code == 422


GOOD = {"kind": "award", "points": 6, "event": "activity.attended", "hours": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "report.filed", "hours": None}, {"event": None, "hours": None}, {"hours": None},
        {"hours": 25}, {"hours": 0}, {"event": "suggestion.adopted"},
        {"kind": "reverse", "points": None, "source": "x", "hours": None},
    ],
)  # fmt: skip
def test_the_database_refuses_the_rest(db, cast, newcomer, wrong):
    same = {
        "person_id": newcomer().id, "region_code": VILLAGE, "cause": "活动", "state": "proposed",
        "proposed_by": cast.ma.id, "proposed_at": clock.now(),
    }  # fmt: skip
    with work(db, write=True) as tx:
        insert_row(tx, Correction, id=new_id(), **same, **GOOD)
    with pytest.raises(IntegrityError), work(db, write=True) as tx:
        insert_row(tx, Correction, id=new_id(), **same, **(GOOD | wrong))
