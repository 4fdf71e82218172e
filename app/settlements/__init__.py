"""Settling with merchants (商户结算): what a station is owed for a period, approved, then paid."""
