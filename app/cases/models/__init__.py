"""Tables of cases, their moves, histories and indexes."""

from app.cases.models.case import Case, CaseMerge, CaseNumber, CaseReport
from app.cases.models.history import CaseEntry, CaseMove, CaseMovePhoto
from app.cases.models.indexes import CaseScope, CaseText
from app.cases.models.states import OUTCOMES, STATUSES, SURELY_OPEN, WHILE_OPEN

__all__ = [
    "OUTCOMES",
    "STATUSES",
    "SURELY_OPEN",
    "WHILE_OPEN",
    "Case",
    "CaseEntry",
    "CaseMerge",
    "CaseMove",
    "CaseMovePhoto",
    "CaseNumber",
    "CaseReport",
    "CaseScope",
    "CaseText",
]
