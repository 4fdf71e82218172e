"""Whoever stands behind a case, or looks after it, hears that it was merged, and when that ends."""

import pytest
from cast import INSIDE
from flows.story import key, moved
from relations_build import inbox, joined


class TestEveryoneIsTold:
    """A merge and its undoing, of a case behind which two people stand."""

    @pytest.fixture
    def pair(self, client, desk, as_, drain, newcomer):
        """Two cases of GRID, and the headers of both reporters of the second."""

        def made():
            one = desk.reported(INSIDE)
            only = desk.liu
            other = desk.reported(INSIDE)
            both = [desk.liu, as_(newcomer())]
            joined(client, both[1], drain, other["number"], INSIDE)
            return one, only, other, both

        return made

    def staff(self, client, headers, case):
        """What staff were told of a case: kinds, the newest first."""
        items = client.get("/v1/inbox", headers=headers, params={"limit": 100}).json()["items"]
        about = [m for m in items if m["subject"].split("/")[0] == case["number"]]
        return [m["kind"] for m in about if m["kind"].startswith("case.m") or "unm" in m["kind"]]

    def test_of_the_merge(self, client, desk, drain, pair):
        one, only, other, both = pair()
        moved(client, desk.qian, other, "merge", into=one["number"])
        drain()
        for headers in both:
            assert inbox(client, headers).count("report.merged") == 1
            told = client.get("/v1/inbox", headers=headers).json()["items"]
            (text,) = [m["text"] for m in told if m["kind"] == "report.merged"]
            assert one["number"] in text
        assert "report.merged" not in inbox(client, only)
        # Wang, whose grid it is, need not look at it any more; Qian did it.
        assert self.staff(client, desk.wang, other) == ["case.merged"]
        assert self.staff(client, desk.wang, one) == []
        assert self.staff(client, desk.qian, other) == []

    def test_of_its_undoing(self, client, desk, drain, pair):
        one, only, other, both = pair()
        merged = moved(client, desk.qian, other, "merge", into=one["number"])
        drain()
        moved(client, desk.qian, merged, "unmerge", note="不是同一处")
        drain()
        for headers in both:
            assert inbox(client, headers).count("report.unmerged") == 1
        assert "report.unmerged" not in inbox(client, only)
        assert self.staff(client, desk.wang, other) == ["case.unmerged", "case.merged"]
        items = client.get("/v1/inbox", headers=desk.wang).json()["items"]
        (text,) = [
            m["text"]
            for m in items
            if (m["kind"], m["subject"].split("/")[0]) == ("case.unmerged", other["number"])
        ]
        assert "不是同一处" in text
        assert one["number"] not in text

    def test_but_not_who_took_the_report_back_meanwhile(self, client, desk, drain, pair):
        one, _, other, both = pair()
        merged = moved(client, desk.qian, other, "merge", into=one["number"])
        drain()
        mine = client.get("/v1/reports", headers=both[1]).json()["items"][0]
        client.post(f"/v1/reports/{mine['id']}/withdraw", json={}, headers={**both[1], **key()})
        moved(client, desk.qian, merged, "unmerge", note="不是同一处")
        drain()
        assert "report.unmerged" in inbox(client, both[0])
        assert "report.unmerged" not in inbox(client, both[1])
