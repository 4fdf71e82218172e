"""What follows from what was found; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from app.media.models import Verdict

# WeChat pushes its verdict within half an hour; after this a person decides.
PATIENCE = timedelta(minutes=35)
# From the best to the worst.
_RANK = tuple(Verdict(v) for v in ("passed", "waiting", "held", "hidden"))
_PHOTO = {"pass": Verdict.PASSED, "risky": Verdict.HIDDEN}
_TEXT = {"pass": Verdict.PASSED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody found: WeChat's suggestion, a person's decision, or why neither came.

    Of WeChat: pass, review, risky, failed. Of the service: away (WeChat judges nothing of this
    user), late. Of a person: pass, hide.
    """

    source: str
    finding: str
    label: int | None = None
    trace_id: str | None = None


def follows(kind: str, finding: str) -> Verdict:
    """What a machine's finding makes of a text or photo; in doubt, and for words, a person asks."""
    return (_PHOTO if kind == "photo" else _TEXT).get(finding, Verdict.HELD)


def whole(parts: Iterable[str], before: str) -> Verdict:
    """A report is as its worst part; once a person was asked, no machine's silence is news."""
    worst = max((Verdict(v) for v in parts), key=_RANK.index)
    return Verdict.HELD if worst is Verdict.WAITING and before != Verdict.WAITING else worst
