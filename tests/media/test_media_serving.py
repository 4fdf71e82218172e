"""A photo is served whole, in part, or not again; the answer says which."""

import hashlib

import pytest
from flows.story import picture
from matrix.stage import *  # noqa: F403 - this module's stage
from matrix.stage import _quick  # noqa: F401


@pytest.fixture(scope="module")
def shown(client, as_, newcomer):
    """A photo's address and what lies there."""
    files = {"file": ("p.jpg", picture(), "image/jpeg")}
    made = client.post("/v1/photos", files=files, headers=as_(newcomer())).json()
    url = made["urls"]["thumb"]
    return url, client.get(url).content


class TestWhole:
    def test_says_what_it_is_and_how_long_it_is_good(self, client, shown):
        url, whole = shown
        answer = client.get(url)
        assert answer.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()[:32]}"'
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-length"] == str(len(whole))
        assert answer.headers["cache-control"] == "private, max-age=1800, immutable"

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    def test_known_is_not_sent_again(self, client, shown, form):
        url, _ = shown
        tag = client.get(url).headers["etag"]
        answer = client.get(url, headers={"If-None-Match": form.format(tag)})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"].startswith("private")

    def test_another_tag_is_no_reason(self, client, shown):
        url, whole = shown
        assert client.get(url, headers={"If-None-Match": '"other"'}).content == whole

    def test_a_tag_opens_no_wrong_address(self, client, shown):
        url, _ = shown
        answer = client.get(url[:-2] + "xx", headers={"If-None-Match": "*"})
        assert answer.status_code == 403


class TestParts:
    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            ("bytes=0-0", slice(0, 1)),
            ("bytes=10-19", slice(10, 20)),
            ("bytes=10-", slice(10, None)),
            ("bytes=-10", slice(-10, None)),
            ("bytes=-99999999", slice(0, None)),
            ("bytes=10-99999999", slice(10, None)),
        ],
    )
    def test_one_range(self, client, shown, asked, part):
        url, whole = shown
        answer = client.get(url, headers={"Range": asked})
        first, last, _ = part.indices(len(whole))
        assert (answer.status_code, answer.content) == (206, whole[part])
        assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"
        assert answer.headers["content-length"] == str(last - first)

    @pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=99999999-99999999"])
    def test_beyond_the_end(self, client, shown, asked):
        url, whole = shown
        answer = client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{len(whole)}"

    @pytest.mark.parametrize(
        "asked", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "pages=1-2", "bytes=a-b", "bytes=１-２"]
    )
    def test_what_is_not_one_range_gets_it_all(self, client, shown, asked):
        url, whole = shown
        answer = client.get(url, headers={"Range": asked.encode()})
        assert (answer.status_code, answer.content) == (200, whole)

    def test_a_part_of_another_file_is_not_continued(self, client, shown):
        url, whole = shown
        headers = {"Range": "bytes=10-19", "If-Range": '"other"'}
        assert client.get(url, headers=headers).content == whole
