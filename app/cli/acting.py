"""Whoever sits at the shell, as the services know an actor."""

from typing import cast
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.access import Actor, Held
from app.identity.models import Role
from app.regions import queries as regions


def operator(tx: Session, by: str | None = None) -> Actor:
    """Administrator of every district: nobody's person, or the member of staff who answers for it.

    Raises typer.BadParameter for a user name that nobody has.
    """
    held = tuple(
        Held(Role.ADMINISTRATOR, regions.get_region(tx, code).path) for code in regions.roots(tx)
    )
    if by is None:
        # Columns that take the actor's person are nullable for this, but of groups and leaves.
        nobody = cast("UUID", None)
        return Actor(nobody, nobody, "", held)
    account = identity.find_account(tx, by)
    person = identity.get_person(tx, account.person_id) if account else None
    if person is None or person.state != "active":
        raise typer.BadParameter(f"no member of staff signs in as {by}")
    return Actor(person.id, person.id, person.member_no, held)
