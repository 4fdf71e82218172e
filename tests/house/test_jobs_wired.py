"""Every kind of job that is written has a handler, and every handler is written to."""

import ast

from house.sources import calls, trees

from app.grids.service import GridCache
from app.media.bucket import LocalBucket
from app.worker import SCHEDULE, Tools, make_handlers


def kinds() -> dict[str, str]:
    """The literal kinds that app enqueues, each with its file."""
    return {
        call.args[1].value: path
        for path, tree in trees().items()
        for call in calls(tree, "enqueue")
        if isinstance(call.args[1], ast.Constant)
    }


def test_kinds_and_handlers_are_the_same(tmp_path):
    handlers = make_handlers(Tools(None, LocalBucket(tmp_path), GridCache()))
    assert kinds().keys() | SCHEDULE.keys() == handlers.keys()


def test_kinds_are_named_by_literals():
    # Only the schedule hands a variable over, and its kinds are listed.
    others = [
        path
        for path, tree in trees().items()
        for call in calls(tree, "enqueue")
        if not isinstance(call.args[1], ast.Constant)
    ]
    assert others == ["worker.py"]


def test_kinds_are_a_noun_and_a_participle():
    for kind in kinds().keys() | SCHEDULE.keys():
        noun, _, event = kind.partition(".")
        assert noun.isidentifier()
        assert event.isidentifier()
