"""Commands for who may do what: staff accounts, roles, API clients."""

from typing import Annotated
from uuid import UUID

import typer

from app.cli.root import cli, unit
from app.identity import passwords
from app.identity import service as identity
from app.identity.errors import PasswordWeak
from app.identity.models import Role, Scope
from app.identity.schemas import PasswordSignIn
from app.regions import queries as regions


@cli.command("add-staff")
def add_staff(
    username: str,
    name: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Add a staff account; the password is asked for, so that no shell remembers it."""
    try:
        passwords.check(password, username, "default")
    except PasswordWeak as weak:
        raise typer.BadParameter(str(weak)) from None
    PasswordSignIn(username=username, password=password)
    with unit() as tx:
        person = identity.add_staff(tx, username, password, name)
    typer.echo(f"{person.id} {person.member_no}")


@cli.command()
def grant(person: UUID, role: Role, region: str) -> None:
    """Grant a role for a region's subtree."""
    with unit() as tx:
        regions.get_region(tx, region)
        identity.grant(tx, None, person, role, region)
    typer.echo("granted")


@cli.command("add-client")
def add_client(client_id: str, name: str, region: str, scope: list[Scope]) -> None:
    """Add an API client; its secret is shown once."""
    with unit() as tx:
        secret = identity.add_client(tx, client_id, name, [str(one) for one in scope], region)
    typer.echo(secret)
