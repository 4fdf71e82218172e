"""API clients over HTTP, for the administrators of their regions."""

from sqlalchemy.orm import Session

from app.accounts import clients, queries
from app.accounts.errors import ClientDisabled, ClientNotFound, ClientTaken, RegionForbidden
from app.accounts.schemas import ClientDraft, ClientId, ClientList, ClientOut, ClientSecretOut
from app.identity.access import Administrator
from app.identity.errors import PersonOnly, RoleMissing
from app.kit.http import in_transaction
from app.kit.problems import raises
from app.kit.router import Router
from app.regions.errors import RegionUnknown

router = Router(prefix="/v1/clients", tags=["accounts 账号"])
ADMIN = (PersonOnly, RoleMissing)


@router.get("", responses=raises(*ADMIN))
@in_transaction
def list_clients(tx: Session, actor: Administrator) -> ClientList:
    """The API clients of the caller's regions."""
    return ClientList(items=queries.clients(tx, actor))


@router.post("", responses=raises(*ADMIN, RegionUnknown, RegionForbidden, ClientTaken))
@in_transaction(status=201, replay=clients.replay)
def add_client(tx: Session, actor: Administrator, body: ClientDraft) -> ClientSecretOut:
    """Makes an API client; its secret is told this once and kept hashed."""
    return clients.add(tx, actor, body)


@router.post("/{client_id}/rotate", responses=raises(*ADMIN, ClientNotFound, ClientDisabled))
@in_transaction(replay=clients.replay)
def rotate_client(tx: Session, actor: Administrator, client_id: ClientId) -> ClientSecretOut:
    """Gives another secret, told this once; the one before opens for a day beside it."""
    return clients.rotate(tx, actor, client_id)


@router.post("/{client_id}/disable", responses=raises(*ADMIN, ClientNotFound))
@in_transaction
def disable_client(tx: Session, actor: Administrator, client_id: ClientId) -> ClientOut:
    """Shuts a program out from its next request on, for good."""
    return clients.disable(tx, actor, client_id)
