"""Checks a proof of xinxin-ejia offline: python3 checker.py PROOF.json [PUBLISHED-ROOT]

It needs nothing but Python, and trusts nobody: it hashes the journal in the proof, climbs the
Merkle tree (RFC 6962) and compares the root with the one that was published. README.md beside
it describes the bytes.
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KEYS = {
    "format", "entry_id", "notice_id", "period", "first_position", "last_position", "chain",
    "leaf_index", "journal", "path", "root",
}  # fmt: skip
SECTIONS = {
    "journal": "id kind source reason actor_id approver_id reverses_id created_at",
    "accounts": "id asset kind owner shard",
    "transfers": "id journal_id asset debit_account_id credit_account_id amount state pending_id"
    " pending_state created_at",
    "lots": "id account_id earner_id fund_id rate_fen transfer_id amount validity_days expiry_day"
    " origin_id created_at",
    "lot_uses": "id lot_id transfer_id kind amount taken_id taken_kind created_at",
    "backing": "id journal_id lot_id contribution_id shard kind fen created_at",
    "debts": "id person_id journal_id points created_at",
    "debt_payments": "debt_id journal_id points created_at",
}
NULL = 0xFFFFFFFF
Row = dict[str, str | None]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def field(value: object) -> bytes:
    """Length in four bytes, big end first, then the text in UTF-8; null is a length of all ones."""
    data = str(value).encode()
    return b"\xff" * 4 if value is None else len(data).to_bytes(4, "big") + data


def read(data: bytes) -> dict[str, list[Row]]:
    """What the bytes of a journal say. Raises ValueError for anything but such bytes."""
    at = 1

    def number() -> int:
        nonlocal at
        at += 4
        return int.from_bytes(data[at - 4 : at], "big")

    def text() -> str | None:
        nonlocal at
        length = number()
        if length == NULL:
            return None
        at += length
        return data[at - length : at].decode()

    found: dict[str, list[Row]] = {}
    for section, names in SECTIONS.items():
        count = number()
        if count > len(data):
            raise ValueError("the journal's bytes are cut")
        found[section] = [{name: text() for name in names.split()} for _ in range(count)]
    if data[:1] != b"\x01" or at != len(data):
        raise ValueError("these are not the bytes of a journal, version 1")
    return found


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root above a leaf (RFC 6962, 2.1): a node without a right neighbour moves up alone."""
    here, rest = leaf, iter(path)
    if not 0 <= index < size:
        raise ValueError("the leaf lies outside the notice")
    while size > 1:
        if index % 2:
            here = sha(b"\x01", next(rest, b""), here)
        elif index + 1 < size:
            here = sha(b"\x01", here, next(rest, b""))
        index, size = index // 2, (size + 1) // 2
    if next(rest, None) is not None:
        raise ValueError("the path is too long")
    return here


def bound(tree: bytes, proof: dict[str, Any]) -> str:
    """The published root: the tree's with what the notice says of itself and the chain so far."""
    words = ("notice_id", "period", "first_position", "last_position")
    chain = bytes.fromhex(proof["chain"])
    return sha(b"\x03", tree, chain, *(field(proof[word]) for word in words)).hex()


def check(text: str, root: str | None = None) -> list[str]:
    """What a proof says, line by line. Raises ValueError when it does not prove it."""
    proof = json.loads(text)
    if not isinstance(proof, dict) or proof.keys() != KEYS or proof["format"] != "xinxin-proof-1":
        raise ValueError("this is not a proof, version 1")
    numbers = [proof[name] for name in ("first_position", "last_position", "leaf_index")]
    hashes = [*proof["path"], proof["chain"], proof["root"]]
    # One way of writing each value, or a changed character could mean the same.
    if any(type(number) is not int for number in numbers) or not all(
        isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) for value in hashes
    ):
        raise ValueError("a number or a hash of the proof is not written as one")
    data = base64.b64decode(proof["journal"], validate=True)
    if base64.b64encode(data).decode() != proof["journal"]:
        raise ValueError("the journal's bytes are not written in plain base64")
    first, last, index = numbers
    path = [bytes.fromhex(value) for value in proof["path"]]
    tree = climb(sha(b"\x00", data), index, last - first + 1, path)
    if bound(tree, proof) != proof["root"]:
        raise ValueError("NOT INCLUDED: the proof does not lead to its root")
    if root is not None and root.strip().lower() != proof["root"]:
        raise ValueError("NOT INCLUDED: this is not the published root")
    return told(proof, read(data), root)


def told(proof: dict[str, Any], facts: dict[str, list[Row]], root: str | None) -> list[str]:
    """The entry in words. Raises ValueError when the journal has no such entry."""
    entry = next((row for row in facts["transfers"] if row["id"] == proof["entry_id"]), None)
    if entry is None:
        raise ValueError("the journal does not hold this entry")
    (journal,) = facts["journal"]
    kinds = {row["id"]: row["kind"] for row in facts["accounts"]}
    unit = "points" if entry["asset"] == "PTS" else "fen"
    sides = kinds[entry["debit_account_id"]], kinds[entry["credit_account_id"]]
    return [
        f"entry    {entry['id']}",
        f"kind     {journal['kind']} ({journal['reason']}, {journal['source']})",
        f"amount   {entry['amount']} {unit}, {sides[0]} -> {sides[1]}, {entry['state']}",
        f"written  {journal['created_at']}",
        f"notice   {proof['period']} ({proof['notice_id']})",
        f"root     {proof['root']}",
        "INCLUDED in the published root"
        if root is not None
        else "INCLUDED in this root; compare it with the one that was published",
    ]


def main(arguments: Sequence[str]) -> int:
    """Prints what the proof in a file says; 1 when it proves nothing."""
    try:
        lines = check(Path(arguments[0]).read_text("utf-8"), *arguments[1:2])
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        sys.stdout.write(f"The proof fails: {error}\n")
        return 1
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
