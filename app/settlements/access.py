"""Who may ask about settling; whose statements they then see, `queries.visible_to` says."""

from typing import Annotated

from app.identity.access import Actor, holding
from app.identity.models import Role
from app.kit.marks import Resolver

find_reader = holding(
    Role.FUND_MANAGER, Role.FUND_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR, Role.KEEPER
)
SettlementReader = Annotated[Actor, Resolver(find_reader)]
Payer = Annotated[Actor, Resolver(holding(Role.FUND_MANAGER, Role.FUND_APPROVER))]
