"""The inbox: its pages, its texts in both languages, and that it is one's own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from matrix.stage import public_word

from app.kit import clock
from app.kit.db import work
from app.notify import queries, service, texts

NUMBER = "500152-20261122-0001"
PAIR = {"zh": "中文的值", "en": "the English value"}
# What each kind is told with, as cases and rewards do, and what the reader must then find.
DATA = {
    "report.filed": {"number": NUMBER, "public_note": ""},
    "report.dispatched": {"number": NUMBER, "public_note": "", "unit": PAIR},
    "report.closed": {"number": NUMBER, "public_note": "新井盖", "outcome": PAIR, "points": PAIR},
    "report.rejected": {"number": NUMBER, "public_note": "现场完好", "reason": PAIR},
    "report.made_safe": {"number": NUMBER, "public_note": ""},
    "report.suspended": {"number": NUMBER, "until": "2026-12-01", "public_note": ""},
    "report.resumed": {"number": NUMBER},
    "report.held": {"date": "2026-11-22"},
    "report.cleared": {"date": "2026-11-22"},
    "report.hidden": {"date": "2026-11-22"},
    "case.content_hidden": {"number": NUMBER},
    "report.reopened": {"number": NUMBER},
    "report.upheld": {"number": NUMBER},
    "report.merged": {"into": NUMBER},
    "report.unmerged": {"number": NUMBER},
    "report.updated": {"number": NUMBER, "public_note": "配件明天到"},
    "case.given": {"number": NUMBER},
    "case.recalled": {"number": NUMBER, "note": "he left"},
    "case.merged": {"number": NUMBER},
    "case.unmerged": {"number": NUMBER, "note": "two holes"},
    "case.reopened": {"number": NUMBER},
    "approval.asked": {"number": NUMBER, "what": PAIR},
    "approval.granted": {"number": NUMBER, "what": PAIR, "answer": "ok"},
    "approval.refused": {"number": NUMBER, "what": PAIR, "answer": "no"},
    "approval.withdrawn": {"number": NUMBER, "what": PAIR},
    "clock.warned": {"number": NUMBER, "place": "G1", "clock": PAIR, "due": "11-22 18:00"},
    "clock.overdue": {"number": NUMBER, "place": "G1", "clock": PAIR, "due": "11-22 18:00"},
    "clock.escalated": {"number": NUMBER, "place": "G1", "clock": PAIR, "due": "11-22 18:00"},
    "supervision.ordered": {"number": NUMBER, "order": "DB-1", "due": "11-22 18:00"},
    "supervision.answered": {"number": NUMBER, "order": "DB-1", "answer": "done"},
    "supervision.overdue": {"number": NUMBER, "order": "DB-1", "due": "11-22 18:00"},
    "rule.found_empty": {"version": 2, "position": 3, "target": PAIR},
    "conduct.blocked": {"reason": PAIR, "until": "2026-11-23 18:00", "note": "note"},
    "conduct.lifted": {},
    "glass.broken": {
        "name": "Wang",
        "role": PAIR,
        "region": "R1",
        "until": "2026-11-22 18:00",
        "reason": "storm",
    },
    "patrol.missed": {"day": "2026-11-22", "hours": "08:00-10:00", "plan": "P1", "name": "Wang"},
    "group.robot_refused": {"group": "G1"},
    "settlement.paid": {
        "number": "JS-1",
        "merchant": "TN001",
        "first": "2026-10-01",
        "last": "2026-10-31",
        "yuan": "1,234.50",
        "payment": "B-7",
    },
    "notice.published": {"period": "2026-10", "root": "0a" * 32},
    "notice.missed": {"period": "2026-10", "days": 5},
    "item.arrived": {"item": PAIR, "station": "S1"},
    "fund.exhausted": {"fund": "F1", "count": 3, "points": 30},
    "points.expiring": {"points": 10, "day": "2026-12-31"},
    "points.expired": {"points": 10},
    "points.settled": {"points": 10},
    "award.objected": {"source": NUMBER, "points": 10},
    "objection.raised": {"source": NUMBER, "points": 10},
    "objection.upheld": {"source": NUMBER, "points": 10, "decision": "No. 7"},
    "objection.dismissed": {"source": NUMBER, "points": 10, "decision": "No. 7"},
    "correction.proposed": {"what": PAIR},
    "correction.approved": {"what": PAIR},
    "correction.declined": {"what": PAIR, "decision": "No. 7"},
    "points.awarded": {"points": 10, "cause": "No. 7"},
    "points.reversed": {"source": NUMBER, "taken": 7, "debt": PAIR, "cause": "No. 7"},
    "redemption.refunded": {"points": 10, "cause": "No. 7"},
    "household.asked": {"household": "H1"},
    "messages.gathered": {"count": 5, "latest": PAIR},
    "till.held": {"points": 10, "store": "S1"},
    "till.fulfilled": {"points": 10, "store": "S1"},
    "till.returned": {"points": 10, "store": "S1"},
}


@pytest.fixture
def reader(newcomer):
    return newcomer()


def tell(db, reader, kind="report.filed", subject=None, **data):
    with work(db, write=True) as tx:
        data = data or DATA[kind]
        service.tell(tx, reader.id, kind, subject or str(uuid4()), **data)


class TestTexts:
    def test_every_kind_is_known_here(self):
        assert set(texts.TEXTS) == set(DATA)

    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("kind", DATA)
    def test_each_renders_in_both_languages(self, client, db, reader, as_, kind, language):
        tell(db, reader, kind)
        headers = as_(reader, **{"Accept-Language": language})
        message = client.get("/v1/inbox", headers=headers).json()["items"][0]
        for value in DATA[kind].values():
            expected = value[language] if isinstance(value, dict) else str(value)
            assert expected in message["text"] or expected == ""
        assert message["title"]
        assert not set("{}") & set(message["title"] + message["text"])
        if not DATA[kind].get("public_note"):
            assert message["text"].isascii() == (language == "en")

    def test_a_value_with_braces_is_only_text(self, db, reader):
        title, text = texts.render("report.filed", {"number": "{title} {0} %s"}, "en")
        assert (title, text) == (
            "Case filed", "What you reported is now case {title} {0} %s. Thank you!",
        )  # fmt: skip

    def test_a_kind_without_a_template_fails_in_the_worker(self, db, reader):
        with pytest.raises(KeyError):
            tell(db, reader, "report.forgotten", number="1")


class TestTell:
    def test_once_for_person_kind_and_subject(self, client, db, reader, newcomer, as_):
        for _ in range(3):
            tell(db, reader, subject="1/2")
        tell(db, reader, subject="1/3")
        tell(db, newcomer(), subject="1/2")
        items = client.get("/v1/inbox", headers=as_(reader)).json()["items"]
        assert [message["subject"] for message in items] == ["1/3", "1/2"]


class TestList:
    def test_pages_newest_first(self, client, db, reader, as_):
        for n in range(5):
            tell(db, reader, subject=f"{n}")
            clock.shift(timedelta(seconds=1))
        seen, cursor, headers = [], None, as_(reader)
        for _ in range(3):
            params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/inbox", headers=headers, params=params).json()
            seen += [message["subject"] for message in page["items"]]
            cursor = page["next_cursor"]
        assert (seen, cursor) == (["4", "3", "2", "1", "0"], None)

    def test_of_one_moment_none_is_lost_between_pages(self, client, db, reader, as_):
        with work(db, write=True) as tx:
            for n in range(4):
                service.tell(tx, reader.id, "report.filed", f"{n}", number=NUMBER)
        first = client.get("/v1/inbox?limit=3", headers=as_(reader)).json()
        params = {"cursor": first["next_cursor"]}
        second = client.get("/v1/inbox", headers=as_(reader), params=params).json()
        subjects = {message["subject"] for message in first["items"] + second["items"]}
        assert subjects == {"0", "1", "2", "3"}

    def test_empty(self, client, reader, as_):
        assert client.get("/v1/inbox", headers=as_(reader)).json() == {
            "items": [], "next_cursor": None,
        }  # fmt: skip

    def test_anonymous_401(self, client):
        assert client.get("/v1/inbox").status_code == 401


class TestRead:
    def unread(self, client, headers):
        return client.get("/v1/me/summary", headers=headers).json()["unread_messages"]

    def test_marks_one_and_again_changes_nothing(self, client, db, reader, as_):
        headers = as_(reader)
        tell(db, reader), tell(db, reader)
        message = client.get("/v1/inbox", headers=headers).json()["items"][0]
        assert (message["read_at"], self.unread(client, headers)) == (None, 2)
        url = f"/v1/inbox/{message['id']}/read"
        first = client.post(url, headers=headers)
        assert (first.status_code, self.unread(client, headers)) == (200, 1)
        clock.shift(timedelta(minutes=1))
        again = client.post(url, headers=headers)
        assert again.json() == first.json()
        assert first.json()["read_at"] is not None
        with work(db, write=False) as tx:
            assert queries.unread(tx, reader.id) == 1

    def test_somebody_elses_is_like_absent_and_stays_unread(
        self, client, db, reader, newcomer, as_
    ):
        tell(db, reader)
        message = client.get("/v1/inbox", headers=as_(reader)).json()["items"][0]
        stranger = as_(newcomer())
        strange = client.post(f"/v1/inbox/{message['id']}/read", headers=stranger)
        absent = client.post(f"/v1/inbox/{uuid4()}/read", headers=stranger)
        assert (strange.status_code, strange.json()["code"]) == (404, "message_not_found")
        assert public_word(strange) == public_word(absent)
        assert self.unread(client, as_(reader)) == 1
