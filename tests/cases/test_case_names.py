"""A history names another case only to those who see that case too."""

import pytest
from cases.case_build import events
from cases.case_reopening import read
from cast import GRID, INSIDE, INSIDE_OTHER, OTHER_GRID
from flows.story import key, moved

from app.identity.models import Role


@pytest.fixture
def merged(client, desk):
    """A case of one grid that was merged into one of its neighbour, where Zhao works."""
    into, case = desk.reported(INSIDE_OTHER), desk.reported(INSIDE)
    return moved(client, desk.qian, case, "merge", into=into["number"]), into


def about(client, headers, case, kind):
    """The data of the last entry of a kind, or of a move."""
    found = [e for e in events(client, headers, case) if kind in {e["kind"], e["move"]}]
    return found[-1]["data"]


def test_a_merge_names_both_to_who_sees_both(client, desk, merged):
    case, into = merged
    assert about(client, desk.qian, into, "merged_in") == {"number": case["number"], "reports": 1}
    assert about(client, desk.qian, case, "merge") == {"into": into["number"], "reports": 1}


def test_and_neither_to_who_sees_one(client, desk, merged):
    case, into = merged
    assert about(client, desk.zhao, into, "merged_in") == {"reports": 1}
    assert case["number"] not in str(events(client, desk.zhao, into))
    assert about(client, desk.wang, case, "merge") == {"reports": 1}
    assert into["number"] not in str(events(client, desk.wang, case))


def test_nor_is_it_named_when_it_is_undone(client, desk, merged):
    case, into = merged
    moved(client, desk.qian, case, "unmerge", note="不是同一处")
    assert about(client, desk.zhao, into, "merge_undone") == {"reports": 1}
    assert about(client, desk.wang, case, "unmerge") == {"reports": 1}
    assert about(client, desk.qian, into, "merge_undone")["number"] == case["number"]
    assert about(client, desk.qian, case, "unmerge")["out_of"] == into["number"]


def test_an_answer_to_a_note_keeps_it_too(client, desk, merged):
    case, into = merged
    url = f"/v1/cases/{into['id']}/notes"
    answer = client.post(url, json={"text": "已看"}, headers={**desk.zhao, **key()})
    assert answer.status_code == 201
    assert case["number"] not in answer.text


def test_a_member_of_staff_who_reported_it_learns_no_more(client, desk, newcomer, as_):
    """They read the history of their own case as staff of its grid, and no other case's number."""
    clerk = newcomer((Role.GRID_STAFF, GRID))
    into = desk.reported(INSIDE, reporter=clerk)
    case = desk.reported(INSIDE_OTHER)
    both = as_(newcomer((Role.GRID_STAFF, GRID), (Role.GRID_STAFF, OTHER_GRID)))
    moved(client, both, case, "merge", into=into["number"])
    assert case["number"] not in str(events(client, as_(clerk), into))
    assert about(client, both, into, "merged_in")["number"] == case["number"]


def test_the_hash_covers_what_is_not_shown(client, desk, merged):
    _, into = merged
    hashes = [[e["hash"] for e in events(client, who, into)] for who in (desk.qian, desk.zhao)]
    assert hashes[0] == hashes[1]
    assert read(client, desk.zhao, into)["number"] == into["number"]
