"""What groups are told of new cases: no personal data, no exact place, no reporter's words."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.cases.models import Case
from app.groups import queries, service, texts
from app.regions import queries as regions

STREET, COMMUNITY = 1, 2


def announce(tx: Session, case_id: UUID) -> None:
    """Queues the news of a case for every group of its grid; again changes nothing."""
    case = tx.get_one(Case, case_id)
    groups = queries.told_of(tx, case.region_code)
    if not groups:
        return
    above = queries.regions_above(tx, regions.get_region(tx, case.region_code).path)
    text = texts.case_text(
        number=case.number, hazard=case.hazard, category=queries.plain_category(tx, case),
        grid=above[-1].name,
        place="".join(r.name for r in above if r.level in {STREET, COMMUNITY}) or above[0].name,
    )  # fmt: skip
    for group_id in groups:
        service.add_case(tx, group_id, case.number, text)
