"""Rows of rules, campaigns, awards and objections."""

from datetime import timedelta

from cast import DISTRICT
from matrix.row import (
    ABSENT,
    EVERY_ROLE,
    MARKER,
    ME,
    NOT,
    PAGES,
    PROGRAM,
    REPORTERS,
    STAFF,
    TEXTS,
    Row,
    but,
)

from app.identity.models import Role
from app.kit import clock
from app.kit.db import work
from app.rewards import service
from app.rewards.models import Award
from app.rewards.rules import Spot

KEEPERS = (Role.ADMINISTRATOR, Role.FUND_MANAGER)
KEEPER_ONLY = {"role_missing": (*REPORTERS, *but(*KEEPERS)), "person_only": PROGRAM}
OFFER = {"event": "rating.given", "fund_id": "{fund}", "points": 1, "day_cap": 5, "month_cap": 50}
RULE = {**OFFER, "code": "matrix", "name": "评价", "name_en": "Rating"}
OF_CASE = {**RULE, "event": "hazard.reported"}
PREVIEW = {**OFFER, "month": "2026-10"}
CAMPAIGN = {
    "code": "matrix", "name": "活动", "name_en": "Campaign", "event": "rating.given",
    "fund_id": "{fund}", "percent": 150, "budget": 10, "ends_at": "2990-01-01T00:00:00Z",
}  # fmt: skip
DECISION = {"verdict": "dismiss", "decision": "核实"}
RULES, CAMPAIGNS, AWARDS = "/v1/points/rules", "/v1/points/campaigns", "/v1/awards"
OBJECTIONS = "/v1/objections"

ROWS: dict[str, Row] = {
    "GET /v1/points/rules/{code}/versions": Row(
        f"{RULES}/verified_problem/versions", works=EVERY_ROLE, absent=f"{RULES}/nothing/versions",
        by="sun", bad_urls=(f"{RULES}/{MARKER}!/versions",), **STAFF),
    "POST /v1/points/rules": Row(
        RULES, body=RULE, by="sun", forbidden=KEEPER_ONLY, strangers=("elsewhere", "far_manager"),
        malformed=(*TEXTS, {**RULE, "points": MARKER}, {**RULE, "points": True},
                   {**RULE, "event": MARKER}, {**RULE, "fund_id": MARKER},
                   {**RULE, "day_cap": 0}, {**RULE, "expiry_day": MARKER},
                   {**RULE, "version": MARKER}, {**RULE, "effective_from": MARKER},
                   {**RULE, "occupation": MARKER}, {**RULE, "outcomes": ["fixed"]},
                   {**OF_CASE, "outcomes": MARKER}, {**OF_CASE, "outcomes": [MARKER]})),
    "POST /v1/points/rules/preview": Row(
        f"{RULES}/preview", body=PREVIEW, by="sun", forbidden=KEEPER_ONLY,
        strangers=("elsewhere", "far_manager"),
        malformed=(*TEXTS, {**PREVIEW, "month": MARKER}, {**PREVIEW, "points": MARKER},
                   {**PREVIEW, "code": MARKER})),
    "POST /v1/points/rules/{code}/end": Row(
        f"{RULES}/ended/end", by="sun",
        forbidden={**KEEPER_ONLY, "rule_forbidden": ("elsewhere", "far_manager")},
        absent=f"{RULES}/nothing/end", bad_urls=(f"{RULES}/{MARKER}!/end",),
        wrong_state=(("sun", f"{RULES}/ended/end", None, 409, "rule_ended"),)),
    "POST /v1/points/rules/{code}/pause": Row(
        f"{RULES}/paused/pause", by="sun",
        forbidden={**KEEPER_ONLY, "rule_forbidden": ("elsewhere", "far_manager")},
        absent=f"{RULES}/nothing/pause", bad_urls=(f"{RULES}/{MARKER}!/pause",),
        wrong_state=(("sun", f"{RULES}/ended/pause", None, 409, "rule_ended"),
                     ("sun", f"{RULES}/paused/pause", None, 409, "rule_paused"))),
    "POST /v1/points/rules/{code}/resume": Row(
        f"{RULES}/ended/resume", by="sun",
        forbidden={**KEEPER_ONLY, "rule_forbidden": ("elsewhere", "far_manager")},
        absent=f"{RULES}/nothing/resume", bad_urls=(f"{RULES}/{MARKER}!/resume",),
        wrong_state=(("sun", f"{RULES}/ended/resume", None, 409, "rule_ended"),
                     ("sun", f"{RULES}/lively/resume", None, 409, "rule_not_paused"))),
    "GET /v1/points/campaigns": Row(CAMPAIGNS, works=EVERY_ROLE, **STAFF),
    "POST /v1/points/campaigns": Row(
        CAMPAIGNS, body=CAMPAIGN, by="sun", forbidden=KEEPER_ONLY,
        strangers=("elsewhere", "far_manager"),
        wrong_state=(("sun", CAMPAIGNS, {**CAMPAIGN, "code": "ended"}, 409, "campaign_exists"),),
        malformed=(*TEXTS, {**CAMPAIGN, "percent": 100}, {**CAMPAIGN, "budget": MARKER},
                   {**CAMPAIGN, "ends_at": MARKER}, {**CAMPAIGN, "used": MARKER})),
    "POST /v1/points/campaigns/{code}/end": Row(
        f"{CAMPAIGNS}/ended/end", by="sun", forbidden=KEEPER_ONLY,
        strangers=("elsewhere", "far_manager"), absent=f"{CAMPAIGNS}/nothing/end",
        bad_urls=(f"{CAMPAIGNS}/{MARKER}!/end",),
        wrong_state=(("sun", f"{CAMPAIGNS}/ended/end", None, 409, "campaign_ended"),)),
    "GET /v1/points/announced": Row(
        f"/v1/points/announced?region={DISTRICT}", 200,
        absent="/v1/points/announced?region=nowhere",
        bad_urls=("", f"?region={MARKER}!", f"?region={DISTRICT}&limit=0",
                  f"?region={DISTRICT}&cursor={MARKER}")),
    "GET /v1/awards/{award_id}": Row(
        AWARDS + "/{announced_award}", works=("liu_bo", "ma", "wu", "auditor", "sun"),
        strangers=("chen", "wang", "keeper", "elsewhere", "far_manager"),
        absent=f"{AWARDS}/{ABSENT}", bad_urls=(f"{AWARDS}/{MARKER}",), **ME),
    "POST /v1/awards/{award_id}/objections": Row(
        AWARDS + "/{announced_award}/objections", body={"reason": "旧照"}, by="chen",
        forbidden={**ME["forbidden"], "own_award": ("liu_bo",)},
        absent=f"{AWARDS}/{ABSENT}/objections", bad_urls=(f"{AWARDS}/{MARKER}/objections",),
        wrong_state=(("chen", AWARDS + "/{spendable_award}/objections", {"reason": "旧照"}, 409,
                      "objection_late"),),
        malformed=(*TEXTS, {"reason": MARKER * 400}, {"reason": "x", "state": MARKER})),
    "GET /v1/objections": Row(
        OBJECTIONS, works=EVERY_ROLE, bad_urls=(*PAGES, f"?state={MARKER}"), **STAFF),
    "POST /v1/objections/{objection_id}/decide": Row(
        OBJECTIONS + "/{objection}/decide", body=DECISION, by="auditor",
        forbidden={**NOT, "decider_needed": ("ma", "sun", "fund_manager", "administrator")},
        strangers=("elsewhere", "far_approver", "wang", "keeper"),
        absent=f"{OBJECTIONS}/{ABSENT}/decide", bad_urls=(f"{OBJECTIONS}/{MARKER}/decide",),
        wrong_state=(("auditor", OBJECTIONS + "/{decided_objection}/decide", DECISION, 409,
                      "objection_decided"),),
        malformed=(*TEXTS, {**DECISION, "verdict": MARKER}, {"verdict": "uphold"},
                   {**DECISION, "decision": MARKER * 400})),
}  # fmt: skip


def things(there) -> dict[str, str]:
    """Awards of Liu Bo, announced and spendable; an objection and one that was decided."""
    found = {}
    with work(there.db, write=True) as tx:
        for name, hours in (("announced_award", 72), ("doubted_award", 72), ("spendable_award", 0)):
            event = {"event": "report.filed", "source": f"matrix-{name}"}
            service.grant(
                tx, person_id=there.cast.liu_bo.id, reported_at=clock.now(),
                spot=Spot(f"/{DISTRICT}/"), **event,
            )  # fmt: skip
            service.close(tx, after=timedelta(hours=hours), **event)
            found[name] = str(tx.query(Award.id).filter_by(**event).scalar())
    chen, auditor, sun = (there.who[name] for name in ("chen", "auditor", "sun"))
    for name, award in (("objection", "announced_award"), ("decided_objection", "doubted_award")):
        raised = there.client.post(
            f"{AWARDS}/{found[award]}/objections", json={"reason": "旧照"},
            headers=there.who["qian"] if name == "objection" else chen,
        )  # fmt: skip
        found[name] = raised.json()["id"]
    url = f"{OBJECTIONS}/{found['decided_objection']}/decide"
    there.client.post(url, json=DECISION, headers=auditor)
    own = {"fund_id": there.things["fund"], "code": "ended"}
    there.client.post(RULES, json={**RULE, **own}, headers=sun)
    there.client.post(f"{RULES}/ended/end", headers=sun)
    for code, occupation in (("paused", "courier"), ("lively", "rider")):
        one = {**OF_CASE, **own, "code": code, "occupation": occupation}
        assert there.client.post(RULES, json=one, headers=sun).status_code == 201
    there.client.post(f"{RULES}/paused/pause", headers=sun)
    there.client.post(CAMPAIGNS, json={**CAMPAIGN, **own}, headers=sun)
    there.client.post(f"{CAMPAIGNS}/ended/end", headers=sun)
    return found
