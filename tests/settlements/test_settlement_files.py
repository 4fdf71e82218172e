"""A statement as a file: complete, in any format, without a member and without a formula."""

import csv
import io

import openpyxl
import pytest
from settlements.build import tomorrow
from sqlalchemy import update
from store.build import refusal

from app.kit import papers
from app.kit.db import work
from app.store.models import Item

STARTS = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "pdf": b"%PDF-"}


@pytest.fixture
def statement(shop, office):
    back = shop.sold(quantity=3)
    shop.sold(quantity=2)
    shop.taken_back(back)
    shop.sold()
    tomorrow()
    return office.drawn(shop.id)


def rows_of(data, sheet="结算明细"):
    book = openpyxl.load_workbook(io.BytesIO(data))
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("kind", STARTS)
def test_is_a_file_to_keep(office, statement, kind):
    answer = office.read(statement, path=f"/file?format={kind}")
    assert answer.status_code == 200, answer.text
    name = f'attachment; filename="{statement["number"]}.{kind}"'
    assert answer.headers["content-disposition"] == name
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(STARTS[kind])


def test_holds_every_line_and_their_sum(office, statement):
    text = office.read(statement, path="/file?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    book = rows_of(office.read(statement, path="/file?format=xlsx").content)
    assert [row["金额（分）"] for row in rows] == ["1200", "800", "-1200", "400", "1200"]
    assert [row["金额（分）"] for row in book] == [1200, 800, -1200, 400, 1200]
    assert [row["金额（元）"] for row in rows] == ["12.00", "8.00", "-12.00", "4.00", "12.00"]
    assert [row["类型"] for row in rows] == ["兑换", "兑换", "退回", "兑换", ""]
    assert [row["商品"] for row in book] == ["香皂×3", "香皂×2", "香皂×3", "香皂×1", None]
    assert rows[-1]["序号"] == book[-1]["序号"] == "合计"
    ids = [line["redemption_id"] for line in statement["lines"]]
    assert [row["兑换编号或商户单号"] for row in rows[:-1]] == ids


def test_says_who_and_when(office, shop, statement, cast):
    office.done("approve", statement)
    office.done("pay", statement, payment_ref="=1+1")
    data = office.read(statement, path="/file?format=xlsx").content
    facts = {row["项目"]: row["内容"] for row in rows_of(data, "概要")}
    assert facts["结算单号"] == statement["number"]
    assert facts["商户"] == f"驿站{shop.id}（{shop.id}）"
    assert facts["应付金额（元）"] == 12
    assert facts["应付金额（分）"] == 1200
    assert facts["状态"] == "已付款"
    assert cast.ma.name in facts["制单"]
    assert cast.wu.name in facts["审批"]
    assert facts["付款凭证号"] == "=1+1"
    book = openpyxl.load_workbook(io.BytesIO(data))
    kinds = {cell.data_type for page in book for line in page.iter_rows() for cell in line}
    assert "f" not in kinds


def test_a_dropped_one_says_so(office, statement):
    office.done("drop", statement)
    [row] = rows_of(office.read(statement, path="/file?format=xlsx").content)
    assert row["序号"] == "已作废"


def test_no_cell_can_calculate(office, statement, cast, db):
    with work(db, write=True) as tx:
        tx.execute(update(Item).where(Item.id == cast.soap.id).values(name="=HYPERLINK(1)"))
    try:
        text = office.read(statement, path="/file?format=csv").content.decode("utf-8-sig")
        assert next(csv.DictReader(io.StringIO(text)))["商品"] == "'=HYPERLINK(1)×3"
        data = office.read(statement, path="/file?format=xlsx").content
        cells = [c for line in openpyxl.load_workbook(io.BytesIO(data))["结算明细"] for c in line]
        assert {c.data_type for c in cells if str(c.value).startswith("=HYPER")} == {"s"}
    finally:
        with work(db, write=True) as tx:
            tx.execute(update(Item).where(Item.id == cast.soap.id).values(name="香皂"))


def test_names_no_member(office, statement, db):
    for path in ("", "/file?format=csv"):
        assert "不该出现" not in office.read(statement, path=path).text
    rows = [*rows_of(xlsx := office.read(statement, path="/file?format=xlsx").content)]
    assert "不该出现" not in str(rows + rows_of(xlsx, "概要"))


def test_no_transaction_is_open_while_the_file_is_made(office, statement, app, monkeypatch):
    render, seen = papers.render, []

    def watched(*args):
        seen.append(app.state.db.reader.pool.checkedout() + app.state.db.writer.pool.checkedout())
        return render(*args)

    monkeypatch.setattr(papers, "render", watched)
    assert office.read(statement, path="/file?format=pdf").status_code == 200
    assert seen == [0]


@pytest.mark.parametrize("query", ["", "?format=doc", "?format="])
def test_a_format_that_is_not_there(office, statement, query):
    assert refusal(office.read(statement, path=f"/file{query}")) == (422, "unprocessable")
