"""The sample district: whole, loadable twice, and kept out of production."""

import pytest
from ledger.build import broken
from sqlalchemy import func, select

from app.demo import sample
from app.grids.models import Grid
from app.grids.service import GridCache
from app.identity.models import ApiClient
from app.kit.db import work
from app.ledger import sums as ledger
from app.ledger.models import Contribution
from app.main import refuse_development_accounts
from app.regions.models import Region
from app.store.models import Station


def test_the_district_is_whole_and_a_second_load_changes_nothing(db):
    with work(db, write=True) as tx:
        assert sample.load(tx)
    with work(db, write=True) as tx:
        assert not sample.load(tx)
    with work(db, write=False) as tx:
        levels = dict(
            row for row in tx.execute(select(Region.level, func.count()).group_by(Region.level))
        )
        assert levels == {0: 1, 1: 23, 2: 304, 3: 1947}
        assert tx.scalar(select(func.count()).select_from(Grid)) == 1947
        assert tx.scalar(select(func.count()).select_from(Station)) == 36
        kinds = set(tx.scalars(select(Contribution.kind)))
        assert len(kinds) == 5
        assert ledger.lowest_rate(tx) == 100
        # What the demo's till needs to read a balance, and to hold points as a store would.
        assert tx.get_one(ApiClient, sample.TILL).scopes == ["points:read", "points:hold"]
    assert broken(db) == []


def test_every_process_sees_a_new_import_without_a_restart(db):
    here, there = GridCache(), GridCache()
    with work(db, write=True) as tx:
        sample.load_map(tx)
    with work(db, write=False) as tx:
        first = here.current(tx), there.current(tx)
        assert here.current(tx) is first[0], "the same version is not built twice"
    with work(db, write=True) as tx:
        sample.load_map(tx)
    with work(db, write=False) as tx:
        assert here.current(tx) is not first[0]
        assert here.current(tx).version == there.current(tx).version == first[0].version + 1


def test_production_does_not_start_beside_development_accounts(db):
    refuse_development_accounts(db)
    with work(db, write=True) as tx:
        sample.load(tx)
    with pytest.raises(RuntimeError, match="development accounts"):
        refuse_development_accounts(db)
