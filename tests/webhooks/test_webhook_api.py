"""Webhooks over HTTP: who may, what is refused, what is written, and that secrets stay secret."""

from uuid import UUID

import pytest
from cast import DISTRICT, GRID, STREET, VILLAGE
from flows.story import key
from sqlalchemy import select, text

from app.identity import service as identity
from app.identity.models import Role
from app.kit.actions import StaffAction
from app.kit.db import work
from app.regions.schemas import RegionDraft
from app.regions.service import import_regions
from app.webhooks import service
from app.webhooks.models import Event, Webhook, WebhookDelivery
from app.webhooks.rules import Reach

pytestmark = pytest.mark.usefixtures("nothing_left")
ELSEWHERE = "500231000000"
DRAFT = {
    "name": "商户", "url": "https://shop.example/hooks", "events": ["hold.fulfilled"],
    "region_code": DISTRICT,
}  # fmt: skip


@pytest.fixture(scope="module")
def far(db, newcomer):
    """Headers' person: the administrator of another district."""
    with work(db, write=True) as tx:
        import_regions(tx, [RegionDraft(ELSEWHERE, "垫江县", "垫江县", 0, "县", None)])
        identity.add_client(tx, "far-till", "垫江收银台", ["points:hold"], ELSEWHERE)
    return newcomer((Role.ADMINISTRATOR, ELSEWHERE))


@pytest.fixture
def local(newcomer, as_):
    """Headers of an administrator of the village alone."""
    return as_(newcomer((Role.ADMINISTRATOR, VILLAGE)))


def row(db, made):
    with work(db, write=False) as tx:
        return tx.get_one(Webhook, UUID(made["id"]))


def actions_on(db, made):
    with work(db, write=False) as tx:
        query = select(StaffAction.action).where(StaffAction.object_id == made["id"])
        return list(tx.scalars(query.order_by(StaffAction.at, StaffAction.id)))


class TestAdd:
    def test_tells_the_secret_once(self, client, sun, db, app, hook, seen):
        made = hook(name="收银", events=["hold.expired", "hold.expired", "test.sent"])
        assert made["secret"].startswith("whsec_")
        assert made["events"] == ["hold.expired", "test.sent"]
        assert (made["state"], made["failures"], made["old_secret_until"]) == ("active", 0, None)
        assert "secret" not in seen(made)
        listed = client.get("/v1/webhooks", headers=sun()).text
        assert made["id"] in listed
        assert "whsec_" not in listed
        stored = row(db, made)
        assert made["secret"] not in stored.secret
        assert app.state.seal.open(stored.secret) == made["secret"]
        assert actions_on(db, made) == ["webhook.added"]

    def test_sent_again_tells_no_secret(self, client, sun):
        headers = sun()
        first, second = (client.post("/v1/webhooks", json=DRAFT, headers=headers) for _ in "12")
        assert second.headers["idempotency-replayed"] == "true"
        assert second.json() == {**first.json(), "secret": None}

    def test_stores_no_secret_with_the_answer(self, client, sun, db):
        made = client.post("/v1/webhooks", json=DRAFT, headers=sun()).json()
        with work(db, write=False) as tx:
            for table in ("idempotency_keys", "webhooks", "staff_actions", "jobs"):
                dump = repr(tx.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
                assert made["secret"] not in dump

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"region_code": "999"}, "region_unknown"),
            ({"client_id": "nobody"}, "client_unknown"),
            ({"client_id": "far-till"}, "client_unknown"),
            ({"url": "ftp://shop.example/"}, "address_refused"),
            ({"url": "https://u:p@shop.example/"}, "address_refused"),
        ],
    )
    def test_refuses(self, client, sun, far, change, code):
        answer = client.post("/v1/webhooks", json={**DRAFT, **change}, headers=sun())
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_outside_development_only_https_and_no_inner_address(self, client, sun, app):
        before, app.state.webhook_reach = app.state.webhook_reach, Reach()
        for url in ("http://shop.example/", "https://127.0.0.1/", "https://[::1]/"):
            answer = client.post("/v1/webhooks", json={**DRAFT, "url": url}, headers=sun())
            assert answer.json()["code"] == "address_refused"
        answer = client.post("/v1/webhooks", json=DRAFT, headers=sun())
        app.state.webhook_reach = before
        assert answer.status_code == 201

    def test_of_a_region_that_one_does_not_administer_is_forbidden(self, client, local):
        answer = client.post("/v1/webhooks", json=DRAFT, headers={**local, **key()})
        assert (answer.status_code, answer.json()["code"]) == (403, "webhook_forbidden")
        below = {**DRAFT, "region_code": GRID}
        assert client.post("/v1/webhooks", json=below, headers=local).status_code == 201


class TestGet:
    def test_of_another_district_is_not_found(self, client, as_, far, hook):
        made, headers = hook(), as_(far)
        for what in ("", "/deliveries"):
            answer = client.get(f"/v1/webhooks/{made['id']}{what}", headers=headers)
            assert answer.json()["code"] == "webhook_not_found"
        assert client.get("/v1/webhooks", headers=headers).json()["items"] == []

    def test_of_the_region_above_is_not_found(self, client, local, hook):
        assert client.get(f"/v1/webhooks/{hook()['id']}", headers=local).status_code == 404

    def test_comes_in_pages(self, client, sun, hook):
        made = [hook()["id"] for _ in range(3)]
        first = client.get("/v1/webhooks?limit=2", headers=sun()).json()
        cursor = first["next_cursor"]
        rest = client.get(f"/v1/webhooks?limit=2&cursor={cursor}", headers=sun()).json()
        assert [h["id"] for h in first["items"] + rest["items"]] == made[::-1]
        assert rest["next_cursor"] is None


class TestChange:
    def change(self, client, sun, made, **draft):
        url = f"/v1/webhooks/{made['id']}"
        return client.put(url, json={**DRAFT, **draft}, headers=sun())

    def test_keeps_the_secret(self, client, sun, db, hook):
        made = hook()
        secret = row(db, made).secret
        answer = self.change(client, sun, made, name="新名", client_id="till-1", active=False)
        assert answer.json()["state"] == "paused"
        after = row(db, made)
        assert (after.name, after.url) == ("新名", DRAFT["url"])
        assert (after.client_id, after.secret) == ("till-1", secret)
        assert actions_on(db, made) == ["webhook.added", "webhook.changed"]
        assert "whsec_" not in answer.text

    def test_into_a_region_that_one_does_not_administer_is_forbidden(self, client, local, hook):
        made = hook(region_code=GRID)
        answer = client.put(
            f"/v1/webhooks/{made['id']}", json={**DRAFT, "region_code": STREET}, headers=local
        )
        assert answer.json()["code"] == "webhook_forbidden"

    def test_of_another_district_is_not_found(self, client, as_, far, hook):
        answer = client.put(f"/v1/webhooks/{hook()['id']}", json=DRAFT, headers=as_(far))
        assert answer.status_code == 404


class TestRotate:
    def test_gives_a_new_secret_and_keeps_the_old_for_a_day(self, client, sun, db, app, hook, seen):
        made = hook()
        headers = sun()
        answer = client.post(f"/v1/webhooks/{made['id']}/rotate", headers=headers)
        new = answer.json()["secret"]
        assert new not in {None, made["secret"]}
        assert answer.json()["old_secret_until"]
        stored = row(db, made)
        opened = [app.state.seal.open(s) for s in (stored.secret, stored.old_secret)]
        assert opened == [new, made["secret"]]
        again = client.post(f"/v1/webhooks/{made['id']}/rotate", headers=headers).json()
        assert again["secret"] is None
        assert row(db, made).secret == stored.secret
        assert "whsec_" not in str(seen(made))
        assert actions_on(db, made)[-1] == "webhook.rotated"


class TestDelete:
    def test_ends_it_and_forgets_the_secrets(self, client, sun, db, hook):
        made = hook()
        client.post(f"/v1/webhooks/{made['id']}/test", headers=sun())
        answer = client.delete(f"/v1/webhooks/{made['id']}", headers=sun())
        assert answer.status_code == 204
        assert client.get(f"/v1/webhooks/{made['id']}", headers=sun()).status_code == 404
        assert client.delete(f"/v1/webhooks/{made['id']}", headers=sun()).status_code == 404
        stored = row(db, made)
        assert (stored.state, stored.secret, stored.old_secret) == ("removed", "", None)
        with work(db, write=False) as tx:
            told = tx.scalars(
                select(WebhookDelivery).where(WebhookDelivery.webhook_id == stored.id)
            )
            assert [(d.state, d.last_error) for d in told] == [("given_up", "webhook_removed")]


class TestTest:
    def test_is_queued_whatever_the_webhook_wants(self, client, sun, hook, seen):
        made = hook()
        answer = client.post(f"/v1/webhooks/{made['id']}/test", headers=sun())
        assert answer.status_code == 201
        assert (answer.json()["event"], answer.json()["state"]) == ("test.sent", "waiting")
        assert seen(made, "/deliveries") == [answer.json()]

    def test_of_a_paused_one_is_refused(self, client, sun, hook):
        made = hook(active=False)
        answer = client.post(f"/v1/webhooks/{made['id']}/test", headers=sun())
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_paused")


class TestPublish:
    def told(self, db, event, region, client_id=None):
        """The names of the webhooks that are told of an event."""
        with work(db, write=True) as tx:
            service.publish(tx, event, {"n": 1}, region, client_id=client_id)
        with work(db, write=False) as tx:
            query = (
                select(Webhook.name)
                .join(WebhookDelivery, WebhookDelivery.webhook_id == Webhook.id)
                .where(WebhookDelivery.state == "waiting")
            )
            return sorted(tx.scalars(query))

    def test_reaches_those_above_the_place_that_want_it(self, db, hook):
        hook(name="district")
        hook(name="grid", region_code=GRID)
        hook(name="other event", events=["hold.expired"])
        hook(name="paused", active=False)
        village = f"/{DISTRICT}/{STREET}/{VILLAGE}/"
        assert self.told(db, "hold.fulfilled", village) == ["district"]

    def test_of_a_client_reaches_no_other_client(self, db, hook):
        with work(db, write=True) as tx:
            if (
                not tx.connection()
                .exec_driver_sql("SELECT 1 FROM api_clients WHERE id = 'shop-9'")
                .first()
            ):
                identity.add_client(tx, "shop-9", "商户", ["points:hold"], DISTRICT)
        hook(name="all")
        hook(name="mine", client_id="till-1")
        hook(name="theirs", client_id="shop-9")
        told = self.told(db, "hold.fulfilled", f"/{DISTRICT}/", client_id="till-1")
        assert told == ["all", "mine"]

    def test_of_nobody_s_client_reaches_all(self, db, hook):
        hook(name="all", events=["notice.published"])
        hook(name="mine", client_id="till-1", events=["notice.published"])
        assert self.told(db, "notice.published", f"/{DISTRICT}/") == ["all", "mine"]

    def test_of_an_unknown_event_is_a_fault(self, db):
        with pytest.raises(ValueError, match="made"), work(db, write=True) as tx:
            service.publish(tx, "made.up", {}, f"/{DISTRICT}/")

    def test_has_a_list_of_events(self):
        assert {e.value for e in Event} == {
            "redemption.fulfilled", "hold.fulfilled", "hold.cancelled", "hold.expired",
            "hold.refunded", "notice.published", "points.settled", "test.sent",
        }  # fmt: skip
