"""Access tokens: whatever is not ours, not whole or not in time is refused as one thing."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt

from app.identity import tokens
from app.identity.errors import TokenInvalid
from app.identity.tokens import AUDIENCE, CACHE_S, ISSUER, LIFE, MAX_LENGTH, TokenKeys, key_id
from app.kit import clock

SECRET, OTHER = "a secret of the tests, long enough: 1", "a secret of the tests, long enough: 2"
KID = key_id(SECRET)


@pytest.fixture
def keys():
    return TokenKeys({KID: SECRET})


def claims(**changes):
    now = int(clock.now().timestamp())
    plain = {"sub": "somebody", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 900}
    return {k: v for k, v in {**plain, **changes}.items() if v is not ...}


def signed(secret=SECRET, header=None, algorithm="HS256", **changes):
    headers = {"kid": KID, **(header or {})}
    return jwt.encode(claims(**changes), secret, algorithm, headers=headers)


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def by_hand(header, payload=None, signature=b""):
    """A token whose parts are anything at all; a good signature is made for its own text."""
    return f"{part(header)}.{part(claims() if payload is None else payload)}.{part(signature)}"


def hmac_signed(header, payload=None):
    text = by_hand(header, payload).rpartition(".")[0]
    return f"{text}.{part(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256))}"


class TestOurs:
    def test_what_was_issued_is_verified(self, keys):
        found = keys.verify(keys.issue("somebody", sid="7"))
        assert (found["sub"], found["sid"], found["exp"] - found["iat"]) == ("somebody", "7", 900)

    def test_by_hand_is_as_good(self, keys):
        assert keys.verify(signed())["sub"] == "somebody"
        assert keys.verify(hmac_signed({"alg": "HS256", "kid": KID}))["sub"] == "somebody"

    def test_it_lives_at_most_thirty_minutes(self):
        assert timedelta(minutes=30) >= LIFE

    @pytest.mark.parametrize(
        "secrets", [{}, {"a": "short"}, {"a": ""}, {"a": SECRET, "b": "x" * 31}]
    )
    def test_weak_secrets_are_refused_at_the_start(self, secrets):
        with pytest.raises(ValueError, match="32 bytes"):
            TokenKeys(secrets)

    def test_its_name_gives_nothing_of_the_secret_away(self):
        assert KID not in SECRET
        assert key_id(SECRET) != key_id(OTHER)


# Lone edits of a good token: what changes, for the name of the test.
BAD_CLAIMS = {
    "expired": {"exp": int(clock.now().timestamp()) - 1},
    "expires this second": {"exp": int(clock.now().timestamp())},
    "issued in the future": {"iat": int(clock.now().timestamp()) + 3600},
    "other audience": {"aud": "another-api"},
    "no audience": {"aud": ...},
    "a list without us": {"aud": ["another-api"]},
    "other issuer": {"iss": "somebody-else"},
    "no issuer": {"iss": ...},
    "no subject": {"sub": ...},
    "a subject that is no text": {"sub": 7},
    "no expiry": {"exp": ...},
    "no time of issue": {"iat": ...},
    "expiry as text": {"exp": "4102444800"},
    "expiry as a fraction": {"exp": 4102444800.5},
    "expiry true": {"exp": True},
    "expiry null": {"exp": None},
    "expiry a list": {"exp": [4102444800]},
    "issued as text": {"iat": "0"},
    "issued null": {"iat": None},
}
BAD_HEADERS = {
    "no kid": {"alg": "HS256"},
    "unknown kid": {"alg": "HS256", "kid": "0000"},
    "kid is a path": {"alg": "HS256", "kid": "../../../../dev/null"},
    "kid is SQL": {"alg": "HS256", "kid": "' OR 1=1 --"},
    "kid is a list": {"alg": "HS256", "kid": [KID]},
    "kid is an object": {"alg": "HS256", "kid": {KID: KID}},
    "kid null": {"alg": "HS256", "kid": None},
    "kid true": {"alg": "HS256", "kid": True},
    "unknown crit": {"alg": "HS256", "kid": KID, "crit": ["exp"]},
    "empty crit": {"alg": "HS256", "kid": KID, "crit": []},
    "crit null": {"alg": "HS256", "kid": KID, "crit": None},
    "no alg": {"kid": KID},
    "alg null": {"alg": None, "kid": KID},
    "alg in lower case": {"alg": "hs256", "kid": KID},
    "alg HS512": {"alg": "HS512", "kid": KID},
    "alg RS256": {"alg": "RS256", "kid": KID},
    "alg is a list": {"alg": ["HS256"], "kid": KID},
    "a list": [KID],
    "a number": 7,
    "null": None,
    "text": "HS256",
}
NOT_TOKENS = {
    "empty": "",
    "one dot": "a.b",
    "dots": "..",
    "five parts": "a.b.c.d.e",
    "not base64": "!!!.???.***",
    "not JSON": f"{part(b'x')}.{part(b'y')}.{part(b'z')}",
    "not UTF-8": f"{part(bytes([255, 254]))}.{part(bytes([255]))}.x",
    "Chinese": "令牌.令牌.令牌",
    "Latin-1": "\xe9.\xe9.\xe9",
    "NUL": "\0.\0.\0",
    "brackets in the header": f"{part(b'[' * 1400)}.x.x",
    "objects in the header": part(b'{"a":' * 250) + ".x.x",
    "brackets in the claims": by_hand({"alg": "HS256", "kid": KID}, b"[" * 1300),
    "a number without end": by_hand({"alg": "HS256", "kid": KID}, b'{"exp":' + b"9" * 1300 + b"}"),
    "infinity": by_hand({"alg": "HS256", "kid": KID}, b'{"exp": Infinity}'),
    "huge": "a" * 1_000_000,
    "huge with parts": f"{'a' * 400_000}.{'b' * 400_000}.c",
}


class TestNotOurs:
    @pytest.mark.parametrize("what", BAD_CLAIMS)
    def test_claims(self, keys, what):
        with pytest.raises(TokenInvalid):
            keys.verify(signed(**BAD_CLAIMS[what]))

    @pytest.mark.parametrize("what", BAD_HEADERS)
    def test_headers_although_well_signed(self, keys, what):
        with pytest.raises(TokenInvalid):
            keys.verify(hmac_signed(BAD_HEADERS[what]))

    @pytest.mark.parametrize("what", NOT_TOKENS)
    def test_not_even_a_token(self, keys, what):
        with pytest.raises(TokenInvalid):
            keys.verify(NOT_TOKENS[what])

    @pytest.mark.parametrize("payload", [[], "x", 7, None, [claims()], {}])
    def test_claims_that_are_no_object(self, keys, payload):
        header = {"alg": "HS256", "kid": KID}
        with pytest.raises(TokenInvalid):
            keys.verify(hmac_signed(header, json.dumps(payload).encode()))

    @pytest.mark.parametrize("bomb", [b"[" * 1300, b'{"a":' * 260, b"9" * 1300])
    def test_bombs_although_well_signed(self, keys, bomb):
        with pytest.raises(TokenInvalid):
            keys.verify(hmac_signed({"alg": "HS256", "kid": KID}, bomb))

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
    def test_no_signature_at_all(self, keys, algorithm):
        with pytest.raises(TokenInvalid):
            keys.verify(by_hand({"alg": algorithm, "kid": KID}))

    def test_another_key(self, keys):
        with pytest.raises(TokenInvalid):
            keys.verify(signed(OTHER))

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_our_key_by_another_algorithm(self, keys, algorithm):
        with pytest.raises(TokenInvalid):
            keys.verify(signed(algorithm=algorithm))

    def test_our_key_under_anothers_name(self):
        """Two keys verify; the name in the header picks one, never both."""
        both = TokenKeys({KID: SECRET, key_id(OTHER): OTHER})
        with pytest.raises(TokenInvalid):
            both.verify(signed(OTHER))
        assert both.verify(signed(OTHER, {"kid": key_id(OTHER)}))

    def test_an_asymmetric_signature_with_our_name(self, keys):
        """Key confusion the other way round: we never look at another algorithm's key."""
        private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )  # fmt: skip
        with pytest.raises(TokenInvalid):
            keys.verify(signed(private.decode(), algorithm="ES256"))

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_one_changed_character(self, keys, place):
        parts = keys.issue("somebody").split(".")
        middle = len(parts[place]) // 2
        other = "A" if parts[place][middle] != "A" else "B"
        parts[place] = parts[place][:middle] + other + parts[place][middle + 1 :]
        with pytest.raises(TokenInvalid):
            keys.verify(".".join(parts))

    def test_the_claims_of_one_with_the_signature_of_another(self, keys):
        head, _, signature = keys.issue("somebody").split(".")
        with pytest.raises(TokenInvalid):
            keys.verify(f"{head}.{part(claims(sub='administrator'))}.{signature}")

    def test_longer_than_ours_ever_are(self, keys):
        long = signed(padding="x" * MAX_LENGTH)
        assert len(keys.issue("client:" + "x" * 64, scope="points:read " * 4)) < MAX_LENGTH
        with pytest.raises(TokenInvalid):
            keys.verify(long)


class TestMemory:
    """A verified token is remembered for a minute, and never past its end."""

    def test_it_expires_to_the_second(self, keys):
        token = keys.issue("somebody")
        keys.verify(token)
        clock.shift(LIFE - timedelta(seconds=2))
        keys.verify(token)
        clock.shift(timedelta(seconds=2))
        with pytest.raises(TokenInvalid):
            keys.verify(token)

    def test_one_that_ends_within_the_minute(self, keys):
        token = signed(exp=int(clock.now().timestamp()) + 10)
        keys.verify(token)
        clock.shift(timedelta(seconds=11))
        with pytest.raises(TokenInvalid):
            keys.verify(token)

    def test_a_clock_set_back_does_not_make_it_older_than_its_issue(self, keys):
        token = keys.issue("somebody")
        clock.shift(-timedelta(days=1))
        with pytest.raises(TokenInvalid):
            keys.verify(token)

    def test_after_the_minute_it_is_looked_at_again(self, keys, monkeypatch):
        token = keys.issue("somebody")
        keys.verify(token)
        monkeypatch.setattr(keys, "_secrets", {})
        keys.verify(token)
        clock.shift(timedelta(seconds=CACHE_S + 1))
        with pytest.raises(TokenInvalid):
            keys.verify(token)

    def test_a_refusal_is_not_remembered_as_good(self, keys):
        token = signed(OTHER)
        for _ in range(2):
            with pytest.raises(TokenInvalid):
                keys.verify(token)

    def test_it_does_not_grow_without_end(self, keys, monkeypatch):
        monkeypatch.setattr(tokens, "CACHE_SIZE", 3)
        for n in range(6):
            keys.verify(keys.issue(f"person {n}"))
        assert len(keys._seen) == 3


class TestRotation:
    def test_the_previous_secret_verifies_and_the_first_signs(self):
        old = TokenKeys({KID: SECRET})
        new = TokenKeys({key_id(OTHER): OTHER, KID: SECRET})
        assert new.verify(old.issue("somebody"))["sub"] == "somebody"
        with pytest.raises(TokenInvalid):
            old.verify(new.issue("somebody"))

    def test_once_it_is_gone_its_tokens_are_too(self):
        token = TokenKeys({KID: SECRET}).issue("somebody")
        with pytest.raises(TokenInvalid):
            TokenKeys({key_id(OTHER): OTHER}).verify(token)


class TestOverHttp:
    @pytest.mark.parametrize("what", [*BAD_HEADERS, *NOT_TOKENS])
    def test_each_is_one_and_the_same_401(self, client, what):
        token = NOT_TOKENS.get(what) or hmac_signed(BAD_HEADERS.get(what))
        if len(token) > 10_000:
            token = token[:10_000]
        headers = {"Authorization": b"Bearer " + token.encode()}
        answer = client.get("/v1/me", headers=headers)
        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] in {"token_invalid", "unauthenticated"}
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
    def test_the_scheme_in_any_case(self, client, cast, sign_in, scheme):
        headers = {"Authorization": f"{scheme} {sign_in(cast.liu_bo).access_token}"}
        assert client.get("/v1/me", headers=headers).status_code == 200

    @pytest.mark.parametrize("scheme", ["", "Basic", "Token", "Bearer:"])
    def test_another_scheme(self, client, cast, sign_in, scheme):
        headers = {"Authorization": f"{scheme} {sign_in(cast.liu_bo).access_token}"}
        assert client.get("/v1/me", headers=headers).status_code == 401
