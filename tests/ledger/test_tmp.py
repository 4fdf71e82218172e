from sqlalchemy.dialects import postgresql, sqlite
from app.kit.db import work
from app.kit import clock
from app.kit.ids import new_id
from app.ledger.models import Journal
def test_rc(db):
    d = sqlite if db.is_sqlite else postgresql
    for target in (Journal, Journal.__table__):
        with work(db, write=True) as tx:
            for _ in range(2):
                q = d.insert(target).values(id=new_id(), kind="settle", source=str(target), reason="x", created_at=clock.now()).on_conflict_do_nothing(index_elements=["kind","source"])
                r = tx.execute(q)
                print(target, type(r).__name__, r.rowcount)
