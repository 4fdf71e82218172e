"""The form of a POST policy: signed as the stores' own examples, and allowing one object only."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.media.remote import Place, place_of
from app.uploads import policies
from app.uploads.policies import Permission

# "Example: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)", Amazon S3 API
# reference: the policy as published, line ends and all, and the signature that is printed there.
EXAMPLE = """\
{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}""".replace("\n", "\r\n")
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNATURE = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
# "POST Object", 签名保护实际案例, COS API reference.
COS_EXAMPLE = """\
{
    "expiration": "2019-08-30T09:38:12.414Z",
    "conditions": [
        { "acl": "default" },
        { "bucket": "examplebucket-1250000000" },
        [ "starts-with", "$key", "folder/subfolder/" ],
        [ "starts-with", "$Content-Type", "image/" ],
        [ "starts-with", "$success_action_redirect", "https://my.website/" ],
        [ "eq", "$x-cos-server-side-encryption", "AES256" ],
        { "q-sign-algorithm": "sha1" },
        { "q-ak": "AKIDQjz3ltompVjBni5LitkWHFlFpwkn9U5q" },
        { "q-sign-time": "1567150692;1567157892" }
    ]
}"""
COS_SECRET = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz"
COS_SIGNATURE = "7758dc9a832e9d301dca704cacbf9d9f8172fdef"
# No example is published for OSS: this is what its own SDK (ali-oss 6.23.0) signs.
OSS_EXAMPLE = (
    '{"expiration":"2026-11-22T04:15:06.000Z","conditions":'
    '[{"bucket":"photos"},["content-length-range",1,1000]]}'
)
OSS_SIGNATURE = "e2d4ff8260cc745789af50409ca62c2a59827e4acdbe4317c0223295b7d1a01e"
AT = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
GIVEN = Permission("incoming/1", AT, AT + timedelta(minutes=10), 1000)
PLACE = Place("s3", "photos", "https://store.example.com", "cn-1", "xin", "AKID", SECRET)
# What signs a form stands in no condition.
SIGNED_BY = {"policy", "x-amz-signature", "x-oss-signature", "q-signature"}


def in_base64(policy):
    return base64.b64encode(policy.encode()).decode()


class TestSignatures:
    def test_of_s3(self):
        scope = ("20151229", "us-east-1", "s3", "aws4_request")
        assert policies.sign_day("AWS4" + SECRET, scope, in_base64(EXAMPLE)) == SIGNATURE

    def test_of_cos(self):
        times = "1567150692;1567157892"
        assert policies.sign_times(COS_SECRET, times, COS_EXAMPLE) == COS_SIGNATURE

    def test_of_oss(self):
        scope, secret = ("20261122", "cn-hangzhou", "oss", "aliyun_v4_request"), "aliyun_v4"
        policy = in_base64(OSS_EXAMPLE)
        signature = policies.sign_day(secret + "a-secret-of-the-tests", scope, policy)
        assert signature == OSS_SIGNATURE


@pytest.mark.parametrize("service", sorted(policies.FORMS))
class TestForm:
    def test_allows_one_key_of_a_bounded_size_for_a_while(self, service):
        _, fields = policies.form(replace(PLACE, service=service), GIVEN)
        policy = json.loads(base64.b64decode(fields["policy"]))
        assert policy["expiration"] == "2026-11-22T04:15:06.000Z"
        conditions = policy["conditions"]
        assert ["content-length-range", 1, 1000] in conditions
        assert {"bucket": "photos"} in conditions
        assert {"key": "xin/incoming/1"} in conditions
        # The store refuses a field that no condition names, and a condition without its field.
        said = {name: value for one in conditions if isinstance(one, dict)
                for name, value in one.items() if name != "bucket"}  # fmt: skip
        if "q-sign-time" in said:
            said["q-key-time"] = said.pop("q-sign-time")
        assert said == {name: fields[name] for name in set(fields) - SIGNED_BY}

    def test_gives_no_secret_away(self, service):
        assert SECRET not in json.dumps(policies.form(replace(PLACE, service=service), GIVEN))


def test_where_no_form_can_be_signed():
    assert [service for service in ("s3", "cos", "oss", "obs") if not policies.can_sign(
        place_of(f"{service}://photos?endpoint=https://store.example.com", "AKID", SECRET)
    )] == ["oss", "obs"]  # fmt: skip
    url = "oss://photos?endpoint=https://store.example.com&region=cn-hangzhou"
    assert policies.can_sign(place_of(url, "AKID", SECRET))


class TestEach:
    def test_s3(self):
        url, fields = policies.form(PLACE, GIVEN)
        assert url == "https://store.example.com/photos"
        assert fields["x-amz-credential"] == "AKID/20261122/cn-1/s3/aws4_request"
        scope = ("20261122", "cn-1", "s3", "aws4_request")
        signature = policies.sign_day("AWS4" + SECRET, scope, fields["policy"])
        assert fields["x-amz-signature"] == signature

    def test_oss(self):
        url, fields = policies.form(replace(PLACE, service="oss"), GIVEN)
        assert url == "https://photos.store.example.com"
        assert fields["x-oss-credential"] == "AKID/20261122/cn-1/oss/aliyun_v4_request"
        assert fields["x-oss-date"] == "20261122T040506Z"
        scope = ("20261122", "cn-1", "oss", "aliyun_v4_request")
        signature = policies.sign_day("aliyun_v4" + SECRET, scope, fields["policy"])
        assert fields["x-oss-signature"] == signature

    def test_cos(self):
        url, fields = policies.form(replace(PLACE, service="cos"), GIVEN)
        assert url == "https://photos.store.example.com"
        assert fields["q-key-time"] == "1795320306;1795320906"
        policy = base64.b64decode(fields["policy"]).decode()
        signature = policies.sign_times(SECRET, fields["q-key-time"], policy)
        assert fields["q-signature"] == signature
