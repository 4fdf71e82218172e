"""POST policies: a form that lets a client put one object into a store, and no other."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from app.media.remote import Place

Fields = dict[str, str]


class Permission(NamedTuple):
    """One object of 1 to `most_bytes` bytes under that key of the bucket, from `at` to `until`."""

    key: str
    at: datetime
    until: datetime
    most_bytes: int


def can_sign(place: Place) -> bool:
    """Whether forms of that store are known here; of OSS one is for a region, which must be set."""
    return place.service in FORMS and bool(place.region or place.service == "cos")


def form(place: Place, given: Permission) -> tuple[str, Fields]:
    """The address and the fields of a form; raises KeyError of a store that FORMS does not know."""
    return FORMS[place.service](place, given)


def _s3(place: Place, given: Permission) -> tuple[str, Fields]:
    """Source: Amazon S3 API reference, "POST Policy" and "Calculating a Signature (SigV4)"."""
    scope = (f"{given.at:%Y%m%d}", place.region, "s3", "aws4_request")
    fields = {
        "key": _path(place, given),
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "/".join((place.key, *scope)),
        "x-amz-date": f"{given.at:%Y%m%dT%H%M%SZ}",
    }
    policy = _base64(_policy(place, given, fields))
    signature = sign_day("AWS4" + place.secret, scope, policy)
    return f"{place.endpoint}/{place.bucket}", {
        **fields, "policy": policy, "x-amz-signature": signature,
    }  # fmt: skip


def _oss(place: Place, given: Permission) -> tuple[str, Fields]:
    """Source: OSS developer reference, "A V4 signature in a PostObject request"."""
    scope = (f"{given.at:%Y%m%d}", place.region, "oss", "aliyun_v4_request")
    fields = {
        "key": _path(place, given),
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": "/".join((place.key, *scope)),
        "x-oss-date": f"{given.at:%Y%m%dT%H%M%SZ}",
    }
    policy = _base64(_policy(place, given, fields))
    signature = sign_day("aliyun_v4" + place.secret, scope, policy)
    return _host(place), {**fields, "policy": policy, "x-oss-signature": signature}


def _cos(place: Place, given: Permission) -> tuple[str, Fields]:
    """Source: COS API reference, "POST Object", 签名保护."""
    times = f"{given.at.timestamp():.0f};{given.until.timestamp():.0f}"
    fields = {
        "key": _path(place, given), "q-sign-algorithm": "sha1", "q-ak": place.key,
    }  # fmt: skip
    # In the policy the time has another name than in the form.
    policy = _policy(place, given, {**fields, "q-sign-time": times})
    return _host(place), {
        **fields, "q-key-time": times, "policy": _base64(policy),
        "q-signature": sign_times(place.secret, times, policy),
    }  # fmt: skip


FORMS: dict[str, Callable[[Place, Permission], tuple[str, Fields]]] = {
    "s3": _s3, "oss": _oss, "cos": _cos,
}  # fmt: skip


def sign_day(secret: str, scope: tuple[str, ...], policy: str) -> str:
    """The signature of a policy in Base64; the key is good for a day, a region and a service."""
    key = secret.encode()
    for part in (*scope, policy):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def sign_times(secret: str, times: str, policy: str) -> str:
    """The signature of a policy as text; the key is good from one time to the other."""
    key = hmac.digest(secret.encode(), times.encode(), "sha1").hex()
    digest = hashlib.sha1(policy.encode(), usedforsecurity=False).hexdigest()
    return hmac.digest(key.encode(), digest.encode(), "sha1").hex()


def _policy(place: Place, given: Permission, fields: Fields) -> str:
    conditions: list[Any] = [
        {"bucket": place.bucket}, *({name: value} for name, value in fields.items()),
        ["content-length-range", 1, given.most_bytes],
    ]  # fmt: skip
    expiration = f"{given.until:%Y-%m-%dT%H:%M:%S.000Z}"
    return json.dumps({"expiration": expiration, "conditions": conditions})


def _path(place: Place, given: Permission) -> str:
    return f"{place.root}/{given.key}".lstrip("/")


def _host(place: Place) -> str:
    """The address of a bucket that stands before the name of its store."""
    scheme, host = urlsplit(place.endpoint)[:2]
    return f"{scheme}://{place.bucket}.{host}"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
