"""Who may ask at a station; whether it is the right station is found by `queries.station_for`."""

from typing import Annotated

from app.identity.access import Actor, holding
from app.identity.models import Role
from app.kit.marks import Resolver

# Whoever moves stock, whoever looks at it, whoever closes what a counter could not post.
StockHand = Annotated[Actor, Resolver(holding(Role.KEEPER, Role.ADMINISTRATOR))]
StockReader = Annotated[Actor, Resolver(holding(Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR))]
Closer = Annotated[Actor, Resolver(holding(Role.ADMINISTRATOR, Role.AUDITOR))]
Cataloguer = Closer
