"""Taking copies up: which of those that are due go now, filled for WeChat, each with its grant."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from app.kit import clock
from app.notify import channels, fields, queries, rules, texts
from app.notify.channels import Template, Templates
from app.notify.models import MOST_GRANTS, WECHAT, Delivery, Recipient, WechatGrant

# Longer than a whole job. Should the process die in one, its copies are due again after this.
LEASE = timedelta(minutes=2)

COPIES = Counter("xinxin_message_copies_total", "Copies by outcome", ["channel", "outcome"])


@dataclass(frozen=True)
class Parcel:
    """A copy in this worker's hands: which attempt this is, and how many before were unclear."""

    id: UUID
    person_id: UUID
    template_id: str
    claimed_at: datetime
    attempts: int
    unclear: int
    page: str
    openid: str = field(repr=False)
    data: dict[str, str] = field(repr=False)


def prepare(tx: Session) -> list[Parcel] | None:
    """Takes up what is due, each copy with a grant: nobody else takes it while it is on its way.

    None when nothing is due, or nothing that another worker does not hold already.
    """
    templates, now = channels.of(tx), clock.now()
    recipients = queries.lock_due(tx, now) if templates.by_kind else {}
    rows = queries.due(tx, templates.appid, recipients, now) if recipients else []
    parcels: list[Parcel] = []
    for person_id, theirs in groupby(rows, key=attrgetter("person_id")):
        recipient = recipients[person_id]
        going = [row for row in theirs if _goes(tx, templates, recipient, row)]
        parcels += _taken(tx, templates, recipient, going)
    return parcels if rows else None


def _goes(tx: Session, templates: Templates, recipient: Recipient, row: Any) -> bool:
    """Whether a copy is to go now; otherwise it ends here, or waits until the quiet is over."""
    why = _why_not(templates, recipient, row)
    if why is not None:
        give_back(tx, row)
        end(tx, row, "given_up", why)
        return False
    until = rules.quiet_until(clock.now(), recipient.quiet_starts, recipient.quiet_ends)
    if until is None or row.kind in rules.URGENT:
        return True
    tx.execute(update(Delivery).where(Delivery.id == row.id).values(next_at=until))
    return False


def _why_not(templates: Templates, recipient: Recipient, row: Any) -> str | None:
    now, template = clock.now(), _template(templates, row)
    rests_until = recipient.rests_until
    reasons = (
        (template is None or template.template_id != row.template_id, "template_gone"),
        (row.openid is None or row.state != "active", "not_bound"),
        (row.read_at is not None, "read"),
        (rules.topic(row.kind) in recipient.wechat_off, "muted"),
        (rests_until is not None and now < rests_until, "resting"),
        (now - row.created_at >= rules.TOO_OLD, "too_old"),
        (row.unclear >= rules.MOST_UNCLEAR, "unclear"),
    )
    return next((why for holds, why in reasons if holds), None)


def _template(templates: Templates, row: Any) -> Template | None:
    return templates.by_kind.get(texts.GATHERED if row.covers > 1 else row.kind)


def _taken(
    tx: Session, templates: Templates, recipient: Recipient, rows: list[Any]
) -> list[Parcel]:
    """Parcels of one person's copies; of many that wait at once, one for all but the urgent."""
    few = [row for row in rows if not row.attempts and row.kind not in rules.URGENT]
    digest = templates.by_kind.get(texts.GATHERED)
    parcels = []
    if (
        recipient.digest
        and digest is not None
        and len(few) > rules.MANY
        and _take_grant(tx, recipient.person_id, digest)
    ):
        for row in few[:-1]:
            end(tx, row, "digested", None)
        parcels.append(_claimed(tx, recipient, few[-1], digest, len(few)))
        rows = [row for row in rows if row not in few]
    for row in rows:
        template = _template(templates, row)
        assert template is not None
        # From its first attempt on a copy holds a grant.
        if row.attempts or _take_grant(tx, row.person_id, template):
            parcels.append(_claimed(tx, recipient, row, template, row.covers))
        else:
            end(tx, row, "given_up", "no_grant")
    return parcels


def _take_grant(tx: Session, person_id: UUID, template: Template) -> bool:
    grant = update(WechatGrant).where(
        WechatGrant.person_id == person_id, WechatGrant.template_id == template.template_id,
        WechatGrant.remaining > 0,
    )  # fmt: skip
    fewer = grant.values(remaining=WechatGrant.remaining - 1)
    return tx.execute(fewer.returning(WechatGrant.person_id)).first() is not None


def _claimed(
    tx: Session, recipient: Recipient, row: Any, template: Template, covers: int
) -> Parcel:
    """Counts the attempt; until there is an answer, it counts as one that may have gone."""
    now = clock.now()
    counted = {"attempts": row.attempts + 1, "unclear": row.unclear + 1}
    what = {"template_id": template.template_id, "covers": covers}
    mine = update(Delivery).where(Delivery.id == row.id)
    tx.execute(mine.values(next_at=now + LEASE, **counted, **what))
    return Parcel(
        row.id, row.person_id, template.template_id, now, row.attempts + 1,
        row.unclear, template.page, row.openid,
        _filled(template, recipient.language, row, covers),
    )  # fmt: skip


def _filled(template: Template, language: str, row: Any, covers: int) -> dict[str, str]:
    told_at = clock.moment(row.created_at)

    def sources(language: str) -> dict[str, Any]:
        kind, data = row.kind, row.data
        title, text = texts.render(kind, data, language)
        if covers > 1:
            kind, data = texts.GATHERED, {"count": covers, "latest": title}
            title, text = texts.render(kind, data, language)
        known = {"title": title, "text": text, "subject": row.subject, "time": told_at}
        return texts.values(data, language) | known

    chosen, chinese = sources(language), sources("zh")
    return {
        # A phrase is Chinese whatever the person reads.
        name: fields.fit(
            name, str((chinese if name.startswith("phrase") else chosen).get(source, "")), told_at
        )
        for name, source in template.fields.items()
    }


def end(tx: Session, copy: Any, state: str, why: str | None) -> None:
    mine = update(Delivery).where(Delivery.id == copy.id)
    tx.execute(mine.values(state=state, last_error=why, done_at=clock.now()))
    COPIES.labels(WECHAT, why if state == "given_up" else state).inc()


def give_back(tx: Session, copy: Any) -> None:
    """The grant that a copy holds, if it certainly did not use it."""
    if copy.attempts and not copy.unclear:
        kept = grant_of(copy).where(WechatGrant.remaining < MOST_GRANTS)
        tx.execute(kept.values(remaining=WechatGrant.remaining + 1))


def grant_of(copy: Any) -> Update:
    return update(WechatGrant).where(
        WechatGrant.person_id == copy.person_id, WechatGrant.template_id == copy.template_id
    )
