"""Taking away what names a person who is gone; done again, it takes what came in meanwhile."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import cast, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.models import BrokenGlass
from app.cases import indexing
from app.cases.models import Case
from app.households.models import Household, HouseholdInvitation, HouseholdMember
from app.identity import service as identity
from app.identity.models import (
    FormerName,
    Grant,
    Occupation,
    Person,
    Phone,
    RealName,
    WechatBinding,
)  # fmt: skip
from app.identity.phones import MOBILE
from app.kit import answers, clock
from app.kit.columns import CodeText, FreeText, IdType
from app.kit.db import Base
from app.kit.seal import Seal
from app.media.models import Photo
from app.mini.models import WechatPush
from app.notify.models import Message
from app.patrols.models import Patrol
from app.posts.models import Appointment
from app.privacy import queries, texts
from app.privacy.inventory import TABLES
from app.regions.models import Region
from app.reports.models import Report

BATCH = 500


def clear(tx: Session, seal: Seal | None, person_id: UUID) -> None:
    """Leaves facts and sums without a name; a person whose account has not ended stays as is.

    Without a `seal` a bound number and a real name go unread: the number is blotted out of their
    own texts only.
    """
    found = select(Person).where(Person.id == person_id, Person.state == "deleted")
    person = tx.scalar(found.with_for_update().execution_options(populate_existing=True))
    if person is None:
        return
    names, numbers = _names(tx, seal, person), _numbers(tx, seal, person)
    words, own = texts.telling(*names, *numbers), _own_texts(tx, person_id)
    blotted = {text: _own_blotted(text, words) for text in own}
    told = _blot_messages(tx, person_id, words)
    _blot_answers(tx, person_id, names, numbers, blotted, told)
    _blot(tx, person_id, words, numbers, blotted)
    _hide(tx, person_id)
    for openid in _openids(tx, person_id):
        named = WechatPush.fields.cast(FreeText).contains(openid, autoescape=True)
        tx.execute(update(WechatPush).where(named).values(fields={}))
    _drop_rows(tx, person_id)
    person.name, person.employer, person.occupation = texts.GONE, None, Occupation.OTHER
    person.member_no = identity.free_member_no(tx)
    tx.flush()


def left(tx: Session) -> list[UUID]:
    """People who are gone and of whom something came in again: by a request that began before."""
    named = exists().where(Report.person_id == Person.id, ~Report.anonymous)
    waiting = queries.table("data_exports").c.person_id == Person.id
    rests = [Person.name != texts.GONE, named, exists().where(waiting)]
    for name, sheet in TABLES.items():
        if sheet.goes and "=" not in sheet.whose:
            column = queries.table(name).c[sheet.whose]
            same = Person.id if isinstance(column.type, IdType) else cast(Person.id, CodeText)
            rests.append(exists().where(column == same))
    return list(tx.scalars(select(Person.id).where(Person.state == "deleted", or_(*rests))))


def _names(tx: Session, seal: Seal | None, person: Person) -> list[str]:
    former = tx.scalars(select(FormerName.name).where(FormerName.person_id == person.id))
    told = tx.get(RealName, person.id)
    real = seal.open(told.sealed) if told and seal else None
    return texts.telling(person.name, real, *former)


def _numbers(tx: Session, seal: Seal | None, person: Person) -> list[str]:
    """What belongs to this person alone, wherever it is read; a name may be anybody's word."""
    phone = tx.get(Phone, person.id)
    number = seal.open(phone.sealed) if phone and seal else None
    return texts.telling(person.member_no, number, *_openids(tx, person.id))


def _openids(tx: Session, person_id: UUID) -> list[str]:
    mine = WechatBinding.person_id == person_id
    rows = tx.execute(select(WechatBinding.openid, WechatBinding.unionid).where(mine))
    return [one for row in rows for one in row if one]


def _own_texts(tx: Session, person_id: UUID) -> set[str]:
    mine = select(Report.description, Report.address).where(Report.person_id == person_id)
    return {text for row in tx.execute(mine) for text in row if text}


def _own_blotted(text: str, words: Collection[str]) -> str:
    # A number that was bound before is kept nowhere, so every mobile number goes.
    return MOBILE.sub(texts.BLOT, texts.blotted(text, words))


def _blot(
    tx: Session, person_id: UUID, words: list[str], numbers: list[str], own: Mapping[str, str]
) -> None:
    """Blots name and numbers out of the person's own texts, and of what was copied from them."""
    for name, sheet in TABLES.items():
        if not sheet.of("words") or name == "people":
            continue
        if sheet.whose:
            mine = queries.theirs(name, person_id)
            _blot_table(tx, name, mine, lambda text: _own_blotted(text, words))
        if sheet.about:
            # Others reported the same, and their words stay as they are.
            about = queries.about(name, person_id)
            _blot_table(tx, name, about, lambda text: own.get(text) or texts.blotted(text, numbers))


def _blot_table(tx: Session, name: str, found: Any, blotted: Callable[[str], str]) -> None:
    table, columns = queries.table(name), TABLES[name].of("words")
    keys = list(table.primary_key)
    changed = []
    for row in tx.execute(select(*keys, *(table.c[c] for c in columns)).where(found)).mappings():
        after = {c: blotted(row[c]) for c in columns if row[c]}
        if any(row[c] != text for c, text in after.items()):
            tx.execute(update(table).where(*(k == row[k.name] for k in keys)).values(**after))
            changed.append(row)
    if name == "cases" and changed:
        _reindex(tx, [row["id"] for row in changed])


def _reindex(tx: Session, case_ids: list[UUID]) -> None:
    tx.expire_all()
    found = select(Case, Region.path).join(Region, Region.code == Case.region_code)
    rows = tx.execute(found.where(Case.id.in_(case_ids))).all()
    indexing.reindex(tx, [(case, path) for case, path in rows])


def _blot_messages(tx: Session, person_id: UUID, words: list[str]) -> list[UUID]:
    """Blots what others were told that names this person, and gives these messages' ids."""
    home = HouseholdMember.household_id == HouseholdInvitation.household_id
    # Each kind of message whose data hold a name, by what it is about.
    about = {
        "household.asked": select(HouseholdInvitation.id).join(HouseholdMember, home)
        .where(HouseholdMember.person_id == person_id),
        "glass.broken": select(BrokenGlass.grant_id).join(Grant, Grant.id == BrokenGlass.grant_id)
        .where(Grant.person_id == person_id),
        "patrol.missed": select(Patrol.id).where(Patrol.person_id == person_id),
    }  # fmt: skip
    blotted = []
    for kind, query in about.items():
        subjects = sorted({str(one) for one in tx.scalars(query)})
        for start in range(0, len(subjects), BATCH):
            some = Message.subject.in_(subjects[start : start + BATCH])
            for message in tx.scalars(select(Message).where(Message.kind == kind, some)):
                after = answers.changed(message.data, lambda _, text: texts.blotted(text, words))
                if after != message.data:
                    message.data = after
                    blotted.append(message.id)
    tx.flush()
    return blotted


def _blot_answers(
    tx: Session, person_id: UUID, names: list[str], numbers: list[str], own: Mapping[str, str],
    messages: list[UUID],
) -> None:  # fmt: skip
    """What others were answered in the last days, too: a retry of theirs reads it again."""
    words = texts.telling(*names, *numbers)
    mine = select(HouseholdMember.household_id).where(HouseholdMember.person_id == person_id)
    homes = tx.scalars(select(Household.name).where(Household.id.in_(mine)))
    told = {answers.part(home) for home in homes if texts.blotted(home, names) != home}
    told |= {answers.part(number) for number in numbers} | {str(one) for one in messages}
    told |= {answers.whole(name) for name in names}
    told |= {answers.whole(text) for text, after in own.items() if text != after}

    def blotted(field: str, text: str) -> str:
        if text in own:
            return own[text]
        # A name may be chosen so that it is a code of every answer. What people wrote has a blank,
        # or letters that no code has.
        spoken = field.endswith(texts.NAMING) or not text.isascii() or " " in text
        return texts.blotted(text, words if spoken else numbers)

    answers.rewrite(tx, told, blotted)


def _hide(tx: Session, person_id: UUID) -> None:
    """What stays shows nobody: reports become anonymous, portraits and places of unused photos
    go."""
    tx.execute(update(Report).where(Report.person_id == person_id).values(anonymous=True))
    portraits = select(Appointment.photo_id).where(Appointment.person_id == person_id)
    # Whoever uploaded it: from now on it is an unused photo of the person who goes.
    portrait = update(Photo).where(Photo.id.in_(portraits.where(Appointment.photo_id.is_not(None))))
    tx.execute(portrait.values(owner_id=person_id, used_for=None))
    unused = update(Photo).where(Photo.owner_id == person_id, Photo.used_for.is_(None))
    tx.execute(unused.values(lat=None, lng=None, taken_at=None))
    asked = update(HouseholdInvitation).where(
        HouseholdInvitation.person_id == person_id, HouseholdInvitation.state == "asked"
    )
    tx.execute(asked.values(state="declined", decided_at=clock.now()))
    for name, sheet in TABLES.items():
        if blank := sheet.of("blank"):
            rows = update(queries.table(name)).where(queries.theirs(name, person_id))
            tx.execute(rows.values(dict.fromkeys(blank)))


def _drop_rows(tx: Session, person_id: UUID) -> None:
    # Those who point before those they point at.
    for table in reversed(Base.metadata.sorted_tables):
        if TABLES[table.name].goes:
            tx.execute(delete(table).where(queries.theirs(table.name, person_id)))
