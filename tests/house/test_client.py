"""The mini-program's types were generated from the document that is at the root."""

import hashlib

from house.sources import ROOT


def test_the_types_are_of_this_document():
    digest = hashlib.sha256((ROOT / "openapi.yaml").read_bytes()).hexdigest()
    with (ROOT / "clients/miniprogram/src/api.ts").open(encoding="utf-8") as file:
        header = [next(file) for _ in range(2)]
    hint = "run `npm ci && npm run generate` in clients/miniprogram"
    assert header[1] == f"// openapi.yaml sha256: {digest}\n", hint


def test_the_lock_names_no_registry():
    lock = (ROOT / "clients/miniprogram/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
