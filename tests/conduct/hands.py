"""Small words for the tests of conduct."""

from app.cases.models import Case, CaseReport
from app.kit import clock
from app.kit.db import insert_row, work
from app.kit.ids import new_id
from app.reports.models import Report

FAR = "500231000000"


def reported(db, person_id, region):
    """A report of a person, and the case of a region that it became."""
    now = clock.now()
    both = {"description": "路灯不亮", "address": "门口", "status": "reported", "created_at": now}
    report, case = new_id(), new_id()
    with work(db, write=True) as tx:
        insert_row(
            tx, Report, id=report, person_id=person_id, anonymous=False, updated_at=now, **both
        )
        insert_row(
            tx, Case, id=case, number=case.hex, version=1, region_code=region, routing={},
            hazard=False, rework=0, returns=0, accept_due_at=now, clock_rule={}, updated_at=now,
            **both,
        )  # fmt: skip
        insert_row(tx, CaseReport, case_id=case, report_id=report, joined_at=now)
