"""Money, audit and administration take two administrators: nobody approves alone what is theirs."""

import pytest
from accounts.hands import code
from cast import DISTRICT, STREET

from app.accounts.grants import GUARDED
from app.identity.models import Role

NEEDED = (403, "second_administrator_needed")


@pytest.fixture
def give(office):
    def send(by, staff, role, region=DISTRICT):
        body = {"person_id": staff.id, "role": role, "region_code": region}
        return office.send(by, "/v1/roles", body)

    return send


@pytest.mark.parametrize("role", sorted(GUARDED))
def test_not_by_whom_the_account_was_made(office, give, role):
    staff = office.made()
    assert code(give("sun", staff, role)) == NEEDED
    assert "xinxin grant" in give("sun", staff, role).json()["detail"]
    assert give("other", staff, role).status_code == 201


def test_every_other_role_takes_one(office, give):
    staff = office.made()
    for role in sorted(set(Role) - GUARDED):
        assert give("sun", staff, role, STREET).status_code == 201, role


@pytest.mark.parametrize("deed", ["reset-password", "reset-totp", "invitations"])
def test_not_by_who_handed_out_the_last_way_in(office, give, deed):
    staff = office.made()
    assert office.send("other", f"/v1/staff/{staff.id}/{deed}").is_success
    assert code(give("other", staff, Role.FUND_APPROVER)) == NEEDED
    # Once somebody else did it, what they know of it is worth nothing.
    assert office.send("sun", f"/v1/staff/{staff.id}/{deed}").is_success
    assert give("other", staff, Role.FUND_APPROVER).status_code == 201
