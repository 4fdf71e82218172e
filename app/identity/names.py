"""The names of people: the one they begin with, and those that they had before."""

from sqlalchemy.orm import Session

from app.identity import queries
from app.identity.models import FormerName, Person
from app.kit import actions
from app.kit.db import insert_for

# Of whoever has told none yet.
NEWCOMER = "微信用户"


def renamed(tx: Session, person: Person) -> None:
    """Remembers the name that is given up, until its owner goes; of staff the log says so."""
    if person.name != NEWCOMER:
        former = insert_for(tx, FormerName).values(person_id=person.id, name=person.name)
        tx.execute(former.on_conflict_do_nothing(index_elements=["person_id", "name"]))
    if queries.is_staff(tx, person.id):
        actions.record(tx, person.id, "person.renamed", "person", person.id)
