"""Supervision (督办与升级): numbered orders that are answered; warnings, overdue, escalation."""
