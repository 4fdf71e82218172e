"""A chain of facts: each hash covers the fact and the hash before it, so none can be changed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def link(before: str, facts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the hash before ("" for the first fact) and the facts as sorted JSON."""
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()
