"""Programs that sign in with a secret of their own."""

import secrets

from sqlalchemy.orm import Session

from app.identity import queries, tokens
from app.identity.errors import CredentialsWrong
from app.identity.models import ApiClient
from app.identity.schemas import ClientTokenOut
from app.identity.tokens import TokenKeys
from app.kit import clock


def sign_in(
    tx: Session, keys: TokenKeys, client_id: str, secret: str, wanted: str | None
) -> ClientTokenOut:
    """OAuth2 client credentials (RFC 6749, 4.4). Raises CredentialsWrong."""
    client = queries.find_client(tx, client_id)
    if not _opens(client, tokens.digest(secret)) or client is None:
        raise CredentialsWrong
    scopes = [s for s in client.scopes if wanted is None or s in wanted.split()]
    if client.state != "active" or not scopes:
        raise CredentialsWrong
    access = keys.issue(f"client:{client.id}", scope=" ".join(scopes))
    life = int(tokens.LIFE.total_seconds())
    return ClientTokenOut(access_token=access, expires_in=life, scope=" ".join(scopes))


def _opens(client: ApiClient | None, digest: str) -> bool:
    """Whether it is the client's secret, or the one before while both are good."""
    nobody = tokens.digest("")
    known, old = nobody, nobody
    if client is not None:
        known = client.secret_hash
        if client.old_until is not None and client.old_until > clock.now():
            old = client.old_secret_hash or nobody
    # Both are compared, whatever the first one says: the time tells nothing.
    found = [secrets.compare_digest(one, digest) for one in (known, old)]
    return digest != nobody and any(found)
