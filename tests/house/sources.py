"""The application's source as syntax trees, for the house tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[str, ast.Module]:
    """Each file of app, by its path under app (`kit/db.py`)."""
    files = sorted(APP.rglob("*.py"))
    return {str(f.relative_to(APP)): ast.parse(f.read_text(encoding="utf-8")) for f in files}


def module_name(path: str) -> str:
    """`kit/db.py` as `app.kit.db`."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(["app", *(part for part in parts if part != "__init__")])


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Calls of `name(..)` and of `anything.name(..)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == name:
            yield node


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def files_that(predicate) -> set[str]:
    """The files with a node for which `predicate` holds."""
    return {path for path, tree in trees().items() if any(predicate(n) for n in ast.walk(tree))}
