"""Endpoints that give a paper as a file: read in a unit, rendered in none, then answered.

An endpoint's `first` is `drawn(..)`; the unit that follows asks who it is once more and answers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.kit import papers
from app.kit.errors import AppError, Unauthenticated
from app.kit.http import apart
from app.kit.marks import Claims
from app.kit.papers import Format, Paper
from app.kit.problems import Raises, raises
from app.kit.unit import Prepared

A = TypeVar("A")
T = TypeVar("T")
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def gives_file(kinds: tuple[Format, ...], *refusals: type[AppError]) -> Raises:
    """What an endpoint answers that gives a file."""
    declared = raises(*refusals)
    content: dict[str, Any] = {MEDIA[kind].partition(";")[0]: {} for kind in kinds}
    declared[200] = {"description": "The file", "content": content}
    return declared


async def read_as(
    request: Request, resolve: Callable[[Session, Claims], A], read: Callable[[Session, A], T]
) -> T:
    """What `read` gives whoever `resolve` finds, in a unit of its own before the slow part.

    Raises Unauthenticated, and as `resolve` and `read` do.
    """
    claims: Claims | None = getattr(request.state, "claims", None)
    if claims is None:
        raise Unauthenticated
    return await apart(request, lambda tx: read(tx, resolve(tx, claims)), write=False)


async def slowly(request: Request, make: Callable[[], T]) -> T:
    """In a thread that holds no connection; few at a time, for they take the processor."""
    return await anyio.to_thread.run_sync(make, limiter=request.app.state.printing)


async def drawn(
    request: Request,
    resolve: Callable[[Session, Claims], A],
    read: Callable[[Session, A], Paper],
    kind: Format,
) -> Prepared:
    """The slow part: what `read` gives whoever `resolve` finds, as a file of this kind."""
    paper = await read_as(request, resolve, read)
    data = await slowly(request, partial(papers.render, paper, kind))
    return Prepared({"kind": kind, "name": paper.name, "data": data})


def answer(kind: Format, name: str, data: bytes, how: str = "attachment") -> Response:
    """The file; `how` is `attachment`, or `inline` for what a browser should show."""
    headers = {"Content-Disposition": f'{how}; filename="{name}.{kind}"'}
    return Response(data, media_type=MEDIA[kind], headers=headers)
