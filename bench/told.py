"""What clients were told while processes died: the answers, by what was asked."""

from asking import Intent
from crowd import Crowd
from errands import OFFLINE

HOLDS, CORRECTIONS, HOUSEHOLD = "/v1/till/holds", "/v1/corrections", "/v1/household"
ACCEPTANCES = f"/v1/stations/{OFFLINE}/acceptances"


class Acknowledged:
    """What clients were told, by kind of request."""

    def __init__(self, crowd: Crowd) -> None:
        self.stories = len(crowd.stories)
        self._done = [intent for intent in crowd.desk.intents if intent.done]
        self.redeemed = self._at("/v1/redemptions")
        self.restocked = self._ending("/restocks")
        self.given = self._ending("/contributions")
        self.approved = self._ids("/v1/funds/", "/approve")
        # A hold that was asked for again is the same one.
        self.holds = {intent.answer["id"]: intent for intent in self._at(HOLDS)}
        self.taken, self.let_go = self._ids(HOLDS, "/fulfil"), self._ids(HOLDS, "/cancel")
        self.batches = self._at(ACCEPTANCES)
        self.accepted = {
            one["acceptance"]: one for batch in self.batches for one in batch.answer["items"]
        }
        self.excepted = {
            name: one for name, one in self.accepted.items() if one["outcome"] == "exception"
        }
        self.closed = {intent.answer["acceptance"] for intent in self._ending("/close")}
        self.corrections = {intent.answer["id"]: intent.body for intent in self._at(CORRECTIONS)}
        self.refunds = {
            self.corrections[name]["source"]: self.corrections[name]
            for name in self._ids(CORRECTIONS, "/approve")
        }
        self.declined = self._ids(CORRECTIONS, "/decline")
        self.founded, self.invited = self._at(HOUSEHOLD), self._at(f"{HOUSEHOLD}/invitations")
        self.joined, self.left = self._ending("/accept"), self._at(f"{HOUSEHOLD}/leave")
        self.cancelled = self._ids("/v1/redemptions/", "/cancel")
        self.posted = self._posted()
        self.fulfilled = self._ids("/v1/redemptions/fulfil") | self.posted

    def _at(self, path: str) -> list[Intent]:
        return [intent for intent in self._done if intent.path == path]

    def _ending(self, end: str) -> list[Intent]:
        return [intent for intent in self._done if intent.path.endswith(end)]

    def _ids(self, start: str, end: str = "") -> set[str]:
        """What the answers of such requests name."""
        return {
            intent.answer["id"]
            for intent in self._done
            if intent.path.startswith(start) and intent.path.endswith(end)
        }

    def _posted(self) -> set[str]:
        """Redemptions that the counter without network handed out."""
        names = {intent.answer["code"]: intent.answer["id"] for intent in self.redeemed}
        codes = {
            one["acceptance"]: one["code"]
            for batch in self.batches
            for one in batch.body["acceptances"]
        }
        done = (name for name, one in self.accepted.items() if one["outcome"] == "fulfilled")
        return {names[codes[name]] for name in done}

    def state(self, redemption_id: str) -> str:
        if redemption_id in self.refunds:
            return "refunded"
        if redemption_id in self.fulfilled:
            return "fulfilled"
        return "cancelled" if redemption_id in self.cancelled else "held"

    def hold_state(self, hold_id: str) -> str:
        """As its store sees it: what came back stays fulfilled."""
        if hold_id in self.taken:
            return "fulfilled"
        return "cancelled" if hold_id in self.let_go else "held"

    def parts(self, name: str) -> list[int]:
        """The points that a member took along, each time they left a household."""
        return [intent.answer["points"] for intent in self.left if intent.who == name]
