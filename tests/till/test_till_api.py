"""Tills over HTTP: codes, balances, holds and what becomes of them."""

from datetime import timedelta
from uuid import UUID

import pytest
from flows.story import key
from ledger.build import earn
from sqlalchemy import select, text, update
from windows import fresh_window

from app.identity.models import Person
from app.kit import clock
from app.kit.attempts import Attempt
from app.kit.db import work
from app.ledger.models import Fund
from app.till import service
from app.till.models import MemberCode, TillHold
from app.webhooks.models import Webhook, WebhookDelivery

CSV = "reconciliation.csv"


@pytest.fixture(autouse=True)
def _nothing_counted(db):
    with work(db, write=True) as tx:
        tx.execute(text("DELETE FROM attempts"))


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


def inbox(client, headers):
    items = client.get("/v1/inbox", headers=headers).json()["items"]
    return [(item["kind"], item["text"]) for item in items]


class TestCode:
    def test_is_shown_to_its_member(self, client, as_, member, code):
        told = client.get("/v1/points/code", headers=as_(member)).json()
        assert told["code"] == code(member)
        assert told["member_no"] == member.member_no
        assert told["code"].startswith(member.member_no)

    def test_is_a_picture(self, client, as_, member):
        answer = client.get("/v1/points/code/qr", headers=as_(member))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["cache-control"] == "no-store"
        assert b"<svg" in answer.content


class TestBalance:
    def test_is_told_by_code_and_leaves_it_unused(self, shop, member, code):
        shown = code(member)
        for _ in "12":
            answer = shop.get(f"balance?code={shown}")
            assert answer.json() == {"member_no": member.member_no, "spendable": 20}
        assert shop.hold(shown).status_code == 201

    def test_of_a_code_that_is_a_minute_old_is_told(self, shop, member, code):
        shown = code(member)
        clock.shift(timedelta(seconds=60))
        assert shop.get(f"balance?code={shown}").status_code == 200

    def test_of_an_old_code_is_not_and_is_not_counted(self, db, shop, member, code):
        shown = code(member)
        clock.shift(timedelta(seconds=120))
        refused(shop.get(f"balance?code={shown}"), 410, "member_code_expired")
        refused(shop.hold(shown), 410, "member_code_expired")
        with work(db, write=False) as tx:
            assert tx.scalars(select(Attempt).where(Attempt.subject == "till:shop-1")).all() == []

    def test_wrong_codes_are_counted_for_the_client_alone(self, shop, other, member, code):
        fresh_window()
        right = code(member)
        for n in range(service.WRONG_CODES):
            wrong = member.member_no + f"23456789{n:02}".replace("0", "A").replace("1", "B")
            ask = shop.get(f"balance?code={wrong}") if n % 2 else shop.hold(wrong)
            refused(ask, 404, "member_code_unknown")
        answer = shop.get(f"balance?code={right}")
        refused(answer, 429, "member_codes_too_often")
        assert int(answer.headers["retry-after"]) <= 301
        refused(shop.hold(right), 429, "member_codes_too_often")
        assert other.get(f"balance?code={right}").status_code == 200
        clock.shift(timedelta(minutes=5))
        assert shop.get(f"balance?code={code(member)}").status_code == 200

    def test_of_nobody_sounds_like_a_wrong_code(self, shop, member):
        nobody = refused(shop.get("balance?code=222222222222222222"), 404, "member_code_unknown")
        wrong = refused(
            shop.get(f"balance?code={member.member_no}2222222222"), 404, "member_code_unknown"
        )
        assert nobody["title"] == wrong["title"]

    def test_of_somebody_disabled_is_not_told(self, db, shop, member, code):
        with work(db, write=True) as tx:
            tx.execute(update(Person).where(Person.id == member.id).values(state="disabled"))
        refused(shop.get(f"balance?code={code(member)}"), 404, "member_code_unknown")

    def test_needs_its_scope(self, client, app, cast):
        form = {
            "grant_type": "client_credentials", "client_id": cast.client_id,
            "client_secret": cast.client_secret,
        }  # fmt: skip
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.post("/v1/till/holds", json={}, headers=headers)
        assert answer.status_code in {403, 422}
        answer = client.get("/v1/till/reconciliation?day=2026-11-22", headers=headers)
        refused(answer, 403, "scope_missing")


class TestHold:
    def test_holds_the_points(self, client, as_, shop, member, code, points, db):
        held = shop.held(code(member), points=7, cost_fen=650, reference="A-1")
        assert (held["state"], held["points"], held["cost_fen"]) == ("held", 7, 650)
        assert (held["member_no"], held["reference"]) == (member.member_no, "A-1")
        assert held["resolved_at"] is None
        assert points(member) == (13, 7)
        assert shop.get(f"holds/{held['id']}").json() == held
        told = inbox(client, as_(member))
        assert told[0][0] == "till.held"
        assert told[0][1].startswith("商店shop-1已冻结您的 7 积分，等待完成兑换。")

    def test_the_same_reference_in_the_same_words_is_the_same_hold(
        self, shop, member, code, points
    ):
        draft = {"code": code(member), "reference": "B-1"}
        first = shop.held(**draft)
        # A till may come back when the code has long changed, dashes and all.
        clock.shift(timedelta(minutes=9))
        again = shop.held(**{**draft, "code": draft["code"].lower()})
        assert again == first
        assert points(member) == (15, 5)
        shop.move(first, "fulfil")
        assert shop.held(**draft)["state"] == "fulfilled"

    @pytest.mark.parametrize("change", [{"points": 6}, {"cost_fen": 401}, {"code": "other"}])
    def test_the_same_reference_in_other_words_is_refused(
        self, shop, member, code, points, change, newcomer
    ):
        draft = {"code": code(member), "reference": f"C-{member.member_no}"}
        shop.held(**draft)
        if "code" in change:
            change = {"code": code(newcomer())}
        refused(shop.hold(**{**draft, **change}), 409, "reference_reused")
        assert points(member) == (15, 5)

    def test_another_store_has_references_of_its_own(self, shop, other, member, code, newcomer, db,
                                                     cast):  # fmt: skip
        friend = newcomer()
        with work(db, write=True) as tx:
            earn(tx, tx.get_one(Fund, cast.fund.id), friend, 5)
        one = shop.held(code(member), reference="D-1")
        assert other.held(code(friend), reference="D-1")["id"] != one["id"]

    def test_a_code_pays_once_at_whichever_till(self, shop, other, member, code, points):
        shown = code(member)
        shop.held(shown)
        refused(shop.hold(shown), 409, "member_code_used")
        refused(other.hold(shown), 409, "member_code_used")
        assert points(member) == (15, 5)
        clock.shift(timedelta(minutes=1))
        refused(other.hold(shown), 409, "member_code_used")
        assert other.hold(code(member)).status_code == 201

    def test_what_is_refused_uses_neither_code_nor_reference(self, shop, member, code, points):
        draft = {"code": code(member), "reference": "E-1"}
        refused(shop.hold(**draft, points=21), 409, "points_insufficient")
        refused(shop.hold(**draft, points=5, cost_fen=501), 409, "cost_exceeds_value")
        assert points(member) == (20, 0)
        assert shop.hold(**draft, points=5, cost_fen=500).status_code == 201

    def test_stores_no_code(self, db, shop, member, code):
        shown = code(member)
        held = shop.client.post(
            "/v1/till/holds", headers={**shop.headers, **key()},
            json={"code": shown, "points": 1, "cost_fen": 0, "reference": "F-1"},
        ).json()  # fmt: skip
        with work(db, write=False) as tx:
            hold = tx.get_one(TillHold, UUID(held["id"]))
            used = tx.scalars(select(MemberCode).where(MemberCode.hold_id == hold.id)).one()
            assert shown[-10:] not in used.code_hash
            for table in ("till_holds", "member_codes", "idempotency_keys", "jobs", "messages"):
                rows = repr(tx.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
                assert shown[-10:] not in rows


class TestHousehold:
    def test_a_member_spends_from_the_shared_purse(
        self, client, as_, shop, member, newcomer, code, points
    ):
        child = newcomer()
        head, second = as_(member), as_(child)
        client.post("/v1/household", json={"name": "一家"}, headers=head)
        asked = client.post(
            "/v1/household/invitations", json={"member_no": child.member_no}, headers=head
        ).json()
        client.post(f"/v1/household/invitations/{asked['id']}/accept", headers=second)
        assert shop.get(f"balance?code={code(child)}").json()["spendable"] == 20
        held = shop.held(code(child), points=8, cost_fen=700)
        assert points(member) == points(child) == (12, 8)
        shop.move(held, "fulfil")
        assert points(member) == (12, 0)


class TestFulfil:
    def test_takes_the_points_and_owes_the_store(self, client, as_, shop, member, code, points, db):
        held = shop.held(code(member), points=5, cost_fen=430)
        answer = shop.move(held, "fulfil")
        assert answer.status_code == 200
        assert answer.json()["state"] == "fulfilled"
        assert answer.json()["resolved_at"]
        assert points(member) == (15, 0)
        owed = text(
            "SELECT SUM(t.amount) FROM transfers t JOIN accounts a ON a.id = t.credit_account_id"
            " JOIN journals j ON j.id = t.journal_id"
            " WHERE a.kind = 'payable' AND a.owner = 'shop-1' AND j.source = :hold"
        )
        with work(db, write=False) as tx:
            assert tx.scalar(owed, {"hold": held["id"]}) == 430
        assert ("till.fulfilled", "您已在商店shop-1用 5 积分完成兑换。") in inbox(
            client, as_(member)
        )

    @pytest.mark.parametrize("first", ["fulfil", "cancel"])
    @pytest.mark.parametrize("second", ["fulfil", "cancel"])
    def test_happens_once(self, shop, member, code, first, second):
        held = shop.held(code(member))
        state = shop.move(held, first).json()["state"]
        problem = refused(shop.move(held, second), 409, "till_hold_resolved")
        assert problem["state"] == state

    def test_after_its_time_is_refused(self, shop, member, code, drain, points):
        held = shop.held(code(member))
        clock.shift(service.LIFE)
        refused(shop.move(held, "fulfil"), 410, "till_hold_lapsed")
        drain()
        assert shop.get(f"holds/{held['id']}").json()["state"] == "expired"
        assert points(member) == (20, 0)

    def test_of_another_store_is_not_found(self, shop, other, member, code):
        held = shop.held(code(member))
        for answer in (
            other.get(f"holds/{held['id']}"), other.move(held, "fulfil"),
            other.move(held, "cancel"),
        ):  # fmt: skip
            refused(answer, 404, "till_hold_not_found")


class TestCancel:
    def test_gives_the_points_back(self, client, as_, shop, member, code, points):
        held = shop.held(code(member))
        assert shop.move(held, "cancel").json()["state"] == "cancelled"
        assert points(member) == (20, 0)
        assert inbox(client, as_(member))[0] == (
            "till.returned", "商店shop-1冻结的 5 积分已退回您的账户。",
        )  # fmt: skip

    def test_a_replayed_key_is_answered_as_before(self, shop, member, code):
        held, headers = shop.held(code(member)), {**shop.headers, **key()}
        url = f"/v1/till/holds/{held['id']}/cancel"
        first, second = (shop.client.post(url, headers=headers) for _ in "12")
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"


class TestTimeOut:
    def test_gives_the_points_back(self, client, as_, shop, member, code, points, drain):
        held = shop.held(code(member))
        clock.shift(service.LIFE - timedelta(seconds=5))
        drain()
        assert points(member) == (15, 5)
        clock.shift(timedelta(seconds=6))
        drain()
        assert points(member) == (20, 0)
        assert shop.get(f"holds/{held['id']}").json()["state"] == "expired"
        assert inbox(client, as_(member))[0][0] == "till.returned"

    def test_leaves_alone_what_is_done(self, db, shop, member, code, drain):
        held = shop.held(code(member))
        shop.move(held, "fulfil")
        clock.shift(service.LIFE)
        drain()
        with work(db, write=True) as tx:
            service.time_out(tx, UUID(held["id"]))
        assert shop.get(f"holds/{held['id']}").json()["state"] == "fulfilled"


class TestEvents:
    def test_are_told_to_the_store_s_own_webhooks(
        self, client, as_, cast, db, shop, member, code, drain
    ):
        # What other tests left open is over before anybody listens.
        clock.shift(2 * service.LIFE)
        drain()
        made = {}
        for name in ("shop-1", "shop-2"):
            body = {
                "name": name, "url": "https://shop.example/", "region_code": "500152000000",
                "client_id": name, "events": ["hold.fulfilled", "hold.cancelled", "hold.expired"],
            }  # fmt: skip
            headers = {**as_(cast.sun), **key()}
            made[name] = client.post("/v1/webhooks", json=body, headers=headers).json()["id"]
        holds = []
        for verb in ("fulfil", "cancel", None):
            clock.shift(timedelta(minutes=1))
            holds.append(shop.held(code(member)))
            if verb:
                shop.move(holds[-1], verb)
        clock.shift(service.LIFE)
        drain()
        with work(db, write=True) as tx:
            told = [
                d.payload
                for d in tx.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
                if str(d.webhook_id) == made["shop-1"]
            ]
            theirs = WebhookDelivery.webhook_id == UUID(made["shop-2"])
            assert tx.scalars(select(WebhookDelivery).where(theirs)).all() == []
            tx.execute(update(Webhook).values(state="removed"))
        assert [t["type"] for t in told] == ["hold.fulfilled", "hold.cancelled", "hold.expired"]
        data = told[0]["data"]
        assert data["hold_id"] == holds[0]["id"]
        assert data["reference"] == holds[0]["reference"]
        assert (data["points"], data["cost_fen"], data["state"]) == (5, 400, "fulfilled")
        shown = str(told)
        assert member.member_no not in shown
        assert str(member.id) not in shown
