"""The point ledger: funds, accounts, journals, transfers, lots and the money behind each point."""
