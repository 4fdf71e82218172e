"""The town of the races for points."""

from ledger.build import town  # noqa: F401
