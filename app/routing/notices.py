"""What administrators are told of rules that point at nobody."""

from sqlalchemy.orm import Session

from app.identity import queries as identity
from app.identity.models import Role
from app.kit.errors import Words
from app.notify import service as notify
from app.routing import queries


def tell_empty(tx: Session, district: str, version: int, position: int) -> None:
    """Tells each administrator of the district once that a rule of a version points at nobody."""
    rule = queries.of_version(tx, district, version)[position - 1]
    target = Words(*queries.target(tx, rule))._asdict()
    subject = f"{district}/{version}/{position}"
    for person_id in identity.holding(tx, district, (Role.ADMINISTRATOR,)):
        notify.tell(
            tx, person_id, "rule.found_empty", subject,
            version=version, position=position, name=rule.name, target=target,
        )  # fmt: skip
