"""Who may do what: roles given and taken back, broken glass, API clients."""

from datetime import timedelta

import pytest
from accounts.hands import FAR, bearer, code
from cast import DISTRICT, GRID, STREET
from sqlalchemy import select

from app.identity import tokens
from app.identity.models import ApiClient, Grant, Role
from app.kit import clock
from app.kit.db import work
from app.posts import service as posts


def role(person, role="checker", region=STREET):
    return {"person_id": person, "role": role, "region_code": region}


class TestGranting:
    def test_works_and_signs_out(self, office, cast):
        staff = office.made()
        signed = bearer(office.enter(staff.username))
        answer = office.send("sun", "/v1/roles", role(staff.id))
        assert answer.status_code == 201, answer.text
        given = answer.json()
        assert (given["role"], given["region_code"], given["ends_at"]) == ("checker", STREET, None)
        assert given["granted_by"] == str(cast.sun.id)
        assert code(office.me(signed)) == (401, "session_ended")
        mine = office.me(bearer(office.enter(staff.username))).json()["grants"]
        assert mine == [{"role": "checker", "region_code": STREET}]
        assert given["id"] in {row["id"] for row in office.get("sun", "/v1/roles").json()["items"]}
        assert len(office.logged("role.granted", staff.id)) == 1

    def test_no_role_where_one_does_not_administer(self, office):
        """Neither beside nor above: an administrator of a street makes none of the district."""
        staff = office.made("street", STREET)
        for what in Role:
            for region in (DISTRICT, FAR):
                refused = office.send("street", "/v1/roles", role(staff.id, what, region))
                assert code(refused) == (403, "region_forbidden"), (what, region)

    def test_never_to_oneself(self, office):
        admin = office.made("sun", DISTRICT, ("administrator", DISTRICT))
        own = bearer(office.enter(admin.username))
        refused = office.send(own, "/v1/roles", role(admin.id, "fund_approver", DISTRICT))
        assert code(refused) == (403, "self_administration")

    def test_only_to_whom_one_administers(self, office):
        """Otherwise a role given here would keep their own administrators from helping them."""
        theirs, shared = office.made(), office.made("street", STREET, ("auditor", DISTRICT))
        assert code(office.send("street", "/v1/roles", role(theirs.id))) == (404, "staff_not_found")
        refused = office.send("street", "/v1/roles", role(shared.id))
        assert code(refused) == (403, "administered_elsewhere")

    def test_only_by_administrators(self, office, newcomer, as_):
        staff = office.made()
        others = [(holder, DISTRICT) for holder in Role if holder is not Role.ADMINISTRATOR]
        refused = office.send(as_(newcomer(*others)), "/v1/roles", role(staff.id))
        assert code(refused) == (403, "role_missing")

    def test_not_to_reporters_nor_twice_nor_nowhere(self, office, newcomer):
        refused = office.send("sun", "/v1/roles", role(str(newcomer().id)))
        assert code(refused) == (404, "staff_not_found")
        staff = office.made("sun", DISTRICT, ("checker", STREET))
        assert code(office.send("sun", "/v1/roles", role(staff.id))) == (409, "grant_exists")
        nowhere = office.send("sun", "/v1/roles", role(staff.id, region="nowhere"))
        assert code(nowhere) == (422, "region_unknown")


class TestRevoking:
    def test_at_the_next_request(self, office):
        staff = office.made()
        given = office.grant(staff.id, "checker", STREET)
        signed = bearer(office.enter(staff.username))
        taken = office.send("sun", f"/v1/roles/{given}/revoke")
        assert taken.status_code == 200
        assert taken.json()["ends_at"] is not None
        assert code(office.me(signed)) == (401, "session_ended")
        assert office.me(bearer(office.enter(staff.username))).json()["grants"] == []
        assert code(office.send("sun", f"/v1/roles/{given}/revoke")) == (409, "grant_ended")
        assert len(office.logged("role.revoked", staff.id)) == 1

    def test_in_ones_own_regions_alone(self, office):
        staff = office.made()
        given = office.grant(staff.id, "checker", DISTRICT)
        for by in ("street", "far"):
            refused = office.send(by, f"/v1/roles/{given}/revoke")
            assert code(refused) == (404, "grant_not_found")

    def test_never_ones_own(self, office):
        admin = office.made()
        given = office.grant(admin.id, "administrator", DISTRICT)
        own = bearer(office.enter(admin.username))
        refused = office.send(own, f"/v1/roles/{given}/revoke")
        assert code(refused) == (403, "self_administration")

    def test_what_an_appointment_gave_ends_with_it(self, office, db):
        with work(db, write=True) as tx:
            posts.load_seed(tx)
        staff = office.made()
        body = {
            "person_id": staff.id, "post_code": "grid_staff_full", "region_code": GRID,
            "starts_on": clock.business_day(clock.now()).isoformat(),
        }  # fmt: skip
        assert office.send("sun", "/v1/appointments", body).status_code == 201
        with work(db, write=False) as tx:
            given = tx.scalars(select(Grant.id).where(Grant.person_id == staff.id)).one()
        refused = office.send("sun", f"/v1/roles/{given}/revoke")
        assert code(refused) == (409, "grant_by_appointment")


def listed(office, by, url):
    return {row["id"] for row in office.get(by, f"{url}?limit=100").json()["items"]}


class TestListing:
    def test_in_the_subtree_alone(self, office):
        staff = office.made()
        given = office.grant(staff.id, "checker", DISTRICT)
        assert given in listed(office, "sun", "/v1/roles")
        assert given not in listed(office, "street", "/v1/roles")
        assert given not in listed(office, "far", "/v1/roles")


REASON = "值班派遣员突发疾病，暴雨案件待派"
GLASS = {"role": "dispatcher", "region_code": DISTRICT, "reason": REASON, "hours": 2}


class TestBrokenGlass:
    @pytest.fixture
    def wang(self, office):
        """A member of grid staff who stands before the glass."""
        staff = office.made()
        staff.grant = office.grant(staff.id, "grid_staff", GRID)
        staff.headers = bearer(office.enter(staff.username))
        return staff

    def test_gives_the_role_until_its_hours_are_over(self, office, wang):
        answer = office.send(wang.headers, "/v1/break-glass", GLASS)
        assert answer.status_code == 201, answer.text
        held = office.me(wang.headers).json()["grants"]
        assert {"role": "dispatcher", "region_code": DISTRICT} in held
        clock.shift(timedelta(hours=2, seconds=1))
        now = bearer(office.enter(wang.username))
        assert office.me(now).json()["grants"] == [{"role": "grid_staff", "region_code": GRID}]

    def test_is_recorded_with_its_reason_and_told_at_once(self, office, wang, as_, newcomer, cast):
        auditor, far = newcomer((Role.AUDITOR, DISTRICT)), newcomer((Role.AUDITOR, FAR))
        broken = office.send(wang.headers, "/v1/break-glass", GLASS).json()
        row = office.logged("glass.broken", broken["id"])[0]
        assert (str(row.actor_id), row.reason) == (wang.id, REASON)
        assert (row.detail["role"], row.detail["region"]) == ("dispatcher", DISTRICT)
        for person in (auditor, cast.sun):
            told = office.get(as_(person), "/v1/inbox").json()["items"][0]
            assert told["kind"] == "glass.broken"
            assert REASON in told["text"]
        assert office.get(as_(far), "/v1/inbox").json()["items"] == []
        shown = office.get(as_(auditor), "/v1/break-glass").json()["items"][0]
        assert (shown["id"], shown["reason"], shown["person_id"]) == (broken["id"], REASON, wang.id)
        assert broken["id"] not in listed(office, "far", "/v1/break-glass")

    @pytest.mark.parametrize(
        "what", ["administrator", "auditor", "fund_manager", "fund_approver", "keeper"]
    )
    def test_never_money_audit_or_the_right_to_give_rights(self, office, wang, what):
        answer = office.send(wang.headers, "/v1/break-glass", {**GLASS, "role": what})
        assert answer.status_code == 422

    @pytest.mark.parametrize("hours", [0, 5, True])
    def test_at_most_four_hours(self, office, wang, hours):
        answer = office.send(wang.headers, "/v1/break-glass", {**GLASS, "hours": hours})
        assert answer.status_code == 422

    def test_only_in_ones_district(self, office, wang, as_, newcomer):
        there = {**GLASS, "region_code": FAR}
        refused = office.send(wang.headers, "/v1/break-glass", there)
        assert code(refused) == (403, "glass_forbidden")
        reporter = office.send(as_(newcomer()), "/v1/break-glass", GLASS)
        assert code(reporter) == (403, "staff_only")

    def test_not_for_what_one_holds(self, office, wang):
        office.send(wang.headers, "/v1/break-glass", GLASS)
        again = office.send(wang.headers, "/v1/break-glass", {**GLASS, "region_code": STREET})
        assert code(again) == (409, "role_held")

    def test_a_role_from_behind_glass_breaks_no_more(self, office, wang):
        """Whoever lost their role would go on for ever, four hours at a time."""
        office.send(wang.headers, "/v1/break-glass", GLASS)
        office.send("sun", f"/v1/roles/{wang.grant}/revoke")
        now = bearer(office.enter(wang.username))
        refused = office.send(now, "/v1/break-glass", {**GLASS, "role": "checker"})
        assert code(refused) == (403, "glass_forbidden")

    def test_an_administrator_ends_it(self, office, wang):
        broken = office.send(wang.headers, "/v1/break-glass", GLASS).json()
        assert office.send("sun", f"/v1/roles/{broken['id']}/revoke").status_code == 200
        held = office.me(bearer(office.enter(wang.username))).json()["grants"]
        assert held == [{"role": "grid_staff", "region_code": GRID}]


class TestClients:
    DRAFT = {"name": "收银系统", "scopes": ["points:read"], "region_code": DISTRICT}

    def add(self, office, name, by="sun", **changed):
        return office.send(by, "/v1/clients", {"id": name, **self.DRAFT, **changed})

    def enter(self, client, name, secret):
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        return client.post("/v1/auth/token", data=form)

    def test_its_secret_opens_and_is_kept_hashed(self, office, client, db, cast):
        made = self.add(office, "shop-1").json()
        assert self.enter(client, "shop-1", made["secret"]).json()["scope"] == "points:read"
        with work(db, write=False) as tx:
            kept = tx.get_one(ApiClient, "shop-1")
            assert kept.secret_hash == tokens.digest(made["secret"])
        listed = office.get("sun", "/v1/clients").json()["items"]
        assert "shop-1" in {row["id"] for row in listed}
        assert all("secret" not in row for row in listed)
        assert [row.actor_id for row in office.logged("client.added", "shop-1")] == [cast.sun.id]

    def test_both_secrets_for_a_day(self, office, client):
        old = self.add(office, "shop-2").json()["secret"]
        new = office.send("sun", "/v1/clients/shop-2/rotate").json()["secret"]
        assert old != new
        for secret in (old, new):
            assert self.enter(client, "shop-2", secret).status_code == 200
        clock.shift(timedelta(hours=24))
        assert code(self.enter(client, "shop-2", old)) == (401, "credentials_wrong")
        assert self.enter(client, "shop-2", new).status_code == 200

    def test_the_one_before_the_last_is_dead(self, office, client):
        first = self.add(office, "shop-3").json()["secret"]
        second, third = (
            office.send("sun", "/v1/clients/shop-3/rotate").json()["secret"] for _ in "12"
        )
        answers = [self.enter(client, "shop-3", one).status_code for one in (first, second, third)]
        assert answers == [401, 200, 200]

    def test_disabled_at_its_next_request(self, office, client, cast):
        secret = self.add(office, "shop-4").json()["secret"]
        old = secret
        secret = office.send("sun", "/v1/clients/shop-4/rotate").json()["secret"]
        token = {
            "Authorization": f"Bearer {self.enter(client, 'shop-4', secret).json()['access_token']}"
        }
        url = f"/v1/members/{cast.liu_bo.member_no}/points"
        assert client.get(url, headers=token).status_code == 200
        assert office.send("sun", "/v1/clients/shop-4/disable").json()["state"] == "disabled"
        assert code(client.get(url, headers=token)) == (401, "session_ended")
        for one in (old, secret):
            assert code(self.enter(client, "shop-4", one)) == (401, "credentials_wrong")
        refused = office.send("sun", "/v1/clients/shop-4/rotate")
        assert code(refused) == (409, "client_disabled")

    @pytest.mark.parametrize("by", ["street", "far"])
    def test_of_ones_own_regions_alone(self, office, by):
        self.add(office, "shop-5")
        assert code(self.add(office, "shop-6", by)) == (403, "region_forbidden")
        for deed in ("rotate", "disable"):
            refused = office.send(by, f"/v1/clients/shop-5/{deed}")
            assert code(refused) == (404, "client_not_found")
        assert "shop-5" not in {row["id"] for row in office.get(by, "/v1/clients").json()["items"]}

    def test_scopes_are_a_closed_list_and_an_id_is_taken_once(self, office):
        assert self.add(office, "shop-7", scopes=["cases:write"]).status_code == 422
        assert self.add(office, "shop-8").status_code == 201
        assert code(self.add(office, "shop-8")) == (409, "client_taken")
