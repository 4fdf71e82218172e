"""What still holds for a WeChat user whose account ended, when they come back under another one.

Of an ended account no openid is kept. A block keeps a mark of it, keyed by the service's own
secret, as long as it holds; a table of a higher floor, so it is named.
"""

from uuid import UUID

from sqlalchemy import column, or_, select, table, update
from sqlalchemy.orm import Session

from app.identity.models import Person, WechatBinding
from app.kit import clock
from app.kit.columns import IdType, InstantType
from app.kit.seal import Seal

_BLOCKS = table(
    "blocks", column("person_id", IdType()), column("mark"),
    column("until", InstantType()), column("lifted_at", InstantType()),
)  # fmt: skip


def _marks(seal: Seal, appid: str, openid: str) -> list[str]:
    return seal.marks(f"openid {appid} {openid}")


def mark_of(tx: Session, seal: Seal, person_id: UUID) -> str | None:
    """The mark of the WeChat user behind a person; None where there is none."""
    mine = select(WechatBinding).where(WechatBinding.person_id == person_id)
    binding = tx.scalar(mine.order_by(WechatBinding.created_at.desc()).limit(1))
    return None if binding is None else _marks(seal, binding.appid, binding.openid)[0]


def go_on(tx: Session, seal: Seal, appid: str, openid: str, person_id: UUID) -> None:
    """Lets a block of somebody who ended their account hold for the person who they are now."""
    ended = select(Person.id).where(Person.state == "deleted")
    holding = update(_BLOCKS).where(
        _BLOCKS.c.mark.in_(_marks(seal, appid, openid)), _BLOCKS.c.lifted_at.is_(None),
        or_(_BLOCKS.c.until.is_(None), _BLOCKS.c.until > clock.now()),
        _BLOCKS.c.person_id.in_(ended),
    )  # fmt: skip
    tx.execute(holding.values(person_id=person_id))
