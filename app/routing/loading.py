"""Bringing a file of routing rules into the database: a district's set as a whole."""

from itertools import groupby
from operator import attrgetter

from sqlalchemy.orm import Session

from app.identity.access import Actor
from app.kit import drafts
from app.kit.drafts import Line, Lines, Loading
from app.kit.errors import AppError
from app.kit.sheets import Sheet
from app.routing import files, service
from app.routing.errors import RulesInvalid
from app.routing.files import TABLE
from app.routing.schemas import MOST_RULES, RuleSetDraft


def load(tx: Session, actor: Actor, sheet: Sheet) -> Loading:
    """Publishes the rules of each district in the file as its next version, where they differ.

    A set is published whole: a rule that the file leaves out is gone, and positions only order.
    Districts that the file does not name stay as they are. What is wrong with the rules as posts
    are held now becomes notes. As `drafts.load`.
    """
    lines = _sets(drafts.read(TABLE, sheet, files.meant))
    known = {district: files.told(rules) for district, rules in files.current(tx).items()}
    notes: list[str] = []

    def publish(line: Line) -> None:
        rules = [rule.draft for rule in line.draft]
        draft = RuleSetDraft(region_code=line.key, note=None, rules=rules)
        for finding in service.publish(tx, actor, draft).findings:
            stood = line.draft[finding.position - 1].number
            notes.append(drafts.at(stood, f"{finding.zh} {finding.en}"))

    done = drafts.load(tx, lines, known, publish, _blame)
    return Loading(done.changes, done.findings, notes)


def _sets(lines: Lines) -> Lines:
    """One line a district, with the lines of its rules in their order."""
    good, findings = [], list(lines.findings)
    ordered = sorted(lines.good, key=attrgetter("of"))
    for district, group in groupby(ordered, key=lambda line: line.of[0]):
        of_it = list(group)
        if len(of_it) > MOST_RULES:
            extra = of_it[MOST_RULES].number
            findings.append(drafts.at(extra, f"超过 {MOST_RULES} 条 more than {MOST_RULES} rules"))
            continue
        told = files.told(line.draft for line in of_it)
        good.append(Line(of_it[0].number, district, district, of_it, told))
    return Lines(good, findings)


def _blame(line: Line, error: AppError) -> list[str]:
    """A rule that names what does not exist is told by its own line and column."""
    title = f"{type(error).title.zh} {type(error).title.en}"
    if not isinstance(error, RulesInvalid):
        return [drafts.at(line.number, f"district: {title}")]
    return [_where(line, field.loc, title) for field in error.fields]


def _where(line: Line, loc: tuple[str | int, ...], title: str) -> str:
    match loc:
        case ["body", "rules", int(index), str(column)]:
            return drafts.at(line.draft[index].number, f"{column}: {title}")
        case _:
            return drafts.at(line.number, f"district: {title}")
