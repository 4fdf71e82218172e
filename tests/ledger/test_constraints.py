"""Statements that no code of ours would send, straight to each database: every one is refused."""

from dataclasses import dataclass

import pytest
from ledger.build import broken, earn, own_database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from store.build import CODES, make_shop

from app import tables
from app.cases.models import Case, CaseMove, CaseMovePhoto, CaseNote
from app.cat import noop
