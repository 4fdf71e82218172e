"""Staff accounts: made, seen, administered by those who may, reset, disabled, bound to WeChat."""

from datetime import timedelta

import pytest
from accounts.hands import FAR, OWN, bearer, code
from cast import DISTRICT, STREET
from ledger.build import earn
from sqlalchemy import select

from app import tables
from app.accounts.binding import TRACES
from app.accounts.models import StaffInvitation
from app.identity import service, tokens
from app.identity.models import Person, SignIn, StaffAccount
from app.kit import clock
from app.kit.db import work
from app.ledger.models import Fund

DRAFT = {"name": "新员工", "username": "somebody", "region_code": DISTRICT}


def ids(office, by):
    return {row["id"] for row in office.get(by, "/v1/staff?limit=100").json()["items"]}


class TestMaking:
    def test_works_and_is_written_down(self, office, cast, db):
        answer = office.send("sun", "/v1/staff", {**DRAFT, "username": "maker"})
        assert answer.status_code == 201, answer.text
        staff = answer.json()
        assert (staff["username"], staff["region_code"], staff["grants"]) == ("maker", DISTRICT, [])
        assert (staff["totp"], staff["wechat"], staff["state"]) == (False, False, "active")
        assert [row.actor_id for row in office.logged("staff.added", staff["id"])] == [cast.sun.id]
        with work(db, write=False) as tx:
            kept = tx.scalars(select(StaffAccount).where(StaffAccount.username == "maker")).one()
            assert staff["password"] not in kept.password_hash

    def test_where_one_administers_only(self, office):
        draft = {**DRAFT, "username": "outside"}
        assert code(office.send("far", "/v1/staff", draft)) == (403, "region_forbidden")
        assert code(office.send("street", "/v1/staff", draft)) == (403, "region_forbidden")
        wrong = {**draft, "region_code": "nowhere"}
        assert code(office.send("sun", "/v1/staff", wrong)) == (422, "region_unknown")

    def test_a_name_is_taken_once(self, office):
        office.send("sun", "/v1/staff", {**DRAFT, "username": "twice"})
        again = office.send("sun", "/v1/staff", {**DRAFT, "username": "twice"})
        assert code(again) == (409, "username_taken")


class TestFirstSignIn:
    def test_the_session_may_only_change_the_password(self, office):
        staff = office.send("sun", "/v1/staff", {**DRAFT, "username": "first"}).json()
        signed = office.enter("first", staff["password"])
        first = bearer(signed)
        assert signed.json()["step"] == "password"
        for url in ("/v1/me", "/v1/me/sessions", "/v1/points", "/v1/inbox"):
            assert code(office.get(first, url)) == (401, "password_change_required")
        assert code(office.send(first, "/v1/me/totp")) == (401, "password_change_required")
        # Nor does another token of the same session help.
        refreshed = office.send(
            {}, "/v1/auth/refresh", {"refresh_token": signed.json()["refresh_token"]}
        )
        assert refreshed.json()["step"] == "password"
        assert code(office.me(bearer(refreshed))) == (401, "password_change_required")
        changed = office.change(first, staff["password"], OWN)
        assert (changed.status_code, changed.json()) == (200, {"step": None})
        assert office.me(first).status_code == 200
        assert office.enter("first").json()["step"] is None

    def test_a_one_time_password_ends(self, office):
        staff = office.send("sun", "/v1/staff", {**DRAFT, "username": "late"}).json()
        clock.shift(timedelta(days=3))
        assert code(office.enter("late", staff["password"])) == (401, "credentials_wrong")

    def test_signing_out_is_always_possible(self, office):
        staff = office.send("sun", "/v1/staff", {**DRAFT, "username": "leaves"}).json()
        first = bearer(office.enter("leaves", staff["password"]))
        assert office.send(first, "/v1/auth/logout").status_code == 204


# Everything that is done to one account, by its address.
DEEDS = ("disable", "enable", "reset-password", "reset-totp", "revoke-sessions", "invitations")


class TestWhoAdministersWhom:
    def test_seen_in_the_subtree_alone(self, office):
        here, there = office.made(), office.made("street", STREET)
        assert {here.id, there.id} <= ids(office, "sun")
        assert there.id in ids(office, "street")
        assert here.id not in ids(office, "street")
        assert not {here.id, there.id} & ids(office, "far")

    def test_a_stranger_is_told_of_nobody(self, office):
        staff = office.made()
        for by in ("far", "street"):
            for deed in DEEDS:
                answer = office.send(by, f"/v1/staff/{staff.id}/{deed}")
                assert code(answer) == (404, "staff_not_found"), deed

    def test_nobody_whose_role_reaches_further(self, office):
        """Whoever could set the password of an auditor of the district would be one."""
        staff = office.made("street", STREET, ("auditor", DISTRICT))
        for deed in DEEDS:
            answer = office.send("street", f"/v1/staff/{staff.id}/{deed}")
            assert code(answer) == (403, "administered_elsewhere"), deed
        assert office.enter(staff.username).status_code == 200
        for deed in DEEDS:
            assert office.send("sun", f"/v1/staff/{staff.id}/{deed}").is_success

    def test_nor_whose_account_belongs_further_up(self, office):
        staff = office.made("sun", DISTRICT, ("grid_staff", STREET))
        answer = office.send("street", f"/v1/staff/{staff.id}/reset-password")
        assert code(answer) == (403, "administered_elsewhere")

    def test_nobody_themselves(self, office):
        admin = office.made("sun", DISTRICT, ("administrator", DISTRICT))
        own = bearer(office.enter(admin.username))
        for deed in DEEDS:
            answer = office.send(own, f"/v1/staff/{admin.id}/{deed}")
            assert code(answer) == (403, "self_administration"), deed


class TestDisabling:
    def test_at_the_next_request_and_back(self, office, cast):
        staff = office.made("sun", DISTRICT, ("grid_staff", STREET))
        signed = bearer(office.enter(staff.username))
        shown = office.send("sun", f"/v1/staff/{staff.id}/disable").json()
        assert shown["state"] == "disabled"
        assert code(office.me(signed)) == (401, "session_ended")
        assert code(office.enter(staff.username)) == (401, "credentials_wrong")
        assert office.send("sun", f"/v1/staff/{staff.id}/enable").json()["state"] == "active"
        # The sessions of before stay ended.
        assert code(office.me(signed)) == (401, "session_ended")
        assert office.enter(staff.username).status_code == 200
        done = [office.logged(f"staff.{what}", staff.id) for what in ("disabled", "enabled")]
        assert [[row.actor_id for row in rows] for rows in done] == [[cast.sun.id]] * 2


class TestResets:
    def test_a_password_ends_all_sessions_and_is_told_once(self, office):
        staff = office.made()
        signed = bearer(office.enter(staff.username))
        reset = office.send("sun", f"/v1/staff/{staff.id}/reset-password").json()
        assert code(office.me(signed)) == (401, "session_ended")
        assert code(office.enter(staff.username)) == (401, "credentials_wrong")
        assert office.enter(staff.username, reset["password"]).json()["step"] == "password"
        assert len(office.logged("password.reset", staff.id)) == 1

    def test_sessions(self, office):
        staff = office.made()
        signed = [bearer(office.enter(staff.username)) for _ in "12"]
        assert office.send("sun", f"/v1/staff/{staff.id}/revoke-sessions").status_code == 200
        assert [code(office.me(one)) for one in signed] == [(401, "session_ended")] * 2
        assert office.enter(staff.username).status_code == 200


class TestBinding:
    @pytest.fixture
    def wechat(self, app, db):
        """Signs a WeChat user in, as the API does once WeChat told who they are."""

        def sign_in(openid):
            with work(db, write=True) as tx:
                return service.sign_in_with_wechat(
                    tx, app.state.token_keys, app.state.seal, "wx-test", openid, None
                )

        return sign_in

    @pytest.fixture
    def user(self, wechat):
        def make(openid):
            signed = wechat(openid)
            return {"Authorization": f"Bearer {signed.access_token}"}, signed.person.id

        return make

    def invited(self, office, staff):
        return office.send("sun", f"/v1/staff/{staff.id}/invitations").json()["code"]

    def bind(self, office, who, code):
        return office.send(who, "/v1/me/staff-binding", {"code": code})

    def test_works(self, office, user, wechat, db):
        staff = office.made("sun", DISTRICT, ("grid_staff", STREET))
        who, before = user("bind-1")
        invitation = self.invited(office, staff)
        assert self.bind(office, who, invitation.lower()).status_code == 204
        assert code(office.me(who)) == (401, "session_ended")
        signed = wechat("bind-1")
        assert str(signed.person.id) == staff.id
        with work(db, write=False) as tx:
            claims = tx.get_one(SignIn, self.session(signed))
            assert claims.expires_at - claims.created_at == timedelta(hours=12)
            assert tx.get_one(Person, before).state == "deleted"
        assert office.logged("wechat.bound", staff.id)

    def session(self, signed):
        return tokens.jwt.get_unverified_claims(signed.access_token)["sid"]

    def test_a_code_is_good_once_and_for_a_day(self, office, user, db):
        staff, other = office.made(), office.made()
        invitation = self.invited(office, staff)
        assert self.bind(office, user("bind-2")[0], invitation).status_code == 204
        again = self.bind(office, user("bind-3")[0], invitation)
        assert code(again) == (404, "invitation_not_found")
        late = self.invited(office, other)
        with work(db, write=False) as tx:
            hashes = set(tx.scalars(select(StaffInvitation.code_hash)))
        assert not {late, late.replace("-", "")} & hashes
        clock.shift(timedelta(hours=24))
        refused = self.bind(office, user("bind-4")[0], late)
        assert code(refused) == (404, "invitation_not_found")

    def test_a_newer_code_ends_those_before(self, office, user):
        staff = office.made()
        first, second = self.invited(office, staff), self.invited(office, staff)
        who, _ = user("bind-5")
        assert code(self.bind(office, who, first)) == (404, "invitation_not_found")
        assert self.bind(office, who, second).status_code == 204

    def test_another_wechat_takes_the_place_of_the_one_before(self, office, user, wechat):
        staff = office.made()
        self.bind(office, user("bind-6")[0], self.invited(office, staff))
        self.bind(office, user("bind-7")[0], self.invited(office, staff))
        assert str(wechat("bind-7").person.id) == staff.id
        assert str(wechat("bind-6").person.id) != staff.id

    def test_a_lost_phone_comes_in_no_more(self, office, user, wechat):
        staff = office.made("sun", DISTRICT, ("grid_staff", STREET))
        self.bind(office, user("bind-10")[0], self.invited(office, staff))
        assert str(wechat("bind-10").person.id) == staff.id
        shown = office.send("sun", f"/v1/staff/{staff.id}/reset-totp").json()
        assert shown["wechat"] is False
        found = wechat("bind-10").person
        assert (str(found.id) == staff.id, found.grants) == (False, [])

    @pytest.mark.parametrize("deed", ["reset-password", "reset-totp", "disable"])
    def test_no_open_invitation_outlives_it(self, office, user, deed):
        staff = office.made()
        invitation = self.invited(office, staff)
        assert office.send("sun", f"/v1/staff/{staff.id}/{deed}").is_success
        office.send("sun", f"/v1/staff/{staff.id}/enable")
        refused = self.bind(office, user(f"late-{deed}")[0], invitation)
        assert code(refused) == (404, "invitation_not_found")

    def test_who_has_points_is_no_empty_reporter(self, office, user, db, cast, wechat):
        who, person = user("bind-8")
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), tx.get_one(Person, person), 5)
        invitation = self.invited(office, office.made())
        assert code(self.bind(office, who, invitation)) == (409, "wechat_in_use")
        assert wechat("bind-8").person.id == person

    def test_without_wechat(self, office):
        staff, other = office.made(), office.made()
        own = bearer(office.enter(other.username))
        refused = self.bind(office, own, self.invited(office, staff))
        assert code(refused) == (409, "wechat_missing")

    def test_guessing_stops(self, office, user):
        who, _ = user("bind-9")
        answers = [code(self.bind(office, who, f"GUESS-{n}")) for n in range(11)]
        assert answers == [(404, "invitation_not_found")] * 10 + [(429, "binding_too_often")]

    def test_every_trace_is_of_a_table(self, db):
        for name, column in TRACES:
            assert column in tables.metadata.tables[name].columns

    def test_far_districts_hold_nothing_here(self, office):
        staff = office.made("far", FAR)
        assert code(office.send("sun", f"/v1/staff/{staff.id}/invitations"))[0] == 404
