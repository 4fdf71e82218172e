"""What WeChat may bring beyond the inbox: a template for each kind, as the settings say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter
from sqlalchemy import Text, literal, null, select
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.columns import IdType, InstantType
from app.kit.db import insert_for
from app.kit.ids import new_id
from app.kit.schema import Draft
from app.notify import texts
from app.notify.fields import FIELD
from app.notify.models import WECHAT, Delivery, WechatGrant
from app.notify.schemas import TemplateId

# Under this name a database's `info` tells every unit which templates there are.
INFO = "wechat_templates"
# What a field may be filled with, beside the data that the kind's text names.
SOURCES = frozenset({"title", "text", "subject", "time"})


class Template(Draft):
    """A template of the mini program: each of its fields by what fills it, and what a tap opens."""

    template_id: TemplateId
    fields: dict[Annotated[str, StringConstraints(pattern=f"^{FIELD}$")], str] = Field(
        min_length=1, max_length=20
    )
    page: Annotated[str, StringConstraints(pattern=r"^[\w/.?=&-]{1,200}$")]


_BY_KIND = TypeAdapter(dict[str, Template])


@dataclass(frozen=True)
class Templates:
    """The templates of one mini program; without any, the channel is off."""

    appid: str = ""
    by_kind: Mapping[str, Template] = field(default_factory=dict)

    @classmethod
    def read(cls, appid: str, given: Mapping[str, Any]) -> Self:
        """Raises ValueError for a kind that there is not, or a field filled with nothing known."""
        by_kind = _BY_KIND.validate_python(given)
        for kind, template in by_kind.items():
            if kind not in texts.TEXTS:
                raise ValueError(f"XINXIN_WECHAT_TEMPLATES: there is no kind {kind}")
            unknown = set(template.fields.values()) - SOURCES - texts.names(kind)
            if unknown:
                raise ValueError(f"XINXIN_WECHAT_TEMPLATES: {kind} has no {min(unknown)}")
        return cls(appid, by_kind)

    @property
    def kinds_of(self) -> dict[str, list[str]]:
        """The kinds that each template is for, by its id."""
        found: dict[str, list[str]] = {}
        for kind, template in sorted(self.by_kind.items()):
            found.setdefault(template.template_id, []).append(kind)
        return found


OFF = Templates()


def of(tx: Session) -> Templates:
    """The templates of this unit's process; none where nobody named any."""
    found: Templates = tx.info.get(INFO, OFF)
    return found


def copy(tx: Session, template: Template, message_id: UUID, person_id: UUID) -> None:
    """Queues a copy of a message, in one statement, for whoever has a grant for it left."""
    now = clock.now()
    row: dict[str, Any] = {
        "id": literal(new_id(), IdType), "message_id": literal(message_id, IdType),
        "channel": literal(WECHAT, Text), "person_id": WechatGrant.person_id,
        "template_id": WechatGrant.template_id, "covers": literal(1),
        "state": literal("waiting", Text), "attempts": literal(0), "unclear": literal(0),
        "last_error": null(), "created_at": literal(now, InstantType),
        "next_at": literal(now, InstantType),
    }  # fmt: skip
    granted = select(*(value.label(name) for name, value in row.items())).where(
        WechatGrant.person_id == person_id, WechatGrant.template_id == template.template_id,
        WechatGrant.remaining > 0,
    )  # fmt: skip
    tx.execute(insert_for(tx, Delivery).from_select(list(row), granted))
