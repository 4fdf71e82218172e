"""Who holds what, which rules hold, and decisions about spots."""

from datetime import datetime, timedelta
from typing import Any

from cast import DISTRICT, GRID, INSIDE
from sqlalchemy import delete, select

from app.categories.models import CategoryTerms
from app.identity import service as identity
from app.identity.models import Grant, Occupation, Person, Role
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.ids import new_id
from app.posts.models import Appointment, DutyShift, Leave, Unit
from app.regions.models import Grouping, GroupingRegion
from app.routing import service
from app.routing.models import RoutingRule, RuleSet
from app.routing.schemas import Decision, Spot

# A Wednesday; its night belongs to no other weekday.
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


def spot(place: Any = INSIDE, **more: Any) -> Spot:
    lat, lng = (place["lat"], place["lng"]) if place else (None, None)
    given = {
        "accuracy_m": None, "region_code": None, "category_code": None, "net_code": None,
        "source": "report",
    }  # fmt: skip
    return Spot(lat=lat, lng=lng, **{**given, **more})


class Town:
    """The cast's map with the people, posts and rules of one test."""

    def __init__(self, tx: Any, grids: Any) -> None:
        self.tx, self.grids = tx, grids

    def decide(self, at: datetime = NOON, place: Any = INSIDE, **more: Any) -> Decision:
        return service.decide(self.tx, self.grids, spot(place, **more), at)

    def person(self, name: str = "某某", *grants: tuple[Role, str]) -> Person:
        person = identity.add_person(self.tx, name, Occupation.STAFF)
        for role, region in grants:
            identity.grant(self.tx, None, person.id, role, region)
        self.tx.flush()
        return person

    def appoint(
        self, post: str, region: str = GRID, *shifts: tuple[int, str, str], **more: Any
    ) -> Person:
        """Somebody new in a post; without shifts always on duty."""
        person = more.pop("person", None) or self.person()
        kept = {"starts_on": "2026-01-01", "created_at": clock.now(), **more}
        if "grouping_code" not in kept:
            kept["region_code"] = region
        made = Appointment(id=new_id(), person_id=person.id, post_code=post, **kept)
        self.tx.add(made)
        self.tx.flush()
        self._put(made.id, shifts)
        return person

    def shift(self, person: Person, *shifts: tuple[int, str, str]) -> None:
        """Another roster for the person's only appointment."""
        made = self.tx.scalars(select(Appointment).filter_by(person_id=person.id)).one()
        self.tx.execute(delete(DutyShift).where(DutyShift.appointment_id == made.id))
        self._put(made.id, shifts)

    def _put(self, appointment_id: Any, shifts: Any) -> None:
        for weekday, starts, ends in shifts:
            shift = DutyShift(
                id=new_id(), appointment_id=appointment_id, weekday=weekday, starts=starts,
                ends=ends,
            )  # fmt: skip
            self.tx.add(shift)
        self.tx.flush()

    def carry(self, person: Person, role: Role, region: str) -> None:
        """The role that comes with the person's post."""
        made = self.tx.scalars(select(Appointment).filter_by(person_id=person.id)).one()
        self.tx.add(
            Grant(
                id=new_id(), person_id=person.id, role=role, region_code=region,
                granted_at=clock.now(), appointment_id=made.id,
            )
        )  # fmt: skip
        self.tx.flush()

    def leave(self, person: Person, stand_in: Person | None = None, at: datetime = NOON) -> None:
        self.tx.add(
            Leave(
                id=new_id(), person_id=person.id, stand_in_id=stand_in.id if stand_in else None,
                starts_at=at - HOUR, ends_at=at + HOUR, created_by=person.id, created_at=at,
            )
        )  # fmt: skip
        self.tx.flush()

    def unit(self, code: str, region: str = DISTRICT) -> str:
        self.tx.add(Unit(code=code, name=f"单位{code}", region_code=region, active=True))
        self.tx.flush()
        return code

    def grouping(self, code: str, *regions: str) -> str:
        at = clock.now()
        self.tx.add(
            Grouping(
                code=code, name="联村", kind="joint_villages", district=DISTRICT, updated_at=at
            )
        )
        self.tx.flush()
        self.tx.add_all(GroupingRegion(grouping_code=code, region_code=r) for r in regions)
        self.tx.flush()
        return code

    def terms(self, category: str, **more: Any) -> None:
        self.tx.add(
            CategoryTerms(
                **{"version": 1, **more}, category_code=category, region_code=DISTRICT,
                questions=[], set_at=clock.now(),
            )
        )  # fmt: skip
        self.tx.flush()

    def rules(self, *rules: dict[str, Any], version: int = 1, district: str = DISTRICT) -> None:
        """Publishes these rules; each is what it says, and open in all else."""
        self.tx.add(RuleSet(district=district, version=version, published_at=clock.now()))
        self.tx.flush()
        for position, rule in enumerate(rules, start=1):
            said = {"name": f"规则{position}", "weekdays": [], **rule}
            self.tx.add(RoutingRule(district=district, version=version, position=position, **said))
        self.tx.flush()
