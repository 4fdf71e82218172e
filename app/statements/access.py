"""Who may ask for a station's day; whether it is theirs is found by `store.queries.station_for`."""

from typing import Annotated

from app.identity.access import Actor, holding
from app.identity.models import Role
from app.kit.marks import Resolver

find_reader = holding(Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR)
StationReader = Annotated[Actor, Resolver(find_reader)]
