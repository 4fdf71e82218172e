"""The limit for writes: the endpoint's own SQL by the bare driver, in processes of their own."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from typing import Any

import psycopg
from tape import Recipe

PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON",
    "temp_store=MEMORY", "cache_size=-16000",
)  # fmt: skip


@dataclass
class Work:
    """Copies of a recipe, one for each mapping in `copies`, by `clients` threads."""

    target: str
    recipe: Recipe
    copies: list[Mapping[str, str]]
    clients: int
    seconds: float


@dataclass
class Done:
    milliseconds: list[float] = field(default_factory=list)
    elapsed_s: float = 0
    used: int = 0
    cpu_s: float = 0
    failures: list[str] = field(default_factory=list)


def connect(target: str) -> Any:
    """psycopg for a connection string, sqlite3 for a file, set up as the service does."""
    if target.startswith("postgresql"):
        return psycopg.connect(target, application_name="bare", options="-c timezone=UTC")
    connection = sqlite3.connect(
        target, timeout=5, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def copy(connection: Any, recipe: Recipe, known: Mapping[str, str]) -> None:
    """One copy: each recorded transaction, statement by statement, and its commit."""
    values = recipe.values(known)
    cursor = connection.cursor()
    for unit in recipe.units:
        for statement in unit:
            parameters = statement.parameters(values)
            if statement.many:
                cursor.executemany(statement.sql, parameters)
            else:
                cursor.execute(statement.sql, parameters)
                if cursor.description is not None:
                    cursor.fetchall()
        connection.commit()
    cursor.close()


def _client(
    work: Work, connection: Any, copies: deque[Mapping[str, str]], turn: Any, done: Done
) -> None:
    deadline = time.perf_counter() + work.seconds
    try:
        while time.perf_counter() < deadline and not done.failures:
            try:
                known = copies.popleft()
            except IndexError:
                return
            started = time.perf_counter()
            with turn:
                copy(connection, work.recipe, known)
            done.milliseconds.append((time.perf_counter() - started) * 1000)
    except Exception as error:  # noqa: BLE001 - whatever it is must stop the run
        done.failures.append(f"bare driver: {type(error).__name__}: {error}")


def run(work: Work, connections: list[Any]) -> Done:
    """Runs the copies by as many threads as there are clients."""
    done, copies = Done(), deque(work.copies)
    # SQLite has one writer: queueing here is what the service does too.
    single = isinstance(connections[0], sqlite3.Connection)
    turn: AbstractContextManager[Any] = threading.Lock() if single else nullcontext()
    threads = [
        threading.Thread(target=_client, args=(work, connections[i], copies, turn, done))
        for i in range(work.clients)
    ]
    started, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.elapsed_s = time.perf_counter() - started
    done.cpu_s = time.process_time() - cpu
    done.used = len(work.copies) - len(copies)
    return done


def serve(pipe: Pipe) -> None:
    """The process: connections stay open, so that statements stay prepared from round to round."""
    connections: list[Any] = []
    while (work := pipe.recv()) is not None:
        while len(connections) < work.clients:
            connections.append(connect(work.target))
        pipe.send("ready")
        pipe.recv()
        pipe.send(run(work, connections))
    for connection in connections:
        connection.close()
