"""Writes to API clients: made with scopes, given another secret, disabled."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.errors import ClientDisabled, ClientTaken
from app.accounts.schemas import ClientDraft, ClientOut, ClientSecretOut
from app.identity import service as identity
from app.identity import tokens
from app.identity.access import Actor
from app.identity.models import ApiClient
from app.kit import actions, clock
from app.kit.faults import constraints

# Both secrets open this long, so that a program can be told the new one without a gap.
OVERLAP = timedelta(hours=24)


def add(tx: Session, actor: Actor, draft: ClientDraft) -> ClientSecretOut:
    """Makes a client; its secret is told this once.

    Raises RegionUnknown, RegionForbidden, ClientTaken.
    """
    region = queries.region_of(tx, actor, draft.region_code)
    scopes = sorted({str(scope) for scope in draft.scopes})
    with constraints({"pk_api_clients": ClientTaken, "api_clients.id": ClientTaken}):
        secret = identity.add_client(
            tx, draft.id, draft.name, scopes, region.code, by=actor.person_id
        )
        tx.flush()
    return _told(tx.get_one(ApiClient, draft.id), secret)


def rotate(tx: Session, actor: Actor, client_id: str) -> ClientSecretOut:
    """Gives a client another secret, told this once; the one before opens for a day beside it.

    Raises ClientNotFound, ClientDisabled.
    """
    client = queries.get_client(tx, actor, client_id)
    if client.state != "active":
        raise ClientDisabled
    secret = tokens.new_secret()
    client.old_secret_hash, client.old_until = client.secret_hash, clock.now() + OVERLAP
    client.secret_hash = tokens.digest(secret)
    tx.flush()
    actions.record(tx, actor.person_id, "client.rotated", "client", client_id)
    return _told(client, secret)


def _told(client: ApiClient, secret: str) -> ClientSecretOut:
    return ClientSecretOut(**queries.client_out(client).model_dump(), secret=secret)


def replay(_tx: Session, _actor: Actor, stored: str, **_held: Any) -> ClientSecretOut:
    """The first answer again; the secret it held is told no second time."""
    return ClientSecretOut.model_validate_json(stored)


def disable(tx: Session, actor: Actor, client_id: str) -> ClientOut:
    """Shuts a client out from its next request on, for good; again is no error.

    Raises ClientNotFound.
    """
    client = queries.get_client(tx, actor, client_id)
    client.state, client.old_secret_hash, client.old_until = "disabled", None, None
    tx.flush()
    actions.record(tx, actor.person_id, "client.disabled", "client", client_id)
    return queries.client_out(client)
