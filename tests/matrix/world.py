"""The objects that the matrix' rows speak of, and the hands that send a row's request."""

from types import SimpleNamespace

import pytest
from cast import DISTRICT, contribute
from flows.story import key, upload
from matrix.table import CLIENT, CONTRIBUTION, MORE, REDEEM, TABLE

from app.identity import service as identity
from app.identity.models import Person, Role
from app.kit.db import work
from app.ledger import service as ledger
from app.ledger.funds import add_fund
from app.ledger.models import Fund
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions


def operations(routes):
    """Method and path of everything that the application answers."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from operations(route.original_router.routes)
        for method in getattr(route, "methods", None) or ():
            yield f"{method} {route.path}"


@pytest.fixture(scope="module")
def world(client, db, cast, desk, as_, newcomer, drain, app, sign_in):
    """The objects that rows speak of, and the headers of everyone who asks for them."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft("500231000000", "垫江县", "垫江县", 0, "县", None)])
        add_fund(tx, "far", "垫江基金", "感谢", "500231000000", 100)
        proposed = identity.add_client(tx, "scopeless", "无权应用", ["cases:read"], DISTRICT)
    people = {
        name: getattr(cast, name) for name in vars(cast) if isinstance(getattr(cast, name), Person)
    }
    people |= {str(role): newcomer((role, DISTRICT)) for role in Role}
    people |= {
        "elsewhere": newcomer((Role.DISPATCHER, "500231000000"), (Role.ADMINISTRATOR, "500231000000")),  # noqa: E501
        "far_manager": newcomer((Role.FUND_MANAGER, "500231000000")),
        "far_approver": newcomer((Role.FUND_APPROVER, "500231000000")),
    }  # fmt: skip
    who = {name: as_(person) for name, person in people.items()}
    for name, secret in (("till", cast.client_secret), ("scopeless", proposed)):
        client_id = cast.client_id if name == "till" else "scopeless"
        form = {**CLIENT, "client_id": client_id, "client_secret": secret}
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        who[name] = {"Authorization": f"Bearer {token}"}
    desk.closed(reporter=cast.liu_bo)
    closed_report = desk.report
    closed_case = client.get("/v1/cases", headers=desk.wang).json()["items"][0]
    case = desk.reported(reporter=cast.liu_bo)
    drain()
    found = things(client, db, cast, who, app) | {
        "report": desk.report["id"], "closed_report": closed_report["id"],
        "case": case["id"], "closed_case": closed_case["id"],
        "message": client.get("/v1/inbox", headers=who["liu_bo"]).json()["items"][0]["id"],
    }  # fmt: skip
    there = SimpleNamespace(
        client=client, db=db, cast=cast, who=who, things=found, desk=desk, app=app, drain=drain
    )
    for more in MORE:
        # What a feature's rows speak of beside the objects above.
        found |= getattr(more, "things", lambda _there: {})(there)
    return there


def things(client, db, cast, who, app):
    liu, li, ma = who["liu_bo"], who["li"], who["ma"]
    draft = {**REDEEM, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    done, held = (
        client.post("/v1/redemptions", json=draft, headers={**liu, **key()}).json() for _ in "12"
    )
    client.post("/v1/redemptions/fulfil", json={"code": done["code"]}, headers=li)
    funds = f"/v1/funds/{cast.fund.id}/contributions"
    proposed = client.post(funds, json=CONTRIBUTION, headers={**ma, **key()}).json()["id"]
    with work(db, write=True) as tx:
        approved = contribute(tx, cast.fund.id, cast.ma, cast.wu, 100)
    return {
        "photo": upload(client, liu), "soap": str(cast.soap.id), "held": held["id"],
        "code": held["code"], "done": done["id"], "done_code": done["code"],
        "lapsed": lapsed(client, db, cast, who), "fund": str(cast.fund.id), "proposed": proposed,
        "approved": str(approved), "member_no": cast.liu_bo.member_no,
    }  # fmt: skip


def lapsed(client, db, cast, who):
    """The code of a redemption that was cancelled: it is over, as one past its time is."""
    with work(db, write=True) as tx:
        fund = tx.get_one(Fund, cast.fund.id)
        ledger.accrue(
            tx, source="matrix", person_id=cast.liu_bo.id, fund=fund, points=5,
            life=ledger.Life(), reason="report.filed",
        )  # fmt: skip
        ledger.settle(tx, source="matrix", reason="report.filed")
    draft = {**REDEEM, "lines": [{"item_id": str(cast.soap.id), "quantity": 1}]}
    liu = who["liu_bo"]
    made = client.post("/v1/redemptions", json=draft, headers={**liu, **key()}).json()
    client.post(f"/v1/redemptions/{made['id']}/cancel", headers=liu)
    return made["code"]


def filled(value, things):
    """The value with the world's objects in the place of their names."""
    match value:
        case str():
            for name, thing in things.items():
                value = value.replace("{" + name + "}", thing)
            return value
        case dict():
            return {k: filled(v, things) for k, v in value.items()}
        case list():
            return [filled(v, things) for v in value]
        case _:
            return value


@pytest.fixture
def ask(client, world):
    """Sends a row's request as somebody, or without a token."""

    def send(name, who=None, *, url=None, body=...):
        method, row = name.partition(" ")[0], TABLE[name]
        headers = {**row.headers, **(world.who[who] if who else {})}
        if "Idempotency-Key" in headers:
            headers |= key()
        content = filled(row.body if body is ... else body, world.things)
        if name == "POST /v1/photos":
            sent = {"files": {"file": ("p.jpg", b"x", "image/jpeg")}} if body is ... else (
                {"data": content} if content else {}
            )  # fmt: skip
        elif method == "GET" or (content is None and body is ...):
            sent = {}
        else:
            sent = {"data": content} if row.form else {"json": content}
        return client.request(method, filled(url or row.url, world.things), headers=headers, **sent)

    return send
