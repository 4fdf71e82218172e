"""The suggestion learns from a district's own closed cases, and from nothing else."""

from cast import DISTRICT

from app.cases import training
from app.categories.models import SuggestionModel
from app.kit.db import work


def learnt(db):
    with work(db, write=True) as tx:
        training.train_all(tx)
    with work(db, write=False) as tx:
        model = tx.get(SuggestionModel, DISTRICT)
        return 0 if model is None else model.cases


def test_from_closed_cases_only(db, desk):
    before = learnt(db)
    desk.filed(description="下水道井盖被压碎")
    assert learnt(db) == before
    for _ in range(2):
        desk.closed(description="下水道井盖被压碎")
    assert learnt(db) == before + 2


def test_again_gives_the_same(db, desk):
    desk.closed(description="窨井盖松动异响")
    assert learnt(db) == learnt(db)
