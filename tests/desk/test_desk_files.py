"""The export and the print sheet: what stands in them, and what does not."""

import base64
import csv
import io
import re
import zlib
from uuid import uuid4

import openpyxl
import pytest
from cast import DISTRICT, INSIDE_OTHER
from flows.story import key
from sqlalchemy import select

from app.desk import exports, printing
from app.identity.models import Role
from app.kit import db as kit_db
from app.kit.actions import StaffAction
from app.kit.db import work


class TestExport:
    def export(self, client, headers, kind="csv", **params):
        asked = {"format": kind, **params}
        answer = client.get("/v1/desk/export", headers=headers, params=asked)
        assert answer.status_code == 200, answer.text
        return answer

    def rows(self, client, headers, **params):
        text = self.export(client, headers, **params).content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def test_holds_what_the_queue_shows(self, client, desk, cast):
        case, fresh = desk.dispatched(), desk.reported()
        rows = {row["案件编号"]: row for row in self.rows(client, desk.qian)}
        assert {case["number"], fresh["number"]} <= rows.keys()
        row = rows[case["number"]]
        assert row["状态"] == "已派遣待签收"
        assert row["责任人"] == cast.wang.name
        assert row["网格"] == "莲花社区第1网格"
        assert row["描述"] == "井盖破损，一踩就晃"
        assert row["是否超期"] == "否"
        assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d", row["上报时间"])
        assert row["时限"]
        assert rows[fresh["number"]]["责任人"] == ""

    def test_is_narrowed_like_the_queue(self, client, desk):
        case, fresh = desk.dispatched(), desk.reported()
        found = {row["案件编号"] for row in self.rows(client, desk.qian, status="dispatched")}
        assert case["number"] in found
        assert fresh["number"] not in found
        assert self.rows(client, desk.qian, q="飞碟") == []

    def test_holds_the_callers_regions_only(self, client, desk):
        here, there = desk.reported(), desk.reported(place=INSIDE_OTHER)
        found = {row["案件编号"] for row in self.rows(client, desk.zhao)}
        assert there["number"] in found
        assert here["number"] not in found

    def test_of_more_than_a_page(self, client, desk, monkeypatch):
        cases = {desk.reported()["number"] for _ in range(3)}
        monkeypatch.setattr(exports, "PAGE", 2)
        rows = [row["案件编号"] for row in self.rows(client, desk.qian)]
        assert cases <= set(rows)
        assert len(rows) == len(set(rows))

    def test_says_when_it_was_cut(self, client, desk, monkeypatch, db):
        for _ in range(3):
            desk.reported()
        monkeypatch.setattr(exports, "MOST_ROWS", 2)
        answer = self.export(client, desk.qian)
        assert answer.headers["x-truncated"] == "true"
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 3
        assert rows[-1]["案件编号"].startswith("仅导出前 2 条")
        assert self.last(db).detail["count"] == 2

    def last(self, db):
        with work(db, write=False) as tx:
            exported = select(StaffAction).where(StaffAction.action == "cases.exported")
            return tx.scalars(exported.order_by(StaffAction.id.desc())).first()

    def test_is_written_into_the_action_log(self, client, desk, cast, db):
        desk.reported()
        rows = self.rows(client, desk.wang)
        action = self.last(db)
        assert action.actor_id == cast.wang.id
        assert action.detail == {"count": len(rows), "format": "csv"}

    def test_never_names_a_reporter(self, client, desk, newcomer):
        reporter = newcomer(name="不该出现的人")
        desk.reported(reporter=reporter)
        text = self.export(client, desk.qian).content.decode()
        assert "不该出现的人" not in text
        assert str(reporter.id) not in text

    @pytest.mark.parametrize("start", ["=", "+", "-", "@"])
    def test_no_cell_can_calculate(self, client, desk, start):
        words = f"{start}HYPERLINK(1) {uuid4().hex}"
        case = desk.reported(description=words)
        row = next(r for r in self.rows(client, desk.qian) if r["案件编号"] == case["number"])
        assert row["描述"] == f"'{words}"
        answer = self.export(client, desk.qian, "xlsx")
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        cells = [cell for line in book.active.iter_rows() for cell in line if cell.value == words]
        assert [cell.data_type for cell in cells] == ["s"]

    def test_is_a_file_to_keep(self, client, desk):
        for kind, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
            answer = self.export(client, desk.qian, kind)
            assert answer.headers["content-disposition"] == f'attachment; filename="cases.{kind}"'
            assert answer.content.startswith(start)
            assert "x-truncated" not in answer.headers

    def test_no_transaction_is_open_while_the_file_is_made(self, client, desk, app, monkeypatch):
        make = exports.file

        def watched(*args):
            assert held(app) == 0
            return make(*args)

        monkeypatch.setattr(exports, "file", watched)
        self.export(client, desk.qian)


def held(app):
    """Connections that are in somebody's hands."""
    database: kit_db.Database = app.state.db
    return database.reader.pool.checkedout() + database.writer.pool.checkedout()


def streams(pdf):
    """The drawn pages of a PDF, unpacked."""
    for packed in re.findall(rb"/FlateDecode \].*?stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        yield zlib.decompress(base64.a85decode(b"<~" + packed.strip(), adobe=True))


ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def unescaped(match):
    one = match.group(1)
    return bytes([int(one, 8)]) if one[:1] in b"01234567" else PLAIN.get(one, one)


def words(pdf):
    """The text of a PDF in a font of two bytes a character."""
    found = []
    for page in streams(pdf):
        drawn = re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page, re.DOTALL)
        found += [ESCAPED.sub(unescaped, text).decode("utf-16-be", "replace") for text in drawn]
    return "".join(found)


class TestSheet:
    def sheet(self, client, headers, case):
        answer = client.get(f"/v1/cases/{case['id']}/sheet", headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        return answer

    def test_tells_the_case(self, client, desk):
        case = desk.resolved()
        answer = self.sheet(client, desk.wang, case)
        assert answer.content.startswith(b"%PDF-")
        assert answer.headers["content-disposition"] == (
            f'inline; filename="case-{case["number"]}.pdf"'
        )
        text = words(answer.content)
        for told in (
            case["number"], "案件办理单", "待核查", "井盖破损，一踩就晃", "上报位置落在网格内",
            "莲花社区第1网格", "处置前照片", "处置后照片", "办理记录", "立案", "派遣", "处置完成",
            "已修好", "第 1 页，共", "wang", "临时防护",
        ):  # fmt: skip
            assert told in text, told

    def test_is_a4_with_its_photos(self, client, desk):
        pdf = self.sheet(client, desk.wang, desk.resolved()).content
        assert re.search(rb"/MediaBox \[ 0 0 595\.\d+ 841\.\d+ \]", pdf)
        assert len(re.findall(rb"/Subtype /Image", pdf)) == 2
        # As they are: JPEGs inside, nothing was decoded.
        assert len(re.findall(rb"/DCTDecode", pdf)) == 2

    def test_holds_shortened_hashes_of_the_history(self, client, desk):
        case = desk.filed()
        events = client.get(f"/v1/cases/{case['id']}/events", headers=desk.wang).json()["items"]
        text = words(self.sheet(client, desk.wang, case).content)
        assert all(event["hash"][:12] in text for event in events)

    def test_never_names_the_reporter(self, client, desk, newcomer):
        reporter = newcomer(name="不该出现的人")
        case = desk.reported(reporter=reporter)
        text = words(self.sheet(client, desk.wang, case).content)
        assert case["number"] in text
        assert "不该出现的人" not in text
        assert reporter.member_no not in text

    def test_of_a_long_story_has_several_pages(self, client, desk):
        case = desk.filed()
        for n in range(4):
            note = {"text": f"{n}<b>&" + "很长的备注" * 380}
            sent = client.post(
                f"/v1/cases/{case['id']}/notes", json=note, headers={**desk.wang, **key()}
            )
            assert sent.status_code == 201, sent.text
        text = words(self.sheet(client, desk.wang, case).content)
        assert "第 2 页，共" in text
        assert "0<b>&很长" in text

    def test_says_that_a_file_is_missing(self, client, desk, app):
        case = desk.reported()
        photo = client.get(f"/v1/cases/{case['id']}", headers=desk.wang).json()["photos"][0]["id"]
        app.state.bucket.delete(f"display/{photo.replace('-', '')[-2:]}/{photo}")
        assert "照片文件缺失" in words(self.sheet(client, desk.wang, case).content)

    def test_is_written_into_the_action_log(self, client, desk, cast, db):
        case = desk.reported()
        self.sheet(client, desk.wang, case)
        with work(db, write=False) as tx:
            logged = select(StaffAction).where(
                StaffAction.object_id == case["id"], StaffAction.action == "case.printed"
            )
            assert tx.scalars(logged).one().actor_id == cast.wang.id

    def test_no_transaction_is_open_while_it_is_drawn(self, client, desk, app, monkeypatch):
        render = printing.render

        def watched(*args):
            assert held(app) == 0
            return render(*args)

        monkeypatch.setattr(printing, "render", watched)
        self.sheet(client, desk.wang, desk.reported())

    def test_of_a_stranger_is_not_found_and_not_logged(self, client, desk, as_, newcomer, db):
        case = desk.reported()
        for who in (desk.zhao, as_(newcomer((Role.KEEPER, DISTRICT)))):
            answer = client.get(f"/v1/cases/{case['id']}/sheet", headers=who)
            assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")
        with work(db, write=False) as tx:
            printed = select(StaffAction.id).where(
                StaffAction.object_id == case["id"], StaffAction.action == "case.printed"
            )
            assert tx.scalars(printed).all() == []
