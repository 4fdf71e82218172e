"""Phone numbers: bound by a person, sealed at rest, shown masked."""

import re
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.identity.errors import PhoneTaken, PhoneTooOften
from app.identity.models import Person, Phone
from app.kit import attempts, clock
from app.kit.faults import constraints
from app.kit.seal import Seal

# Each code costs a fee, and nobody has three phones.
MOST_TRIES = 3
# A mobile number of the mainland, wherever it stands in a text.
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def count_try(tx: Session, person_id: UUID) -> None:
    """Counts a binding before WeChat is asked. Raises PhoneTooOften after three on a day."""
    if attempts.add_today(tx, f"phone:{person_id}") > MOST_TRIES:
        raise PhoneTooOften(headers={"Retry-After": "3600"})


def bind(tx: Session, seal: Seal, person_id: UUID, number: str) -> None:
    """Binds a number in the place of the one before. Raises PhoneTaken (another person's)."""
    marks = seal.marks(number)
    held = select(Phone.person_id).where(Phone.mark.in_(marks), Phone.person_id != person_id)
    if tx.scalar(held) is not None:
        raise PhoneTaken
    unbind(tx, person_id)
    with constraints({"mark": PhoneTaken}):
        tx.add(
            Phone(
                person_id=person_id, sealed=seal.seal(number), mark=marks[0], masked=mask(number),
                bound_at=clock.now(),
            )
        )  # fmt: skip
        tx.flush()


def unbind(tx: Session, person_id: UUID) -> None:
    """Forgets a person's number; again is no error."""
    tx.execute(delete(Phone).where(Phone.person_id == person_id))


def mask(number: str) -> str:
    """`138****8000`: the first three and the last four digits; of a short number the last two."""
    if len(number) < 9:  # noqa: PLR2004
        return "*" * (len(number) - 2) + number[-2:]
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def unnamed(text: str, person: Person) -> str:
    """A text for a record that outlives the person: without their name, numbers masked."""
    if len(person.name) > 1:
        text = text.replace(person.name, "***")
    return MOBILE.sub(lambda found: mask(found.group()), text)
