"""Requests that succeed whatever was asked before them, where a row's own would be refused.

A row's request is there to be refused to the wrong people, so its object may be in any state, and
rows share objects. Each of these makes an object of its own.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pyotp
from cast import DISTRICT, GRID, INSIDE, PASSWORD, STATION
from flows.story import key, picture, upload
from ledger.build import earn
from matrix.rows_accounts import GLASS
from matrix.rows_approvals import EXTENSION, SUSPENSION
from matrix.rows_categories import KEYWORDS, PLAIN, WORD
from matrix.rows_corrections import AWARD
from matrix.rows_feedback import CALL, TEMPLATE
from matrix.rows_groups import GROUP, NOTICE, WEBHOOK
from matrix.rows_patrols import FINDING, PLAN, SPOT
from matrix.rows_privacy import REASON, phone_code
from matrix.rows_proofs import NOTICES
from matrix.rows_returns import BACK
from matrix.rows_rewards import CAMPAIGN, CAMPAIGNS, RULE, RULES
from matrix.rows_settlements import PAY
from matrix.rows_store import HERE
from matrix.rows_till import HOLD, MOMENT
from matrix.rows_webhooks import DRAFT
from matrix.table import CONTRIBUTION

from app.identity import service as identity
from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.kit.ids import new_id
from app.ledger.models import Fund
from app.patrols import jobs
from app.proofs import service as proofs


class Asked(NamedTuple):
    """A request: whose headers, where, what."""

    who: dict[str, str]
    url: str
    body: Any = None


FRESH: dict[str, Callable[[Any], Asked]] = {}


def fresh(name: str) -> Callable[[Callable[[Any], Asked]], Callable[[Any], Asked]]:
    def keep(make: Callable[[Any], Asked]) -> Callable[[Any], Asked]:
        assert name not in FRESH
        FRESH[name] = make
        return make

    return keep


def made(there: Any, who: dict[str, str], url: str, body: Any = None, verb: str = "POST") -> Any:
    """The answer to a write that goes well."""
    answer = there.client.request(verb, url, json=body, headers={**who, **key()})
    assert answer.is_success, answer.text
    return answer.json()


def somebody(there: Any, *grants: tuple[Role, str], points: int = 0) -> Any:
    person = there.desk._newcomer(*grants)
    if points:
        with work(there.db, write=True) as tx:
            earn(tx, tx.get_one(Fund, there.cast.fund.id), person, points)
    return person


def everywhere(there: Any, role: Role) -> dict[str, str]:
    """Headers of somebody who holds the role in both districts."""
    both = somebody(there, (role, DISTRICT), (role, "500231000000"))
    return dict(there.desk._as(both))


@fresh("POST /v1/auth/logout")
def ends_a_session(there):
    return Asked(there.desk._as(somebody(there)), "/v1/auth/logout")


# Reports and cases.


@fresh("POST /v1/reports/{report_id}/withdraw")
def withdraws(there):
    there.desk.reported()
    return Asked(there.desk.liu, f"/v1/reports/{there.desk.report['id']}/withdraw", {})


@fresh("POST /v1/reports/{report_id}/appeal")
def appeals(there):
    desk = there.desk
    desk.moved(desk.reported(), "reject", reason_code="not_found", public_note="现场未见")
    return Asked(desk.liu, f"/v1/reports/{desk.report['id']}/appeal", {"text": "还在"})


@fresh("POST /v1/cases/{case_id}/moves")
def moves(there):
    case = there.desk.reported()
    who = {**there.desk.wang, "If-Match": f'"{case["version"]}"'}
    return Asked(who, f"/v1/cases/{case['id']}/moves", {"move": "verify"})


@fresh("POST /v1/desk/dispatches")
def dispatches(there):
    case = there.desk.filed()
    item = {"case_id": case["id"], "version": case["version"]}
    body = {"items": [item], "assignee_id": str(there.cast.wang.id)}
    return Asked(there.desk.qian, "/v1/desk/dispatches", body)


@fresh("DELETE /v1/desk/filters/{name}")
def drops_a_filter(there):
    url = "/v1/desk/filters/fresh"
    made(there, there.desk.qian, url, {"filters": {"open": True}}, "PUT")
    return Asked(there.desk.qian, url)


@fresh("POST /v1/cases/{case_id}/extensions")
def needs_time(there):
    case = there.desk.dispatched()
    return Asked(there.desk.wang, f"/v1/cases/{case['id']}/extensions", EXTENSION)


@fresh("POST /v1/cases/{case_id}/suspensions")
def waits_for_the_flood_to_pass(there):
    case = there.desk.dispatched()
    return Asked(there.desk.wang, f"/v1/cases/{case['id']}/suspensions", SUSPENSION)


@fresh("POST /v1/cases/{case_id}/follow-ups")
def follows_up(there):
    case = there.desk.closed()
    return Asked(there.desk.qian, f"/v1/cases/{case['id']}/follow-ups", CALL)


@fresh("POST /v1/cases/{case_id}/updates")
def tells(there):
    case = there.desk.dispatched()
    return Asked(there.desk.wang, f"/v1/cases/{case['id']}/updates", {"text": "进展"})


@fresh("DELETE /v1/cases/{case_id}/links/{other_id}")
def unlinks(there):
    one, other = there.desk.reported(), there.desk.reported()
    url = f"/v1/cases/{one['id']}/links/{other['id']}"
    made(there, there.desk.wang, url, {}, "PUT")
    return Asked(there.desk.wang, url)


@fresh("DELETE /v1/templates/{template_id}")
def retires_a_template(there):
    template = made(there, there.who["sun"], "/v1/templates", TEMPLATE)
    return Asked(there.who["sun"], f"/v1/templates/{template['id']}")


@fresh("PUT /v1/categories/choices/{code}")
def changes_a_choice(there):
    return Asked(everywhere(there, Role.ADMINISTRATOR), "/v1/categories/choices/manhole", PLAIN)


@fresh("PUT /v1/categories/{code}/keywords")
def changes_keywords(there):
    return Asked(everywhere(there, Role.ADMINISTRATOR), KEYWORDS, {"items": [WORD]})


@fresh("POST /v1/groups/{group_id}/notices")
def speaks_to_a_group(there):
    group = made(
        there,
        there.who["sun"],
        "/v1/groups",
        {**GROUP, "webhook": WEBHOOK + "0f6cfa32-6c1e-4f0e-9b53-7f3c8f4f7a55"},
    )
    return Asked(there.who["sun"], f"/v1/groups/{group['id']}/notices", NOTICE)


# Patrols.


def patrol(there, path: str, body: Any) -> Asked:
    begun = made(there, there.who["wang"], "/v1/patrols", {"region_code": GRID})
    return Asked(there.who["wang"], f"/v1/patrols/{begun['id']}/{path}", body)


@fresh("POST /v1/patrols/{patrol_id}/start")
def starts(there):
    walker = somebody(there, (Role.GRID_STAFF, GRID))
    hours = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59"}
    plan = {**PLAN, **hours, "person_id": str(walker.id)}
    made(there, there.who["qian"], "/v1/patrol-plans", plan)
    with work(there.db, write=True) as tx:
        jobs.plan_today(tx, {})
    who = there.desk._as(walker)
    found = there.client.get("/v1/patrols?mine=true", headers=who).json()["items"][0]
    return Asked(who, f"/v1/patrols/{found['id']}/start")


@fresh("POST /v1/patrols/{patrol_id}/check-ins")
def checks_in(there):
    return patrol(there, "check-ins", SPOT)


@fresh("POST /v1/patrols/{patrol_id}/track")
def walks(there):
    asked = patrol(there, "track", None)
    return asked._replace(body={"points": [{**SPOT, "at": clock.now().isoformat()}]})


@fresh("POST /v1/patrols/{patrol_id}/findings")
def finds(there):
    photo = upload(there.client, there.who["wang"])
    return patrol(there, "findings", {**FINDING, "photo_ids": [photo], "place": INSIDE})


# Households.


def home(there) -> dict[str, str]:
    """Headers of the head of a new household."""
    who = there.desk._as(somebody(there))
    made(there, who, "/v1/household", {"name": "新家"})
    return who


def asked(there, verb: str) -> tuple[dict[str, str], dict[str, str], str]:
    """A household's head, whom it asked, and the question's address."""
    head, guest = home(there), somebody(there)
    url = "/v1/household/invitations"
    question = made(there, head, url, {"member_no": guest.member_no})["id"]
    return head, there.desk._as(guest), f"{url}/{question}{verb}"


@fresh("POST /v1/household")
def founds_a_home(there):
    return Asked(there.desk._as(somebody(there)), "/v1/household", {"name": "新家"})


@fresh("POST /v1/household/invitations/{invitation_id}/accept")
def joins(there):
    _, guest, url = asked(there, "/accept")
    return Asked(guest, url)


@fresh("POST /v1/household/invitations/{invitation_id}/decline")
def declines(there):
    _, guest, url = asked(there, "/decline")
    return Asked(guest, url)


@fresh("DELETE /v1/household/invitations/{invitation_id}")
def takes_the_question_back(there):
    head, _, url = asked(there, "")
    return Asked(head, url)


@fresh("POST /v1/household/leave")
def leaves(there):
    return Asked(home(there), "/v1/household/leave")


# Points, money and goods.


@fresh("POST /v1/redemptions")
def redeems(there):
    who = there.desk._as(somebody(there, points=5))
    lines = [{"item_id": str(there.cast.soap.id), "quantity": 1}]
    return Asked(who, "/v1/redemptions", {"station_id": STATION, "lines": lines})


def redeemed(there) -> tuple[dict[str, str], Any]:
    who, url, body = redeems(there)
    return who, made(there, who, url, body)


@fresh("POST /v1/redemptions/{redemption_id}/cancel")
def cancels(there):
    who, held = redeemed(there)
    return Asked(who, f"/v1/redemptions/{held['id']}/cancel")


@fresh("POST /v1/redemptions/fulfil")
def hands_out(there):
    _, held = redeemed(there)
    return Asked(there.who["li"], "/v1/redemptions/fulfil", {"code": held["code"]})


@fresh("POST /v1/corrections")
def wants_a_refund(there):
    done = made(there, *hands_out(there))
    refund = {"kind": "refund", "source": done["id"], "restock": True, "cause": "质量问题"}
    return Asked(there.who["ma"], "/v1/corrections", refund)


def corrected(there, verb: str, body: Any) -> Asked:
    draft = {**AWARD, "person": somebody(there).member_no}
    proposed = made(there, there.who["ma"], "/v1/corrections", draft)
    return Asked(there.who["wu"], f"/v1/corrections/{proposed['id']}/{verb}", body)


@fresh("POST /v1/corrections/{correction_id}/approve")
def approves_a_correction(there):
    return corrected(there, "approve", {})


@fresh("POST /v1/corrections/{correction_id}/decline")
def declines_a_correction(there):
    return corrected(there, "decline", {"decision": "不"})


def given(there, verb: str) -> Asked:
    gifts = f"/v1/funds/{there.cast.fund.id}/contributions"
    proposed = made(there, there.who["ma"], gifts, CONTRIBUTION)
    return Asked(there.who["wu"], f"{gifts}/{proposed['id']}/{verb}")


@fresh("POST /v1/funds/{fund_id}/contributions/{contribution_id}/approve")
def approves_a_gift(there):
    return given(there, "approve")


@fresh("POST /v1/funds/{fund_id}/contributions/{contribution_id}/decline")
def declines_a_gift(there):
    return given(there, "decline")


def returned(there, verb: str) -> Asked:
    who, url, _ = given(there, "approve")
    made(there, who, url)
    returns = url.removesuffix("approve") + "returns"
    wanted = made(there, there.who["ma"], returns, BACK)
    return Asked(who, f"{returns}/{wanted['id']}/{verb}")


@fresh("POST /v1/funds/{fund_id}/contributions/{contribution_id}/returns/{return_id}/approve")
def gives_back(there):
    return returned(there, "approve")


@fresh("POST /v1/funds/{fund_id}/contributions/{contribution_id}/returns/{return_id}/decline")
def keeps_what_was_given(there):
    return returned(there, "decline")


def ruled(there, verb: str, category: str) -> Asked:
    code = f"fresh_{verb}"
    own = {"code": code, "fund_id": str(there.cast.fund.id), "category_code": category}
    made(there, there.who["sun"], RULES, {**RULE, **own, "event": "hazard.reported"})
    return Asked(there.who["sun"], f"{RULES}/{code}/{verb}")


@fresh("POST /v1/points/rules/{code}/end")
def ends_a_rule(there):
    return ruled(there, "end", "C0101")


@fresh("POST /v1/points/rules/{code}/pause")
def pauses_a_rule(there):
    return ruled(there, "pause", "C0102")


@fresh("POST /v1/points/rules/{code}/resume")
def wakes_a_rule(there):
    asked = ruled(there, "resume", "C0103")
    made(there, asked.who, asked.url.replace("/resume", "/pause"))
    return asked


@fresh("POST /v1/points/campaigns/{code}/end")
def ends_a_campaign(there):
    draft = {
        **CAMPAIGN,
        "event": "manual.awarded",
        "code": "fresh",
        "fund_id": str(there.cast.fund.id),
    }
    made(there, there.who["sun"], CAMPAIGNS, draft)
    return Asked(there.who["sun"], f"{CAMPAIGNS}/fresh/end")


@fresh("POST /v1/points/notices")
def publishes(there):
    """The month after the world's, when it is over: the caller signs in then."""
    after = proofs.end_of(there.things["period"])
    period = f"{clock.business_day(after):%Y-%m}"
    with work(there.db, write=True) as tx:
        proofs.seal(tx)
    clock.shift(proofs.end_of(period) + proofs.SETTLING - clock.now() + timedelta(seconds=1))
    return Asked(everywhere(there, Role.AUDITOR), NOTICES, {"period": period})


@fresh("POST /v1/settlements")
def settles(there):
    """What was handed out today, tomorrow."""
    made(there, *hands_out(there))
    today = clock.business_day(clock.now()).isoformat()
    clock.shift(timedelta(days=1))
    body = {"merchant": STATION, "first_day": today, "last_day": today}
    return Asked(there.desk._as(there.cast.ma), "/v1/settlements", body)


def settled(there, verb: str, who: Any, body: Any = None) -> Asked:
    statement = made(there, *settles(there))["id"]
    return Asked(there.desk._as(who), f"/v1/settlements/{statement}/{verb}", body)


@fresh("POST /v1/settlements/{statement_id}/approve")
def approves_a_statement(there):
    return settled(there, "approve", there.cast.wu)


@fresh("POST /v1/settlements/{statement_id}/drop")
def drops_a_statement(there):
    return settled(there, "drop", there.cast.ma)


@fresh("POST /v1/settlements/{statement_id}/pay")
def pays_a_merchant(there):
    approved = settled(there, "approve", there.cast.wu)
    made(there, *approved)
    who = there.desk._as(there.cast.ma)
    return Asked(who, approved.url.replace("/approve", "/pay"), PAY)


@fresh("DELETE /v1/stations/{station_id}/keepers/{person_id}")
def lets_a_keeper_go(there):
    url = f"{HERE}/keepers/{somebody(there, (Role.KEEPER, DISTRICT)).id}"
    made(there, there.who["sun"], url, verb="PUT")
    return Asked(there.who["sun"], url)


@fresh("DELETE /v1/stations/{station_id}/items/{item_id}/wait")
def waits_no_more(there):
    who = there.desk._as(somebody(there))
    url = f"{HERE}/items/{there.things['sold_out']}/wait"
    made(there, who, url, verb="PUT")
    return Asked(who, url)


@fresh("POST /v1/till/holds")
def holds(there):
    person = somebody(there, points=3)
    code = there.app.state.member_codes.shown(person.id, person.member_no, MOMENT)
    body = {**HOLD, "code": code, "reference": f"fresh-{person.member_no}"}
    return Asked(there.who["store"], "/v1/till/holds", body)


def held(there, verb: str) -> Asked:
    hold = made(there, *holds(there))
    return Asked(there.who["store"], f"/v1/till/holds/{hold['id']}/{verb}")


@fresh("POST /v1/till/holds/{hold_id}/fulfil")
def sells(there):
    return held(there, "fulfil")


@fresh("POST /v1/till/holds/{hold_id}/cancel")
def lets_go(there):
    return held(there, "cancel")


# Webhooks.


@fresh("DELETE /v1/webhooks/{webhook_id}")
def ends_a_webhook(there):
    added = made(there, there.who["sun"], "/v1/webhooks", DRAFT)
    return Asked(there.who["sun"], f"/v1/webhooks/{added['id']}")


@fresh("POST /v1/uploads/{upload_id}/complete")
def completes_an_upload(there):
    who = there.desk._as(somebody(there))
    upload = made(there, who, "/v1/uploads")["upload_id"]
    there.app.state.bucket.put(f"incoming/{upload}", picture())
    return Asked(who, f"/v1/uploads/{upload}/complete")


# Privacy.


@fresh("POST /v1/me/phone")
def binds_a_phone(there):
    return Asked(there.desk._as(somebody(there)), "/v1/me/phone", {"code": phone_code(there)})


@fresh("POST /v1/people/{person_id}/phone")
def looks_at_a_phone(there):
    """Of somebody with a case of theirs."""
    person = somebody(there)
    there.desk.reported(reporter=person)
    code = {"code": phone_code(there, "13612340002")}
    made(there, there.desk._as(person), "/v1/me/phone", code)
    return Asked(there.who["qian"], f"/v1/people/{person.id}/phone", REASON)


@fresh("POST /v1/people/{person_id}/real-name")
def looks_at_a_real_name(there):
    """Of somebody with a case of theirs."""
    person = somebody(there)
    there.desk.reported(reporter=person)
    headers, body = there.desk._as(person), {"real_name": "刘小波"}
    there.client.put("/v1/me/real-name", headers=headers, json=body).raise_for_status()
    return Asked(there.who["qian"], f"/v1/people/{person.id}/real-name", REASON)


@fresh("DELETE /v1/me")
def ends(there):
    return Asked(there.desk._as(somebody(there)), "/v1/me")


# Accounts.


def account(there) -> Any:
    """A member of staff of the district who signs in by password."""
    with work(there.db, write=True) as tx:
        person = identity.add_staff(tx, f"fresh-{new_id().hex[-8:]}", PASSWORD, "新员工")
        identity.grant(tx, None, person.id, Role.CHECKER, GRID)
    return person


@fresh("PUT /v1/me/password")
def changes_a_password(there):
    body = {"old": PASSWORD, "new": "a River of 7 words"}
    return Asked(there.desk._as(account(there)), "/v1/me/password", body)


@fresh("POST /v1/me/totp")
def sets_codes_up(there):
    return Asked(there.desk._as(account(there)), "/v1/me/totp")


@fresh("POST /v1/me/totp/confirm")
def confirms_codes(there):
    asked = sets_codes_up(there)
    secret = made(there, *asked)["secret"]
    code = pyotp.TOTP(secret).at(int(clock.now().timestamp()))
    return Asked(asked.who, "/v1/me/totp/confirm", {"code": code})


@fresh("POST /v1/me/staff-binding")
def binds_a_wechat(there):
    url = f"/v1/staff/{account(there).id}/invitations"
    code = made(there, there.who["administrator"], url)["code"]
    with work(there.db, write=True) as tx:
        keys, seal, openid = there.app.state.token_keys, there.app.state.seal, new_id().hex
        signed = identity.sign_in_with_wechat(tx, keys, seal, "wx-test", openid, None)
    who = {"Authorization": f"Bearer {signed.access_token}"}
    return Asked(who, "/v1/me/staff-binding", {"code": code})


@fresh("POST /v1/me/sessions/{session_id}/revoke")
def ends_another_session(there):
    person = somebody(there)
    there.desk._as(person)
    who = there.desk._as(person)
    rows = there.client.get("/v1/me/sessions", headers=who).json()["items"]
    other = next(row["id"] for row in rows if not row["current"])
    return Asked(who, f"/v1/me/sessions/{other}/revoke")


@fresh("POST /v1/roles")
def gives_a_role(there):
    body = {"person_id": str(account(there).id), "role": "handler", "region_code": GRID}
    return Asked(there.who["administrator"], "/v1/roles", body)


@fresh("POST /v1/break-glass")
def breaks_the_glass(there):
    who = there.desk._as(somebody(there, (Role.GRID_STAFF, GRID)))
    return Asked(who, "/v1/break-glass", GLASS)
