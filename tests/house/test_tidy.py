"""The yardstick: short files, short functions, shallow nesting."""

import ast
import statistics

import pytest
from house.sources import APP, functions, trees

NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def worst(measured: dict[str, int], more_than: int) -> dict[str, int]:
    return {name: size for name, size in measured.items() if size > more_than}


def p95(values) -> float:
    return statistics.quantiles(values, n=20)[-1]


@pytest.fixture(scope="module")
def files() -> dict[str, int]:
    return {path: len((APP / path).read_text(encoding="utf-8").splitlines()) for path in trees()}


@pytest.fixture(scope="module")
def lengths() -> dict[str, int]:
    return {
        f"{path}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path, tree in trees().items()
        for function in functions(tree)
    }


def depth(node: ast.AST, here: int = 0) -> int:
    """How many blocks the innermost statement stands in; an `elif` is no deeper than its `if`."""
    deepest = here
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            chained = field == "orelse" and isinstance(node, ast.If) and isinstance(child, ast.If)
            deeper = isinstance(child, NESTING) and not chained
            deepest = max(deepest, depth(child, here + deeper))
    return deepest


def test_files_are_short(files):
    assert worst(files, 400) == {}
    assert p95(files.values()) <= 250


def test_functions_are_short(lengths):
    assert worst(lengths, 70) == {}
    assert p95(lengths.values()) <= 40
    assert statistics.median(lengths.values()) <= 8


def test_nesting_is_shallow():
    depths = {
        f"{path}:{function.name}": depth(function)
        for path, tree in trees().items()
        for function in functions(tree)
    }
    assert p95(depths.values()) <= 2
    assert worst(depths, 4) == {}


def test_every_module_says_what_it_is_for():
    silent = {path for path, tree in trees().items() if tree.body and not ast.get_docstring(tree)}
    assert silent <= {"__init__.py"}


def test_depth_is_measured():
    code = "def f():\n if a:\n  pass\n elif b:\n  for c in d:\n   pass\n"
    assert depth(ast.parse(code).body[0]) == 2
