"""Tables as files: what is written is read again, faults are named, and nothing calculates."""

import csv
import io
import re
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import sheets, workbooks

WRITERS = {
    "t.csv": sheets.write_csv,
    "t.xlsx": lambda rows, columns: sheets.write_xlsx(rows, columns, "表"),
}
NASTY = st.sampled_from(
    ["=1+1", "+1", "-3", "-3.5", "-3+1", "@SUM(A1)", "\tx", "\nx", "'=1", "''=1", "'", "'x", "＝1",
     "<r>", "<r><t>x</t></r>", "_x0041_", "_x005F_", "_x000D_", "a;=1+1", 'a"b', "a,b", "000123",
     "500152001001004", "http://x.cn", "TRUE", "NULL", " x ", "#REF!", "{=1}", "<&>"]
)  # fmt: skip
# Every character that a text of ours may hold; by number, because that is quick to draw.
SPANS = ((0x20, 0x7E), (0x80, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
CHARACTERS = st.one_of(*(st.integers(*span).map(chr) for span in SPANS))
PLAIN = st.text(CHARACTERS | st.sampled_from("\t\n=+-@'\""), max_size=20)
CELLS = NASTY | PLAIN
COLUMNS = ("code", "名称", "=x")
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)), max_size=6)
# A workbook takes its time, and more beside other tests.
PATIENT = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
READ_AS_LIVE = re.compile("[=+\\-@\t\r\n＝＋－＠]")


def text_of(*lines):
    return "\n".join(lines).encode()


def book(*rows, **more):
    """An XLSX file as somebody else's program writes it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, tuple):
                    sheet.write_formula(number, column, cell[0], None, cell[1])
                else:
                    sheet.write(number, column, cell)
        workbook.add_worksheet("second").write(0, 0, "not read")
    return file.getvalue()


@pytest.mark.parametrize("name", WRITERS)
class TestRoundTrip:
    @PATIENT
    @given(rows=ROWS)
    def test_what_is_written_is_read_again(self, name, rows):
        sheet = sheets.read(WRITERS[name](rows, COLUMNS), name)
        assert sheet.findings == []
        assert sheet.columns == COLUMNS
        assert sheet.rows == [row for row in rows if any(row.values())]

    def test_values_are_text_as_people_write_it(self, name):
        row = {"a": None, "b": True, "c": -3, "d": 12.5, "e": 10**17, "f": "x\x00\ud800y"}
        (read,) = sheets.read(WRITERS[name]([row], list("abcdef")), name).rows
        assert list(read.values()) == ["", "1", "-3", "12.5", "1" + "0" * 17, "x  y"]

    def test_headings(self, name):
        sheet = sheets.read(WRITERS[name]([{"a": "1", "c": "2"}], {"c": "丙", "a": "甲"}), name)
        assert (sheet.columns, sheet.rows) == (("丙", "甲"), [{"丙": "2", "甲": "1"}])

    def test_a_cell_that_is_too_long_is_cut_and_shows_it(self, name):
        (read,) = sheets.read(WRITERS[name]([{"a": "字" * 40_000}], ["a"]), name).rows
        assert (len(read["a"]), read["a"][-1]) == (sheets.MOST_CHARACTERS, "…")


class TestNothingCalculates:
    @PATIENT
    @given(rows=ROWS)
    def test_in_csv(self, rows):
        data = sheets.write_csv(rows, COLUMNS)
        for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
            for cell in cells:
                assert not READ_AS_LIVE.match(cell) or re.fullmatch(r"[+-]?\d+(\.\d+)?", cell)

    @PATIENT
    @given(rows=ROWS)
    def test_in_xlsx(self, rows):
        data = sheets.write_xlsx(rows, COLUMNS, "t")
        for line in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in line)

    def test_every_field_is_quoted_against_another_separator(self):
        assert b'"a;=1+1"' in sheets.write_csv([{"x": "a;=1+1"}], ["x"])


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
    def test_encodings(self, encoding):
        sheet = sheets.read("code,name\r\n1,大佛街道\r\n".encode(encoding), "t.csv")
        assert (sheet.findings, sheet.rows) == ([], [{"code": "1", "name": "大佛街道"}])

    def test_a_rare_character_of_gb18030(self):
        assert sheets.read("n\n𠮷镕㛃\n".encode("gb18030"), "t.csv").rows == [{"n": "𠮷镕㛃"}]

    def test_lines_are_counted_as_an_editor_does(self):
        sheet = sheets.read(text_of("a,b", "1,2", "", ",", '"x', 'y",', "7"), "t.csv")
        assert list(sheet.numbered()) == [
            (2, {"a": "1", "b": "2"}), (5, {"a": "x\ny", "b": ""}), (7, {"a": "7", "b": ""}),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("data", "finding"),
        [
            ("a\n1\n".encode("utf-16"), "neither UTF-8 nor GB18030"),
            (b"a\n\xff\xff\n", "neither UTF-8 nor GB18030"),
            ("a\n1\n".encode("utf-16-le"), "neither UTF-8 nor GB18030"),
            (text_of("a,a", "1,2"), "repeated or empty column names: a"),
            (text_of("a,,b", "1,2,3"), "repeated or empty column names: -"),
            (text_of("a", "1,2"), "line 2 is longer"),
            (text_of("a", '"x'), "第 2 行不是有效的 CSV"),
            (text_of(",".join(f"c{n}" for n in range(201)), "1"), "more than 200 columns"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "XLS"),
        ],
    )
    def test_faults(self, data, finding):
        sheet = sheets.read(data, "t.csv")
        assert (len(sheet.findings), sheet.rows) == (1, [])
        assert finding in sheet.findings[0]
        assert sheet.findings[0].startswith("t.csv: ")

    def test_limits(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sheets, "MOST_ROWS", 2)
        assert sheets.read(b"a\n1\n2\n", "t.csv").findings == []
        assert "more than 2 rows" in sheets.read(b"a\n1\n2\n3\n", "t.csv").findings[0]
        monkeypatch.setattr(sheets, "MOST_BYTES", 5)
        file = tmp_path / "t.csv"
        file.write_bytes(b"a\n1\n22")
        assert "larger than 5 bytes" in sheets.read(file, "t.csv").findings[0]
        assert "larger than 5 bytes" in sheets.read(b"a\n1\n22", "t.csv").findings[0]

    def test_an_empty_file_is_an_empty_table(self):
        assert sheets.read(b"", "t.csv") == sheets.Sheet()

    def test_a_missing_file_is_the_callers_mistake(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            sheets.read(tmp_path / "none.csv", "none.csv")


class TestXlsx:
    def test_codes_dates_and_computed_values(self):
        data = book(
            ["code", "n", "sum"], [500152001001004, 1.5, ("=A2", 7)], ["x", True, ("=1", 1)]
        )
        sheet = sheets.read(data, "t.xlsx")
        assert sheet.findings == []
        assert sheet.rows == [
            {"code": "500152001001004", "n": "1.5", "sum": "7"},
            {"code": "x", "n": "1", "sum": "1"},
        ]

    def test_dates(self):
        file = io.BytesIO()
        workbook = openpyxl.Workbook()
        workbook.active.append(["day", "at"])
        workbook.active.append([workbooks.date(2026, 11, 2), workbooks.time(8, 30)])
        workbook.save(file)
        assert sheets.read(file.getvalue(), "t.xlsx").rows == [{"day": "2026-11-02", "at": "08:30"}]

    def test_a_formula_without_a_result_is_refused(self):
        file = io.BytesIO()
        workbook = openpyxl.Workbook()
        workbook.active.append(["a"])
        workbook.active.append(["=1+1"])
        workbook.save(file)
        (finding,) = sheets.read(file.getvalue(), "t.xlsx").findings
        assert "A2" in finding
        assert "no stored result" in finding

    @pytest.mark.parametrize(
        ("data", "finding"),
        [
            (book(["a"], [("=1/0", "#DIV/0!")]), "A2"),
            (book(["a"], [500152001001004123]), "more than 15 digits"),
            (book(["a"], *([n] for n in range(3))), "more than 2 rows"),
            (b"PK\x03\x04 and no more", "not a valid XLSX"),
        ],
    )
    def test_faults(self, monkeypatch, data, finding):
        monkeypatch.setattr(sheets, "MOST_ROWS", 2)
        sheet = sheets.read(data, "t.xlsx")
        assert (len(sheet.findings), sheet.rows) == (1, [])
        assert finding in sheet.findings[0]

    def test_a_zip_that_is_no_workbook(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("x.txt", "x")
        assert "damaged" in sheets.read(file.getvalue(), "t.xlsx").findings[0]

    def test_a_bomb_is_refused_before_it_is_unpacked(self, monkeypatch):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/workbook.xml", b"0" * 4_000_000)
        monkeypatch.setattr(workbooks, "MOST_UNPACKED_BYTES", 3_000_000)
        assert len(file.getvalue()) < 10_000
        assert "larger than 3,000,000" in sheets.read(file.getvalue(), "t.xlsx").findings[0]

    @pytest.mark.parametrize("title", ["a/b:c*?", "", "'", "很" * 40])
    def test_any_title(self, title):
        assert sheets.read(sheets.write_xlsx([{"a": 1}], ["a"], title), "t").rows == [{"a": "1"}]
