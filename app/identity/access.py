"""Who may ask: actors as annotations of endpoints, found inside the unit on every request."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import queries
from app.identity.errors import (
    PasswordChangeRequired,
    PersonOnly,
    RoleMissing,
    ScopeMissing,
    SessionEnded,
    StaffOnly,
    TotpRequired,
)  # fmt: skip
from app.identity.models import Role, Step
from app.kit import clock
from app.kit.marks import Claims, Resolver

FIRST = {Step.PASSWORD: PasswordChangeRequired, Step.TOTP: TotpRequired}


# Under this name a process whose settings want it keeps the check of consent.
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Held:
    """A role, and the path of the region whose subtree it covers."""

    role: str
    path: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller: a person with a living session and the roles they hold right now."""

    person_id: UUID
    sign_in_id: UUID
    member_no: str
    held: tuple[Held, ...]

    def holds(self, roles: Iterable[str], path: str) -> bool:
        """Whether one of the roles covers the region with this path."""
        return any(h.role in roles and path.startswith(h.path) for h in self.held)

    def has(self, role: str) -> bool:
        """Whether the role is held anywhere."""
        return any(h.role == role for h in self.held)

    def paths(self, roles: Iterable[str]) -> list[str]:
        """The paths of the regions held with these roles, each once, in order."""
        return sorted({h.path for h in self.held if h.role in roles})


@dataclass(frozen=True, slots=True)
class Program:
    """An API client; its region says whose store the till stands in and who hears of its holds."""

    client_id: str
    region_code: str


def find_actor(tx: Session, claims: Claims) -> Actor:
    """Raises PersonOnly for a program's token, SessionEnded when the session or person ended,
    and what must be done first when the session is not a whole one."""
    return _found(tx, claims, ())


def _found(tx: Session, claims: Claims, steps: Collection[Step]) -> Actor:
    if "sid" not in claims:
        raise PersonOnly
    rows = queries.who(tx, UUID(claims["sid"]), clock.now())
    if not rows:
        raise SessionEnded
    if rows[0].step is not None and rows[0].step not in steps:
        raise FIRST[Step(rows[0].step)]
    held = tuple(Held(row.role, row.path) for row in rows if row.role is not None)
    return Actor(rows[0].id, UUID(claims["sid"]), rows[0].member_no, held)


def entering(*steps: Step) -> Callable[[Session, Claims], Actor]:
    """A resolver for what staff do so that their session becomes a whole one."""
    return lambda tx, claims: _found(tx, claims, steps)


def find_staff(tx: Session, claims: Claims) -> Actor:
    """Raises StaffOnly for a person without any role."""
    actor = find_actor(tx, claims)
    if not actor.held:
        raise StaffOnly
    return actor


def holding(*roles: Role) -> Callable[[Session, Claims], Actor]:
    """A resolver for people who hold one of the roles; it raises RoleMissing."""

    def find(tx: Session, claims: Claims) -> Actor:
        actor = find_actor(tx, claims)
        if not any(actor.has(role) for role in roles):
            raise RoleMissing
        return actor

    return find


def with_scope(scope: str) -> Callable[[Session, Claims], Program]:
    """A resolver for API clients that were given the scope; it raises ScopeMissing."""

    def find(tx: Session, claims: Claims) -> Program:
        client_id = str(claims["sub"]).removeprefix("client:")
        client = queries.find_client(tx, client_id) if "sid" not in claims else None
        if client is None or scope not in claims.get("scope", "").split():
            raise ScopeMissing
        if client.state != "active" or scope not in client.scopes:
            raise SessionEnded
        return Program(client.id, client.region_code)

    return find


def require_consent(tx: Session, actor: Actor) -> None:
    """Raises ConsentMissing where consent comes first; asks nothing where it does not.

    Nobody is asked for what they do in office.
    """
    check: Callable[[Session, UUID], None] | None = tx.info.get(CONSENT)
    if check is not None and not actor.held:
        check(tx, actor.person_id)


Reporter = Annotated[Actor, Resolver(find_actor)]
# Signing out is possible whatever else is to be done first.
Leaving = Annotated[Actor, Resolver(entering(*Step))]
ChangingPassword = Annotated[Actor, Resolver(entering(Step.PASSWORD))]
SettingUpCodes = Annotated[Actor, Resolver(entering(Step.TOTP))]
Staff = Annotated[Actor, Resolver(find_staff)]
Keeper = Annotated[Actor, Resolver(holding(Role.KEEPER))]
FundManager = Annotated[Actor, Resolver(holding(Role.FUND_MANAGER))]
FundApprover = Annotated[Actor, Resolver(holding(Role.FUND_APPROVER))]
Administrator = Annotated[Actor, Resolver(holding(Role.ADMINISTRATOR))]
Till = Annotated[Program, Resolver(with_scope("points:read"))]
Holding = Annotated[Program, Resolver(with_scope("points:hold"))]
