"""The life of a case as a plain model: no database, no table of moves, written from PRODUCT.md."""

from dataclasses import dataclass, field

GRID_TEAM = {"staff", "head", "dispatcher"}
# How high each of them stands: the grid, its community, the district.
STANDS = {"staff": 0, "head": 1, "dispatcher": 3, "checker": 3, "handler": None}
TOP = 3
PLACES = {
    "verify": {"reported": "verifying"},
    "file": {"reported": "filed", "verifying": "filed"},
    "reject": {"reported": "rejected", "verifying": "rejected"},
    "dispatch": {"filed": "dispatched"},
    "accept": {"dispatched": "in_progress"},
    "return": {"dispatched": "filed", "in_progress": "filed"},
    "make_safe": {"dispatched": "dispatched", "in_progress": "in_progress"},
    "escalate": {"filed": "filed", "dispatched": "filed", "in_progress": "filed"},
    "hand_down": {"filed": "filed"},
    "correct": {"reported": "reported", "verifying": "verifying", "filed": "filed"},
    "resolve": {"in_progress": "resolved"},
    "close": {"resolved": "closed"},
    "rework": {"resolved": "in_progress"},
    "suspend": {"dispatched": "suspended", "in_progress": "suspended"},
    "resume": {"suspended": "in_progress"},
    # Decisions and dates, made by the service itself.
    "review": {"suspended": "dispatched"},
    "reopen": {"closed": "dispatched"},
    "uphold": {"rejected": "verifying"},
}
BY_ASSIGNEE = {"accept", "return", "resolve", "make_safe", "escalate"}
BY_TEAM = {
    "verify", "file", "reject", "dispatch", "make_safe", "escalate", "correct",
}  # fmt: skip
BY_HEADS = {"suspend", "resume", "hand_down"}
BY_CHECKER = {"close", "rework"}
INTERNAL = {"review", "reopen", "uphold"}


@dataclass
class Life:
    """One case. `running` names the clocks that run, `paused` those that wait."""

    hazard: bool = True
    status: str = "reported"
    version: int = 1
    level: int = 0
    assignee: str | None = None
    handled: set[str] = field(default_factory=set)
    returns: int = 0
    rework: int = 0
    round: int = 0
    made_safe: bool = False
    rerouted: bool = False
    running: set[str] = field(default_factory=lambda: {"accept"})
    paused: set[str] = field(default_factory=set)

    def sees(self, who: str) -> bool:
        """Whether this person sees the case at all."""
        return STANDS[who] is not None or self.assignee == who

    def refusal(self, who: str, move: str) -> str | None:
        """The code of the refusal, or None when the move is made."""
        if not self.sees(who):
            return "case_not_found"
        high = STANDS[who] is not None and STANDS[who] >= self.level
        may = (
            (move in BY_TEAM and who in GRID_TEAM and high)
            or (move in BY_HEADS and who in {"head", "dispatcher"} and high)
            or (move in BY_CHECKER and who == "checker")
            or (move in BY_ASSIGNEE and self.assignee == who)
        )
        if not may:
            return "move_forbidden"
        if self.status not in PLACES[move]:
            return "move_impossible"
        return self._guarded(who, move)

    def _guarded(self, who: str, move: str) -> str | None:
        faults = {
            "fast_lane_closed": move == "file" and self.status == "reported" and not self.hazard,
            "returns_exhausted": move == "return" and self.returns >= 3,
            "already_safe": move == "make_safe" and self.made_safe,
            "no_level_above": move == "escalate" and self.level >= TOP,
            "not_handed_up": move == "hand_down" and self.level == 0,
            "already_rerouted": move == "correct" and self.rerouted,
            "checker_is_handler": move in {"close", "rework", "suspend"}
            and (who in self.handled or who == self.assignee),
        }
        return next((code for code, there in faults.items() if there), None)

    def make(self, who: str, move: str, assignee: str | None = None) -> None:
        """Makes a move that is not refused."""
        self.version += 1
        if move in {"accept", "return", "resolve", "make_safe"}:
            self.handled.add(who)
        getattr(self, f"_{move}", lambda: None)()
        if move == "dispatch":
            self.assignee, self.handled = assignee, set()
        self.status = PLACES[move][self.status]

    def _dispatch(self) -> None:
        self.round += 1
        self.running.discard("accept")
        if "handle" not in self.running:
            self.running.add("handle")
            if not self.made_safe:
                self.running.add("made_safe")

    def _reopen(self) -> None:
        self.made_safe = False
        self._dispatch()

    def _return(self) -> None:
        self.returns += 1
        self.assignee = None
        self.running = {"accept"}

    def _escalate(self) -> None:
        self.level += 1
        self.assignee = None
        self.running.add("accept")

    def _hand_down(self) -> None:
        self.level = 0

    def _make_safe(self) -> None:
        self.made_safe = True
        self.running.discard("made_safe")

    def _correct(self) -> None:
        self.rerouted = True

    def _resolve(self) -> None:
        self.running = {"check"}
        self.paused = {"handle"}

    def _rework(self) -> None:
        self.rework += 1
        self.running, self.paused = {"handle"}, set()

    def _close(self) -> None:
        self.running, self.paused = set(), set()

    def _reject(self) -> None:
        self.running = set()

    def _uphold(self) -> None:
        self.running = {"accept"}

    def _suspend(self) -> None:
        self.running.discard("handle")
        self.paused = {"handle"}

    def _resume(self) -> None:
        self.running.add("handle")
        self.paused = set()

    _review = _resume
