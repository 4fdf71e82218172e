"""The house has floors, and a few things have one place only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from house.sources import ROOT, calls, files_that, functions, module_name, trees


def test_every_contract_is_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "6 kept, 0 broken" in done.stdout


def imports(path: str, tree: ast.Module) -> set[str]:
    """The modules of app that a file imports, wherever in the file it does so."""
    known = {module_name(p) for p in trees()}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
    return {name for name in found if name in known and name != module_name(path)}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected parts of more than one node (by mutual reach: the graph is small)."""
    reach = {node: reachable(graph, node) for node in graph}
    parts = [{b for b in reach[a] if a in reach.get(b, ())} for a in graph]
    return [part for part in parts if part]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def graph_of_modules() -> dict[str, set[str]]:
    return {module_name(path): imports(path, tree) for path, tree in trees().items()}


def graph_of_packages() -> dict[str, set[str]]:
    packages: dict[str, set[str]] = {}
    for source, targets in graph_of_modules().items():
        folder = ".".join(source.split(".")[:2])
        there = {".".join(target.split(".")[:2]) for target in targets}
        packages.setdefault(folder, set()).update(there - {folder, "app"})
    return packages


def test_no_circle_of_modules():
    assert circles(graph_of_modules()) == []


def test_no_circle_of_packages():
    assert circles(graph_of_packages()) == []


def test_a_circle_would_be_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}] * 3


def test_no_import_inside_a_function():
    hidden = {
        f"{path}:{node.lineno}"
        for path, tree in trees().items()
        for function in functions(tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert hidden == set()


def callers(name: str) -> set[str]:
    return {path for path, tree in trees().items() if any(calls(tree, name))}


def test_one_place_commits():
    assert callers("commit") == {"kit/db.py"}


def test_units_of_work_have_few_callers():
    # Beside a request's and a job's unit: the schedule, the shell, and one look at start-up.
    allowed = {
        "kit/http.py", "kit/unit.py", "kit/outbox.py", "worker.py", "cli/root.py", "main.py",
        "furniture.py", "cli/moving.py",
    }  # fmt: skip
    found = {path for path in callers("work") if not path.startswith("demo/")}
    assert found == allowed


@pytest.mark.parametrize(
    ("attribute", "places"),
    [
        ("writer", {"kit/db.py", "kit/migrate.py", "kit/carrying.py"}),
        # The sweep and the comparing of photos take long: no transaction may wait for them.
        (
            "reader",
            {
                "kit/db.py",
                "kit/migrate.py",
                "kit/carrying.py",
                "media/service.py",
                # So do somebody's copy, and what goes with them.
                "privacy/copying.py",
                "privacy/retention.py",
                "relations/jobs.py",
                "safety/jobs.py",
            },
        ),
        # A child process takes its settings from the environment: the demo makes one, and a drill.
        ("environ", {"cli/forks.py", "demo/play.py"}),
        ("getenv", set()),
        ("create_all", set()),
        ("add_task", set()),
        ("on_event", set()),
    ],
)
def test_an_attribute_has_its_places(attribute, places):
    found = files_that(lambda n: isinstance(n, ast.Attribute) and n.attr == attribute)
    # `csv.writer` is no database.
    assert found - {"kit/sheets.py"} == places


def test_no_endpoint_opens_a_session_or_an_engine():
    for name, places in (
        ("Session", {"kit/db.py"}),
        ("create_engine", {"kit/db.py"}),
        ("make_database", {"furniture.py", "cli/root.py", "cli/running.py"}),
    ):
        assert {p for p in callers(name) if not p.startswith("demo/")} == places


@pytest.mark.parametrize("name", ["HTTPException", "BackgroundTasks", "BackgroundTask", "Depends"])
def test_the_framework_s_other_ways_are_not_used(name):
    def imported(node: ast.AST) -> bool:
        return isinstance(node, ast.ImportFrom) and any(
            alias.name == name and alias.asname is None for alias in node.names
        )

    def used(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == name

    assert files_that(lambda node: imported(node) or used(node)) == set()


def test_time_is_read_in_one_place():
    def reads_time(node: ast.AST) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="now" | "utcnow" | "today")):
                return ast.unparse(owner) in {"datetime", "date", "datetime.datetime", "dt"}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="time" | "localtime")):
                return True
        return False

    assert files_that(reads_time) == {"kit/clock.py"}


def test_kit_knows_nobody():
    outside = {
        target
        for source, targets in graph_of_modules().items()
        if source.startswith("app.kit")
        for target in targets
        if not target.startswith("app.kit") and target != "app"
    }
    assert outside == set()
