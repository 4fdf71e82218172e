"""The town of most tests here."""

from ledger.build import town  # noqa: F401
