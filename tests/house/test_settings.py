"""Settings: documented, and refused in production when they are weak."""

import re

import pytest
from fastapi.testclient import TestClient
from house.sources import ROOT
from pydantic import ValidationError

from app.furniture import reach_of
from app.main import create_app
from app.settings import DEVELOPMENT_SECRET, Settings

SECRETS = ("token_secret", "media_secret", "code_secret", "seal_secret")
STRONG = {
    **{name: f"{name}-Zk3vQ9xW7rT2mL8nB4cY6hJ1" for name in SECRETS},
    "wechat_appid": "wx-real",
    "wechat_secret": "a-secret-of-wechat",
}


@pytest.fixture
def production(tmp_path, monkeypatch):
    """Makes the settings of a production with a few of them changed."""
    monkeypatch.chdir(tmp_path)

    def make(**changed) -> Settings:
        url = f"sqlite:///{tmp_path}/xinxin.db"
        return Settings(**{"database_url": url, **STRONG, **changed}, _env_file=None)

    return make


def serve(settings: Settings, request) -> TestClient:
    app = create_app(settings)
    request.addfinalizer(app.state.db.close)
    return TestClient(app, raise_server_exceptions=False)


def test_every_setting_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\|([^|]*`XINXIN_[^|]*)\|", readme, re.MULTILINE)
    named = set(re.findall(r"`(XINXIN_\w+)`", " ".join(first_cells)))
    assert named == {f"XINXIN_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_says_what_it_is():
    assert [n for n, field in Settings.model_fields.items() if not field.description] == []


class TestProduction:
    def test_is_what_nobody_chose(self, production):
        assert production().environment == "production"

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize(
        "weak",
        [
            "", "short", "x" * 64, "abababab" * 8, "p" * 31,
            DEVELOPMENT_SECRET + "tokens", DEVELOPMENT_SECRET + "Zk3vQ9xW7rT2mL8nB4cY6hJ1",
        ],
    )  # fmt: skip
    def test_refuses_a_weak_secret(self, production, name, weak):
        with pytest.raises(ValidationError, match=f"XINXIN_{name.upper()}"):
            production(**{name: weak})

    @pytest.mark.parametrize("name", SECRETS)
    def test_refuses_a_missing_secret(self, name, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        given = {key: value for key, value in STRONG.items() if key != name}
        with pytest.raises(ValidationError, match=f"XINXIN_{name.upper()}"):
            Settings(**given, _env_file=None)

    @pytest.mark.parametrize("name", ["wechat_appid", "wechat_secret"])
    def test_refuses_to_go_without_wechat(self, production, name):
        with pytest.raises(ValidationError, match="XINXIN_WECHAT"):
            production(**{name: ""})

    def test_refuses_webhooks_into_the_inner_network(self, production):
        with pytest.raises(ValidationError, match="XINXIN_WEBHOOK_PRIVATE_ALLOWED"):
            production(webhook_private_allowed=True)

    def test_webhooks_reach_only_open_https_addresses(self, production):
        reach = reach_of(production())
        assert (reach.plain, reach.private) == (False, False)

    def test_never_shows_a_secret(self, production):
        shown = repr(production()) + str(production().model_dump())
        assert not any(STRONG[name] in shown for name in (*SECRETS, "wechat_secret"))

    def test_has_no_sign_in_for_development(self, production, request):
        client = serve(production(), request)
        body = {"member": "liu-bo"}
        # The guard lets nobody through to a path that is not open, present or not.
        assert client.post("/v1/auth/development", json=body).status_code == 401
        paths = client.app.openapi()["paths"]
        assert "/v1/auth/wechat" in paths
        assert "/v1/auth/development" not in paths

    @pytest.mark.parametrize(("docs", "status"), [(None, 404), (False, 404), (True, 200)])
    def test_serves_documents_only_when_told_to(self, production, request, docs, status):
        client = serve(production(docs=docs), request)
        for path in ("/docs", "/openapi.json"):
            assert client.get(path).status_code == status


class TestDevelopment:
    @pytest.fixture
    def development(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        url = f"sqlite:///{tmp_path}/xinxin.db"
        return Settings(environment="development", database_url=url, _env_file=None)

    def test_needs_no_secrets_and_has_its_sign_in(self, development, request):
        client = serve(development, request)
        assert "/v1/auth/development" in client.app.openapi()["paths"]

    def test_serves_documents_without_the_internet(self, development, request):
        client = serve(development, request)
        page = client.get("/docs")
        assert page.status_code == 200
        assert "'self'" in page.headers["content-security-policy"]
        for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert link.startswith("/docs/")
            assert client.get(link).status_code == 200
