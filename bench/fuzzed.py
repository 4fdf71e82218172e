"""What runs of schemathesis wrote down: counted, and what is no fault of ours told apart."""

import base64
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A fixed word where another operation has a parameter: GET is answered by that one, rightly.
SHARED = {"POST /v1/redemptions/fulfil", "POST /v1/photos/{photo_id}/original"}
METHODS = {"unsupported_method", "allow_header_conformance"}
# Refusals of the form of a request, which the document must have told.
FORM = {"unprocessable", "idempotency_key_missing", "idempotency_key_invalid"}
# A rule between fields or of a text's signs; 4.0, an integer to JSON Schema and a slip to us; a
# text of nothing but blanks, which are taken off.
BEYOND = {"value_error", "int_type", "too_short", "string_too_short"}
# A first or last day that is taken.
DATE = re.compile(r" \d{4}-\d\d-\d\d$")


@dataclass
class Found:
    """What one run of the tool found; a failure is named once, with the first request that did."""

    operations: set[str] = field(default_factory=set)
    requests: int = 0
    noise: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)


def noise(check: str, label: str, answer: dict[str, Any]) -> str | None:
    """Why a failed check is no fault of ours; None when it is one."""
    if check in METHODS and label in SHARED:
        return "two operations share a path"
    problem = _problem(answer)
    if check != "positive_data_acceptance" or not problem:
        return None
    if problem["code"] not in FORM:
        return "refused by a rule of the house, with a code of its own"
    faults = problem.get("errors") or []
    if faults and all(fault["code"] in BEYOND or DATE.search(fault["message"]) for fault in faults):
        return "refused by a rule that JSON Schema has no word for"
    return None


def _problem(answer: dict[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(base64.b64decode((answer.get("content") or {}).get("$base64", "")))
    except ValueError:
        return {}
    return body if isinstance(body, dict) and "code" in body else {}


def read(events: Path, found: Found) -> None:
    """Adds what a run of the tool wrote down."""
    for line in events.read_text(encoding="utf-8").splitlines():
        kind, event = next(iter(json.loads(line).items()))
        if kind == "NonFatalError":
            found.failures["error", event["label"], ""] = json.dumps(event)[:800]
        if kind != "ScenarioFinished" or "checks" not in event.get("recorder", {}):
            continue
        recorder = event["recorder"]
        found.operations.add(recorder["label"])
        found.requests += len(recorder["interactions"])
        for case, checks in recorder["checks"].items():
            for check in checks:
                if check["status"] != "success":
                    _add(found, check, recorder["label"], recorder["interactions"][case])


def _add(found: Found, check: dict[str, Any], label: str, exchange: dict[str, Any]) -> None:
    answer = exchange.get("response") or {}
    why = noise(check["name"], label, answer)
    if why:
        found.noise[why] += 1
        return
    asked, told = exchange["request"], check.get("failure_info", check.get("failure")) or {}
    told = told.get("failure", told)
    body = base64.b64decode((asked.get("body") or {}).get("$base64", "")).decode(errors="replace")
    found.failures.setdefault(
        (check["name"], label, str(answer.get("status_code"))),
        f"{' '.join(str(told.get('message')).split())[:400]}\n    {asked['method']} {asked['uri']}"
        f"\n    {body[:400]}\n    {json.dumps(_problem(answer), ensure_ascii=False)[:400]}",
    )
