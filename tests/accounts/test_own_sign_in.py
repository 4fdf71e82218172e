"""One's own sign-in: another password, one-time codes, one's sessions, and both profiles."""

import dataclasses
import hashlib
from datetime import timedelta

import pytest
from accounts.hands import NEXT, OWN, bearer, code, totp_at
from cast import PASSWORD
from flows.story import key
from sqlalchemy import select
from windows import fresh_window

from app.identity.models import FormerPassword, TotpKey
from app.kit import clock
from app.kit.db import work
from app.kit.idempotency import StoredAnswer
from app.main import create_app

LONG = "Another {n} river of words"


@pytest.fixture
def staff(office):
    return office.made()


@pytest.fixture
def rules(app):
    """Other rules of this deployment, for one test."""
    before = app.state.staff_rules

    def use(**changed):
        app.state.staff_rules = dataclasses.replace(before, **changed)

    yield use
    app.state.staff_rules = before


class TestPassword:
    def test_works_and_ends_all_other_sessions(self, office, staff):
        here, there = (bearer(office.enter(staff.username)) for _ in "12")
        changed = office.change(here, OWN, NEXT)
        assert (changed.status_code, changed.json()) == (200, {"step": None})
        assert office.me(here).status_code == 200
        assert code(office.me(there)) == (401, "session_ended")
        assert code(office.enter(staff.username, OWN)) == (401, "credentials_wrong")
        assert office.enter(staff.username, NEXT).status_code == 200

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("not the old one", NEXT, (403, "password_wrong")),
            (OWN, OWN, (422, "password_reused")),
            (OWN, "short", (422, "password_weak")),
            (OWN, "woaini1314520!", (422, "password_weak")),
            (OWN, "my staff-{n} secret", (422, "password_weak")),
        ],
    )
    def test_refused(self, office, staff, old, new, expected):
        here, there = (bearer(office.enter(staff.username)) for _ in "12")
        new = new.replace("staff-{n}", staff.username)
        assert code(office.change(here, old, new)) == expected
        assert office.me(there).status_code == 200
        assert office.enter(staff.username).status_code == 200

    def test_guessing_the_old_one_stops(self, office, staff):
        fresh_window()
        here = bearer(office.enter(staff.username))
        answers = {code(office.change(here, f"guess {n}", NEXT)) for n in range(10)}
        assert answers == {(403, "password_wrong")}
        assert code(office.change(here, OWN, NEXT)) == (429, "sign_in_too_often")

    def test_who_has_none(self, office, as_, newcomer):
        refused = office.change(as_(newcomer()), OWN, NEXT)
        assert code(refused) == (403, "staff_account_missing")

    def test_a_plain_digest_of_it_is_kept_nowhere(self, client, office, staff, db, app):
        """Whoever reads the database would try words against it, a thousand million a second."""
        here = {**bearer(office.enter(staff.username)), **key()}
        body = f'{{"old": "{OWN}", "new": "{NEXT}"}}'
        answer = client.put(
            "/v1/me/password", content=body, headers={**here, "content-type": "application/json"}
        )
        assert answer.status_code == 200
        plain = hashlib.sha256(b"PUT /v1/me/password?\n" + body.encode()).hexdigest()
        with work(db, write=False) as tx:
            assert plain not in set(tx.scalars(select(StoredAnswer.fingerprint)))


class TestDengbao:
    def test_three_classes(self, office, staff, rules):
        here = bearer(office.enter(staff.username))
        rules(passwords="dengbao")
        assert code(office.change(here, OWN, "only small letters")) == (422, "password_weak")
        assert office.change(here, OWN, NEXT).status_code == 200

    def test_none_of_the_last_five(self, office, staff, rules, db):
        rules(passwords="dengbao")
        here, used = bearer(office.enter(staff.username)), [OWN]
        for n in range(6):
            used.append(LONG.format(n=n))
            assert office.change(here, used[-2], used[-1]).status_code == 200
        fresh_window()
        refused = [code(office.change(here, used[-1], old)) for old in used[2:]]
        assert refused == [(422, "password_reused")] * 5
        # The one before them is good again.
        assert office.change(here, used[-1], used[1]).status_code == 200
        with work(db, write=False) as tx:
            mine = select(FormerPassword).where(FormerPassword.person_id == staff.id)
            assert len(tx.scalars(mine).all()) == 4

    def test_after_ninety_days_another_one(self, office, staff, rules):
        rules(passwords="dengbao")
        clock.shift(timedelta(days=90, minutes=-1))
        assert office.enter(staff.username).json()["step"] is None
        clock.shift(timedelta(minutes=2))
        signed = office.enter(staff.username)
        assert signed.json()["step"] == "password"
        assert office.change(bearer(signed), OWN, NEXT).json() == {"step": None}
        assert office.enter(staff.username, NEXT).json()["step"] is None

    def test_by_default_never(self, office, staff):
        clock.shift(timedelta(days=4000))
        assert office.enter(staff.username).json()["step"] is None


def set_up(office, staff, headers=None):
    """The secret of codes that are set up and confirmed."""
    headers = headers or bearer(office.enter(staff.username))
    secret = office.send(headers, "/v1/me/totp").json()["secret"]
    confirmed = office.send(headers, "/v1/me/totp/confirm", {"code": totp_at(secret, -1)})
    assert confirmed.status_code == 200, confirmed.text
    return secret


class TestTotp:
    def test_the_whole_way(self, office, staff, db):
        here = bearer(office.enter(staff.username))
        made = office.send(here, "/v1/me/totp").json()
        assert made["uri"].startswith("otpauth://totp/")
        assert made["secret"] in made["uri"]
        # Nothing is asked before the secret was confirmed.
        assert office.enter(staff.username).status_code == 200
        wrong = office.send(here, "/v1/me/totp/confirm", {"code": totp_at(made["secret"], 40)})
        assert code(wrong) == (409, "totp_mismatch")
        right = office.send(here, "/v1/me/totp/confirm", {"code": totp_at(made["secret"])})
        assert right.json() == {"step": None}
        assert code(office.enter(staff.username)) == (401, "code_required")
        with work(db, write=False) as tx:
            assert made["secret"] not in tx.get_one(TotpKey, staff.id).secret
        assert code(office.send(here, "/v1/me/totp")) == (409, "totp_set_up")

    def test_only_after_the_right_password(self, office, staff):
        """A code, right or wrong, tells nothing to whoever does not know the password."""
        secret = set_up(office, staff)
        wrong = office.enter(staff.username, "wrong", totp_at(secret))
        unknown = office.enter("nobody", "wrong", "123456")
        bodies = [{**answer.json(), "request_id": ""} for answer in (wrong, unknown)]
        assert bodies[0] == bodies[1]
        assert code(wrong) == (401, "credentials_wrong")
        # And the code was not used up.
        assert office.enter(staff.username, OWN, totp_at(secret)).status_code == 200

    def test_a_code_works_once(self, office, staff):
        secret = set_up(office, staff)
        now = totp_at(secret)
        assert office.enter(staff.username, OWN, now).status_code == 200
        assert code(office.enter(staff.username, OWN, now)) == (401, "code_wrong")
        # Nor does one from before the last one.
        assert code(office.enter(staff.username, OWN, totp_at(secret, -1))) == (401, "code_wrong")
        assert office.enter(staff.username, OWN, totp_at(secret, 1)).status_code == 200

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_one_step_around_and_no_more(self, office, staff, steps):
        secret = set_up(office, staff)
        clock.shift(timedelta(minutes=5))
        assert code(office.enter(staff.username, OWN, totp_at(secret, steps))) == (
            401,
            "code_wrong",
        )

    def test_guessing_stops_from_wherever(self, office, staff):
        fresh_window()
        secret = set_up(office, staff)
        for _ in range(10):
            assert code(office.enter(staff.username, OWN, "000000")) == (401, "code_wrong")
        assert code(office.enter(staff.username, OWN, totp_at(secret))) == (
            429,
            "sign_in_too_often",
        )

    def test_it_cannot_be_used_to_lock_somebody_out(self, office, staff):
        """Without the password nobody gets as far as a code: sixty strangers change nothing."""
        fresh_window()
        secret = set_up(office, staff)
        for _ in range(60):
            assert office.enter(staff.username, "guess", "000000").status_code == 401
        assert office.enter(staff.username, OWN, totp_at(secret)).status_code == 200

    def test_an_administrator_resets_it(self, office, staff):
        set_up(office, staff)
        shown = office.send("sun", f"/v1/staff/{staff.id}/reset-totp").json()
        assert shown["totp"] is False
        assert office.enter(staff.username).status_code == 200

    def test_required(self, office, staff, rules):
        rules(totp="required")
        signed = office.enter(staff.username)
        here = bearer(signed)
        assert signed.json()["step"] == "totp"
        assert code(office.me(here)) == (401, "totp_required")
        set_up(office, staff, here)
        assert office.me(here).status_code == 200

    def test_required_after_the_first_password(self, office, rules):
        rules(totp="required")
        draft = {"name": "新员工", "username": "both-steps", "region_code": "500152000000"}
        first = office.send("sun", "/v1/staff", draft).json()["password"]
        here = bearer(office.enter("both-steps", first))
        assert office.change(here, first, OWN).json() == {"step": "totp"}
        assert code(office.me(here)) == (401, "totp_required")

    def test_for_staff_only(self, office, as_, newcomer):
        refused = office.send(as_(newcomer()), "/v1/me/totp")
        assert code(refused) == (403, "staff_account_missing")

    def test_development_passwords_stay_as_they_are(self, office, cast):
        assert office.enter("wang", PASSWORD).json()["step"] is None


class TestSessions:
    def test_ones_own_living_ones(self, office, newcomer, sign_in, as_):
        person = newcomer()
        here, there = as_(person), as_(person)
        as_(newcomer())
        rows = office.get(here, "/v1/me/sessions").json()["items"]
        assert [row["current"] for row in rows] == [False, True]
        ended = office.send(here, f"/v1/me/sessions/{rows[0]['id']}/revoke")
        assert ended.status_code == 204
        assert code(office.me(there)) == (401, "session_ended")
        assert len(office.get(here, "/v1/me/sessions").json()["items"]) == 1

    def test_another_persons_is_none(self, office, newcomer, as_):
        me, other = as_(newcomer()), as_(newcomer())
        theirs = office.get(other, "/v1/me/sessions").json()["items"][0]["id"]
        refused = office.send(me, f"/v1/me/sessions/{theirs}/revoke")
        assert code(refused) == (404, "session_not_found")
        assert office.me(other).status_code == 200


def test_the_settings_reach_the_rules(settings):
    app = create_app(
        settings.model_copy(update={"staff_totp": "required", "password_profile": "dengbao"})
    )
    app.state.db.close()
    assert app.state.staff_rules.totp == "required"
    assert app.state.staff_rules.passwords == "dengbao"
