"""The life of a case as a plain model: no database, no table of moves, written from PRODUCT.md."""

from dataclasses import dataclass, field

GRID_TEAM = {"staff", "head", "dispatcher"}
# How high each of them stands: the grid, its community, the district.
STANDS = {
    "staff": 0, "head": 1, "dispatcher": 3, "checker": 3, "handler": None, "member": None,
}  # fmt: skip
# The people of the unit that cases are given to.
UNIT = {"staff", "member"}
TOP = 3
# What is expected at first and filed then, of a hazard and of anything else; what it is corrected
# to is a hazard too.
FILED_AS = {True: "C0101", False: "E0102"}
CORRECTED_TO = "C0102"
PLACES = {
    "verify": {"reported": "verifying"},
    "file": {"reported": "filed", "verifying": "filed"},
    "reject": {"reported": "rejected", "verifying": "rejected"},
    "dispatch": {"filed": "dispatched"},
    "accept": {"dispatched": "in_progress"},
    "return": {"dispatched": "filed", "in_progress": "filed"},
    "make_safe": {"dispatched": "dispatched", "in_progress": "in_progress"},
    "escalate": {"filed": "filed", "dispatched": "filed", "in_progress": "filed"},
    "recall": {"dispatched": "filed", "in_progress": "filed"},
    "hand_down": {"filed": "filed"},
    "correct": {"reported": "reported", "verifying": "verifying", "filed": "filed"},
    "merge": {"reported": "merged", "verifying": "merged"},
    "unmerge": {"merged": "verifying"},
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
    "verify", "file", "reject", "dispatch", "make_safe", "escalate", "correct", "merge", "unmerge",
}  # fmt: skip
BY_HEADS = {"suspend", "resume", "hand_down", "recall"}
BY_CHECKER = {"close", "rework"}
INTERNAL = {"review", "reopen", "uphold"}
WITHDRAWN_FROM = {"reported", "verifying", "filed"}
# What has ended goes on only when somebody decides so, and what was withdrawn never.
ENDED = {"closed", "rejected", "withdrawn"}


@dataclass
class Life:
    """One case. `running` names the clocks that run, `paused` those that wait.

    `gone` lost the role while the case was theirs. The reporter's report stands behind this case,
    behind the other one that this was merged into, or behind none.
    """

    born_hazard: bool
    status: str = "reported"
    version: int = 1
    level: int = 0
    assignee: str | None = None
    unit: bool = False
    gone: str | None = None
    report: str | None = "here"
    handled: set[str] = field(default_factory=set)
    returns: int = 0
    rework: int = 0
    round: int = 0
    made_safe: bool = False
    rerouted: bool = False
    running: set[str] = field(default_factory=lambda: {"accept"})
    paused: set[str] = field(default_factory=set)
    decisions: list[str] = field(default_factory=lambda: ["opened"])

    def __post_init__(self) -> None:
        self.hazard, self.expected = self.born_hazard, FILED_AS[self.born_hazard]

    def has(self, who: str) -> bool:
        """Whether the case is theirs: given to them, or to their unit and not signed for."""
        if self.assignee is not None:
            return self.assignee == who
        return self.unit and who in UNIT

    def sees(self, who: str) -> bool:
        """Whether this person sees the case at all."""
        return STANDS[who] is not None or self.has(who) or (self.unit and who in UNIT)

    def done(self, who: str, move: str, assignee: str) -> str | None:
        """As `refusal`, and what is refused only when it is tried."""
        # The other case lies in the grid as well: who does not see that one is told so first.
        if move == "merge" and STANDS[who] is None:
            return "case_unknown"
        refused = self.refusal(who, move)
        if refused is None and move == "dispatch" and assignee == self.gone:
            return "assignee_unknown"
        if refused is None and move == "unmerge" and self.report != "there":
            return "move_impossible"
        return refused

    def is_over(self) -> bool:
        """Whether nothing can ever happen to it again."""
        return self.status == "withdrawn" or (self.status == "merged" and self.report is None)

    def refusal(self, who: str, move: str) -> str | None:
        """The code of the refusal, or None when the move is made."""
        if not self.sees(who):
            return "case_not_found"
        high = STANDS[who] is not None and STANDS[who] >= self.level
        may = (
            (move in BY_TEAM and who in GRID_TEAM and high)
            or (move in BY_HEADS and who in {"head", "dispatcher"} and high)
            or (move in BY_CHECKER and who == "checker")
            or (move in BY_ASSIGNEE and self.has(who))
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
            and (who in self.handled or self.has(who)),
        }
        return next((code for code, there in faults.items() if there), None)

    def make(self, who: str, move: str, assignee: str | None = None) -> None:
        """Makes a move that is not refused."""
        self.version += 1
        if move in {"accept", "return", "resolve", "make_safe"}:
            self.handled.add(who)
        if move == "accept":
            self.assignee = who
        getattr(self, f"_{move}", lambda: None)()
        if move == "dispatch":
            self.unit = assignee == "unit"
            self.assignee, self.handled = None if self.unit else assignee, set()
        self.status = PLACES[move][self.status]

    def withdraw(self) -> str | None:
        """The reporter takes the report back: the code of the refusal, or None."""
        if self.report == "there":
            self.report = None
        elif self.report == "here" and self.status in WITHDRAWN_FROM:
            self.status, self.version, self.running = "withdrawn", self.version + 1, set()
        else:
            return "move_impossible"
        return None

    def _file(self) -> None:
        filed = FILED_AS[self.born_hazard]
        if filed != self.expected:
            self.decisions.append("filed")
        self.hazard = self.born_hazard

    def _dispatch(self) -> None:
        self.round += 1
        self.running.discard("accept")
        if "handle" not in self.running:
            self.running.add("handle")
            if self.hazard and not self.made_safe:
                self.running.add("made_safe")

    def _reopen(self) -> None:
        self.made_safe = False
        self._dispatch()

    def _return(self) -> None:
        self.returns += 1
        self._release()
        self.running = {"accept"}

    def _release(self) -> None:
        self.assignee, self.unit = None, False

    def _recall(self) -> None:
        self._release()
        self.running.add("accept")

    def _escalate(self) -> None:
        self.level += 1
        self._recall()

    def _hand_down(self) -> None:
        self.level = 0

    def _make_safe(self) -> None:
        self.made_safe = True
        self.running.discard("made_safe")

    def _correct(self) -> None:
        self.rerouted = self.hazard = True
        self.expected = CORRECTED_TO
        self.decisions.append("corrected")

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

    def _merge(self) -> None:
        self.running = set()
        # A report that was taken back does not change hands.
        self.report = self.report and "there"

    def _unmerge(self) -> None:
        self.running = {"accept"}
        self.report = "here"

    def _uphold(self) -> None:
        self.running = {"accept"}

    def _suspend(self) -> None:
        self.running.discard("handle")
        self.paused = {"handle"}

    def _resume(self) -> None:
        self.running.add("handle")
        self.paused = set()

    _review = _resume
