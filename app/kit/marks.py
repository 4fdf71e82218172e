"""Marks on the parameters of endpoints: who asks, and what the application holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

Claims = dict[str, Any]


@dataclass(frozen=True)
class Resolver:
    """A parameter that is found inside the unit: `Annotated[Actor, Resolver(who_asks)]`."""

    resolve: Callable[[Session, Claims], Any]


@dataclass(frozen=True)
class FromApp:
    """A parameter that the application holds: `Annotated[Signer, FromApp("signer")]`."""

    name: str
