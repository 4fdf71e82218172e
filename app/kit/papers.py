"""Statements and reports on paper: facts and headed tables as PDF (A4), XLSX or CSV."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from reportlab.platypus import LongTable
from typing_extensions import override

from app.kit import clock, pages, sheets
from app.kit.clock import moment

Format = Literal["csv", "xlsx", "pdf"]
FACTS = {"fact": "项目", "value": "内容"}


@dataclass(frozen=True)
class Yuan:
    """An amount of fen that is written in yuan: 1234.50; -0.05."""

    fen: int

    @override
    def __str__(self) -> str:
        whole, rest = divmod(abs(self.fen), 100)
        return f"{'-' if self.fen < 0 else ''}{whole}.{rest:02}"


@dataclass(frozen=True)
class Part:
    """A headed table. `columns` maps keys to headings; `widths` are shares of the page's width."""

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    widths: Sequence[int] = ()


@dataclass(frozen=True)
class Paper:
    """What a file holds, in whatever format: its title, a few facts, and tables."""

    title: str
    # What the file is called, without its ending; ASCII.
    name: str
    facts: Sequence[tuple[str, Any]] = ()
    parts: Sequence[Part] = ()
    made_at: datetime = field(default_factory=clock.now)


def render(paper: Paper, kind: Format) -> bytes:
    """The paper as a file in which nothing can calculate; a CSV holds its first table alone."""
    match kind:
        case "csv":
            return sheets.write_csv(paper.parts[0].rows, paper.parts[0].columns)
        case "xlsx":
            facts = [{"fact": fact, "value": value} for fact, value in paper.facts]
            tables = [("概要", facts, FACTS), *((p.title, p.rows, p.columns) for p in paper.parts)]
            counted = [(title, _counted(rows), columns) for title, rows, columns in tables]
            return sheets.write_book(counted, paper.title)
        case "pdf":
            foot = f"{paper.title}　制表于 {moment(paper.made_at)}"
            return pages.pdf(paper.title, [*_story(paper)], foot)


def _counted(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows as a spreadsheet wants them: it can add amounts up."""
    for row in rows:
        yield {k: v.fen / 100 if isinstance(v, Yuan) else v for k, v in row.items()}


def _story(paper: Paper) -> Iterator[Any]:
    yield pages.text(paper.title, pages.TITLE)
    if paper.facts:
        rows = [[fact, str(value)] for fact, value in paper.facts]
        yield pages.table(rows, [pages.WIDTH * 0.24, pages.WIDTH * 0.76])
    for part in paper.parts:
        yield pages.text(part.title, pages.HEAD)
        yield _part(part)


def _part(part: Part) -> LongTable:
    head = list(part.columns.values())
    shares = list(part.widths) or [1] * len(head)
    widths = [pages.WIDTH * share / sum(shares) for share in shares]
    lines = [[_cell(row.get(key)) for key in part.columns] for row in part.rows]
    return pages.table([head, *lines], widths, heads=1)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
